"""Predictions for a piece of a catalogue: match, cut, run, and back into its order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..prediction import Rows, made_ahead
from ..tables import Column, PredictionTable
from ._catalog import Positions
from ._cutouts import Cutouts

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    import numpy as np
    import torch

    from ..cards import InputSpec
    from ..devices import InferenceEngine
    from ..models import Model
    from ._cut import Cut
    from ._tile import Tile

    Progress = Callable[[int], None]

#: Blocks that may wait for the network.
_AHEAD = 2

_TILE = Column("tile", "where it was cut from; empty outside of all tiles", is_text=True)


def image_input(model: Model, *, size: Sequence[int] = ()) -> InputSpec:
    """The one image that a model takes, of a size that is known.

    Parameters
    ----------
    model : Model
        Whose card says what it takes.
    size : sequence of int
        Pixels, one or (y, x), for a model that takes any size.

    Raises
    ------
    UsageError
        It takes something else, any size and none is given, or another size.
    """
    specs = model.card.inputs
    if len(specs) != 1 or specs[0].kind != "image":
        told = ", ".join(f"{spec.name} ({spec.kind})" for spec in specs)
        raise UsageError(
            f"{model.card.name} takes {told}; only models of one image can be run on tiles."
        )
    spec = specs[0]
    given = tuple(size) * (2 if len(size) == 1 else 1)
    if given and any(n is not None and n != m for n, m in zip(spec.size, given, strict=True)):
        wanted = " x ".join("any" if n is None else str(n) for n in spec.size)
        raise UsageError(f"{model.card.name} takes {wanted} pixels, --size says {given}.")
    if not given and None in spec.size:
        raise UsageError(f"{model.card.name} takes images of any size: say --size N.")
    return replace(spec, size=given) if given else spec


@dataclass(frozen=True, slots=True)
class _Block:
    """Objects as they were cut; ``rows`` are their places in the piece."""

    rows: np.ndarray
    tiles: list[str]
    flags: list[str]
    reasons: list[str]
    usable: np.ndarray
    arrays: dict[str, torch.Tensor]
    tensors: list[torch.Tensor]


class Worker:
    """Predicts for pieces of a catalogue, one after the other.

    Parameters
    ----------
    model : Model
        Of one image.
    tiles : sequence of Tile
        Where to cut.
    spec : InputSpec
        As ``image_input`` gives it.
    engine : InferenceEngine
        Runs the network.
    resample : bool
        As ``cut`` takes it.
    """

    def __init__(
        self,
        model: Model,
        tiles: Sequence[Tile],
        *,
        spec: InputSpec,
        engine: InferenceEngine,
        resample: bool = True,
    ):
        self.model = model
        self._spec = spec
        self._engine = engine
        self._cutouts = Cutouts(tiles, spec, resample=resample)

    def predict(
        self, positions: Positions, *, progress: Progress | None = None
    ) -> PredictionTable:
        """A row for each object, in the order of the catalogue.

        Parameters
        ----------
        positions : Positions
            The piece.
        progress : callable, optional
            Called with the number of objects that a step has finished.
        """
        import numpy as np

        rows = Rows(self.model.task.columns, of_object=(_TILE,))
        order = []
        for block in self._blocks(positions):
            decoded = {}
            if len(block.usable):
                outputs = self._engine(block.tensors)
                decoded = self.model.task.decode(outputs, block.arrays)
            given = {"tile": block.tiles, "flag": block.flags, "reason": block.reasons}
            rows.add_given(given, [int(place) for place in block.usable], decoded)
            order.append(block.rows)
            if progress:
                progress(len(block.rows))
        place = np.argsort(np.concatenate(order)) if order else np.arange(0)
        return _told(rows.finish({}).take(place), positions)

    def template(self, positions: Positions | None) -> PredictionTable:
        """A table without rows that says what the parts will hold.

        Parameters
        ----------
        positions : Positions or None
            Some of the catalogue, for the type of its ids; None if it is empty.
        """
        import torch

        shape = (1, len(self._spec.bands), *(length or 1 for length in self._spec.size))
        blank = {self._spec.name: torch.rand(shape, generator=torch.Generator().manual_seed(0))}
        with torch.inference_mode():
            outputs = self.model.network(*self.model.prepare(blank))
        rows = Rows(self.model.task.columns, of_object=(_TILE,))
        decoded = self.model.task.decode(outputs, blank)
        rows.add_given({"tile": [""], "flag": [""], "reason": [""]}, [0], decoded)
        table = rows.finish({}).head(0)
        told = _told(table, _none_of(positions))
        return PredictionTable(told.columns, told.values, meta=self.model.provenance())

    # From positions to blocks

    def _blocks(self, positions: Positions) -> Generator[_Block, None, None]:
        # On a processor, a thread that cuts would take turns with those that compute.
        cutouts = self._cutouts.by_tile(positions.ra, positions.dec)
        made = (self._prepared(*piece) for piece in self._joined(cutouts))
        return made if self.model.device == "cpu" else made_ahead(made, most=_AHEAD)

    def _joined(
        self, cutouts: Iterable[tuple[np.ndarray, str, Cut | None]]
    ) -> Iterator[tuple[list[np.ndarray], list[str], list[Cut | None]]]:
        """Cutouts of small tiles together, so that the network gets whole batches."""
        places: list[np.ndarray] = []
        names: list[str] = []
        made: list[Cut | None] = []
        for rows, name, one in cutouts:
            if places and sum(map(len, places)) + len(rows) > self._cutouts.most:
                yield places, names, made
                places, names, made = [], [], []
            places.append(rows)
            names.append(name)
            made.append(one)
        if places:
            yield places, names, made

    def _prepared(
        self, places: list[np.ndarray], names: list[str], made: list[Cut | None]
    ) -> _Block:
        import numpy as np
        import torch

        tiles: list[str] = []
        flags: list[str] = []
        reasons: list[str] = []
        usable, pixels, first = [], [], 0
        for rows, name, one in zip(places, names, made, strict=True):
            tiles += [name] * len(rows)
            if one is None:
                flags += ["outside"] * len(rows)
                reasons += ["no tile has this position"] * len(rows)
            else:
                flags += one.flags
                reasons += one.reasons
                good = np.flatnonzero(one.is_usable)
                usable.append(first + good)
                pixels.append(one.array if len(good) == len(rows) else one.array[good])
            first += len(rows)
        chosen = np.concatenate(usable) if usable else np.arange(0)
        arrays: dict[str, torch.Tensor] = {}
        tensors: list[torch.Tensor] = []
        if len(chosen):
            joined = pixels[0] if len(pixels) == 1 else np.concatenate(pixels)
            arrays = {self._spec.name: torch.from_numpy(joined)}
            with torch.inference_mode():
                tensors = self.model.prepare(arrays)
        return _Block(np.concatenate(places), tiles, flags, reasons, chosen, arrays, tensors)


def _none_of(positions: Positions | None) -> Positions:
    import numpy as np

    if positions is None:
        none, number = np.zeros(0, dtype=bool), np.zeros(0)
        return Positions(0, np.zeros(0, dtype=np.int64), number, number, none, none)
    arrays = {
        name: getattr(positions, name)[:0]
        for name in ("ids", "ra", "dec", "is_bad", "is_repeated")
    }
    return replace(positions, **arrays)


def _told(table: PredictionTable, positions: Positions) -> PredictionTable:
    """The rows with id and position, and with what is wrong with these."""
    import numpy as np

    flags, reasons = positions.problems()
    is_bad = positions.is_bad
    own_flags, own_reasons = table["flag"], table["reason"]
    # An object without a position is on no tile: that is said once. Else what the pixels are
    # like comes first, and a doubtful id behind it.
    own_flags = np.where(is_bad, "", own_flags)
    own_reasons = np.where(is_bad, "", own_reasons)
    joint = np.where((own_reasons != "") & (reasons != ""), "; ", "")
    values = {
        "id": positions.ids,
        "ra": positions.ra,
        "dec": positions.dec,
        **table.values,
        "flag": np.where(own_flags != "", own_flags, flags),
        "reason": np.char.add(np.char.add(own_reasons, joint), reasons),
    }
    is_text = positions.ids.dtype.kind == "U"
    columns = (
        Column("id", "identifier in the catalogue", is_text=is_text),
        Column("ra", "right ascension (ICRS)", "deg"),
        Column("dec", "declination (ICRS)", "deg"),
        *table.columns,
    )
    return PredictionTable(columns, values, meta=table.meta)
