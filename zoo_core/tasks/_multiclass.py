"""Classification into several classes that exclude each other: one logit a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import CardError, InputError
from ..metrics import (
    confusion_matrix,
    fit_temperature,
    measure_accuracy,
    measure_auroc,
    measure_balanced_accuracy,
    measure_calibration_error,
    measure_log_loss,
)
from ..tables import Column
from ._base import Task
from ._calibration import check_calibration, check_classes
from ._labels import checked_predictions, class_indices
from ._pooling import mean_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import matplotlib.figure
    import numpy as np
    import torch

    from ..cards import Metric


class MulticlassClassification(Task):
    """One target of two or more classes that exclude each other.

    A truth column holds class indices from 0 or the names of the classes.
    """

    kind: ClassVar[str] = "multiclass-classification"

    def check(self) -> None:
        """Raise ``CardError`` unless there is one target of at least two classes."""
        if len(self.targets) != 1 or len(self.targets[0].classes) < 2:
            raise CardError(
                f"a {self.kind} needs one target with two or more classes; "
                f"got {[(t.name, t.classes) for t in self.targets]}"
            )
        check_classes(self.targets[0])
        check_calibration(self.calibration)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes in the order of the logits."""
        return self.targets[0].classes

    @property
    def num_outputs(self) -> int:
        """One logit a class."""
        return len(self.classes)

    def encode(self, truth: Mapping[str, np.ndarray]) -> torch.Tensor:
        """Class indices ``(n,)``, int64."""
        import torch

        return torch.from_numpy(class_indices(truth, self.targets[0]))

    def loss(self, outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Cross entropy of logits ``(n, class)``."""
        import torch

        return torch.nn.functional.cross_entropy(outputs.float(), target)

    def monitor(self, outputs: torch.Tensor, target: torch.Tensor) -> dict[str, float]:
        """Balanced accuracy and accuracy."""
        truth, predicted = target.numpy(), outputs.argmax(dim=1).numpy()
        return {
            "balanced_accuracy": measure_balanced_accuracy(truth, predicted).value,
            "accuracy": measure_accuracy(truth, predicted).value,
        }

    @property
    def columns(self) -> tuple[Column, ...]:
        """Probability of each class, and the name of the most probable one."""
        probabilities = (Column(f"p_{n}", f"probability of class {n}") for n in self.classes)
        return (*probabilities, Column("predicted", "most probable class", is_text=True))

    def decode(
        self,
        outputs: Any,
        arrays: Mapping[str, torch.Tensor] | None = None,  # noqa: ARG002
    ) -> dict[str, np.ndarray]:
        """Probabilities after the temperature of the card, and names of classes."""
        import numpy as np

        logits = outputs.float() / self.calibration.get("temperature", 1.0)
        probability = logits.softmax(dim=1).cpu().numpy()
        decoded = {f"p_{name}": probability[:, i] for i, name in enumerate(self.classes)}
        return {**decoded, "predicted": np.array(self.classes)[probability.argmax(axis=1)]}

    def pool(self, members: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Mean probabilities, and the class for which it is largest."""
        import numpy as np

        names = [f"p_{name}" for name in self.classes]
        pooled = mean_columns(members, names)
        top = np.stack([pooled[name] for name in names], axis=1).argmax(axis=1)
        return {**pooled, "predicted": np.array(self.classes)[top]}

    def calibrate(self, outputs: Any, target: torch.Tensor) -> dict[str, float]:
        """Find the temperature that makes the log loss of logits ``(n, class)`` smallest."""
        logits = outputs.float().cpu().numpy()
        return {"temperature": fit_temperature(logits, target.cpu().numpy())}

    def compared(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give what metrics and pictures compare: class indices ``(n,)``, probabilities.

        The probabilities are ``(n, class)`` float64.

        Raises
        ------
        InputError
            If a column is missing, lengths differ, or the truth holds other than classes.
        """
        import numpy as np

        indices = class_indices(truth, self.targets[0])
        names = tuple(f"p_{name}" for name in self.classes)
        columns = checked_predictions(predictions, names, len(indices))
        return indices, np.stack(columns, axis=1)

    def metrics(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> list[Metric]:
        """Accuracies, log loss, calibration of the top class, area of each class.

        A class that the truth lacks has no area and does not count in the balanced
        accuracy.

        Raises
        ------
        InputError
            Also if only one of the classes is there.
        """
        import numpy as np

        indices, probability = self.compared(truth, predictions)
        present = np.unique(indices)
        if len(present) < 2:
            only = [self.classes[i] for i in present]
            raise InputError(
                f"the truth holds {len(indices)} objects of the classes {only}; a "
                "classification can only be measured on data with two classes or more."
            )
        top = probability.argmax(axis=1)
        true_probability = probability[np.arange(len(indices)), indices]
        areas = [
            measure_auroc(
                indices == i,
                probability[:, i],
                conditions=f"class {self.classes[i]} against the rest",
            )
            for i in present
        ]
        return [
            measure_accuracy(indices, top),
            measure_balanced_accuracy(indices, top),
            measure_log_loss(true_probability),
            measure_calibration_error(indices == top, probability.max(axis=1)),
            *areas,
        ]

    def figures(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> dict[str, matplotlib.figure.Figure]:
        """``confusion`` and ``reliability`` of the top class."""
        from ..plots import confusion_figure, reliability_figure

        indices, probability = self.compared(truth, predictions)
        top = probability.argmax(axis=1)
        counts = confusion_matrix(indices, top, len(self.classes))
        return {
            "confusion": confusion_figure(counts, self.classes),
            "reliability": reliability_figure(
                indices == top,
                probability.max(axis=1),
                x="probability of the most probable class",
                y="share that is right",
            ),
        }
