"""A plugin of good and bad things, each bad in one way, for tests of the conformance kit."""

import numpy as np
import torch
from torch import nn
from toys import RECIPE, Spots

from zoo_core import Zoo
from zoo_core.plugins import Contribution, Manifest, Plugin
from zoo_core.registry import Registry
from zoo_core.simulation import Simulated
from zoo_core.tasks import BinaryClassification


class GoodNet(nn.Module):
    """One convolution and a linear head, with timm's names."""

    num_features = 4

    def __init__(self, num_bands=1, num_outputs=1):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(num_bands, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.reset_classifier(num_outputs)

    def forward_features(self, x):
        return self.stem(x)

    def forward_head(self, x, pre_logits=False):
        pooled = x.mean(dim=(2, 3))
        return pooled if pre_logits else self.head(pooled)

    def forward(self, x):
        return self.forward_head(self.forward_features(x))

    def get_classifier(self):
        return self.head

    def reset_classifier(self, num_classes):
        self.head = nn.Linear(self.num_features, num_classes)

    def group_matcher(self, coarse=False):
        return {"stem": r"^stem"}

    def set_grad_checkpointing(self, enable=True):
        pass


class NeedsArgument(GoodNet):
    def __init__(self, depth, num_bands=1, num_outputs=1):
        super().__init__(num_bands, num_outputs)


class Nameless(GoodNet):
    get_classifier = None


class OtherForward(GoodNet):
    def forward(self, x):
        return 1.0 + super().forward(x)


class WrongFeatures(GoodNet):
    def forward_head(self, x, pre_logits=False):
        return x.flatten(1) if pre_logits else super().forward_head(x)


class OneBand(GoodNet):
    def __init__(self, num_bands=1, num_outputs=1):
        super().__init__(1, num_outputs)


class OneGroup(GoodNet):
    def group_matcher(self, coarse=False):
        return {"nothing": r"^body"}


class Unseeded(GoodNet):
    def __init__(self, num_bands=1, num_outputs=1):
        super().__init__(num_bands, num_outputs)
        values = np.random.default_rng().normal(size=self.head.weight.shape)
        self.head.weight.data = torch.from_numpy(values).float()


class Constant(GoodNet):
    def __init__(self, num_bands=1, num_outputs=1):
        super().__init__(num_bands, num_outputs)
        for parameter in self.parameters():
            parameter.data.fill_(0.1)


class Detached(GoodNet):
    def forward_features(self, x):
        return self.stem(x).detach()


class Reversed(torch.autograd.Function):
    """The identity, with the gradient of its negative."""

    @staticmethod
    def forward(context, x):
        return x.clone()

    @staticmethod
    def backward(context, gradient):
        return -gradient


class Uphill(GoodNet):
    def forward(self, x):
        return Reversed.apply(super().forward(x))


class Sociable(GoodNet):
    def forward_features(self, x):
        return self.stem(x - x.mean(dim=0, keepdim=True))


class Forgetful(GoodNet):
    def __init__(self, num_bands=1, num_outputs=1):
        super().__init__(num_bands, num_outputs)
        self.offset = torch.rand(1)

    def forward_features(self, x):
        return self.stem(x) + self.offset


class StuckHead(GoodNet):
    def reset_classifier(self, num_classes):
        if not hasattr(self, "head"):
            super().reset_classifier(num_classes)


class LostHead(GoodNet):
    def get_classifier(self):
        return nn.Linear(4, 1)


class GlobalRandom(Spots):
    def draw(self, count, generator):
        drawn = super().draw(count, generator)
        drawn.arrays["image"] += torch.randn(1)
        return drawn


class Steady(Spots):
    def draw(self, count, generator):
        return super().draw(count, torch.Generator().manual_seed(0))


class Double(Spots):
    def draw(self, count, generator):
        drawn = super().draw(count, generator)
        return Simulated({"image": drawn.arrays["image"].double()}, drawn.truth, drawn.maps)


class Small(Spots):
    def draw(self, count, generator):
        drawn = super().draw(count, generator)
        return Simulated({"image": drawn.arrays["image"][..., 1:]}, drawn.truth, drawn.maps)


class Holey(Spots):
    def draw(self, count, generator):
        drawn = super().draw(count, generator)
        drawn.arrays["image"][0, 0, 0, 0] = torch.inf
        return drawn


class Blank(Spots):
    def draw(self, count, generator):
        drawn = super().draw(count, generator)
        drawn.arrays["image"][0] = torch.nan
        return drawn


class Talkative(Spots):
    def draw(self, count, generator):
        drawn = super().draw(count, generator)
        truth = {**drawn.truth, "more": drawn.truth["spot"]}
        return Simulated(drawn.arrays, truth, drawn.maps)


class Unmapped(Spots):
    def draw(self, count, generator):
        drawn = super().draw(count, generator)
        return Simulated(drawn.arrays, drawn.truth)


class Shifted(Spots):
    def draw(self, count, generator):
        drawn = super().draw(count, generator)
        return Simulated(drawn.arrays, drawn.truth, {"light": drawn.maps["light"][:, 1:]})


class Hollow(Spots):
    def draw(self, count, generator):
        drawn = super().draw(count, generator)
        return Simulated(drawn.arrays, drawn.truth, {"light": -drawn.maps["light"]})


class Versionless(Spots):
    version = ""


class Counting(Spots):
    """Depends on how many were asked for, against the rules of ``stream``."""

    def stream(self, count, *, seed):
        return super().stream(count, seed=seed + count)


class OtherColumns(BinaryClassification):
    def decode(self, outputs, arrays=None):
        return {"p": super().decode(outputs)["p_spot"]}


class EndlessLoss(BinaryClassification):
    def loss(self, outputs, target):
        return super().loss(outputs, target).exp().pow(99)


class Overconfident(BinaryClassification):
    def calibrate(self, outputs, target):
        return {"temperature": float("nan")}


class OtherKind(BinaryClassification):
    kind = "counting"


class Unmeasured(BinaryClassification):
    def metrics(self, truth, predictions):
        return []


class OtherRanking(BinaryClassification):
    ranking = "quality"


class NoTask:
    """Not even a task."""

    def __init__(self, targets, calibration=None):
        pass


def subjects_zoo(folder, *, recipe=RECIPE, **targets):
    """A zoo with one plugin; a keyword such as ``tasks="Unmeasured"`` swaps a part."""
    (folder / "toy.toml").write_text(recipe.replace('"toys"', '"subjects"'), encoding="utf-8")
    names = {
        "architectures": ("tiny", "GoodNet"),
        "simulators": ("spots", "Spots"),
        "tasks": ("spotting", "BinaryClassification"),
        "recipes": ("toy", "toy.toml"),
    }
    contributions = []
    for kind, (name, target) in names.items():
        chosen = targets.get(kind, target)
        dotted = chosen if kind == "recipes" else f"subjects:{chosen}"
        contributions.append(
            Contribution(
                kind=kind, name=name, target=dotted, summary="A toy", plugin="subjects"
            )
        )
    manifest = Manifest(
        name="subjects",
        summary="Subjects",
        folder=folder,
        models=None,
        contributions=tuple(contributions),
        hook_module=targets.get("hook_module"),
        hooks=targets.get("hooks", ()),
        unknown_fields=targets.get("unknown_fields", ()),
    )
    plugin = Plugin("subjects", manifest=manifest)
    return Zoo([plugin], [Registry("user", folder / "registry")])
