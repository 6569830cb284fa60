"""Learning rate as a function of the step."""

import math


def learning_rate_factor(step: int, *, steps: int, warmup: int, decay: int) -> float:
    """Factor on the peak learning rate: linear warm-up, plateau, cosine to zero.

    As long as the plateau lasts nothing depends on the number of steps, so a run that is
    on it can be made longer.

    Parameters
    ----------
    step, steps : int
        Step from zero, and all steps of the run.
    warmup : int
        Steps of the warm-up.
    decay : int
        Steps of the cosine at the end; if they are more than follow the warm-up, there is no
        plateau.

    Examples
    --------
    >>> def factor(step):
    ...     return round(learning_rate_factor(step, steps=100, warmup=10, decay=50), 2)
    >>> [factor(step) for step in (0, 9, 10, 49, 50, 75, 99)]
    [0.1, 1.0, 1.0, 1.0, 1.0, 0.5, 0.0]
    """
    if step < warmup:
        return (step + 1) / warmup
    length = max(1, min(decay, steps - warmup))
    progress = (step - (steps - length)) / length
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, max(0.0, progress))))
