"""LeNet-5, as it is built today and as it was in 1998."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import nn

from zoo_core.errors import UsageError

from ._forms import check_form
from ._network import Network
from ._sizes import Size, check_exact, lengths

if TYPE_CHECKING:
    from collections.abc import Callable

#: Inputs of each map of C3: six triples and six quadruples of neighbours around the circle
#: of six maps, three quadruples in two pairs, and one of all (LeCun et al. 1998, table 1).
C3_INPUTS = (
    *(tuple(sorted((first + step) % 6 for step in range(3))) for first in range(6)),
    *(tuple(sorted((first + step) % 6 for step in range(4))) for first in range(6)),
    *(tuple(sorted((first + step) % 6 for step in (0, 1, 3, 4))) for first in range(3)),
    tuple(range(6)),
)

_FEATURES = 84


class LeNet5(Network):
    """LeNet-5 of LeCun, Bottou, Bengio & Haffner (1998, Proc. IEEE 86, 2278).

    Two 5 x 5 convolutions of 6 and 16 maps, each followed by a halving, and layers of 120
    and 84 units. ``form="modern"`` has ReLU, max pooling and a linear head: 61,706 parameters
    with one band of 32 x 32 and ten outputs. ``form="1998"`` is the original: scaled
    hyperbolic tangents, averages with a trainable factor and offset a map, a second
    convolution in which a map sees three to six of the maps before, and a head of distances
    to fixed codes: 60,000 trainable parameters.

    Parameters
    ----------
    num_bands : int
        Channels of the input.
    num_outputs : int
        Outputs of the head; 0 for the 84 features before it.
    form : str
        ``modern`` or ``1998``.
    input_size : int or sequence of int
        Height and width of the images, one number for squares, at least 16. Images of other
        sizes are refused with ``InputError``.

    Raises
    ------
    UsageError
        Another form, or images that are too small.

    Notes
    -----
    The codes of the original are drawings of the characters, 7 x 12 pixels of -1 and 1,
    which other classes do not have. Here they are drawn at random and belong to the
    weights, as a buffer. ``get_classifier`` then gives a module without parameters, so core
    cannot fine-tune its head alone.

    Examples
    --------
    >>> network = LeNet5(num_bands=1, num_outputs=10)
    >>> sum(parameter.numel() for parameter in network.parameters())
    61706
    >>> network(torch.zeros(2, 1, 32, 32)).shape
    torch.Size([2, 10])
    >>> LeNet5(num_bands=4, num_outputs=1, form="1998", input_size=45)(
    ...     torch.zeros(2, 4, 45, 45)
    ... ).shape
    torch.Size([2, 1])
    """

    groups: ClassVar[dict[str, object]] = {
        "stem": r"^features\.0\.",
        "blocks": r"^features\.(\d+)\.",
        "neck": r"^neck\.(\d+)\.",
    }
    coarse_groups: ClassVar[dict[str, object]] = {"blocks": r"^features\.", "neck": r"^neck\."}

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 10,
        form: str = "modern",
        input_size: Size = 32,
    ):
        super().__init__()
        check_form("lenet5", form, ("modern", "1998"))
        size = lengths(input_size, 2)
        height, width = (((length - 4) // 2 - 4) // 2 for length in size)
        if min(height, width) < 1:
            raise UsageError(
                "lenet5 takes images of at least 16 x 16 pixels, not "
                f"input_size={input_size!r}."
            )
        self.form = form
        is_modern = form == "modern"
        squash: Callable[[], nn.Module] = nn.ReLU if is_modern else ScaledTanh
        self.features = nn.Sequential(
            nn.Conv2d(num_bands, 6, 5),
            squash(),
            *([nn.MaxPool2d(2)] if is_modern else [Subsampling(6), squash()]),
            nn.Conv2d(6, 16, 5) if is_modern else PartialConvolution(),
            squash(),
            *([nn.MaxPool2d(2)] if is_modern else [Subsampling(16), squash()]),
        )
        self.neck = nn.Sequential(
            nn.Flatten(),
            nn.Linear(16 * height * width, 120),
            squash(),
            nn.Linear(120, _FEATURES),
            squash(),
        )
        check_exact(self.features[0], "lenet5", size)
        if not is_modern:
            self._initialise()
        self.num_features = _FEATURES
        self.reset_classifier(num_outputs)

    def _initialise(self) -> None:
        """Draw weights from ``-2.4 / n`` to ``2.4 / n`` for ``n`` inputs of a unit (1998)."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                reach = 2.4 / module.weight[0].numel()
                nn.init.uniform_(module.weight, -reach, reach)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def make_head(self, num_outputs: int) -> nn.Module:
        """A linear layer, or in 1998 distances to codes."""
        if self.form == "modern":
            return super().make_head(num_outputs)
        return CodeDistance(self.num_features, num_outputs)

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Feature maps ``(batch, 16, y, x)`` of ``(batch, band, y, x)``: 5 x 5 of 32 x 32."""
        maps: torch.Tensor = self.features(x)
        return maps


class ScaledTanh(nn.Module):
    """``1.7159 tanh(2/3 x)``, which is 1 at 1 and -1 at -1 (LeCun et al. 1998)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The squashed values, shaped as the input."""
        return 1.7159 * torch.tanh(x * (2.0 / 3.0))


class Subsampling(nn.Module):
    """Sums of 2 x 2 pixels times a trainable factor, plus a trainable offset, for each map."""

    def __init__(self, maps: int):
        super().__init__()
        self.factor = nn.Parameter(torch.empty(maps))
        self.offset = nn.Parameter(torch.zeros(maps))
        nn.init.uniform_(self.factor, -2.4 / 4, 2.4 / 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps ``(batch, map, y / 2, x / 2)``, rounded down."""
        total = 4.0 * nn.functional.avg_pool2d(x, 2)
        return total * self.factor[:, None, None] + self.offset[:, None, None]


