"""FITS images: one file an object, or one file a band of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from .._errors import InputError
from ._bands import LETTERS, is_name_of, names_band, names_of, split_stem, stated_band
from ._listing import stem_of
from ._quiet import quiet
from ._reader import Item, Listing, Problem, Raw, Reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy as np

    from ..cards import Band

SUFFIXES = (
    ".fit",
    ".fit.gz",
    ".fits",
    ".fits.bz2",
    ".fits.fz",
    ".fits.gz",
    ".fts",
)

#: Header keywords that state an image's band.
_BAND_KEYS = ("FILTER", "BAND")


class _Plane(NamedTuple):
    """An image extension: its position, array and what its header says about the band."""

    label: str
    name: str
    stated: dict[str, str]
    array: np.ndarray

    def is_image_of(self, band: Band | str) -> bool:
        named = any(names_band(text, band) for text in self.stated.values())
        return named or is_name_of(self.name, band)

    def other_band(self) -> str:
        """What the header calls the band, empty if nothing does."""
        for text in self.stated.values():
            return text
        return self.name if self.name.lower() in LETTERS else ""


class FitsReader(Reader):
    """Images in FITS, read by astropy.

    Taken are, in this order: the extensions whose EXTNAME, FILTER or BAND names a band of
    the model; a cube ``(band, y, x)``; for a model with one band the first image. Axes of
    length one in front are dropped. Files whose names differ in a band alone
    (``<id>_g.fits``, ``<id>_r.fits``; also ``<id>/g.fits``) are one object.
    """

    name = "FITS"
    kinds: ClassVar = frozenset({"image"})
    max_inputs: ClassVar = 1

    @property
    def bands(self) -> tuple[Band, ...]:
        """The bands of the model's one input."""
        return self.request.specs[0].bands

    def items(self, files: Sequence[Path]) -> Listing:
        """Put the files of one object together by their names."""
        items: list[Item] = []
        objects: dict[tuple[Path, str], list[dict[str, Path]]] = {}
        wanted = (*self.bands, *self.request.accept_bands)
        for file in files:
            stem = stem_of(file, SUFFIXES)
            split = split_stem(stem, wanted)
            if split is None:
                items.append(Item(id=stem, source=str(file), files=(file,)))
                continue
            rest, band = split[0] or file.absolute().parent.name, split[1]
            band = names_of(band)[1]
            candidates = objects.setdefault((file.parent, rest), [])
            # A second file of one band cannot belong to the same object: another row.
            free = next((group for group in candidates if band not in group), None)
            if free is None:
                candidates.append(free := {})
            free[band] = file
        unused = stand_ins = 0
        for (_, identity), groups in objects.items():
            for group in groups:
                item = self._item_of(identity, group)
                items.append(item)
                stand_ins += any(names_of(band)[1] not in group for band in item.bands)
                unused += 0 if item.problem else len(group) - len(item.files)
        return Listing(tuple(items), tuple(self._notes(unused, stand_ins)))

    def read(self, item: Item) -> Raw:
        """Read the planes of one object."""
        spec = self.request.specs[0]
        if not item.bands:
            array, labels = self._read_file(item.files[0], self.bands)
            inside = f"[{','.join(labels)}]" if any(labels) else ""
            return Raw({spec.name: array}, source=f"{item.files[0]}{inside}")
        planes, sources = [], []
        for file, band in zip(item.files, item.bands, strict=True):
            array, labels = self._read_file(file, (band,))
            planes.append(array if array.ndim == 2 else array[0])
            sources.append(f"{file}[{labels[0]}]" if any(labels) else str(file))
        return Raw({spec.name: _stacked(planes, sources)}, source="+".join(sources))

    def _item_of(self, identity: str, group: dict[str, Path]) -> Item:
        """The item made of the files of one object, by short name of the band."""
        bands, missing = [], []
        for band in self.bands:
            names = [names_of(band)[1]]
            names += [names_of(accepted)[1] for accepted in self.request.accept_bands]
            found = next((name for name in names if name in group), None)
            if found is None:
                missing.append(band.name)
            else:
                bands.append((band, group[found]))
        if missing:
            files = tuple(group.values())
            there = ", ".join(f"{band} ({file.name})" for band, file in group.items())
            reason = f"no file of the band {', '.join(missing)}; found {there}"
            if len(self.bands) == 1:
                reason += f"; --accept-band {next(iter(group))} uses it instead"
            return Item(
                id=identity,
                source="+".join(map(str, files)),
                files=files,
                problem=Problem("missing-band", reason),
            )
        files = tuple(file for _, file in bands)
        return Item(
            id=identity,
            source="+".join(map(str, files)),
            files=files,
            bands=tuple(band for band, _ in bands),
        )

    def _notes(self, unused: int, stand_ins: int) -> Iterable[str]:
        names = ", ".join(band.name for band in self.bands)
        if unused:
            yield f"{unused} files of other bands than {names} were not used"
        if stand_ins:
            instead = ", ".join(self.request.accept_bands)
            yield f"{stand_ins} objects are of the band {instead} instead of {names}"

    def _read_file(
        self, file: Path, bands: tuple[Band, ...]
    ) -> tuple[np.ndarray, tuple[str, ...]]:
        """The array of the bands, ``(band, y, x)`` or ``(y, x)``, and its extensions."""
        from astropy.io import fits

        with quiet() as warnings:
            try:
                # Unsigned integers as floats: only then does astropy heed BLANK.
                with fits.open(file, memmap=False, uint=False) as hdus:
                    array, labels = self._choose(hdus, bands)
            except InputError:
                raise
            except OSError as error:
                raise _unreadable(file, error) from error
            except Exception as error:
                failure: Exception = error
            else:
                return array, labels
        cut = [text for text in warnings if "truncated" in text]
        why = cut[0] if cut else f"{type(failure).__name__}: {failure}"
        raise InputError(f"the FITS file is broken: {why}.") from failure

    def _choose(
        self, hdus: Any, bands: tuple[Band, ...]
    ) -> tuple[np.ndarray, tuple[str, ...]]:
        """Find the bands among the extensions."""
        planes = []
        for index, hdu in enumerate(hdus):
            plane = _plane(index, hdu)
            if plane is None:
                continue
            # The usual file, with one image for a model with one band: look no further.
            if len(bands) == 1 and (plane.is_image_of(bands[0]) or not plane.other_band()):
                if not planes:
                    return plane.array, (plane.label,)
            planes.append(plane)
        if not planes:
            raise InputError("the FITS file holds no image.", flag="no-image")
        if len(planes) == 1 and planes[0].array.ndim != 2 and len(bands) > 1:
            return planes[0].array, (planes[0].label,)
        return self._match(planes, bands)

    def _match(
        self, planes: list[_Plane], bands: tuple[Band, ...]
    ) -> tuple[np.ndarray, tuple[str, ...]]:
        """The planes whose headers name the bands, in the bands' order."""
        chosen, missing = [], []
        for band in bands:
            names = (band, *self.request.accept_bands)
            match = [p for name in names for p in planes if p.is_image_of(name)]
            if match:
                chosen.append(match[0])
            else:
                missing.append(band.name)
        if not missing:
            arrays = [plane.array for plane in chosen]
            labels = tuple(plane.label for plane in chosen)
            return _stacked(arrays, [f"extension {label}" for label in labels]), labels
        if len(bands) == 1:
            return self._only_band(planes, bands[0])
        if len(planes) == 1 or planes[0].array.ndim != 2:
            # A cube without names, with weight maps or the like behind it; or one image,
            # whose lack of bands the common check tells.
            return planes[0].array, (planes[0].label,)
        there = ", ".join(plane.other_band() or plane.name or plane.label for plane in planes)
        raise InputError(
            f"no image extension for the band {', '.join(missing)}; found {there} (EXTNAME, "
            "FILTER or BAND must name the band).",
            flag="missing-band",
        )

    def _only_band(
        self, planes: list[_Plane], band: Band
    ) -> tuple[np.ndarray, tuple[str, ...]]:
        """For a model with one band that no header names: the first unnamed image."""
        for plane in planes:
            if not plane.other_band():
                return plane.array, (plane.label,)
        first = planes[0]
        key, text = next(iter(first.stated.items()), ("EXTNAME", first.name))
        raise InputError(
            f"the header says {key} = {text!r}, the model takes {band.name}; "
            f"--accept-band {text} uses it all the same.",
            flag="wrong-band",
        )


