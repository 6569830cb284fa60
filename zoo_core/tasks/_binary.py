"""Binary classification: one logit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import CardError
from ..metrics import (
    auroc,
    completeness_at_rejection,
    fit_temperature,
    fit_temperature_and_offset,
    measure_accuracy,
    measure_auroc,
    measure_brier,
    measure_calibration_error,
    measure_completeness,
    measure_log_loss,
    measure_threshold,
    measure_tpr,
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


#: Objects that an offset is fitted to, at least.
_ENOUGH_FOR_AN_OFFSET = 1000


class BinaryClassification(Task):
    """One target of two classes; the second is the positive one.

    A truth column holds 0 and 1, False and True, or the names of the classes.
    """

    kind: ClassVar[str] = "binary-classification"

    def check(self) -> None:
        """Raise ``CardError`` unless there is one target of two classes."""
        if len(self.targets) != 1 or len(self.targets[0].classes) != 2:
            raise CardError(
                f"a {self.kind} needs one target with two classes, negative and positive; "
                f"got {[(t.name, t.classes) for t in self.targets]}"
            )
        check_classes(self.targets[0])
        check_calibration(self.calibration, has_offset=True)

    @property
    def num_outputs(self) -> int:
        """One logit, of the positive class."""
        return 1

    def encode(self, truth: Mapping[str, np.ndarray]) -> torch.Tensor:
        """Float32 ``(n,)``, 1 for the positive class."""
        import numpy as np
        import torch

        indices = class_indices(truth, self.targets[0])
        return torch.from_numpy(indices.astype(np.float32))

    def loss(self, outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Binary cross entropy with logits ``(n, 1)``."""
        import torch

        return torch.nn.functional.binary_cross_entropy_with_logits(
            outputs[:, 0].float(), target
        )

    def monitor(self, outputs: torch.Tensor, target: torch.Tensor) -> dict[str, float]:
        """Completeness at 99 % rejection and AUROC."""
        score, positive = outputs[:, 0].numpy(), target.numpy() > 0.5
        return {
            "completeness_99": completeness_at_rejection(positive, score, 0.99),
            "auroc": auroc(positive, score),
        }

    @property
    def columns(self) -> tuple[Column, ...]:
        """Probability of each class."""
        names = self.targets[0].classes
        return tuple(Column(f"p_{n}", f"probability of class {n}") for n in names)

    @property
    def ranking(self) -> str:
        """Probability of the positive class."""
        return self.columns[1].name

    def decode(
        self,
        outputs: Any,
        arrays: Mapping[str, torch.Tensor] | None = None,  # noqa: ARG002
    ) -> dict[str, np.ndarray]:
        """Probabilities after the temperature and the offset of the card."""
        logit = outputs[:, 0].float() / self.calibration.get("temperature", 1.0)
        logit = logit + self.calibration.get("offset", 0.0)
        positive = logit.sigmoid().cpu().numpy()
        names = [column.name for column in self.columns]
        return {names[0]: 1.0 - positive, names[1]: positive}

    def pool(self, members: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Mean probabilities."""
        return mean_columns(members, [column.name for column in self.columns])

    def calibrate(self, outputs: Any, target: torch.Tensor) -> dict[str, float]:
        """Find what makes the log loss of logits ``(n, 1)`` smallest.

        A temperature; of many objects an offset too, which few would leave to chance.
        """
        logits = outputs[:, 0].float().cpu().numpy()
        is_positive = target.cpu().numpy() > 0.5
        if len(logits) < _ENOUGH_FOR_AN_OFFSET:
            return {"temperature": fit_temperature(logits, is_positive)}
        temperature, offset = fit_temperature_and_offset(logits, is_positive)
        return {"temperature": temperature, "offset": offset}

    def compared(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give what metrics compare: ``(n,)`` bool truth and float64 probability.

        Raises
        ------
        InputError
            If a column is missing, lengths differ, or the truth holds other than classes.
        """
        positive = class_indices(truth, self.targets[0]) == 1
        (score,) = checked_predictions(predictions, (self.ranking,), len(positive))
        return positive, score

    def metrics(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> list[Metric]:
        """Ranking, decisions at one half, and calibration.

        ``completeness_99`` and ``completeness_999`` are at 99 % and 99.9 % rejection of
        the negatives, at the cuts ``threshold_99`` and ``threshold_999``; ``tpr0`` and
        ``tpr10`` at no and at fewer than ten false positives.

        Raises
        ------
        InputError
            Also if only one of the classes is there.
        """
        import numpy as np

        positive, score = self.compared(truth, predictions)
        return [
            measure_auroc(positive, score),
            measure_tpr(positive, score, false_positives=0, name="tpr0"),
            measure_tpr(positive, score, false_positives=9, name="tpr10"),
            measure_completeness(positive, score, 0.99, name="completeness_99"),
            measure_completeness(positive, score, 0.999, name="completeness_999"),
            measure_threshold(positive, score, 0.99, name="threshold_99"),
            measure_threshold(positive, score, 0.999, name="threshold_999"),
            measure_accuracy(positive, score > 0.5, conditions="p > 0.5"),
            measure_brier(positive, score),
            measure_calibration_error(positive, score),
            measure_log_loss(np.where(positive, score, 1.0 - score)),
        ]

    def figures(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> dict[str, matplotlib.figure.Figure]:
        """``roc``, ``reliability`` and ``scores``."""
        from ..plots import reliability_figure, roc_figure, score_figure

        positive, score = self.compared(truth, predictions)
        negative_name, name = self.targets[0].classes
        probability = f"probability of class {name}"
        groups = {negative_name: score[~positive], name: score[positive]}
        return {
            "roc": roc_figure(positive, score, name=name),
            "reliability": reliability_figure(
                positive, score, x=probability, y=f"share that is {name}"
            ),
            "scores": score_figure(groups, x=probability),
        }
