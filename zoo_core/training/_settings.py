"""Numbers of a training run, from the ``[training]`` table of a recipe."""

from dataclasses import dataclass

from ..errors import RecipeError


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """How long, how fast and with what the network is trained.

    Parameters
    ----------
    epochs : int
        Passes; of a simulator each one is fresh data.
    examples_per_epoch : int
        Objects an epoch, rounded down to whole batches.
    batch_size : int
        Objects a step.
    learning_rate : float
        Peak of the schedule: linear warm-up, plateau, cosine to zero.
    warmup_steps : int
        Length of the warm-up.
    decay_epochs : int, optional
        Length of the cosine at the end. By default it begins after the warm-up. While the
        plateau before it lasts, the run can be made longer by another ``epochs``.
    optimizer : str
        ``adamw``, or ``muon``: Muon for the kernels of convolutions, AdamW for the rest.
    weight_decay : float
        Biases and normalisation parameters are exempt.
    clip_norm : float
        Largest gradient norm.
    ema_decay : float
        Of the running average of the weights, which is what gets validated and shipped.
    seed : int
        Of initialisation and of the training data.
    validation_seed, validation_examples : int
        The validation data of a simulator.
    precision : str
        ``bfloat16`` (autocast) or ``float32``.
    """

    epochs: int
    examples_per_epoch: int
    batch_size: int = 128
    learning_rate: float = 1e-3
    warmup_steps: int = 200
    decay_epochs: int | None = None
    optimizer: str = "adamw"
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    ema_decay: float = 0.999
    seed: int = 0
    validation_seed: int = 1
    validation_examples: int = 4096
    precision: str = "bfloat16"

    def __post_init__(self) -> None:
        """Refuse settings that cannot be meant.

        Raises
        ------
        RecipeError
            A count below one, or an unknown precision or optimizer.
        """
        counts = ["epochs", "examples_per_epoch", "batch_size", "validation_examples"]
        if self.decay_epochs is not None:
            counts.append("decay_epochs")
        for name in counts:
            if getattr(self, name) < 1:
                raise RecipeError(f"{name} must be at least 1, is {getattr(self, name)}.")
        if self.examples_per_epoch < self.batch_size:
            raise RecipeError(
                f"examples_per_epoch ({self.examples_per_epoch}) is less than one batch "
                f"({self.batch_size})."
            )
        if self.optimizer not in ("adamw", "muon"):
            raise RecipeError(f"optimizer must be 'adamw' or 'muon', is {self.optimizer!r}.")
        if self.precision not in ("bfloat16", "float32"):
            raise RecipeError(
                f"precision must be 'bfloat16' or 'float32', is {self.precision!r}."
            )

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches an epoch."""
        return self.examples_per_epoch // self.batch_size

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return self.epochs * self.steps_per_epoch

    @property
    def decay_steps(self) -> int:
        """Steps of the cosine at the end."""
        epochs = self.epochs if self.decay_epochs is None else self.decay_epochs
        return min(epochs, self.epochs) * self.steps_per_epoch

    @property
    def plateau_epochs(self) -> int:
        """Whole epochs before the cosine; up to then a run does not depend on its length."""
        return (self.steps - self.decay_steps) // self.steps_per_epoch
