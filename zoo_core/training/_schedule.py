"""Learning rate as a function of the step."""

import math


def warmup_cosine(step: int, *, steps: int, warmup: int) -> float:
    """Factor on the peak learning rate: linear warm-up, then a cosine to zero.

    Examples
    --------
    >>> [round(warmup_cosine(s, steps=100, warmup=10), 2) for s in (0, 9, 10, 55, 99)]
    [0.1, 1.0, 1.0, 0.5, 0.0]
    """
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