def _plane(index: int, hdu: Any) -> _Plane | None:
    """An HDU as a plane; None if it is no image or an empty one."""
    header = hdu.header
    if not hdu.is_image or not header.get("NAXIS", 0):
        return None
    array = hdu.data
    if array is None or not array.size:
        return None
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    name = header.get("EXTNAME", "")
    name = name.strip() if isinstance(name, str) else ""
    stated = {}
    for key in _BAND_KEYS:
        text = stated_band(header.get(key))
        if text:
            stated[key] = text
    label = "" if index == 0 else name or str(index)
    return _Plane(label, name, stated, array)


def _stacked(arrays: list[np.ndarray], sources: list[str]) -> np.ndarray:
    import numpy as np

    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        told = ", ".join(
            f"{'x'.join(map(str, array.shape))} in {source}"
            for array, source in zip(arrays, sources, strict=True)
        )
        raise InputError(f"the bands differ in size: {told}.", flag="wrong-size")
    if arrays[0].ndim != 2:
        if len(arrays) == 1:
            return arrays[0]
        raise InputError("a band of the object is itself a cube.", flag="wrong-bands")
    return np.stack(arrays)


def _unreadable(file: Path, error: OSError) -> InputError:
    """Say of an ``OSError`` whether the system or the content is the cause."""
    if error.strerror:
        return InputError(f"{file.name} cannot be opened: {error.strerror}.")
    if not file.stat().st_size:
        return InputError("the FITS file is empty (0 bytes).")
    text = str(error)
    if "No SIMPLE card" in text:
        return InputError("this is not a FITS file: it does not begin with SIMPLE =.")
    return InputError(f"the FITS file is broken: {text}.")
