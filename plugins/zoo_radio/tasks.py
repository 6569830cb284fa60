"""Classes of radio galaxies, asked directly or in pairs."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from zoo_core.tables import Column
from zoo_core.tasks import MulticlassClassification

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A vote is sure if one of the two networks that agree is surer than this.
SURE = 0.9

#: What is told where no two networks agree.
STRANGE = "Strange"


class PairwiseFusion(MulticlassClassification):
    """Three or more classes, told by one network for each pair of them.

    The fusion of Aniyan & Thorat (2017): each of the networks says one class of its pair and
    how sure it is. If two agree on a class and one of them is surer than 90 %, it is that
    class, with the mean of their probabilities; if they agree and neither is sure, it is that
    class with a question mark and the smaller one; if no two agree the source is "Strange".
    They have three classes; of more, the class that most networks agree on counts.

    Outputs are two logits for each pair, in the order of ``pairs``. Beside ``vote`` and
    ``confidence`` a prediction has a probability of each class, the mean of the class's
    probabilities over its pairs, normalised, which is ours.
    """

    kind: ClassVar[str] = "multiclass-classification"

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Places of the classes of each network."""
        return tuple(combinations(range(len(self.classes)), 2))

    @property
    def num_outputs(self) -> int:
        """Two logits a pair."""
        return 2 * len(self.pairs)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Those of a classification, the vote and its confidence."""
        return (
            *super().columns,
            Column("vote", "what the pairs of networks agree on", is_text=True),
            Column("confidence", "of the vote; 0 where there is none"),
        )

    def loss(self, outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Mean cross entropy of the pairs, each over the objects of its two classes."""
        total = outputs.new_zeros((), dtype=torch.float32)
        for place, (one, two) in enumerate(self.pairs):
            own = (target == one) | (target == two)
            logits = outputs[own, 2 * place : 2 * place + 2].float()
            wanted = (target[own] == two).long()
            summed = torch.nn.functional.cross_entropy(logits, wanted, reduction="sum")
            total = total + summed / own.sum().clamp_min(1)
        return total / len(self.pairs)

    def probabilities(self, outputs: torch.Tensor) -> torch.Tensor:
        """Of the second class of each pair, ``(n, pair)``, after the card's temperature."""
        logits = outputs.float() / self.calibration.get("temperature", 1.0)
        return logits.reshape(len(outputs), -1, 2).softmax(dim=2)[:, :, 1]

    def _of_classes(self, second: torch.Tensor) -> torch.Tensor:
        total = second.new_zeros(len(second), len(self.classes))
        for place, (one, two) in enumerate(self.pairs):
            total[:, one] += 1.0 - second[:, place]
            total[:, two] += second[:, place]
        return total / total.sum(dim=1, keepdim=True)

    def monitor(self, outputs: torch.Tensor, target: torch.Tensor) -> dict[str, float]:
        """Balanced accuracy and accuracy of the most probable class."""
        return super().monitor(self._of_classes(self.probabilities(outputs)), target)

    def calibrate(self, outputs: Any, target: torch.Tensor) -> dict[str, float]:
        """One temperature for all pairs: that of the pairs' own objects, taken together."""
        from zoo_core.metrics import fit_temperature

        logits, wanted = [], []
        for place, (one, two) in enumerate(self.pairs):
            own = (target == one) | (target == two)
            pair = outputs[own, 2 * place : 2 * place + 2].float()
            logits.append((pair[:, 1] - pair[:, 0]).numpy())
            wanted.append((target[own] == two).numpy())
        return {"temperature": fit_temperature(np.concatenate(logits), np.concatenate(wanted))}

    def decode(
        self, outputs: Any, arrays: Mapping[str, torch.Tensor] | None = None
    ) -> dict[str, np.ndarray]:
        """Probabilities, the most probable class, the vote and its confidence."""
        second = self.probabilities(outputs)
        logits = self._of_classes(second).clamp_min(1e-12).log()
        plain = MulticlassClassification(self.targets)
        votes, confidence = self._vote(second.cpu().numpy())
        return {**plain.decode(logits, arrays), "vote": votes, "confidence": confidence}

    def _vote(self, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The fusion of the paper, for probabilities ``(n, pair)``."""
        votes, sure = [], []
        for row in second:
            told: dict[int, list[float]] = {}
            for (one, two), p in zip(self.pairs, row, strict=True):
                told.setdefault(two if p > 0.5 else one, []).append(float(max(p, 1.0 - p)))
            winner, strengths = max(told.items(), key=lambda item: (len(item[1]), sum(item[1])))
            if len(strengths) < 2:
                votes.append(STRANGE)
                sure.append(0.0)
            elif max(strengths) > SURE:
                votes.append(self.classes[winner])
                sure.append(float(np.mean(strengths)))
            else:
                votes.append(f"{self.classes[winner]}?")
                sure.append(min(strengths))
        return np.array(votes), np.array(sure)
