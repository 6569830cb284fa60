"""What labelled data are, where no model says what they must be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..cards import AXES_OF_KIND, Band, InputSpec
from ..data import READERS, Request, quiet
from ..data._arrays import ArrayReader
from ..data._listing import list_files, suffix_of
from ..errors import InputError, UsageError
from ._arrays import SUFFIXES, read_headers
from ._columns import pick_column, read_texts
from ._table import complete_path
from ._text import counted

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

#: No image is as low as this many pixels: the axis is that of the bands of a series.
_FEW = 4

#: Most bands that are named here; more are pixels that stand in front.
_MOST_BANDS = 16

#: Names of bands that pictures have.
_NAMES = {1: ("grey",), 3: ("red", "green", "blue")}


def guess_input(
    data: str | os.PathLike[str],
    *,
    bands: Sequence[str] = (),
    label: str = "label",
    path: str = "path",
    group: str | None = None,
    split: str | None = None,
    array: str | None = None,
) -> InputSpec:
    """The input of a model that is made for labelled data, of any size.

    An array of a file tells its axes: ``(object, time)`` are series of one band,
    ``(object, band, time)`` where ``bands`` are so many or there are fewer than four of them,
    else images: ``(object, y, x)`` or ``(object, band, y, x)``. A folder and a table lead to
    images, whose first one says how many bands there are.

    Parameters
    ----------
    data : path
        As ``open_labelled`` takes it.
    bands : sequence of str
        Names of the bands in their order; those of pictures (``grey``; ``red``, ``green``,
        ``blue``) or ``band-1``, ``band-2``, ... if empty.
    label, path, group, split, array
        As ``open_labelled`` takes them.

    Raises
    ------
    InputError
        There is nothing to read, no array or several that could be the objects, or the bands
        cannot be told from the file.
    UsageError
        Bands of another number than the data have.
    """
    file = Path(data)
    if not file.exists():
        raise InputError(
            f"{file} does not exist (looked for from {Path.cwd()}).", flag="not-found"
        )
    if file.is_file() and file.suffix.lower() in SUFFIXES:
        taken = {label, group, split}
        kind, count = _of_arrays(file, bands, label=label, array=array, taken=taken)
    else:
        kind, count = "image", len(bands) or _bands_of_image(_first_image(file, path))
    if bands and len(bands) != count:
        raise UsageError(
            f"--bands names {counted(len(bands), 'band')} ({', '.join(bands)}), and {file} "
            f"holds {counted(count, 'band')} an object."
        )
    names = tuple(bands) or _NAMES.get(count) or tuple(f"band-{i + 1}" for i in range(count))
    return InputSpec(
        name=kind,
        kind=kind,
        bands=tuple(Band(name=name) for name in names),
        size=(None,) * AXES_OF_KIND[kind],
    )


def _of_arrays(
    file: Path,
    bands: Sequence[str],
    *,
    label: str,
    array: str | None,
    taken: set[str | None],
) -> tuple[str, int]:
    """Kind and number of bands of the array of objects."""
    headers = read_headers(file)
    shapes = {name: header.shape for name, header in headers.items()}
    if array is not None:
        shape = pick_column(headers, array, option="--array", where=str(file)).shape
    else:
        count = pick_column(headers, label, option="--label", where=str(file)).shape[:1]
        fitting = [
            name
            for name, shape in shapes.items()
            if name not in taken and len(shape) > 1 and shape[:1] == count
        ]
        if len(fitting) != 1:
            there = ", ".join(f"{name!r} {shape}" for name, shape in shapes.items())
            raise InputError(
                f"{file} has {counted(len(fitting), 'array')} that could hold the objects, one "
                f"for each label; it has {there}. --array NAME says which one does.",
                flag="missing-input",
            )
        shape = shapes[fitting[0]]
    if len(shape) == 2:
        return "series", 1
    if len(shape) == 3:
        is_series = shape[1] < _FEW or (len(bands) > 1 and shape[1] == len(bands))
        return ("series", shape[1]) if is_series else ("image", 1)
    if len(shape) == 4:
        if not bands:
            _refuse_many(shape[1], f"the array of {file}, of the shape {shape},")
        return "image", shape[1]
    raise InputError(
        f"the array of objects in {file} has the shape {shape}; what can be learned from has "
        "the axes (object, time), (object, band, time), (object, y, x) or "
        "(object, band, y, x).",
        flag="wrong-size",
    )


def _first_image(file: Path, path: str) -> Path:
    """The first file of a folder, or of a table."""
    from ..tables import READABLE, read_table

    if file.is_dir():
        return list_files(file, READERS)[0][0]
    if file.suffix.lower() not in READABLE:
        raise InputError(
            f"{file} is neither a folder, nor a table ({', '.join(READABLE)}), nor a file of "
            f"arrays ({', '.join(SUFFIXES)})."
        )
    table = read_table(file)
    paths = pick_column(table.values, path, option="--path", where=f"the table {file}")
    texts = [t for t in read_texts(paths, where=f"the column {path!r} of {file}") if t]
    path_of_first = file.parent / texts[0].strip() if texts else file
    first = complete_path(path_of_first)
    if first is None or suffix_of(first, READERS) is None:
        raise InputError(
            f"the first path of {file} leads to no file that can be read: {path_of_first}. "
            "Paths are relative to the folder of the table; --path NAME chooses another column."
        )
    return first


def _bands_of_image(file: Path) -> int:
    """How many bands a file has, if it says so."""
    suffix = suffix_of(file, READERS)
    spec = InputSpec(name="image", kind="image", bands=(Band(name="any"),), size=(None, None))
    reader = READERS[suffix or ""](Request(specs=(spec,)))
    name_them = "Name the bands of the data in their order: --bands A,B."
    if isinstance(reader, ArrayReader):
        raise InputError(f"the bands of {file} cannot be told. {name_them}")
    item = reader.items([file]).items[0]
    if item.problem is not None:
        raise InputError(f"{file}: {item.problem.reason}. {name_them}", flag=item.problem.flag)
    try:
        with quiet():
            shape = reader.read(item).arrays[spec.name].shape
    except InputError as error:
        raise InputError(f"{file}: {error} {name_them}", flag=error.flag) from error
    except Exception as error:  # broken files fail in many ways
        raise InputError(f"{file} cannot be read: {error}. {name_them}") from error
    finally:
        reader.close()
    count = shape[0] if len(shape) == 3 else 1
    _refuse_many(count, f"{file}, of the shape {shape},")
    return count


def _refuse_many(count: int, what: str) -> None:
    if count > _MOST_BANDS:
        raise InputError(
            f"{what} has {count} bands, if its last axes are (band, y, x). Bring the bands to "
            "the front with numpy.moveaxis, or name all of them: --bands A,B.",
            flag="wrong-bands",
        )
