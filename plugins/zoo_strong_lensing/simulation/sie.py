"""The singular isothermal ellipsoid with external shear, in torch.

Convention: convergence ``kappa = theta_E / (2 sqrt(q x^2 + y^2 / q))`` with ``x`` along the
major axis (Kormann, Schneider & Bartelmann 1994; the same normalisation as lenstronomy's
``SIE``), so that the area within the critical curve is ``pi theta_E^2`` for every axis ratio.
"""

import torch

# Below this axis-ratio distance from one the closed form divides zero by zero. With the
# axis ratio clamped here the deflection is wrong by less than 1e-3 of theta_E.
_ROUNDEST = 0.999


def deflection(
    x: torch.Tensor,
    y: torch.Tensor,
    einstein_radius: torch.Tensor,
    axis_ratio: torch.Tensor,
    position_angle: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Deflection of an SIE centred on the origin.

    Parameters
    ----------
    x, y : torch.Tensor
        Image-plane position, arcsec; shapes that broadcast to ``(batch, y, x)``.
    einstein_radius : torch.Tensor
        ``(batch, 1, 1)``, arcsec, > 0.
    axis_ratio : torch.Tensor
        Minor over major axis of the mass, ``(batch, 1, 1)``, in (0, 1].
    position_angle : torch.Tensor
        Of the major axis, radians counter-clockwise from +x, ``(batch, 1, 1)``.

    Returns
    -------
    tuple of torch.Tensor
        Deflection along x and y, arcsec, ``(batch, y, x)``.
    """
    q = axis_ratio.clamp_max(_ROUNDEST)
    cosine, sine = torch.cos(position_angle), torch.sin(position_angle)
    along = x * cosine + y * sine
    across = y * cosine - x * sine
    eccentricity = torch.sqrt(1.0 - q.square())
    psi = (q * along).square_().add_(across.square()).sqrt_().clamp_min_(1e-9)
    factor = einstein_radius * torch.sqrt(q) / eccentricity
    bend_along = along.mul_(eccentricity).div_(psi).atan_().mul_(factor)
    bend_across = across.mul_(eccentricity).div_(psi).atanh_().mul_(factor)
    bend_x = (bend_along * cosine).sub_(bend_across * sine)
    bend_y = bend_along.mul_(sine).add_(bend_across.mul_(cosine))
    return bend_x, bend_y


def shear_deflection(
    x: torch.Tensor, y: torch.Tensor, gamma1: torch.Tensor, gamma2: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Deflection of an external shear: ``(g1 x + g2 y, g2 x - g1 y)``."""
    return gamma1 * x + gamma2 * y, gamma2 * x - gamma1 * y


def to_source_plane(
    x: torch.Tensor,
    y: torch.Tensor,
    einstein_radius: torch.Tensor,
    axis_ratio: torch.Tensor,
    position_angle: torch.Tensor,
    gamma1: torch.Tensor,
    gamma2: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Map image-plane positions (arcsec) to the source plane: ``beta = theta - alpha``."""
    bend_x, bend_y = deflection(x, y, einstein_radius, axis_ratio, position_angle)
    shear_x, shear_y = shear_deflection(x, y, gamma1, gamma2)
    return (x - shear_x).sub_(bend_x), (y - shear_y).sub_(bend_y)


def inverse_magnification(
    x: torch.Tensor,
    y: torch.Tensor,
    einstein_radius: torch.Tensor,
    axis_ratio: torch.Tensor,
    position_angle: torch.Tensor,
    gamma1: torch.Tensor,
    gamma2: torch.Tensor,
) -> torch.Tensor:
    """Signed ``1/mu = det(d beta / d theta)`` at image-plane positions.

    For an SIE the shear has the strength of the convergence and points to the centre, so
    ``A = 1 - [[g1, g2], [g2, -g1]] - 2 kappa [[sin^2, -sin cos], [-sin cos, cos^2]]`` in the
    polar angle of the position.
    """
    cosine, sine = torch.cos(position_angle), torch.sin(position_angle)
    along = x * cosine + y * sine
    across = y * cosine - x * sine
    elliptical = torch.sqrt(axis_ratio * along.square() + across.square() / axis_ratio)
    two_kappa = einstein_radius / elliptical.clamp_min(1e-9)
    radius_squared = (x.square() + y.square()).clamp_min(1e-18)
    ss, cc, sc = y * y / radius_squared, x * x / radius_squared, x * y / radius_squared
    a11 = 1.0 - gamma1 - two_kappa * ss
    a22 = 1.0 + gamma1 - two_kappa * cc
    a12 = -gamma2 + two_kappa * sc
    return a11 * a22 - a12.square()
