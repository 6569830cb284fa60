"""The base class serves tasks that classify nothing."""

import numpy as np
import torch

from zoo_core.metrics import measure_rmse
from zoo_core.tables import Column
from zoo_core.tasks import Target, Task


class Deconvolution(Task):
    """A task whose prediction is an image."""

    kind = "image-to-image"
    num_outputs = 1
    columns = (Column("image", "deconvolved", "nJy"),)

    def encode(self, truth):
        return torch.from_numpy(truth["image"])

    def loss(self, outputs, target):
        return (outputs - target).square().mean()

    def decode(self, outputs, arrays=None):
        return {"image": outputs.numpy()}

    def monitor(self, outputs, target):
        return {"negative_loss": -float(self.loss(outputs, target))}

    def metrics(self, truth, predictions):
        return [measure_rmse(truth["image"].ravel(), predictions["image"].ravel())]


def test_a_task_may_predict_images():
    """Columns of more than one axis, no classes, no calibration, no ranking, no pictures."""
    task = Deconvolution((Target(name="image", unit="nJy"),))
    truth = {"image": np.zeros((2, 1, 4, 4), dtype=np.float32)}
    outputs = torch.full((2, 1, 4, 4), 3.0)
    target = task.encode(truth)

    (metric,) = task.metrics(truth, task.decode(outputs))

    assert float(task.loss(outputs, target)) == 9.0
    assert (metric.value, metric.n) == (3.0, 32)
    assert task.ranking is None
    assert task.calibrate(outputs, target) == task.figures(truth, {}) == {}
