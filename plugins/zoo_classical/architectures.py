"""Support vector machine and random forest with timm's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from zoo_core.errors import UsageError

from ._features import Measured
from ._kernel_machine import KernelMachine
from ._trees import Trees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._sizes import Size


class Classical(nn.Module):
    """Measured features, then a classifier; what both models share.

    ``forward_features`` gives the standardised features; the head is the classifier. A new
    head is of the same kind and shapes, and random: only its slope and offset could be
    trained by a gradient. To fit it to data use ``zoo_classical.fitting.fit_classical``.
    """

    body: Measured
    head: nn.Module
    num_features: int

    def __init__(self, features: str | Sequence[str], num_bands: int, input_size: Size):
        super().__init__()
        self.body = Measured(features, num_bands, input_size)
        self.num_features = self.body.count

    def make_head(self, num_outputs: int) -> nn.Module:
        """A head that is not fitted."""
        raise NotImplementedError

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Standardised features ``(n, num_features)`` of ``(n, band, *axes)`` float32."""
        found: torch.Tensor = self.body(x)
        return found

    def forward_head(self, x: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        """Outputs ``(n, num_outputs)`` of features; ``pre_logits`` gives them as they are."""
        return x if pre_logits else self.head(x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Outputs ``(n, num_outputs)`` of ``(n, band, *axes)`` float32.

        Raises
        ------
        InputError
            Another number of bands or another size than the model is for.
        UsageError
            Numbers that are not float32.
        """
        return self.forward_head(self.forward_features(x))

    def get_classifier(self) -> nn.Module:
        """The head."""
        return self.head

    def reset_classifier(self, num_classes: int) -> None:
        """Put on a random head of ``num_classes`` outputs; none for 0."""
        head = self.make_head(num_classes) if num_classes else nn.Identity()
        self.head = head.to(self.body.mean.device).train(self.training)

    def group_matcher(self, coarse: bool = False) -> dict[str, Any]:  # noqa: ARG002
        """The slope, and with what is left the offset: there are no other parameters."""
        return {"stem": r"^head\.slope"}

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Refuse: there are no activations to save."""
        if enable:
            raise UsageError(
                f"{type(self).__name__} does not support gradient checkpointing; it is fitted "
                "and not trained by a gradient."
            )


class SVM(Classical):
    """Support vector machine (Cortes & Vapnik 1995) on measured features.

    Parameters
    ----------
    num_bands : int
        Channels of the input.
    num_outputs : int
        1 for the logit of the second of two classes, or one a class; 0 for the features.
    features : str or sequence of str
        ``pixels``, ``statistics`` (of series), ``hog``, ``gabor``, ``morphology`` (of
        images), or several.
    input_size : int or sequence of int
        Lengths of the axes after batch and band: one number is a series, two are an image.
    kernel : str
        ``rbf`` or ``linear``.
    num_support : int
        Support vectors; not used by ``linear``.

    Examples
    --------
    >>> network = SVM(num_bands=2, num_outputs=3, features="statistics", input_size=50)
    >>> network(torch.zeros(4, 2, 50)).shape
    torch.Size([4, 3])
    """

    head: KernelMachine

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 1,
        features: str | Sequence[str] = "statistics",
        input_size: Size = 180,
        kernel: str = "rbf",
        num_support: int = 100,
    ):
        super().__init__(features, num_bands, input_size)
        self.kernel, self.num_support = kernel, num_support
        self.reset_classifier(num_outputs)

    def make_head(self, num_outputs: int) -> nn.Module:
        """Random support vectors and coefficients."""
        return KernelMachine(self.num_features, num_outputs, self.num_support, self.kernel)


class RandomForest(Classical):
    """Random forest (Breiman 2001) on measured features.

    Parameters
    ----------
    num_bands : int
        Channels of the input.
    num_outputs : int
        1 for the log-odds of the second of two classes, or one a class; 0 for the features.
    features : str or sequence of str
        ``pixels``, ``statistics`` (of series), ``hog``, ``gabor``, ``morphology`` (of
        images), or several.
    input_size : int or sequence of int
        Lengths of the axes after batch and band: one number is a series, two are an image.
    num_trees, num_nodes : int
        Trees, and nodes of the largest of them.
    depth : int
        Steps from a root to the farthest leaf.

    Examples
    --------
    >>> network = RandomForest(features=["hog", "morphology"], input_size=(32, 32))
    >>> network.num_features
    1768
    """

    head: Trees

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 1,
        features: str | Sequence[str] = "statistics",
        input_size: Size = 180,
        num_trees: int = 100,
        num_nodes: int = 15,
        depth: int = 3,
    ):
        super().__init__(features, num_bands, input_size)
        self.num_trees, self.num_nodes, self.depth = num_trees, num_nodes, depth
        self.reset_classifier(num_outputs)

    def make_head(self, num_outputs: int) -> nn.Module:
        """Trees with random thresholds and leaves."""
        return Trees(self.num_features, num_outputs, self.num_trees, self.num_nodes, self.depth)
