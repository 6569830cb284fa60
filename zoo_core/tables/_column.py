"""One column of a table: its name, what it holds and its unit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column as a task, a simulator or a writer describes it.

    Parameters
    ----------
    name : str
        As it appears in files.
    description : str
        One line for people.
    unit : str or None
        A unit that ``astropy.units.Unit`` accepts, or None for a pure number or text.
    is_text : bool
        Whether it holds text. A row without a value has an empty text then, else NaN.
    """

    name: str
    description: str = ""
    unit: str | None = None
    is_text: bool = False
