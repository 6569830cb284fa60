"""Rings and blobs."""

import torch

from zoo_core.cards import Band, InputSpec
from zoo_core.simulation import Simulated, Simulator
from zoo_core.tables import Column


class Rings(Simulator):
    """Rings and Gaussian blobs of the same sizes in white noise."""

    name = "rings"
    version = "1"
    summary = "rings and Gaussian blobs in noise, 16x16 px"
    inputs = (
        InputSpec(name="image", kind="image", bands=(Band(name="toy-g"),), size=(16, 16)),
    )
    truth = (
        Column("ring", "1 for a ring, 0 for a blob"),
        Column("radius", "radius of the ring or width of the blob", "pix"),
    )
    chunk_size = 256

    def draw(self, count, generator):
        ring = torch.randint(0, 2, (count,), generator=generator)
        radius = 2.0 + 3.0 * torch.rand(count, generator=generator)
        centre = 7.5 + 0.5 * torch.randn(2, count, 1, 1, generator=generator)
        y, x = torch.arange(16.0)[None, :, None], torch.arange(16.0)[None, None, :]
        r = torch.hypot(y - centre[0], x - centre[1])
        wide = radius[:, None, None]
        shape = torch.where(ring[:, None, None] == 1, (r - wide) / 1.0, r / wide)
        image = 3.0 * torch.exp(-0.5 * shape.square())
        image = image + torch.randn(image.shape, generator=generator)
        return Simulated(
            arrays={"image": image[:, None]},
            truth={"ring": ring.numpy(), "radius": radius.numpy()},
        )
