"""Neighbours are those that brute force finds, in whatever pieces the table comes."""

import numpy as np
import pytest
from survey_parts import finish, opened

from zoo_core.errors import InputError, UnknownName, UsageError
from zoo_core.similarity import find_queries, make_queries, nearest, open_vectors
from zoo_core.tables import Column, PredictionTable, write_table

COUNT, LENGTH = 300, 6


def write(path, vectors, ids=None, **flags):
    count = len(vectors)
    table = PredictionTable(
        [Column(name) for name in ("id", "source", "features", "flag", "reason")],
        {
            "id": ids if ids is not None else [f"object-{row:04d}" for row in range(count)],
            "source": [f"/data/{row}.fits" for row in range(count)],
            "features": vectors,
            "flag": flags.get("flag", [""] * count),
            "reason": flags.get("reason", [""] * count),
        },
        meta={"model": "toy"},
    )
    write_table(table, path, overwrite=True)
    return path


@pytest.fixture
def vectors():
    made = np.random.default_rng(0).normal(size=(COUNT, LENGTH)).astype("f4")
    made[5] = made[9]
    return made


@pytest.fixture(params=[100, 10**9], ids=["many pieces", "one piece"])
def table(tmp_path, vectors, monkeypatch, request):
    monkeypatch.setattr("zoo_core.tables._read_pieces._BYTES", request.param * 30)
    return open_vectors(write(tmp_path / "t.parquet", vectors))


def brute(vectors, row, metric):
    """Rows in the order of their distance from one, and the distances."""
    x = vectors.astype(float)
    if metric == "cosine":
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
        distance = 1 - x @ x[row]
    else:
        distance = np.sqrt(((x - x[row]) ** 2).sum(axis=1))
    order = [other for other in np.argsort(distance, kind="stable") if other != row]
    return order, distance


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_neighbours_are_those_of_brute_force(table, vectors, metric):
    """Of several objects at once, nearest first, the object itself left out."""
    rows = [0, 9, 299]
    queries = find_queries(table, [f"object-{row:04d}" for row in rows])
    assert [query.row for query in queries] == rows
    seen = []
    found = nearest(
        table, queries, count=25, metric=metric, progress=lambda *told: seen.append(told)
    )

    for row, one in zip(rows, found, strict=True):
        order, distance = brute(vectors, row, metric)
        expected = [f"object-{other:04d}" for other in order[:25]]
        assert one.neighbours["id"].tolist() == expected
        np.testing.assert_allclose(one.neighbours["distance"], distance[order[:25]], atol=1e-12)
        assert "features" not in one.neighbours
        assert one.neighbours["source"][0] == f"/data/{order[0]}.fits"
    assert seen[-1] == (COUNT, COUNT)


def test_a_twin_is_the_nearest(table):
    """At no distance, though it is another row."""
    (found,) = nearest(table, find_queries(table, ["object-0009"]), count=1)

    assert found.neighbours["id"].tolist() == ["object-0005"]
    assert found.neighbours["distance"][0] == pytest.approx(0, abs=1e-15)


def test_rows_without_a_vector_are_no_neighbours(tmp_path, vectors):
    """Nor is one without a direction, by its angle."""
    vectors[1::2] = np.nan
    vectors[2] = 0
    table = open_vectors(write(tmp_path / "t.parquet", vectors))
    (query,) = find_queries(table, ["object-0000"])

    (found,) = nearest(table, [query], count=COUNT)
    assert len(found.neighbours) == COUNT // 2 - 2
    assert np.isfinite(found.neighbours["distance"]).all()
    (found,) = nearest(table, [query], count=COUNT, metric="euclidean")
    assert "object-0002" in found.neighbours["id"]
    with pytest.raises(InputError, match="is zero and has no direction"):
        nearest(table, find_queries(table, ["object-0002"]))


def test_an_object_from_elsewhere_has_all_rows_as_neighbours(table, vectors):
    """Its own copy in the table too."""
    alone = PredictionTable(
        [Column("id"), Column("features")], {"id": ["new"], "features": vectors[:1]}
    )
    (found,) = nearest(table, make_queries(alone), count=2)

    assert found.neighbours["id"][0] == "object-0000"


@pytest.mark.parametrize(
    ("wanted", "near"), [("object-00177", "object-0017"), ("objct-0123", "object-0123")]
)
def test_an_unknown_id_gets_the_nearest(table, wanted, near):
    """However long the table is."""
    with pytest.raises(UnknownName, match=f"{wanted!r} among the 300 .*Did you mean.*{near!r}"):
        find_queries(table, [wanted])


def test_an_id_like_no_other_gets_an_example(table):
    """Of what ids look like there."""
    with pytest.raises(UnknownName, match="Ids there look like 'object-0000'"):
        find_queries(table, ["zzz"])


def test_numbers_are_ids_too(tmp_path, vectors):
    """As they are written, to the last digit."""
    ids = np.arange(COUNT) + 1237668297135030600
    table = open_vectors(write(tmp_path / "t.parquet", vectors, ids=ids))
    (query,) = find_queries(table, ["1237668297135030611"])

    assert query.row == 11
    with pytest.raises(UnknownName, match="Did you mean '1237668297135030611'"):
        find_queries(table, ["1237668297135030911"])


def test_an_object_without_a_vector_says_why(tmp_path, vectors):
    """With the flag and the reason of its row."""
    vectors[3] = np.nan
    flags, reasons = [""] * COUNT, [""] * COUNT
    flags[3], reasons[3] = "all-nan", "no pixel has a value"
    table = open_vectors(write(tmp_path / "t.parquet", vectors, flag=flags, reason=reasons))

    with pytest.raises(InputError, match=r"'object-0003' .*all-nan: no pixel has a value"):
        find_queries(table, ["object-0003"])


def test_a_table_without_features_is_refused(tmp_path):
    """With the columns that there are."""
    with opened(tmp_path / "out") as output:
        finish(output)
    with pytest.raises(InputError, match=r"no column features; it has id, p, .*'zoo embed'"):
        open_vectors(tmp_path / "out")


def test_vectors_of_another_model_are_refused(table):
    """They have another length."""
    other = PredictionTable(
        [Column("id"), Column("features")], {"id": ["new"], "features": np.ones((1, 9), "f4")}
    )
    with pytest.raises(InputError, match="have 6 numbers, that of 'new' has 9"):
        nearest(table, make_queries(other))
    with pytest.raises(UsageError, match="cosine, euclidean"):
        nearest(table, [], metric="taxi")
