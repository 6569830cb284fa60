"""What a model takes in: inputs with named channels, shapes and sampling."""

from __future__ import annotations

from dataclasses import dataclass

#: Kinds of input and the number of axes behind the channel axis.
AXES_OF_KIND = {"image": 2, "series": 1, "vector": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One channel of an input: a filter, a detector, a flux column.

    ``name`` is what readers look for in headers and file names (``lsst-g``; the part
    behind the last dash, ``g``, is accepted too); ``unit`` is an astropy unit string or
    None where the preprocessing makes the unit irrelevant.
    """

    name: str
    unit: str | None = None

    @property
    def short_name(self) -> str:
        """The part of the name behind the last dash: ``g`` of ``lsst-g``."""
        return self.name.rsplit("-", 1)[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """One input tensor of a model, before preprocessing.

    Parameters
    ----------
    name : str
        Name of the input; a model with one input calls it after its kind.
    kind : str
        ``image`` (channel, y, x), ``series`` (channel, time) or ``vector`` (channel).
    bands : tuple of Band
        The channels in order.
    size : tuple of int or None
        Length of each axis behind the channel axis, in array order; None = any length.
    pixel_scale_arcsec : float or None
        Of an image.
    cadence_seconds : float or None
        Time between samples of a series; None for irregular ones.
    off_centre_px : float or None
        Of an image: how far from the middle, in pixels along either axis, what the model
        looks for may lie; None if only the middle was trained, or nobody knows.
    missing : str
        What NaN in the data means to the model: ``fill`` (the preprocessing fills it; the
        row says so) or ``refuse``.
    """

    name: str
    kind: str
    bands: tuple[Band, ...]
    size: tuple[int | None, ...]
    pixel_scale_arcsec: float | None = None
    cadence_seconds: float | None = None
    off_centre_px: float | None = None
    missing: str = "fill"

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Channel count and axis lengths."""
        return (len(self.bands), *self.size)

    def describe(self) -> str:
        """One line for people, such as ``image 45x45 px, 0.2 arcsec/px, lsst-g [nJy]``."""
        lengths = "x".join("any" if n is None else str(n) for n in self.size)
        unit = {"image": " px", "series": " samples"}.get(self.kind, "")
        parts = [f"{self.kind} {lengths}{unit}".strip()]
        if self.pixel_scale_arcsec is not None:
            parts.append(f"{self.pixel_scale_arcsec:g} arcsec/px")
        if self.cadence_seconds is not None:
            parts.append(f"{self.cadence_seconds:g} s cadence")
        bands = [f"{b.name} [{b.unit}]" if b.unit else b.name for b in self.bands]
        return ", ".join([*parts, " ".join(bands)])
