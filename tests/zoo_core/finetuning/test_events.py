"""What plugins hear of a fine-tuning."""

import pytest
from tiny_models import make_backbone, make_pictures

from zoo_core import Zoo
from zoo_core.errors import InputError
from zoo_core.finetuning import FinetuneOptions, finetune
from zoo_core.plugins import EpochEnded, FinetuneEnded, FinetuneStarted


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Fine-tunes, and gives what was sent."""
    zoo = Zoo.discover()
    events = []
    monkeypatch.setattr(zoo.plugins, "send", events.append)
    backbone = make_backbone(tmp_path)

    def tune(strategy, data=None, **settings):
        result = finetune(
            zoo, str(backbone), data or make_pictures(tmp_path / "x.npz"), name="mine",
            run=tmp_path / "run", folder=tmp_path / "mine", device="cpu",
            options=FinetuneOptions(array="x", strategy=strategy, settings=settings),
        )  # fmt: skip
        return result, [e for e in events if type(e).__name__ != "ModelLoaded"]

    tune.events = events
    return tune


def test_beginning_epochs_and_end_in_their_order(told, tmp_path):
    """With what each promises."""
    result, (started, *epochs, ended) = told("full", epochs=2)

    assert started == FinetuneStarted(
        model="mine",
        parent=Zoo.discover().find(str(tmp_path / "tiny")).full_name,
        strategy="full",
        examples=started.examples,
        run=tmp_path / "run",
    )
    assert 0 < started.examples < 60
    assert [type(event) for event in epochs] == [EpochEnded, EpochEnded]
    assert {event.model for event in epochs} == {"mine"}
    assert [event.record["epoch"] for event in epochs] == [1.0, 2.0]
    # The rate of the head: a cosine that has come down.
    assert 3e-4 > epochs[0].record["learning_rate"] > epochs[1].record["learning_rate"] > 0
    metrics = {f"{m.name} {m.conditions}".strip(): m.value for m in result.evaluation.metrics}
    assert ended == FinetuneEnded(
        model="mine", folder=tmp_path / "mine", is_whole=True, metrics=metrics
    )
    assert "auroc" in metrics


def test_a_head_begins_and_ends(told):
    """It has no epochs."""
    _, events = told("head")

    assert [type(event) for event in events] == [FinetuneStarted, FinetuneEnded]


def test_one_that_cannot_begin_is_not_told(told, tmp_path):
    """Errors come before the first event."""
    with pytest.raises(InputError):
        told("head", tmp_path / "nothing.npz")

    assert not [e for e in told.events if isinstance(e, FinetuneStarted)]
