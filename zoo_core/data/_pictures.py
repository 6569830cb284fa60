"""Pictures: one file an object, as image programs write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ..errors import InputError
from ._quiet import quiet
from ._reader import Item, Listing, Problem, Raw, Reader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    import PIL.Image

SUFFIXES = (".jpeg", ".jpg", ".png", ".tif", ".tiff")


class PictureReader(Reader):
    """PNG, JPEG and TIFF through Pillow.

    Values are those of the file (0 to 255 for most), the first row of the array is the
    uppermost of the picture, colours are bands in the order red, green, blue, and
    transparency is left out. Colours of 16 bits come as 8, with a warning. The pages of a
    TIFF are bands too.
    """

    name = "picture"
    is_slow = True
    kinds: ClassVar = frozenset({"image"})
    max_inputs: ClassVar = 1

    def items(self, files: Sequence[Path]) -> Listing:
        """One object a file."""
        return Listing(
            tuple(Item(id=file.stem, source=str(file), files=(file,)) for file in files)
        )

    def read(self, item: Item) -> Raw:
        """Read ``(y, x)`` for grey, ``(band, y, x)`` for colours and pages."""
        import PIL
        import PIL.Image

        file = item.files[0]
        try:
            with quiet(), PIL.Image.open(file) as picture:
                warnings = _warnings(picture)
                array = _array(picture)
        except PIL.UnidentifiedImageError as error:
            what = "empty (0 bytes)" if not file.stat().st_size else "no picture, or broken"
            raise InputError(f"the file is {what}.") from error
        return Raw({self.request.specs[0].name: array}, warnings=warnings)


def _warnings(picture: PIL.Image.Image) -> tuple[Problem, ...]:
    """What Pillow does not give whole: colours of 16 bits, of which it keeps the upper 8."""
    layouts = [str(tile[-1]) for tile in getattr(picture, "tile", ())]
    if picture.mode not in ("RGB", "RGBA") or not any(";16" in text for text in layouts):
        return ()
    return (
        Problem(
            "depth",
            "colours of 16 bits are read as 8, 0 to 255; FITS, npz, or a grey picture for "
            "each band keeps all",
        ),
    )


def _array(picture: PIL.Image.Image) -> np.ndarray:
    import numpy as np

    pages = getattr(picture, "n_frames", 1)
    arrays = []
    for page in range(pages):
        if pages > 1:
            picture.seek(page)
        arrays.append(_page(picture))
    if pages == 1:
        return arrays[0]
    return np.concatenate([array.reshape(-1, *array.shape[-2:]) for array in arrays])


def _page(picture: PIL.Image.Image) -> np.ndarray:
    import numpy as np

    if picture.mode == "P":
        picture = picture.convert("RGB")
    elif picture.mode in ("1", "LA", "La"):
        picture = picture.convert("L")
    elif picture.mode in ("RGBA", "RGBX", "RGBa"):
        picture = picture.convert("RGB")
    array = np.asarray(picture)
    return array if array.ndim == 2 else np.moveaxis(array, -1, 0)
