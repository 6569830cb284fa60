"""A tile: the images of one piece of sky, one for each band; nothing of it is open."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..data._pixel_scale import TOLERANCE
from ._sky import jacobians, pixel_scale

if TYPE_CHECKING:
    import numpy as np

    from ..data import Problem
    from ._plane import PixelsRef


@dataclass(frozen=True, slots=True)
class PlaneRef:
    """Where the pixels of one band lie, and what they are; nothing of it is open.

    Attributes
    ----------
    image, mask, weight : PixelsRef or None
        The pixels, their bits, and their weight or variance.
    shape : tuple of int
        Number of pixels, ``(y, x)``.
    cards : str
        The header's cards that say where the pixels lie on the sky.
    nanojansky : float or None
        Nanojansky of a pixel value of one; None if nothing says it.
    bits : int
        Bits of the mask that make a pixel NaN.
    no_data : float or None
        A value that means that there is no data.
    """

    image: PixelsRef
    shape: tuple[int, int]
    cards: str
    nanojansky: float | None = None
    mask: PixelsRef | None = None
    bits: int = 0
    weight: PixelsRef | None = None
    no_data: float | None = None

    @property
    def refs(self) -> tuple[PixelsRef, ...]:
        """All pixels to be opened for it."""
        return tuple(ref for ref in (self.image, self.mask, self.weight) if ref is not None)

    @property
    def pixel_scale_arcsec(self) -> float:
        """Root of the area of a pixel in the middle."""
        return pixel_scale(middle_jacobian(self))

    def pixels_to_one_of(self, wanted_arcsec: float | None) -> float:
        """Pixels of this plane in one of another scale; 1 if a network sees no difference."""
        if wanted_arcsec is None:
            return 1.0
        scale = self.pixel_scale_arcsec
        is_other = abs(scale / wanted_arcsec - 1.0) > TOLERANCE
        return wanted_arcsec / scale if is_other else 1.0


@dataclass(frozen=True, slots=True)
class Tile:
    """The images of one piece of sky; it can be sent to other processes.

    Attributes
    ----------
    name : str
        The files' path, with ``{band}`` for what differs.
    planes : tuple of PlaneRef or None
        One for each wanted band, in their order; None where the band is missing or its header
        cannot be read.
    problem : Problem or None
        Why nothing can be cut out of it (``missing-band``, ``tile-unreadable``); objects on
        it are rows with this flag.
    """

    name: str
    planes: tuple[PlaneRef | None, ...]
    problem: Problem | None = None

    @property
    def first(self) -> PlaneRef | None:
        """The first plane that is there: it says which objects lie on the tile."""
        return next((plane for plane in self.planes if plane is not None), None)


@functools.lru_cache(maxsize=4096)
def middle_jacobian(plane: PlaneRef) -> np.ndarray:
    """``(1, 2, 2)``, arcsec per pixel in the middle of a plane; see ``jacobians``."""
    import numpy as np

    height, width = plane.shape
    return jacobians(plane.cards, np.array([(width - 1) / 2]), np.array([(height - 1) / 2]))
