"""A small survey run without pixels: 23 rows in parts of 5, told by their numbers.

As a script it is the run itself, slowly, for tests that kill it: FOLDER [SECONDS a part].
"""

import sys
import time

import numpy as np

from zoo_core.survey import open_output
from zoo_core.tables import Column, PredictionTable

ROWS, PART_ROWS = 23, 5
COLUMNS = (
    Column("id", "identifier", is_text=True),
    Column("p", "probability"),
    Column("vector", "features"),
    Column("label", "class", is_text=True),
    Column("flag", "what is wrong", is_text=True),
)
WANTED = {"model": {"name": "toy", "sha256": "ab"}, "options": {"resample": True}}


def table_of(first, count):
    """Rows of the catalogue: every third has no prediction."""
    rows = np.arange(first, first + count)
    is_bad = rows % 3 == 0
    vectors = np.stack([rows, rows / 7], axis=1).astype(np.float32).reshape(count, 2)
    vectors[is_bad] = np.nan
    values = {
        "id": [f"object-{row}" for row in rows],
        "p": np.where(is_bad, np.nan, rows / 100),
        "vector": vectors,
        "label": np.where(is_bad, "", "len\u00df"),
        "flag": np.where(is_bad, "outside", ""),
    }
    values = {name: np.asarray(array, dtype=None if count else _KINDS[name])
              for name, array in values.items()}  # fmt: skip
    return PredictionTable(COLUMNS, values, meta={"model": "toy"})


_KINDS = {"id": "U1", "p": "f8", "vector": "f4", "label": "U1", "flag": "U1"}


def opened(folder, **options):
    """The run's output, unless other arguments are given."""
    given = {"rows": ROWS, "part_rows": PART_ROWS, **options}
    wanted = given.pop("wanted", WANTED)
    return open_output(folder, wanted, given.pop("template", table_of(0, 0)), **given)


def finish(output, *, seconds=0.0, most=None):
    """Write the parts that are missing, at most so many; the numbers of those written."""
    done = []
    for number, first, count in output.missing:
        if most is not None and len(done) == most:
            break
        output.write(number, table_of(first, count))
        done.append(number)
        time.sleep(seconds)
    return done


if __name__ == "__main__":
    with opened(sys.argv[1], resumes=True) as run:
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        finish(run, seconds=float(sys.argv[2]))
