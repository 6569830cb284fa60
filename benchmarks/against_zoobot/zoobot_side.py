"""Zoobot's side: run by the Python of an environment that has Zoobot.

Calls what its documentation tells users to call. Imports nothing of ours, which need not be
there.

    PYTHON zoobot_side.py finetune labels.csv weights.safetensors --arch resnet18 -o DIR
    PYTHON zoobot_side.py predict labels.csv weights.safetensors --arch resnet18 -o DIR
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
from pathlib import Path

PACKAGES = ("zoobot", "galaxy-datasets", "lightning", "torch", "torchvision", "timm")


def main() -> None:
    """Do one job."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("job", choices=("versions", "finetune", "predict"))
    parser.add_argument("labels", nargs="?", type=Path)
    parser.add_argument("weights", nargs="?", type=Path)
    parser.add_argument("--arch", default="resnet18")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--count", type=int, help="pictures to predict, all if not given")
    parser.add_argument("--mode", choices=("full", "head_only"), default="full")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--precision", default="32-true")
    parser.add_argument("--learning-rate", type=float)
    arguments = parser.parse_args()
    if arguments.job == "versions":
        versions = {name: importlib.metadata.version(name) for name in PACKAGES}
        print(json.dumps(versions))
    elif arguments.job == "finetune":
        finetune(arguments)
    else:
        predict(arguments)


def read_catalog(labels: Path):
    """Read the table as Zoobot wants it."""
    import pandas as pd

    table = pd.read_csv(labels)
    table["file_loc"] = [str(labels.parent / path) for path in table["path"]]
    table["id_str"] = [Path(path).stem for path in table["path"]]
    return table


def load_encoder(arch: str, weights: Path, *, bands: int = 3):
    """Build the backbone with the weights of the file; of one band, without."""
    import timm
    from safetensors.torch import load_file

    encoder = timm.create_model(arch, num_classes=0, in_chans=bands)
    if bands != 3:
        return encoder
    needed = encoder.state_dict()
    tensors = {name: value for name, value in load_file(weights).items() if name in needed}
    encoder.load_state_dict(tensors)
    return encoder


def finetune(arguments: argparse.Namespace) -> None:
    """Train, and print a line after each epoch."""
    import lightning
    from galaxy_datasets.pytorch.galaxy_datamodule import CatalogDataModule
    from zoobot.pytorch.training.finetune import FinetuneableZoobotClassifier, get_trainer

    class Tell(lightning.Callback):
        def on_validation_end(self, trainer, _) -> None:
            if not trainer.sanity_checking:
                loss = float(trainer.callback_metrics["finetuning/val_loss"])
                text = f"{trainer.current_epoch + 1}: validation_loss {loss:.6g}"
                print(text, file=sys.stderr, flush=True)

    given = {}
    if arguments.learning_rate is not None:
        given["learning_rate"] = arguments.learning_rate
    table = read_catalog(arguments.labels)
    model = FinetuneableZoobotClassifier(
        encoder=load_encoder(arguments.arch, arguments.weights),
        num_classes=2,
        label_col="label",
        training_mode=arguments.mode,
        **given,
    )
    data = CatalogDataModule(
        label_cols=["label"],
        train_catalog=table[table["split"] == "train"],
        val_catalog=table[table["split"] == "validation"],
        batch_size=arguments.batch_size,
        num_workers=0,
    )
    trainer = get_trainer(
        str(arguments.output),
        max_epochs=arguments.epochs,
        accelerator="cpu",
        devices=1,
        precision=arguments.precision,
        enable_progress_bar=False,
        default_root_dir=str(arguments.output),
    )
    trainer.callbacks.append(Tell())
    trainer.fit(model, data)


def predict(arguments: argparse.Namespace) -> None:
    """Predict pictures into a csv table; FITS files as its documentation scales them."""
    from galaxy_datasets.transforms import get_galaxy_transform, minimal_view_config
    from zoobot.pytorch.predictions import predict_on_catalog
    from zoobot.pytorch.training.finetune import FinetuneableZoobotClassifier

    catalog = read_catalog(arguments.labels).head(arguments.count or sys.maxsize)
    views, bands = minimal_view_config(), 3
    if catalog["path"].iloc[0].endswith(".fits"):
        bands = 1
        views.pil_to_tensor = False
        views.flux_to_jpg_like_dynamic_range = {
            "arcsinh_q": 1.0, "percentile_min": 0, "percentile_max": 99.7,
        }  # fmt: skip
    model = FinetuneableZoobotClassifier(
        encoder=load_encoder(arguments.arch, arguments.weights, bands=bands), num_classes=2
    )
    predict_on_catalog.predict(
        catalog,
        model,
        str(arguments.output / "predictions.csv"),
        label_cols=["smooth", "spiral"],
        inference_transform=get_galaxy_transform(views),
        datamodule_kwargs={"batch_size": 64, "num_workers": 0},
        trainer_kwargs={
            "accelerator": "cpu",
            "devices": 1,
            "precision": arguments.precision,
            "enable_progress_bar": False,
            "default_root_dir": str(arguments.output),
        },
    )


if __name__ == "__main__":
    main()