class PartialConvolution(nn.Module):
    """C3: sixteen maps of 5 x 5 convolutions, each of the maps in ``C3_INPUTS``.

    Only the 60 kernels that there are are parameters; the rest of the full kernel is zero.
    """

    targets: torch.Tensor
    sources: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        pairs = [(to, of) for to, inputs in enumerate(C3_INPUTS) for of in inputs]
        targets, sources = zip(*pairs, strict=True)
        self.register_buffer("targets", torch.tensor(targets), persistent=False)
        self.register_buffer("sources", torch.tensor(sources), persistent=False)
        self.weight = nn.Parameter(torch.empty(len(pairs), 5, 5))
        self.bias = nn.Parameter(torch.zeros(len(C3_INPUTS)))
        starts = itertools.accumulate(map(len, C3_INPUTS), initial=0)
        with torch.no_grad():
            for start, inputs in zip(starts, C3_INPUTS, strict=False):
                reach = 2.4 / (25 * len(inputs))
                self.weight[start : start + len(inputs)].uniform_(-reach, reach)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps ``(batch, 16, y - 4, x - 4)`` of ``(batch, 6, y, x)``."""
        empty = self.weight.new_zeros(len(C3_INPUTS), 6, 5, 5)
        kernel = empty.index_put((self.targets, self.sources), self.weight)
        return nn.functional.conv2d(x, kernel, self.bias)


class CodeDistance(nn.Module):
    """Logits ``(batch, output)``: minus the squared distances of features to fixed codes.

    The distances are those of LeCun et al. (1998), where the smallest wins. A single output
    is the logit of the positive one of two classes, the difference of theirs, as a distance
    alone could never be a positive logit. Codes are -1 and 1 at random.
    """

    codes: torch.Tensor

    def __init__(self, num_features: int, num_outputs: int):
        super().__init__()
        self.num_outputs = num_outputs
        drawn = torch.randint(0, 2, (max(2, num_outputs), num_features))
        self.register_buffer("codes", 2.0 * drawn - 1.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of features ``(batch, num_features)``."""
        logits = -(x[:, None] - self.codes).square().sum(dim=2)
        return logits if self.num_outputs > 1 else logits[:, 1:] - logits[:, :1]
