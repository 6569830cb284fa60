"""The first layer for other bands than it was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch

#: What becomes of the kernels of the first layer, by policy.
POLICIES = {
    "keep": "the same bands in the same order",
    "sum": "each new band gets the sum of the old kernels, divided by the number of new bands",
    "mean": "each new band gets the mean of the old kernels",
    "repeat": "old kernels in turn, times the number of old bands over that of new ones",
    "random": "a fresh first layer",
}


def adapt_stem(
    weight: torch.Tensor,
    fresh: torch.Tensor,
    *,
    policy: str,
    bands: Sequence[str] = (),
    old_bands: Sequence[str] = (),
    mapping: Mapping[str, str] | None = None,
) -> torch.Tensor:
    """Kernels of a first layer for other bands.

    Parameters
    ----------
    weight : torch.Tensor
        Old kernels ``(out, old band, ...)``.
    fresh : torch.Tensor
        Randomly initialised kernels ``(out, new band, ...)``.
    policy : str
        One of ``POLICIES``.
    bands, old_bands : sequence of str
        Names of the new and the old bands, for ``mapping``.
    mapping : mapping of str to str, optional
        New band to the old band whose kernels it gets; bands that it does not name follow
        the policy.

    Returns
    -------
    torch.Tensor
        Shaped as ``fresh``.

    Raises
    ------
    UsageError
        An unknown policy, ``keep`` for another number of bands, or a band that does not
        exist.

    Examples
    --------
    >>> import torch
    >>> old = torch.tensor([[1.0, 2.0, 6.0]])
    >>> adapt_stem(old, torch.zeros(1, 1), policy="sum").tolist()
    [[9.0]]
    >>> adapt_stem(old, torch.zeros(1, 2), policy="repeat").tolist()
    [[1.5, 3.0]]
    """
    import torch

    old, new = weight.shape[1], fresh.shape[1]
    if policy == "keep":
        if old != new:
            raise UsageError(
                f"the stem takes {old} bands and the data have {new}: 'keep' cannot be. Choose "
                f"--stem sum, mean, repeat or random, or say with --stem-band NEW=OLD which "
                "band goes where."
            )
        adapted = weight.clone()
    elif policy == "sum":
        adapted = (weight.sum(1, keepdim=True) / new).expand_as(fresh).clone()
    elif policy == "mean":
        adapted = weight.mean(1, keepdim=True).expand_as(fresh).clone()
    elif policy == "repeat":
        adapted = torch.stack([weight[:, index % old] for index in range(new)], 1)
        adapted = adapted * (old / new)
    elif policy == "random":
        adapted = fresh.clone()
    else:
        raise UsageError(f"the stem policy is one of {', '.join(POLICIES)}, not {policy!r}.")
    for band, source in (mapping or {}).items():
        if band not in bands or source not in old_bands:
            raise UsageError(
                f"--stem-band {band}={source}: the data have the bands {', '.join(bands)}, "
                f"the model {', '.join(old_bands)}."
            )
        adapted[:, list(bands).index(band)] = weight[:, list(old_bands).index(source)]
    return adapted
