"""Writing a simulated data set: inputs and the truth table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np

    from ..cards import InputSpec
    from ._base import Simulator

    Progress = Callable[[int, int], None]
    Columns = dict[str, np.ndarray]

_TRUTH = "truth.ecsv"


def write_data_set(
    simulator: Simulator,
    folder: Path,
    *,
    count: int,
    seed: int,
    file_format: str = "fits",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write ``count`` objects of a seed and ``truth.ecsv``; return the truth table's path.

    Parameters
    ----------
    simulator : Simulator
        What draws.
    folder : pathlib.Path
        Made if missing; must be empty unless ``overwrite``.
    count, seed : int
        Which objects.
    file_format : str
        ``fits`` (a file an object: the primary image, or an extension a band), ``npz`` or
        ``hdf5`` (one file for all).
    overwrite : bool
        Whether the folder may hold files; those of the same names are replaced.
    progress : callable, optional
        Called with (objects done, objects in all).

    Raises
    ------
    UsageError
        A count that is not positive, or a format that does not suit the inputs.
    OutputError
        The folder is not empty or cannot be written.
    """
    from ..tables import Column, PredictionTable, write_table

    if count < 1:
        raise UsageError(f"the number of objects must be positive, is {count}.")
    if file_format == "fits" and any(spec.kind != "image" for spec in simulator.inputs):
        raise UsageError(f"{simulator.name!r} draws no images: use the format npz or hdf5.")
    _make(folder, overwrite=overwrite)
    width = max(4, len(str(count - 1)))
    ids = [f"{simulator.name}-{seed}-{index:0{width}d}" for index in range(count)]
    writer = {"fits": _write_fits, "npz": _write_npz, "hdf5": _write_hdf5}[file_format]
    try:
        truth = writer(simulator, folder, ids, seed, progress)
    except OSError as error:
        why = error.strerror or " ".join(str(error).split())
        raise OutputError(
            f"{folder} cannot be written any further ({why}); what is in it is not whole."
        ) from error
    table = PredictionTable(
        (Column("id", "identifier of the object"), *simulator.truth),
        {"id": ids, **truth},
        meta={"simulator": simulator.name, "version": simulator.version, "seed": str(seed)},
    )
    write_table(table, folder / _TRUTH, overwrite=overwrite)
    return folder / _TRUTH


def _make(folder: Path, *, overwrite: bool) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        filled = any(folder.iterdir())
    except OSError as error:
        raise OutputError(f"{folder} cannot be made ({error.strerror}).") from error
    if filled and not overwrite:
        raise OutputError(f"{folder} is not empty. Choose another folder or add --overwrite.")


def _write_fits(
    simulator: Simulator, folder: Path, ids: list[str], seed: int, progress: Progress | None
) -> Columns:
    """A FITS file an object; images of more than one band as extensions."""
    from astropy.io import fits

    truths: list[Columns] = []
    done = 0
    for chunk in simulator.stream(len(ids), seed=seed):
        for row in range(len(chunk)):
            hdus: list[Any] = []
            for spec in simulator.inputs:
                hdus += _image_hdus(spec, chunk.arrays[spec.name][row].numpy(), simulator)
            if len(hdus) == 1:
                hdus = [fits.PrimaryHDU(hdus[0].data, hdus[0].header)]
            else:
                hdus = [fits.PrimaryHDU(), *hdus]
            fits.HDUList(hdus).writeto(folder / f"{ids[done]}.fits", overwrite=True)
            done += 1
        if progress:
            progress(done, len(ids))
        truths.append(chunk.truth)
    return _joined(truths)


def _image_hdus(spec: InputSpec, image: np.ndarray, simulator: Simulator) -> list[Any]:
    from astropy.io import fits

    hdus = []
    for band, plane in zip(spec.bands, image, strict=True):
        header = fits.Header()
        header["FILTER"] = (band.name, "band")
        if band.unit:
            header["BUNIT"] = (band.unit, "unit of the pixels")
        if spec.pixel_scale_arcsec:
            header["PIXSCALE"] = (spec.pixel_scale_arcsec, "arcsec per pixel")
        header["SIMULATR"] = (simulator.name, f"version {simulator.version}")
        hdus.append(fits.ImageHDU(plane.astype("float32"), header, name=band.name))
    return hdus


def _write_npz(
    simulator: Simulator, folder: Path, ids: list[str], seed: int, progress: Progress | None
) -> Columns:
    import numpy as np

    arrays: list[Columns] = []
    truths: list[Columns] = []
    done = 0
    for chunk in simulator.stream(len(ids), seed=seed):
        arrays.append({spec.name: chunk.arrays[spec.name].numpy() for spec in simulator.inputs})
        truths.append(chunk.truth)
        done += len(chunk)
        if progress:
            progress(done, len(ids))
    named: dict[str, Any] = {"id": np.array(ids), **_joined(arrays)}
    np.savez(folder / f"{simulator.name}.npz", **named)
    return _joined(truths)


def _write_hdf5(
    simulator: Simulator, folder: Path, ids: list[str], seed: int, progress: Progress | None
) -> Columns:
    """One data set an input, filled chunk by chunk."""
    import h5py

    from ._patient_file import PatientFile

    truths: list[Columns] = []
    done = 0
    disc = PatientFile(folder / f"{simulator.name}.h5")
    with disc, h5py.File(disc, "w") as file:
        file["id"] = [identity.encode() for identity in ids]
        for chunk in simulator.stream(len(ids), seed=seed):
            end = done + len(chunk)
            for spec in simulator.inputs:
                values = chunk.arrays[spec.name].numpy()
                axes = values.shape[1:]
                data = file.require_dataset(
                    spec.name, (len(ids), *axes), values.dtype, chunks=(1, *axes)
                )
                data[done:end] = values
            truths.append(chunk.truth)
            done = end
            if progress:
                progress(done, len(ids))
            if disc.error:
                break
    if disc.error:
        raise disc.error
    return _joined(truths)


def _joined(chunks: Sequence[Columns]) -> Columns:
    import numpy as np

    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}
