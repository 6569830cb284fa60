"""Parts that all have the same columns and types, whatever is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from ..tables import PredictionTable


def conformed(table: PredictionTable, template: PredictionTable) -> PredictionTable:
    """A table with the types, shapes, descriptions and metadata of the template.

    Where nothing was predicted, a task does not say what its numbers look like: a column
    ``(n,)`` of NaN, or of empty texts, takes on the template's type and further axes.

    Raises
    ------
    ValueError
        The table has other columns, or values that the template's types cannot hold.
    """
    from ..tables import PredictionTable

    if table.names != template.names:
        raise ValueError(
            f"the parts have the columns {list(template.names)}, was given {list(table.names)}."
        )
    values = {name: _as(table[name], template[name], name) for name in template.names}
    return PredictionTable(template.columns, values, meta=template.meta)


def _as(array: np.ndarray, model: np.ndarray, name: str) -> np.ndarray:
    import numpy as np

    shape = (len(array), *model.shape[1:])
    is_text = model.dtype.kind == "U"
    if is_text == (array.dtype.kind == "U") and array.shape == shape:
        if is_text:
            return array
        if np.can_cast(array.dtype, model.dtype, "safe"):
            return array.astype(model.dtype, copy=False)
    if _is_void(array) and (is_text or model.dtype.kind == "f"):
        return np.full(shape, "" if is_text else np.nan, dtype=model.dtype)
    raise ValueError(
        f"column {name!r} holds {array.dtype} of shape {array.shape}; the parts hold "
        f"{model.dtype} of shape {shape}."
    )


def _is_void(array: np.ndarray) -> bool:
    """Whether no row has a value."""
    import numpy as np

    if array.dtype.kind == "f":
        return bool(np.isnan(array).all())
    return array.dtype.kind == "U" and not (array != "").any()
