"""A network of twenty lines."""

from torch import nn


class RingNet(nn.Module):
    """Two strided convolutions, average pooling, a linear head."""

    def __init__(self, num_bands=1, num_outputs=1):
        super().__init__()
        self.num_features = 16
        self.stem = nn.Sequential(nn.Conv2d(num_bands, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU())
        self.body = nn.Sequential(nn.Conv2d(8, 16, 3, 2), nn.BatchNorm2d(16), nn.ReLU())
        self.reset_classifier(num_outputs)

    def forward_features(self, x):
        return self.body(self.stem(x))

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
        return {"stem": r"^stem", "blocks": r"^body"}

    def set_grad_checkpointing(self, enable=True):
        pass
