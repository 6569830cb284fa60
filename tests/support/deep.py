"""A network that a card can make as large as it likes."""

from torch import nn


class Deep(nn.Module):
    """The toys' network with any number of layers and outputs."""

    def __init__(self, num_bands=1, num_outputs=1, layers=0):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(num_bands, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU()
        )
        self.layers = nn.ModuleList(nn.Identity() for _ in range(layers))
        self.head = nn.Linear(4 * 49, num_outputs)

    def forward(self, x):
        return self.head(self.stem(x).flatten(1))
