"""FITS images: one file an object, or one file a band of an object."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import InputError
from ._bands import LETTERS, is_name_of, names_band, names_of, split_stem, stated_band
from ._header import value_of
from ._listing import stem_of
from ._pixel_scale import (
    at_pixel_scale,
    compare_pixel_scale,
    other_pixel_scale,
    unstated_pixel_scale,
)
from ._quiet import quiet
from ._reader import Item, Listing, Problem, Raw, Reader
from ._text import counted, times

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy as np

    from ..cards import Band, InputSpec

SUFFIXES = (
    ".fit",
    ".fit.gz",
    ".fits",
    ".fits.bz2",
    ".fits.fz",
    ".fits.gz",
    ".fts",
)

#: Bytes up to which a file is read at once.
_SMALL_FILE = 4 * 2**20

#: Header keywords that state an image's band.
_BAND_KEYS = ("FILTER", "BAND")


@dataclass(frozen=True, slots=True)
class _Plane:
    """An image extension, its data not yet read, and what its header says of the band."""

    hdu: Any
    label: str
    name: str
    stated: dict[str, str]

    @property
    def is_cube(self) -> bool:
        return any(length > 1 for length in self.hdu.shape[:-2])

    def array(self) -> np.ndarray:
        """``(y, x)`` or with more axes in front, none of the first ones of length one."""
        array: np.ndarray = self.hdu.data
        while array.ndim > 2 and array.shape[0] == 1:
            array = array[0]
        return array

    def is_image_of(self, band: Band | str) -> bool:
        named = any(names_band(text, band) for text in self.stated.values())
        return named or is_name_of(self.name, band)

    def band(self) -> tuple[str, str]:
        """Keyword and text by which the header names a band, empty if nothing does."""
        if not self.stated and self.name.lower() in LETTERS:
            return "EXTNAME", self.name
        return next(iter(self.stated.items()), ("", ""))


@dataclass(frozen=True, slots=True)
class _Found:
    """What a file holds of some bands: one array a band, or one for all."""

    arrays: list[np.ndarray]
    labels: tuple[str, ...]
    warnings: tuple[Problem, ...]

    def array(self) -> np.ndarray:
        """``(band, y, x)``, or ``(y, x)``."""
        if len(self.arrays) == 1:
            return self.arrays[0]
        return _stacked(self.arrays, [f"extension {label}" for label in self.labels])


class FitsReader(Reader):
    """Images in FITS, read by astropy.

    Taken are, in this order: the extensions whose EXTNAME, FILTER or BAND names a band of
    the model; a cube ``(band, y, x)``; for a model with one band the first image. Axes of
    length one in front are dropped. Files whose names differ in a band alone
    (``<id>_g.fits``, ``<id>_r.fits``; also ``<id>/g.fits``) are one object.
    """

    name = "FITS"
    is_slow = True
    kinds: ClassVar = frozenset({"image"})
    max_inputs: ClassVar = 1
    states_pixel_scale: ClassVar = True

    @property
    def bands(self) -> tuple[Band, ...]:
        """The bands of the model's one input."""
        return self.request.specs[0].bands

    def items(self, files: Sequence[Path]) -> Listing:
        """Put the files of one object together by their names."""
        items: list[Item] = []
        objects: dict[tuple[Path, str], list[dict[str, Path]]] = {}
        wanted: list[Band | str] = [*self.bands, *self.request.accept_bands]
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
            found = self._read_file(item.files[0], self.bands)
            inside = f"[{','.join(found.labels)}]" if any(found.labels) else ""
            array, source = found.array(), f"{item.files[0]}{inside}"
            return Raw({spec.name: array}, source, found.warnings)
        planes, sources = [], []
        warnings: list[Problem] = []
        for file, band in zip(item.files, item.bands, strict=True):
            found = self._read_file(file, (band,))
            array = found.arrays[0]
            planes.append(array if array.ndim == 2 else array[0])
            sources.append(f"{file}[{found.labels[0]}]" if any(found.labels) else str(file))
            warnings += found.warnings
        array = _stacked(planes, sources)
        return Raw({spec.name: array}, "+".join(sources), tuple(dict.fromkeys(warnings)))

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
            yield f"{counted(unused, 'file')} of other bands than {names} not used"
        if stand_ins:
            instead = ", ".join(self.request.accept_bands)
            yield f"{counted(stand_ins, 'row')} of the band {instead} in place of {names}"

    def _read_file(self, file: Path, bands: tuple[Band, ...]) -> _Found:
        """The planes of the bands."""
        try:
            return self._read_planes(_from_memory(file), bands)
        except InputError:
            raise
        except Exception:  # noqa: BLE001 - reading from disk does it, or says why not
            return self._read_from_disk(file, bands)

    def _read_from_disk(self, file: Path, bands: tuple[Band, ...]) -> _Found:
        from astropy.io import fits

        with quiet() as warnings:
            try:
                hdus = fits.open(file, memmap=False, uint=False)
                return self._read_planes(hdus, bands)
            except InputError:
                raise
            except Exception as error:  # noqa: BLE001 - broken files fail in many ways
                failure = error
        raise InputError(_why(failure, file, warnings)) from failure

    def _read_planes(self, hdus: Any, bands: tuple[Band, ...]) -> _Found:
        spec = self.request.specs[0]
        with quiet(), hdus:
            planes = self._choose(_planes(hdus, len(bands)), bands)
            labels = tuple(plane.label for plane in planes)
            resample = self.request.resample
            compare = unstated_pixel_scale if resample else compare_pixel_scale
            problems = [compare(plane.hdu.header, spec) for plane in planes]
            return _Found(
                arrays=[
                    _resampled(plane, spec) if resample else plane.array() for plane in planes
                ],
                labels=labels,
                warnings=tuple(dict.fromkeys(problem for problem in problems if problem)),
            )

    def _choose(self, planes: list[_Plane], bands: tuple[Band, ...]) -> list[_Plane]:
        """One plane a band, or the one plane that is the whole image."""
        if len(bands) > 1 and (planes[0].is_cube or len(planes) == 1):
            return planes[:1]
        chosen, missing = [], []
        for band in bands:
            plane = _first_of(planes, (band, *self.request.accept_bands))
            if plane is None:
                missing.append(band.name)
            else:
                chosen.append(plane)
        if not missing:
            return chosen
        if len(bands) > 1:
            there = [plane.band()[1] or plane.name or plane.label for plane in planes]
            raise InputError(
                f"no image extension for the band {', '.join(missing)}; found "
                f"{', '.join(there)} (EXTNAME, FILTER or BAND must name the band).",
                flag="missing-band",
            )
        key, text = planes[0].band()
        if key:
            raise InputError(
                f"the header says {key} = {text!r}, the model takes {bands[0].name}; "
                f"--accept-band {text!r} uses it all the same.",
                flag="wrong-band",
            )
        return planes[:1]


