"""Which columns of a catalogue hold the position and the identifier."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InputError, UsageError
from ._angles import degrees_of_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Usual names of right ascension and declination, lower case, the surest first.
_POSITIONS = (
    ("ra", "dec"),
    ("_raj2000", "_dej2000"),
    ("raj2000", "dej2000"),
    ("raj2000", "decj2000"),
    ("ra_j2000", "dec_j2000"),
    ("ra2000", "dec2000"),
    ("ra_icrs", "de_icrs"),
    ("ra_icrs", "dec_icrs"),
    ("_ra", "_de"),
    ("_ra_icrs", "_de_icrs"),
    ("alpha_j2000", "delta_j2000"),
    ("alphawin_j2000", "deltawin_j2000"),
    ("alphapeak_j2000", "deltapeak_j2000"),
    ("right_ascension", "declination"),
    ("coord_ra", "coord_dec"),
    ("target_ra", "target_dec"),
    ("s_ra", "s_dec"),
    ("ra_deg", "dec_deg"),
    ("radeg", "dedeg"),
    ("radeg", "decdeg"),
    ("ramean", "decmean"),
    ("rastack", "decstack"),
    ("alpha", "delta"),
    ("ra", "de"),
    ("ra", "decl"),
)

#: Usual names of identifiers.
_IDS = (
    "id", "object_id", "objectid", "objid", "obj_id", "source_id", "sourceid", "main_id",
    "coadd_object_id", "diaobjectid", "targetid", "target_id", "unique_id", "number", "name",
    "designation", "brickid_objid", "id_str", "dr8_id", "photoobjid", "specobjid", "sourcename",
)  # fmt: skip

#: Columns that pipelines of HSC and LSST have written in radians and in degrees.
_AFW = ("coord_ra", "coord_dec")

#: Columns that a message lists.
_LISTED = 40


@dataclass(frozen=True, slots=True)
class Field:
    """A column as its file describes it: name, unit, UCD, and whether it holds text."""

    name: str
    unit: str | None = None
    ucd: str | None = None
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """The columns that are read; a unit is degrees of one, None where nothing says it."""

    id: Field | None
    ra: Field
    dec: Field
    ra_unit: float | None
    dec_unit: float | None
    #: Whether somebody said that it is the identifier, rather than its name.
    is_sure_of_id: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, each once."""
        fields = (self.id, self.ra, self.dec)
        return tuple(dict.fromkeys(field.name for field in fields if field is not None))

    @property
    def is_ambiguous(self) -> bool:
        """Whether nothing says if the numbers are degrees or radians, and both are usual."""
        return (
            self.ra_unit is None
            and not self.ra.is_text
            and self.ra.name.lower().endswith(_AFW[0])
        )


def choose(
    fields: Sequence[Field],
    *,
    where: str,
    id: str | None = None,
    ra: str | None = None,
    dec: str | None = None,
) -> Chosen:
    """Choose by what is asked for, then by UCD, then by unit and usual names.

    Parameters
    ----------
    fields : sequence of Field
        Those there are, each with one value a row.
    where : str
        The file, for messages.
    id, ra, dec : str, optional
        Names of columns; a unit may follow in brackets: ``coord_ra[rad]``.

    Raises
    ------
    UsageError
        Only one of ``ra`` and ``dec`` is given, or an unknown unit.
    InputError
        There is no such column, two have the name, or none is known to hold positions.
    """
    if (ra is None) != (dec is None):
        raise UsageError("--ra and --dec name two columns: give both, or neither.")
    if ra is not None and dec is not None:
        ra_field, ra_unit = _asked(fields, ra, "--ra", where)
        dec_field, dec_unit = _asked(fields, dec, "--dec", where)
    else:
        ra_field, dec_field = _position(fields, where)
        ra_unit, dec_unit = degrees_of_unit(ra_field.unit), degrees_of_unit(dec_field.unit)
    if id is None:
        chosen, is_sure = _identifier(fields)
    else:
        chosen, is_sure = _asked(fields, id, "--id", where)[0], True
    return Chosen(chosen, ra_field, dec_field, ra_unit, dec_unit, is_sure_of_id=is_sure)


