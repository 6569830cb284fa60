"""What may be asked for, and what is refused before anything is read."""

import pytest

from zoo_core.errors import UsageError
from zoo_core.finetuning import split_options


def test_one_thing_may_stand_for_a_list_of_one():
    """As one writes it in a notebook; the number of layers may stand in the strategy."""
    options = split_options(
        {"size": 64, "resize": [32, 40], "bands": "radio", "strategy": "last-3", "epochs": 2}
    )

    assert (options.size, options.resize, options.bands) == ((64,), (32, 40), ("radio",))
    assert (options.strategy, options.settings) == ("last-k", {"epochs": 2, "last_k": 3})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lable": "kind"}, "no option 'lable'.*Did you mean 'label'"),
        ({"size": "32"}, "size is a number of pixels"),
        ({"resize": (32, 0)}, "resize is a number of pixels"),
        ({"strategy": "heads"}, "one of head, last-k, full, scratch, not 'heads'"),
        ({"strategy": "last-0"}, "last_k must be at least 1"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"learning_rate": float("inf")}, "learning_rate must be positive"),
        ({"layer_decay": 2.0}, "layer_decay must be in"),
        ({"weight_decay": -1.0}, "weight_decay must not be negative"),
        ({"weight_decay": float("nan")}, "weight_decay must not be negative"),
        ({"warmup_epochs": -1.0}, "warmup_epochs must not be negative"),
        ({"clip_norm": 0.0}, "clip_norm must be positive"),
        ({"ema_decay": 1.0}, "ema_decay must be in"),
        ({"label_smoothing": 1.0}, "label_smoothing must be in"),
        ({"precision": "float64"}, "precision must be"),
        ({"augment": "mirror"}, "augment is one of"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(options, message):
    """With what there is, and what was given."""
    with pytest.raises(UsageError, match=message):
        split_options(options)
