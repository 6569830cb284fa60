"""``zoo train``: a recipe in, a model folder out; can be killed and resumed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ._common import add_verb, note, print_json, progress_bar

if TYPE_CHECKING:
    import argparse

    from .._zoo import Zoo
    from ..evaluation import Evaluation
    from ..training import Recipe
    from ._common import Verbs


def register(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = add_verb(
        verbs,
        "train",
        run,
        summary="train a model by its recipe; run again after a kill to go on",
        examples=(
            "zoo train resnet-lens -o runs/resnet-lens",
            "zoo train resnet-lens --fast -o /tmp/proof",
            "zoo train my-recipe.toml -o runs/mine",
        ),
    )
    parser.add_argument(
        "recipe", metavar="RECIPE_OR_NAME", help="a recipe's TOML file or a model's name"
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, required=True,
        help="gets checkpoint/, history.csv and, in the end, the model folder",
    )  # fmt: skip
    parser.add_argument(
        "--fast",
        action="store_true",
        help="the recipe's short version: proves it, trains little",
    )
    parser.add_argument(
        "--device", default="auto", help="auto (default), cpu, cuda, cuda:1, mps"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train what is left to train and write the model folder."""
    from .._zoo import default_zoo
    from ..devices import pick_device
    from ..distributed import launched
    from ..training import hold_run

    size = launched().size
    if size > 1:
        raise UsageError(
            f"a launcher has started {size} processes, and zoo train runs in one. Run it "
            "without the launcher; zoo finetune can share its work."
        )
    zoo = default_zoo()
    recipe = _recipe(zoo, arguments.recipe)
    if arguments.fast:
        recipe = recipe.faster()
    device = pick_device(arguments.device)
    with hold_run(arguments.output):
        evaluation = _train(zoo, recipe, arguments.output, device=device)
    folder = arguments.output / recipe.name
    if arguments.json:
        values = {f"{m.name} {m.conditions}".strip(): m.value for m in evaluation.metrics}
        print_json({"folder": str(folder), "data": evaluation.data, "metrics": values})
    else:
        print(f"{folder}: try 'zoo info {folder.resolve()}'")
    return 0


def _train(zoo: Zoo, recipe: Recipe, output: Path, *, device: str) -> Evaluation:
    """Train in a folder that is ours, and test what came out."""
    from ..training import export_model, make_trainer

    trainer = make_trainer(zoo, recipe, output, device=device)
    if trainer.epoch:
        note(f"going on after epoch {trainer.epoch} of {recipe.training.epochs}")

    def after_epoch(record: dict[str, float]) -> None:
        numbers = ", ".join(f"{k} {v:.4g}" for k, v in record.items() if k != "epoch")
        note(f"epoch {record['epoch']:.0f} of {recipe.training.epochs}: {numbers}")

    with progress_bar(f"train {recipe.name}") as progress:
        trainer.run(
            progress=lambda step, steps, loss: progress(step, steps, text=f"loss {loss:.3f}"),
            after_epoch=after_epoch,
        )
    note("calibrating, testing and writing the model folder")
    with progress_bar("test") as progress:
        return export_model(zoo, recipe, trainer, output / recipe.name, progress=progress)


def _recipe(zoo: Zoo, name: str) -> Recipe:
    from ..errors import RecipeError
    from ..training import read_recipe

    if not name.endswith(".toml"):
        return zoo.recipe(name)
    if not Path(name).is_file():
        known = ", ".join(c.name for c in zoo.plugins.contributions("recipes")) or "none"
        raise RecipeError(
            f"there is no file {name}. Give the path of a recipe, such as the recipe.toml of "
            f"a model folder, or the name of a plugin's recipe, without .toml: {known}."
        )
    return read_recipe(Path(name))