def has_position(fields: Sequence[Field]) -> bool:
    """Whether ``choose`` would find a position without being told."""
    return _by_ucd(fields) is not None or bool(_by_name(fields))


def _asked(
    fields: Sequence[Field], name: str, option: str, where: str
) -> tuple[Field, float | None]:
    named, unit = name, None
    match = re.fullmatch(r"(.+)\[([^\[\]]+)\]", name)
    if match and not any(field.name == name for field in fields):
        named, text = match.groups()
        unit = degrees_of_unit(text)
        if unit is None:
            raise UsageError(
                f"{option} {name}: {text!r} is no unit of angles; give deg, rad, hourangle, "
                "or another that astropy knows."
            )
    found = [field for field in fields if field.name == named]
    found = found or [field for field in fields if field.name.lower() == named.lower()]
    if len(found) != 1:
        what = "has no column" if not found else f"has {len(found)} columns"
        raise InputError(f"{where} {what} {named!r} ({option}). {_listed(fields)}")
    return found[0], degrees_of_unit(found[0].unit) if unit is None else unit


def _position(fields: Sequence[Field], where: str) -> tuple[Field, Field]:
    by_ucd = _by_ucd(fields)
    if by_ucd is not None:
        return by_ucd
    pairs = _by_name(fields)
    if not pairs:
        raise InputError(
            f"{where} has no columns that are known to hold positions. {_listed(fields)} "
            "--ra NAME --dec NAME choose two of them; a unit may follow, as in "
            "--ra 'x[rad]'."
        )
    # Names alone can mislead; a unit of angles makes sure. The sort is stable.
    return min(pairs, key=lambda pair: degrees_of_unit(pair[0].unit) is None)


def _by_ucd(fields: Sequence[Field]) -> tuple[Field, Field] | None:
    for words, old in ((("meta.main",), "_main"), ((), "")):
        pair = []
        for axis in ("ra", "dec"):
            found = [field for field in fields if _has_ucd(field, axis, words, old)]
            if len(found) == 1:
                pair.append(found[0])
        if len(pair) == 2:
            return pair[0], pair[1]
    return None


def _has_ucd(field: Field, axis: str, words: tuple[str, ...], old: str) -> bool:
    """Whether the first word is the axis (an error of it has another first word)."""
    first, *rest = (word.strip() for word in (field.ucd or "").lower().split(";"))
    is_new = first == f"pos.eq.{axis}" and all(word in rest for word in words)
    return is_new or first == f"pos_eq_{axis}{old}"


def _by_name(fields: Sequence[Field]) -> list[tuple[Field, Field]]:
    by_name: dict[str, list[Field]] = {}
    for field in fields:
        by_name.setdefault(field.name.lower(), []).append(field)
    pairs = []
    for ra, dec in _POSITIONS:
        if len(by_name.get(ra, ())) == 1 and len(by_name.get(dec, ())) == 1:
            pairs.append((by_name[ra][0], by_name[dec][0]))
    return pairs


def _identifier(fields: Sequence[Field]) -> tuple[Field | None, bool]:
    """The column of identifiers, and whether its UCD says so."""
    for words in ("meta.id;meta.main", "id_main"):
        found = [field for field in fields if (field.ucd or "").lower() == words]
        if len(found) == 1:
            return found[0], True
    for name in _IDS:
        found = [field for field in fields if field.name.lower() == name]
        if len(found) == 1:
            return found[0], False
    return None, True


def _listed(fields: Sequence[Field]) -> str:
    names = [field.name for field in fields]
    if not names:
        return "It has no column with one value a row."
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"It has: {', '.join(names[:_LISTED])}{more}."
