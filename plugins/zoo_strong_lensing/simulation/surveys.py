"""What an imaging survey does to a scene: bands, pixels, blur, depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from . import population
from .grid import Grid

if TYPE_CHECKING:
    from .draw import Draw


@dataclass(frozen=True, kw_only=True)
class Survey:
    """A survey as the simulators see it; tuples have an entry a band.

    Attributes
    ----------
    bands : tuple of str
        Names, such as ``kids-r``; what is behind the last dash is the filter.
    size : int
        Pixels along a side of a cutout.
    pixel_scale_arcsec : float
        Of a pixel.
    fwhm_arcsec : tuple of float
        Median width of the PSF.
    fwhm_scatter : float
        Of its logarithm, from object to object; the same shift in all bands.
    beta : tuple of float
        Range of the Moffat exponent.
    depth_mag : tuple of float
        5 sigma for point sources, mean.
    depth_scatter : float
        Of the depth, mag.
    electrons_per_njy : float
        Of the whole exposure: for the noise of the source's own light.
    masked : float
        Share of the cutouts of which a part is missing.
    margin, extra : int
        Of the grid that is drawn on, pixels: one whose Fourier transforms are quick.
    """

    bands: tuple[str, ...]
    size: int
    pixel_scale_arcsec: float
    fwhm_arcsec: tuple[float, ...]
    depth_mag: tuple[float, ...]
    fwhm_scatter: float = 0.1
    beta: tuple[float, float] = (2.5, 4.5)
    depth_scatter: float = 0.15
    electrons_per_njy: float = 10.0
    masked: float = 0.0
    margin: int = 10
    extra: int = 0

    @property
    def filters(self) -> tuple[str, ...]:
        """Letters of the bands."""
        return tuple(band.rpartition("-")[2] for band in self.bands)

    def grid(self) -> Grid:
        """What scenes are drawn on."""
        return Grid(
            size=self.size,
            pixel_scale_arcsec=self.pixel_scale_arcsec,
            oversampling=1,
            margin=self.margin,
            extra=self.extra,
        )

    def widths(self, draw: Draw, count: int) -> torch.Tensor:
        """FWHM of the PSF in each band, ``(count, band)`` arcsec."""
        median = torch.tensor(self.fwhm_arcsec)
        shift = draw.normal(count, 0.0, self.fwhm_scatter).clamp_(
            -2.0 * self.fwhm_scatter, 2.0 * self.fwhm_scatter
        )
        return median * torch.exp(shift)[:, None]

    def sky_sigma(self, draw: Draw, fwhm: torch.Tensor) -> torch.Tensor:
        """Noise of a pixel in nJy, ``(count, band)``, at which a star of the depth has S/N 5.

        Effective number of pixels of a Gaussian seeing disc: ``2.266 (FWHM / pixel)^2``.
        """
        shift = draw.normal(len(fwhm), 0.0, self.depth_scatter)[:, None]
        depth = torch.tensor(self.depth_mag) + shift.clamp(-0.5, 0.5)
        pixels = 2.266 * (fwhm / self.pixel_scale_arcsec).square()
        return population.flux_from_magnitude(depth) / 5.0 / pixels.sqrt()


#: The space set of the Bologna lens challenge (Metcalf et al. 2019): one band, 0.1 arcsec, a
#: Gaussian of 0.18 arcsec, which a Moffat of a large exponent is. Depth: ours.
BOLOGNA_SPACE = Survey(
    bands=("euclid-vis",),
    size=101,
    pixel_scale_arcsec=0.1,
    fwhm_arcsec=(0.18,),
    fwhm_scatter=0.0,
    beta=(60.0, 61.0),
    depth_mag=(26.2,),
    electrons_per_njy=4.0,
    margin=13,
    extra=1,
)

#: The ground set of it: u, g, r, i at 0.2 arcsec with PSF and noise like those of KiDS, masks
#: kept. Widths and depths as the survey states them to one digit; their scatter is ours.
BOLOGNA_GROUND = Survey(
    bands=("kids-u", "kids-g", "kids-r", "kids-i"),
    size=101,
    pixel_scale_arcsec=0.2,
    fwhm_arcsec=(1.0, 0.9, 0.7, 0.8),
    depth_mag=(24.2, 25.1, 25.0, 23.7),
    masked=0.1,
    margin=13,
    extra=1,
)

#: KiDS for the search among luminous red galaxies (Petrillo et al. 2017): r alone, and g, r, i.
KIDS_R = Survey(
    bands=("kids-r",), size=60, pixel_scale_arcsec=0.2, fwhm_arcsec=(0.7,), depth_mag=(25.0,)
)
KIDS_GRI = Survey(
    bands=("kids-g", "kids-r", "kids-i"),
    size=60,
    pixel_scale_arcsec=0.2,
    fwhm_arcsec=(0.9, 0.7, 0.8),
    depth_mag=(25.1, 25.0, 23.7),
)

#: CFHT Legacy Survey, wide, at its pixels of 0.186 arcsec (Jacobs et al. 2017 do not state the
#: side of their cutouts; 60 pixels are ours).
CFHTLS = Survey(
    bands=("cfhtls-u", "cfhtls-g", "cfhtls-r", "cfhtls-i"),
    size=60,
    pixel_scale_arcsec=0.186,
    fwhm_arcsec=(0.85, 0.78, 0.72, 0.64),
    depth_mag=(25.2, 25.5, 25.0, 24.8),
    electrons_per_njy=20.0,
)
