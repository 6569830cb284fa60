"""Everything that a user may say about a fine-tuning."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields
from os import PathLike
from typing import TYPE_CHECKING, Any

from ..devices import VIEWS
from ..errors import UsageError
from ._augment import AUGMENTATIONS
from ._inputs import STRETCHES
from ._plan import FinetunePlan, default_plan
from ._stem import POLICIES

if TYPE_CHECKING:
    from collections.abc import Mapping


def split_options(given: Mapping[str, Any]) -> FinetuneOptions:
    """Options from one mapping in which fields of the plan stand beside the others.

    Raises
    ------
    UsageError
        A name that is neither.

    Examples
    --------
    >>> split_options({"label": "class", "epochs": 3}).settings
    {'epochs': 3}
    """
    own = {field.name for field in fields(FinetuneOptions)} - {"settings"}
    plan = {field.name for field in fields(FinetunePlan)} - {"strategy"}
    unknown = sorted(set(given) - own - plan)
    if unknown:
        from difflib import get_close_matches

        near = get_close_matches(unknown[0], sorted(own | plan), n=2, cutoff=0.55)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise UsageError(
            f"there is no option {unknown[0]!r}; there are {', '.join(sorted(own | plan))}."
            f"{hint}"
        )
    settings = {name: value for name, value in given.items() if name in plan}
    if isinstance(settings.get("frozen"), str | list):
        told = settings["frozen"]
        settings["frozen"] = (told,) if isinstance(told, str) else tuple(told)
    rest = {name: value for name, value in given.items() if name in own}
    rest["strategy"], layers = parse_strategy(rest.get("strategy"))
    settings.update(layers)
    # One thing may stand for a list of one.
    for name in ("classes", "bands", "size", "resize", "against"):
        if name in rest:
            value = rest[name]
            rest[name] = (value,) if isinstance(value, str | int) else tuple(value)
    if isinstance(rest.get("validation"), PathLike):
        rest["validation"] = str(rest["validation"])
    return FinetuneOptions(settings=settings, **rest)


def parse_strategy(text: str | None) -> tuple[str | None, dict[str, int]]:
    """A strategy, and the setting that stands in its name.

    >>> parse_strategy("last-2"), parse_strategy("full")
    (('last-k', {'last_k': 2}), ('full', {}))
    """
    numbered = re.fullmatch(r"last-(\d+)", text or "")
    return ("last-k", {"last_k": int(numbered[1])}) if numbered else (text, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneOptions:
    """What is asked for; None and empty mean what suits the data.

    Parameters
    ----------
    label, path, group, split, array : str or None
        Columns of a table, or arrays of a file, as ``open_labelled`` takes them.
    classes : tuple of str
        ``LABEL=CLASS`` to rename, merge or leave out labels.
    positive : str or None
        The positive one of two classes.
    bands : tuple of str
        Names of the bands of the data, in order.
    size : tuple of int
        Size that the data are held to, or cropped to.
    fit : str
        ``exact`` or ``crop``.
    resize : tuple of int
        Pixels that images are brought to.
    stretch : str
        One of ``STRETCHES``.
    stem : str
        One of ``POLICIES``.
    stem_bands : mapping of str to str
        New band to the old band whose kernels it gets.
    views : str
        One of ``VIEWS``: what the new model averages over when it predicts.
    strategy : str or None
        One of ``STRATEGIES``; by the number of labels, if None.
    settings : mapping of str
        Fields of ``FinetunePlan`` to set.
    validation : float or str
        Part of the data, or the path of other data that are the validation part.
    test : float
        Part of the data.
    arguments : mapping of str
        Of an architecture, where the training starts from one: those of the network, or what
        its fit can be told.
    against : tuple of str
        Architectures that are fitted to the same training part and measured beside the model:
        ``NAME``, ``NAME,NAME`` or ``NAME KEY=VALUE ...``.
    seed : int
        Of the split and of the training.
    skips_bad : bool
        Leave out objects that cannot be read.
    """

    label: str = "label"
    path: str = "path"
    group: str | None = None
    split: str | None = None
    array: str | None = None
    classes: tuple[str, ...] = ()
    positive: str | None = None
    bands: tuple[str, ...] = ()
    size: tuple[int, ...] = ()
    fit: str = "exact"
    resize: tuple[int, ...] = ()
    stretch: str = "parent"
    stem: str = "keep"
    stem_bands: Mapping[str, str] = field(default_factory=dict)
    views: str = "one"
    strategy: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    against: tuple[str, ...] = ()
    validation: float | str = 0.15
    test: float = 0.15
    seed: int = 0
    skips_bad: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, before anything is read.

        Raises
        ------
        UsageError
            A name that does not exist, a setting out of its range, or parts that leave
            nothing to train on.
        """
        for what, value, known in (
            ("stretch", self.stretch, STRETCHES),
            ("stem", self.stem, POLICIES),
            ("views", self.views, VIEWS),
            ("augment", self.settings.get("augment") or "none", AUGMENTATIONS),
        ):
            if value not in known:
                raise UsageError(f"{what} is one of {', '.join(known)}, not {value!r}.")
        for what, lengths in (("size", self.size), ("resize", self.resize)):
            if not all(isinstance(length, int) and length > 0 for length in lengths):
                raise UsageError(f"{what} is a number of pixels, 1 or more, not {lengths}.")
        # The number of examples is not known yet, and does not matter to what is refused.
        default_plan(self.strategy or "full", 1, **self.settings)
        drawn = self.drawn_validation
        if not (self.validation_data or 0 < drawn < 1) or not 0 <= self.test < 1:
            raise UsageError(
                "validation must be a part between 0 and 1 or the path of labelled data, and "
                f"test 0 or such a part; they are {self.validation} and {self.test}."
            )
        if drawn + self.test >= 1:
            raise UsageError(
                f"validation ({self.validation}) and test ({self.test}) leave nothing to "
                "train on."
            )

    @property
    def validation_data(self) -> str | None:
        """Path of the validation part, where it stands apart."""
        return self.validation if isinstance(self.validation, str) else None

    @property
    def drawn_validation(self) -> float:
        """Part of the data that is drawn for validation."""
        return 0.0 if isinstance(self.validation, str) else self.validation

    def to_json(self) -> dict[str, Any]:
        """As a run's record holds it."""
        told = asdict(self)
        return {key: list(v) if isinstance(v, tuple) else v for key, v in told.items()}
