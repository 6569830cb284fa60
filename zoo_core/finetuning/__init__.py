"""Fine-tuning: from a trained network and labels to a model of one's own."""

from typing import TYPE_CHECKING

from .._later import imported_later

if TYPE_CHECKING:
    from ._augment import AUGMENTATIONS, Augmentation
    from ._export import FIT_FILE, PARTS, SPLIT_FILE, read_split
    from ._fitter import FitData, FittedNetwork
    from ._free import check_free
    from ._freeze import freeze, hold_statistics
    from ._inputs import STRETCHES
    from ._options import FinetuneOptions, parse_strategy, split_options
    from ._plan import STRATEGIES, FinetunePlan, default_plan
    from ._run import FinetuneResult, Reporter, finetune
    from ._stem import POLICIES, adapt_stem
    from ._verb import fit_model

__all__ = [
    "AUGMENTATIONS",
    "FIT_FILE",
    "PARTS",
    "POLICIES",
    "SPLIT_FILE",
    "STRATEGIES",
    "STRETCHES",
    "Augmentation",
    "FinetuneOptions",
    "FinetunePlan",
    "FinetuneResult",
    "FitData",
    "FittedNetwork",
    "Reporter",
    "adapt_stem",
    "check_free",
    "default_plan",
    "finetune",
    "fit_model",
    "freeze",
    "hold_statistics",
    "parse_strategy",
    "read_split",
    "split_options",
]

__getattr__ = imported_later(
    __name__,
    _augment=("AUGMENTATIONS", "Augmentation"),
    _export=("FIT_FILE", "PARTS", "SPLIT_FILE", "read_split"),
    _fitter=("FitData", "FittedNetwork"),
    _free=("check_free",),
    _freeze=("freeze", "hold_statistics"),
    _inputs=("STRETCHES",),
    _options=("FinetuneOptions", "parse_strategy", "split_options"),
    _plan=("STRATEGIES", "FinetunePlan", "default_plan"),
    _run=("FinetuneResult", "Reporter", "finetune"),
    _stem=("POLICIES", "adapt_stem"),
    _verb=("fit_model",),
)
