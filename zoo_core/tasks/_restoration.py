"""Restoration: an image for an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .. import metrics
from ..errors import CardError, InputError
from ..preprocessing import Preprocessing
from ..tables import Column
from ._base import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import matplotlib.figure
    import numpy as np
    import torch

    from ..cards import Metric, Target

#: What may be minimised, of the difference in the stretched image.
LOSSES = ("l1", "mse")

#: Radius of the aperture for fluxes, in sizes of the true object.
_APERTURE = 4.0

#: PSNR of an image without any difference, so that a mean can be taken.
_MOST_DECIBELS = 100.0

#: Objects of the picture.
_SHOWN = 4


class Restoration(Task):
    """What an image looked like before blur and noise.

    The network works on a stretched image: ``stretch`` is a list of preprocessing steps, of
    those that can be undone, and should be what the card does to the input, so that both are
    on one scale. A prediction is the image in the unit of the input, on its pixels.

    Images of another size than ``window`` are done in windows that overlap by ``halo`` pixels
    on each side, of which the middles are kept: what a network sees of an edge that is none
    does not get into the result if its field of view is no larger than the halo.

    Parameters
    ----------
    targets, calibration
        As of any task: one target, which names the true image; no calibration.
    bands : int
        Of the image.
    stretch : list of dict
        Steps as those of a card.
    window : list of int
        Rows and columns that the network is given at once.
    halo : int
        Pixels of a window's rim that are not kept.
    loss : str
        ``l1`` or ``mse``.
    data_range : float
        Of the stretched image, for PSNR and SSIM.

    Raises
    ------
    CardError
        One of them is no such thing.
    """

    kind: ClassVar[str] = "restoration"

    def __init__(
        self,
        targets: tuple[Target, ...],
        calibration: Mapping[str, float] | None = None,
        *,
        bands: int = 1,
        stretch: Sequence[Mapping[str, Any]] = (),
        window: Sequence[int] = (128, 128),
        halo: int = 16,
        loss: str = "l1",
        data_range: float = 1.0,
    ):
        self.bands = bands
        self.stretch = Preprocessing.parse(stretch, channels=bands)
        self.window = tuple(window)
        self.halo = halo
        self.loss_name = loss
        self.data_range = float(data_range)
        super().__init__(targets, calibration)

    def check(self) -> None:
        """Raise ``CardError`` if targets or arguments are not those of an image."""
        if len(self.targets) != 1 or self.targets[0].classes or self.calibration:
            raise CardError(
                f"a {self.kind} has one target, an image, without classes and calibration; got "
                f"{[target.name for target in self.targets]} and {dict(self.calibration)}."
            )
        if self.loss_name not in LOSSES:
            raise CardError(f"loss must be one of {list(LOSSES)}, is {self.loss_name!r}.")
        if len(self.window) != 2 or not 0 <= 2 * self.halo < min(self.window):
            raise CardError(
                f"window must be two lengths, both more than twice the halo; got "
                f"{list(self.window)} and {self.halo}."
            )
        if not self.data_range > 0:
            raise CardError(f"data_range must be above 0, is {self.data_range}.")
        import torch

        self.stretch.invert(torch.zeros(1, self.bands, 1, 1))

    @property
    def gives_images(self) -> bool:
        """Yes."""
        return True

    @property
    def num_outputs(self) -> int:
        """One image a band."""
        return self.bands

    @property
    def columns(self) -> tuple[Column, ...]:
        """The image, ``(band, y, x)`` in each row."""
        target = self.targets[0]
        return (Column(target.name, target.description or "restored image", target.unit),)

    def encode(self, truth: Mapping[str, np.ndarray]) -> torch.Tensor:
        """Stretched true images, float32 ``(n, band, y, x)``.

        Raises
        ------
        InputError
            There are none, or of another number of bands.
        """
        import torch

        return self.stretch(torch.from_numpy(self._images(truth)))

    def _images(self, truth: Mapping[str, np.ndarray]) -> np.ndarray:
        import numpy as np

        name = self.targets[0].name
        if name not in truth:
            raise InputError(
                f"the truth has no images {name!r}; it has {', '.join(truth) or 'nothing'}."
            )
        images = np.asarray(truth[name], dtype=np.float32)
        if images.ndim != 4 or images.shape[1] != self.bands:
            raise InputError(
                f"the true images {name!r} must be (n, {self.bands}, y, x), are {images.shape}."
            )
        return images

    def loss(self, outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Mean absolute, or mean squared, difference of the stretched images."""
        off = outputs.float() - target
        return off.abs().mean() if self.loss_name == "l1" else off.square().mean()

    def monitor(self, outputs: torch.Tensor, target: torch.Tensor) -> dict[str, float]:
        """PSNR of the stretched image in dB, mean over the objects."""
        import torch

        square = (outputs.float() - target).square().flatten(1).mean(1).clamp_min(1e-20)
        decibels = 10.0 * torch.log10(self.data_range**2 / square)
        return {"psnr": float(decibels.mean())}

    def run(self, engine: Callable[[Sequence[torch.Tensor]], Any], tensors: Any) -> Any:
        """Outputs for images of any size: in windows, where that is not the card's."""
        from ._windows import run_in_windows

        (images,) = tensors
        if tuple(images.shape[2:]) == self.window:
            return engine([images])
        return run_in_windows(engine, images, window=self.window, halo=self.halo)

    def decode(
        self,
        outputs: Any,
        arrays: Mapping[str, torch.Tensor] | None = None,
    ) -> dict[str, np.ndarray]:
        """Images ``(n, band, y, x)`` in the input's unit; NaN where it has none in any band."""
        import torch

        images = self.stretch.invert(outputs.float())
        if arrays:
            (raw,) = arrays.values()
            lost = raw.isnan().all(dim=1, keepdim=True)
            images = torch.where(lost, images.new_tensor(torch.nan), images)
        return {self.targets[0].name: images.numpy()}

    def pool(self, members: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Mean images."""
        from ._pooling import mean_columns

        return mean_columns(members, [self.targets[0].name])

    def stretched(self, images: np.ndarray) -> np.ndarray:
        """Images ``(n, band, y, x)`` as PSNR and SSIM see them."""
        import numpy as np
        import torch

        made = self.stretch(torch.from_numpy(np.asarray(images, dtype=np.float32)))
        found: np.ndarray = made.numpy()
        return found

    def metrics(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> list[Metric]:
        """PSNR and SSIM of the stretched images, and how far measurements are off.

        ``flux_bias`` and ``size_bias`` are relative, ``ellipticity_error`` is the mean length
        of the difference of the two ellipticities; of the sum of the bands, by adaptive
        moments. Objects whose moments do not converge are left out of these three; how many
        that are, ``measured`` says.
        """
        import numpy as np

        true, restored = self._images(truth), np.asarray(predictions[self.targets[0].name])
        scale = f"stretched, range {self.data_range:g}"
        pair = self.stretched(true), self.stretched(restored)
        decibels = np.minimum(metrics.psnr(*pair, data_range=self.data_range), _MOST_DECIBELS)
        likeness = metrics.ssim(*pair, data_range=self.data_range)
        found = [
            metrics.measure_mean(decibels, name="psnr", conditions=scale),
            metrics.measure_mean(likeness, name="ssim", conditions=scale),
        ]
        off = measured_differences(true, restored)
        is_measured = np.isfinite(off["ellipticity_error"])
        found.append(metrics.measure_fraction(is_measured, name="measured"))
        if is_measured.any():
            found += [
                metrics.measure_mean(values[is_measured], name=name, conditions="sum of bands")
                for name, values in off.items()
            ]
        return found

    def figures(
        self, truth: Mapping[str, np.ndarray], predictions: Mapping[str, np.ndarray]
    ) -> dict[str, matplotlib.figure.Figure]:
        """The first objects: true, restored, and the difference of both."""
        from ..plots import pictures_figure

        true = self.stretched(self._images(truth)[:_SHOWN])
        restored = self.stretched(predictions[self.targets[0].name][:_SHOWN])
        return {
            "restored": pictures_figure(
                [[*pair, pair[1] - pair[0]] for pair in zip(true, restored, strict=True)],
                ("true", "restored", "difference"),
                high=self.data_range,
            )
        }


def measured_differences(true: np.ndarray, restored: np.ndarray) -> dict[str, np.ndarray]:
    """Relative flux and size, and the ellipticity, of restored images against true ones.

    Parameters
    ----------
    true, restored : numpy.ndarray
        ``(n, band, y, x)``.

    Returns
    -------
    dict of str to numpy.ndarray
        ``flux_bias``, ``size_bias``, ``ellipticity_error``, each ``(n,)``; NaN where an object
        cannot be measured in either image.
    """
    import numpy as np

    true, restored = (np.nan_to_num(images.sum(axis=1)) for images in (true, restored))
    before, after = metrics.adaptive_moments(true), metrics.adaptive_moments(restored)
    rows, columns = true.shape[-2:]
    y = (np.arange(rows) - (rows - 1) / 2)[:, None]
    x = np.arange(columns) - (columns - 1) / 2
    radius = np.hypot(x - before.x[:, None, None], y - before.y[:, None, None])
    inside = radius < _APERTURE * before.size[:, None, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        flux = (restored * inside).sum(axis=(1, 2)) / (true * inside).sum(axis=(1, 2)) - 1.0
        size = after.size / before.size - 1.0
    ellipticity = np.hypot(after.e1 - before.e1, after.e2 - before.e2)
    good = np.isfinite(ellipticity)
    return {
        "flux_bias": np.where(good, flux, np.nan),
        "size_bias": np.where(good, size, np.nan),
        "ellipticity_error": ellipticity,
    }
