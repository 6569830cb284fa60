"""Cutting all bands of a block of objects out of one tile."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..data import Problem
from ..data._resample import footprint, resampled
from ._examine import Block
from ._plane import beyond
from ._sky import jacobians, to_pixels, to_sky

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from ..cards import InputSpec
    from ._plane import PixelsRef, Plane
    from ._planes import Planes
    from ._tile import PlaneRef, Tile

#: Pixels by which the corner of a band's cutout may be off its place before it is resampled.
_CORNER_PIXELS = 0.5


class _Windows(NamedTuple):
    """The windows of one band: ``(n, y, x)`` float32, and how much lies off the tile."""

    pixels: np.ndarray
    outside: np.ndarray


class Cutter:
    """One tile and one specification."""

    def __init__(
        self,
        tile: Tile,
        spec: InputSpec,
        shape: tuple[int, int],
        planes: Planes,
        *,
        resamples: bool,
    ):
        self._bands: Sequence[PlaneRef] = [plane for plane in tile.planes if plane]
        self._spec = spec
        self._shape = shape
        self._planes = planes
        self._resamples = resamples
        self._problems: list[Problem] = []
        #: Pixels of the first band in one of the cutout, along an axis.
        self._ratio = 1.0
        wanted = spec.pixel_scale_arcsec
        ratio = self._bands[0].pixels_to_one_of(wanted)
        if ratio != 1.0:
            done = f"resampled to the model's {wanted:.3g} arcsec"
            if resamples:
                self._ratio = ratio
            else:
                done = f"the model was trained on {wanted:.3g} arcsec"
            told = f"pixels of {self._bands[0].pixel_scale_arcsec:.3g} arcsec, {done}"
            self._problems.append(Problem("pixel-scale", told))

    def block(self, ra: np.ndarray, dec: np.ndarray) -> Block:
        """Cut and scale all bands."""
        import numpy as np

        opened = self._planes.open(ref for band in self._bands for ref in band.refs)
        array = np.empty((len(ra), len(self._bands), *self._shape), dtype=np.float32)
        outside = np.zeros((len(ra), len(self._bands)))
        first = self._bands[0]
        x, y = to_pixels(first.cards, ra, dec)
        if self._ratio == 1.0:
            # All bands around the middle of the first one's cutout, not each around the
            # object: one rounding apart from each other instead of two.
            height, width = self._shape
            x = np.ceil(x - width / 2) + (width - 1) / 2
            y = np.ceil(y - height / 2) + (height - 1) / 2
            ra, dec = to_sky(first.cards, x, y)
        for index, band in enumerate(self._bands):
            here = (x, y)
            if first.cards != band.cards:
                here = to_pixels(band.cards, ra, dec)
            windows = self._windows(band, opened, here, middle=(ra, dec))
            factor = _factor(band, self._spec.bands[index].unit)
            array[:, index] = windows.pixels if factor == 1.0 else windows.pixels * factor
            outside[:, index] = windows.outside
        return Block(array, outside, tuple(dict.fromkeys(self._problems)))

    def _windows(
        self,
        band: PlaneRef,
        opened: Mapping[PixelsRef, Plane],
        here: tuple[np.ndarray, np.ndarray],
        *,
        middle: tuple[np.ndarray, np.ndarray],
    ) -> _Windows:
        import numpy as np

        matrices = self._matrices(band, here, middle)
        if matrices is not None:
            return _Windows(
                resampled(
                    lambda x, y, shape: _values(band, opened, x, y, shape),
                    *here,
                    matrices=matrices,
                    shape=self._shape,
                ),
                footprint(*here, matrices=matrices, shape=self._shape, image=band.shape),
            )
        height, width = self._shape
        # Cutout2D of astropy rounds in the same way.
        x = np.ceil(here[0] - width / 2).astype(np.int64)
        y = np.ceil(here[1] - height / 2).astype(np.int64)
        pixels = _values(band, opened, x, y, self._shape)
        return _Windows(pixels, _outside(x, y, self._shape, band.shape))

    def _matrices(
        self,
        band: PlaneRef,
        here: tuple[np.ndarray, np.ndarray],
        middle: tuple[np.ndarray, np.ndarray],
    ) -> np.ndarray | None:
        """``(n, 2, 2)``, pixels of the band for one of the cutout; None: no resampling."""
        import numpy as np

        first = self._bands[0]
        is_same = first.cards == band.cards
        if is_same or not len(here[0]):
            if self._ratio == 1.0:
                return None
            return np.broadcast_to(np.eye(2) * self._ratio, (len(here[0]), 2, 2))
        wanted = jacobians(first.cards, *to_pixels(first.cards, *middle)) * self._ratio
        matrices: np.ndarray = np.linalg.solve(jacobians(band.cards, *here), wanted)
        half = max(self._shape) / 2
        off = float(np.abs(matrices - np.eye(2)).sum(axis=-1).max()) * half
        if off <= _CORNER_PIXELS:
            return None
        if not self._resamples:
            scale = band.pixel_scale_arcsec
            self._problems.append(
                Problem(
                    "band-geometry",
                    f"{band.image.path.name} has pixels of {scale:.3g} arcsec, up to {off:.2g} "
                    "pixels off those of the first band",
                )
            )
            return None
        return matrices


def _values(
    band: PlaneRef,
    opened: Mapping[PixelsRef, Plane],
    x: np.ndarray,
    y: np.ndarray,
    shape: tuple[int, int],
) -> np.ndarray:
    """Windows in the file's unit, NaN where mask, weight or value say that nothing is there."""
    import numpy as np

    pixels = opened[band.image].cut(x, y, shape)
    if band.no_data is not None:
        pixels[pixels == np.float32(band.no_data)] = np.nan
    if band.mask is not None:
        pixels[(opened[band.mask].cut_bits(x, y, shape) & band.bits) != 0] = np.nan
    if band.weight is not None:
        # Not <=: a weight that is NaN is none either.
        pixels[~(opened[band.weight].cut(x, y, shape) > 0)] = np.nan
    return pixels


def _outside(
    x: np.ndarray, y: np.ndarray, shape: tuple[int, int], image: tuple[int, int]
) -> np.ndarray:
    """``(n,)``: share of windows that lies beyond an image."""
    import numpy as np

    (height, width), share = shape, np.zeros(len(x))
    is_off = (x < 0) | (y < 0) | (x + width > image[1]) | (y + height > image[0])
    if is_off.any():
        share[is_off] = beyond(x[is_off], y[is_off], shape, image).mean(axis=(1, 2))
    return share


def _factor(band: PlaneRef, unit: str | None) -> float:
    """What turns the file's values into a band's unit; 1 where one of them is not known."""
    from astropy import units

    if unit is None or band.nanojansky is None:
        return 1.0
    try:
        return band.nanojansky * float(units.nJy.to(units.Unit(unit)))
    except (ValueError, TypeError):
        return 1.0
