"""Everything that can go wrong because of something outside the code.

::

    ZooError
    ├── UsageError        (ValueError)    the request contradicts itself; nothing was done
    ├── UnknownName       (LookupError)   no model, task, ... of that name; nearest names
    ├── AmbiguousName     (LookupError)   two of that name; both are named
    ├── CardError         (ValueError)    a config.json that does not say what it must
    ├── RecipeError       (ValueError)    the same for a training recipe
    ├── PluginError       (RuntimeError)  a plugin that was asked for cannot be used
    ├── WeightsError      (RuntimeError)  weights that must not be used
    │   ├── WeightsCorrupt                hash, size or format is not what the card says
    │   └── WeightsMismatch               tensors do not fit the architecture
    ├── InputError        (ValueError)    data that the model cannot take
    ├── OutputError       (OSError)       a place that cannot be written
    ├── DeviceError       (RuntimeError)  a device that is not there or too small
    ├── TrainingDiverged  (ArithmeticError)  a loss that is not finite any more
    ├── PlaceError        (RuntimeError)  a place of models that cannot be used
    └── ProcessError      (RuntimeError)  another process of a training or run is gone

Each message says what was wrong, what was given and what to do. The command line prints
the message without a traceback and exits with ``exit_code``.
"""


class ZooError(Exception):
    """Base of every error that a user of the zoo can cause."""

    exit_code = 1


class UsageError(ZooError, ValueError):
    """The request itself is wrong, whatever the data."""

    exit_code = 2


class UnknownName(ZooError, LookupError):
    """Nothing is known under this name."""

    exit_code = 3


class AmbiguousName(ZooError, LookupError):
    """More than one thing is known under this name."""

    exit_code = 3


class CardError(ZooError, ValueError):
    """A model's card is missing something or says something impossible."""

    exit_code = 4


class RecipeError(ZooError, ValueError):
    """A training recipe is missing something or says something impossible."""

    exit_code = 4


class PluginError(ZooError, RuntimeError):
    """A plugin that this command needs cannot be used."""

    exit_code = 5


class WeightsError(ZooError, RuntimeError):
    """Weights that must not be used."""

    exit_code = 6


class WeightsCorrupt(WeightsError):
    """A weights file is not the one that the card describes."""


class WeightsMismatch(WeightsError):
    """The tensors of a weights file do not fit the architecture."""


class InputError(ZooError, ValueError):
    """Input data that cannot be used. ``flag`` is the word for the prediction table."""

    exit_code = 7

    def __init__(self, message: str, *, flag: str = "unreadable"):
        super().__init__(message)
        self.flag = flag


class OutputError(ZooError, OSError):
    """A result cannot be written where it was asked for."""

    exit_code = 8


class DeviceError(ZooError, RuntimeError):
    """A device that is not there, or too small for the work."""

    exit_code = 9


class TrainingDiverged(ZooError, ArithmeticError):
    """The loss of a training is not finite any more."""

    exit_code = 10


class PlaceError(ZooError, RuntimeError):
    """A place of models cannot be reached, lacks what was asked for, or has changed."""

    exit_code = 11


class ProcessError(ZooError, RuntimeError):
    """Another process of the same training or run has ended or does not answer."""

    exit_code = 12


def unknown_name(kind: str, name: str, known: list[str], hint: str = "") -> UnknownName:
    """Build the error for an unknown name, with the nearest known ones.

    >>> str(unknown_name("model", "resnet-lans", ["resnet-lens", "kids-lens"]))
    "unknown model 'resnet-lans'. Did you mean 'resnet-lens'?"
    """
    import difflib

    near = difflib.get_close_matches(name, known, n=3, cutoff=0.55)
    message = f"unknown {kind} {name!r}."
    if near:
        message += " Did you mean " + " or ".join(repr(item) for item in near) + "?"
    elif known:
        message += f" Known: {', '.join(sorted(known)[:12])}."
    return UnknownName(f"{message} {hint}".rstrip())