def _from_memory(file: Path) -> Any:
    """HDUs of a small file that is not compressed: several times fewer calls than on disk."""
    from astropy.io import fits

    with file.open("rb") as handle:
        content = handle.read(_SMALL_FILE + 1)
    if len(content) > _SMALL_FILE or not content.startswith(b"SIMPLE"):
        raise ValueError("to be read from disk")
    with quiet():
        # Unsigned integers as floats: only then does astropy heed BLANK.
        return fits.HDUList.fromstring(content, uint=False)


def _planes(hdus: Any, bands: int) -> list[_Plane]:
    """The image extensions of a file that hold data; at least one."""
    planes = []
    inherited: dict[str, str] = {}
    for index, hdu in enumerate(hdus):
        header = hdu.header
        stated = {}
        for key in _BAND_KEYS:
            text = stated_band(value_of(header, key))
            if text:
                stated[key] = text
        if not getattr(hdu, "is_image", False) or not hdu.shape or 0 in hdu.shape:
            # An empty primary HDU speaks for the extensions of a file of one band.
            inherited = stated if index == 0 and bands == 1 else inherited
            continue
        name = value_of(header, "EXTNAME")
        name = name.strip() if isinstance(name, str) else ""
        label = "" if index == 0 else name or str(index)
        plane = _Plane(hdu, label, name, stated)
        if inherited and not plane.band()[0]:
            plane = _Plane(hdu, label, name, inherited)
        planes.append(plane)
    if not planes:
        raise InputError("the FITS file holds no image.", flag="no-image")
    return planes


def _resampled(plane: _Plane, spec: InputSpec) -> np.ndarray:
    """The plane on the model's pixels, whatever its own are; cut where it is larger."""
    found = other_pixel_scale(plane.hdu.header, spec)
    if found is not None:
        return at_pixel_scale(plane.array(), found, spec)
    array = plane.array()
    for axis, size in zip((-2, -1), spec.size, strict=True):
        if size is not None and array.shape[axis] > size:
            start = (array.shape[axis] - size) // 2
            array = array.take(range(start, start + size), axis=axis)
    return array


def _first_of(planes: list[_Plane], names: tuple[Band | str, ...]) -> _Plane | None:
    """The first plane of the first name that any plane has."""
    matches = (plane for name in names for plane in planes if plane.is_image_of(name))
    return next(matches, None)


def _stacked(arrays: list[np.ndarray], sources: list[str]) -> np.ndarray:
    import numpy as np

    if len({array.shape for array in arrays}) > 1:
        told = ", ".join(
            f"{times(array.shape)} in {source}"
            for array, source in zip(arrays, sources, strict=True)
        )
        raise InputError(
            f"the bands differ in size: {told}. --fit resample takes the middle of each, at "
            "the model's pixel scale.",
            flag="wrong-size",
        )
    if arrays[0].ndim != 2:
        raise InputError(f"{sources[0]} is a cube, not one band.", flag="wrong-bands")
    return np.stack(arrays)


def _why(error: Exception, file: Path, warnings: list[str]) -> str:
    """What is wrong with a file that astropy cannot read, in our words where we know."""
    if isinstance(error, OSError) and error.strerror:
        return f"{file.name} cannot be opened: {error.strerror}."
    size = file.stat().st_size
    if not size:
        return "the FITS file is empty (0 bytes)."
    for text in warnings:
        if "truncated" in text:
            wanted = re.findall(r"\d+", text)[-1:] or ["more"]
            return f"the FITS file is cut off: {size} bytes of {wanted[0]}."
        if "Header size is not multiple" in text:
            return f"the FITS file is cut off inside its header ({size} bytes)."
    if "No SIMPLE card" in str(error):
        return "this is not a FITS file: it does not begin with SIMPLE =."
    kind = "" if isinstance(error, OSError) else f"{type(error).__name__}: "
    return f"the FITS file is broken: {kind}{error}."
