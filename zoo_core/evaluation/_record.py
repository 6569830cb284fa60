"""Putting the metrics of an evaluation on the card of a model folder."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from typing import TYPE_CHECKING

from ..errors import UsageError

#: The kind of training data that have a fingerprint, as a card names it.
LABELLED = "labelled data"

if TYPE_CHECKING:
    from ..models import Model
    from ._evaluate import Evaluation


def check_recordable(model: Model) -> None:
    """Raise ``UsageError`` unless the folder is one's own."""
    if model.found.is_remote or model.found.place not in ("path", "user"):
        raise UsageError(
            f"the card of {model.found.full_name} is not yours to change. Copy its folder into "
            "your registry, or name a folder of your own by its path."
        )


def record_metrics(model: Model, evaluation: Evaluation, *, command: str) -> None:
    """Write metrics and pictures into the model's folder, in place of those of the same data.

    Parameters
    ----------
    model : Model
        Of a folder of one's own: not one of the installed package, nor of a hub.
    evaluation : Evaluation
        Of this model.
    command : str
        That prints these metrics again.

    Raises
    ------
    UsageError
        The folder is not one's own, or the model was trained on these objects.
    """
    from ..models import describe_circumstances, finish_folder, replacing_folder

    folder = model.found.folder
    check_recordable(model)
    versions = {data.version for data in model.card.trained_on if data.kind == LABELLED}
    if evaluation.fingerprint and evaluation.fingerprint[:16] in versions:
        raise UsageError(
            f"{model.card.name} was trained on a part of {evaluation.data}, and the metrics of "
            "a card are of objects that the model never saw: add --part test."
        )
    card = model.found.card_as_json()
    kept = [entry for entry in card["metrics"] if entry["data"] != evaluation.data]
    card["metrics"] = kept + [
        {**asdict(metric), "data": evaluation.data, "role": "test", "command": command}
        for metric in evaluation.metrics
    ]
    card["measured_with"] = describe_circumstances(model)
    with replacing_folder(folder) as fresh:
        shutil.copytree(folder, fresh, dirs_exist_ok=True)
        paths = evaluation.save_figures(fresh / "figures")
        card["figures"] = {
            **card.get("figures", {}),
            **{path.stem: f"figures/{path.name}" for path in paths},
        }
        finish_folder(fresh, card)
