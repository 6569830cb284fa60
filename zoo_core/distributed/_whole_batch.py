"""A part of a batch that goes through a network as if it were in the whole one.

Imported only where there are several processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.overrides import TorchFunctionMode

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._team import Team

_DROPOUTS = (
    functional.dropout,
    functional.dropout1d,
    functional.dropout2d,
    functional.dropout3d,
)

#: Where the size stands among the arguments.
_MADE = {torch.rand: 0, torch.randn: 0, torch.randint: -1}

_FILLED = (
    torch.Tensor.bernoulli_,
    torch.Tensor.normal_,
    torch.Tensor.uniform_,
    torch.Tensor.random_,
)


class WholeBatch(TorchFunctionMode):
    """Within it random numbers are drawn, and batches normalised, for the whole batch.

    Each process draws the numbers of all objects and takes its own, so that augmentation,
    dropout and stochastic depth are what one process would have drawn, and all generators
    go on alike. Batch normalisation in train mode goes by the statistics of all parts.
    That holds for tensors whose first axis goes over the objects, and for numbers that are
    drawn by torch's functions in Python: not for the dropout inside of recurrent layers
    and of ``scaled_dot_product_attention``, which each process draws by itself.

    Parameters
    ----------
    team : Team
        Shares the batch.
    count : int
        Objects in the whole batch.
    own : slice
        Which of them this process has.
    is_counted : bool
        Whether they count in statistics; a process without any has one that does not.
    """

    def __init__(self, team: Team, count: int, own: slice, *, is_counted: bool = True):
        super().__init__()
        self._team = team
        self._count = count
        self._own = own
        self._is_counted = is_counted

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Stand in for what draws or normalises; leave everything else."""
        kwargs = kwargs or {}
        if func in _DROPOUTS:
            return self._dropout(func, *args, **kwargs)
        if func is functional.batch_norm:
            return self._batch_norm(*args, **kwargs)
        if func in _MADE:
            return self._make(func, args, kwargs)
        if func in _FILLED:
            return self._fill(func, *args, **kwargs)
        return func(*args, **kwargs)

    def _times(self, length: int) -> int:
        """Rows for each object of a tensor of so many; 0 if it does not go over objects."""
        times, rest = divmod(length, self._own.stop - self._own.start)
        return 0 if rest else times

    def _rows(self, times: int) -> slice:
        return slice(times * self._own.start, times * self._own.stop)

    def _make(
        self, func: Callable[..., torch.Tensor], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> torch.Tensor:
        """``rand`` and the like."""
        kwargs = dict(kwargs)
        place = _MADE[func]
        if "size" in kwargs:
            size, before = kwargs.pop("size"), args
        elif isinstance(args[place], int):
            size, before = args, ()
        else:
            size, before = args[place], args[: len(args) - 1 if place else 0]
        times = self._times(size[0]) if len(size) else 0
        if not times:
            return func(*before, tuple(size), **kwargs)
        whole = func(*before, (times * self._count, *size[1:]), **kwargs)
        return whole[self._rows(times)]

    def _fill(
        self, func: Callable[..., Any], tensor: torch.Tensor, *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        """``bernoulli_`` and the like."""
        times = self._times(len(tensor)) if tensor.dim() else 0
        if not times:
            func(tensor, *args, **kwargs)
            return tensor
        whole = tensor.new_empty((times * self._count, *tensor.shape[1:]))
        func(whole, *args, **kwargs)
        return tensor.copy_(whole[self._rows(times)])

    def _dropout(
        self,
        func: Callable[..., torch.Tensor],
        values: torch.Tensor,
        p: float = 0.5,
        training: bool = True,  # noqa: FBT001, FBT002
        inplace: bool = False,  # noqa: FBT001, FBT002
    ) -> torch.Tensor:
        times = self._times(len(values)) if training and p else 0
        if not times:
            return func(values, p=p, training=training, inplace=inplace)
        ones = values.new_ones((times * self._count, *values.shape[1:]))
        if values.dim() == 4 and not values.is_contiguous():
            # Numbers are drawn in the order in which the values lie in memory.
            ones = ones.contiguous(memory_format=torch.channels_last)
        return values * func(ones, p=p, training=True)[self._rows(times)]

    def _batch_norm(
        self,
        values: torch.Tensor,
        running_mean: torch.Tensor | None,
        running_var: torch.Tensor | None,
        weight: torch.Tensor | None = None,
        bias: torch.Tensor | None = None,
        training: bool = False,  # noqa: FBT001, FBT002
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> Any:
        if not training:
            return functional.batch_norm(
                values, running_mean, running_var, weight, bias, training, momentum, eps
            )
        normal, mean, variance = _Normalised.apply(values, self._team, self._is_counted, eps)
        if running_mean is not None and running_var is not None:
            running_mean.lerp_(mean.to(running_mean.dtype), momentum)
            running_var.lerp_(variance.to(running_var.dtype), momentum)
        shape = [1, -1, *[1] * (values.dim() - 2)]
        if weight is not None:
            normal = normal * _precise(weight).view(shape)
        if bias is not None:
            normal = normal + _precise(bias).view(shape)
        return normal.to(values.dtype)


def _precise(values: torch.Tensor) -> torch.Tensor:
    """As float32, or as float64 if it is that."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


class _Normalised(torch.autograd.Function):
    """Values ``(n, channel, ...)`` with mean 0 and deviation 1 over all processes' parts."""

    @staticmethod
    def forward(
        ctx: Any,
        values: torch.Tensor,
        team: Team,
        is_counted: bool,  # noqa: FBT001
        eps: float,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Also gives mean and unbiased variance."""
        values = _precise(values)
        axes = [0, *range(2, values.dim())]
        count = values.numel() // values.shape[1]
        variance, mean = torch.var_mean(values, axes, correction=0)
        table = values.new_zeros(team.size, 3, values.shape[1])
        if is_counted:
            table[team.rank] = torch.stack([torch.full_like(mean, count), mean, variance])
        team.sum(table)
        counts, means, variances = table.unbind(1)
        total = counts.sum(0)
        share = counts / total
        mean = (share * means).sum(0)
        variance = (share * (variances + (means - mean) ** 2)).sum(0)
        shape = [1, -1, *[1] * (values.dim() - 2)]
        scale = (variance + eps).rsqrt().view(shape)
        normal = (values - mean.view(shape)) * scale
        ctx.save_for_backward(normal, scale, total)
        ctx.team, ctx.is_counted, ctx.axes = team, is_counted, axes
        unbiased = variance * (total / (total - 1).clamp_min(1))
        ctx.mark_non_differentiable(mean, unbiased)
        return normal, mean, unbiased

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor, *_: torch.Tensor) -> Any:
        """Through the statistics to which each part of the batch has given its share."""
        normal, scale, total = ctx.saved_tensors
        sums = torch.stack([gradient.sum(ctx.axes), (gradient * normal).sum(ctx.axes)])
        if not ctx.is_counted:
            sums = torch.zeros_like(sums)
        ctx.team.sum(sums)
        shape = [1, -1, *[1] * (normal.dim() - 2)]
        first, second = (sums / total).unbind(0)
        back = scale * (gradient - first.view(shape) - normal * second.view(shape))
        return (back if ctx.is_counted else torch.zeros_like(back)), None, None, None
