"""A network and a task that speak in dicts and tuples of tensors."""

import torch
from toys import TinyNet

from zoo_core.tasks import BinaryClassification


class TwoOutputs(TinyNet):
    """The tiny network that also returns its features, cut in two."""

    def forward(self, x):
        features = self.stem(x).flatten(1)
        return {"spot": self.head(features), "features": (features[:, :96], features[:, 96:])}


class NestedSpotting(BinaryClassification):
    """Spotting whose truth is a dict, and whose loss keeps the features small."""

    def encode(self, truth):
        spot = super().encode(truth)
        return {"spot": spot, "weights": torch.ones_like(spot)}

    def loss(self, outputs, target):
        least, most = outputs["features"]
        size = least.square().mean() + most.square().mean()
        weighted = target["weights"].mean() * super().loss(outputs["spot"], target["spot"])
        return weighted + 1e-4 * size.float()

    def monitor(self, outputs, target):
        return super().monitor(outputs["spot"], target["spot"])

    def decode(self, outputs, arrays=None):
        return super().decode(outputs["spot"])

    def calibrate(self, outputs, target):
        return super().calibrate(outputs["spot"], target["spot"])
