"""What benchmarks compute beside calling models: baselines, orders, tables."""

import numpy as np
import pytest

from benchmarks import deconvolution, lens_modelling, lens_search_rate, transits
from benchmarks.bologna import page as bologna
from benchmarks.bologna.preparing import Entry
from benchmarks.bologna.testing import scored
from zoo_core import Zoo


def a_set(**scores):
    """What a measured set of the challenge stores."""
    numbers = {"tpr0": [0.1, 0.0, 0.2], "tpr10": [0.2, 0.1, 0.3], "seen": 4000, "seconds": 1234}
    return {
        "rows": {
            who: {"auroc": [value, None, None], **numbers} for who, value in scores.items()
        },
        "race": {"a": 0.7, "b": 0.8},
        "version": "1",
        "lenses": 50,
        "test": 100,
    }


def test_the_order_of_methods_is_compared_with_the_challenges():
    """In its order 1, reversed -1; entries that the challenge did not have do not count."""
    names = ("CMU DeepLens", "Manchester SVM", "ALL")
    same = a_set(**dict(zip(names, (0.99, 0.9, 0.8), strict=True)), ours=0.1)
    other = a_set(**dict(zip(names, (0.8, 0.9, 0.99), strict=True)))

    # One order of six is right; all are as good as the worst. TPR0 is the same for all.
    assert bologna.order("ground", same).endswith(
        "3 entries: AUROC 1.00 (17 % of all orders agree as well or better)."
    )
    assert bologna.order("ground", other).endswith(
        "AUROC -1.00 (100 % of all orders agree as well or better)."
    )
    assert bologna.order("ground", a_set(**{"CMU DeepLens": 0.9})) == ""


def test_the_page_of_the_challenge_is_sorted():
    """Best first, with the challenge's numbers where there are some."""
    names = {"ALL": 0.8, "CMU DeepLens": 0.9, "GAMOCLASS": 0.85, "the model x": 0.7}
    found = a_set(**names)
    found["rows"]["the model x"] |= {"seen": 0, "seconds": 0}
    text = bologna.make_page({"space": found})

    assert "| CMU DeepLens | 0.900 | 0.100 (0.000 to 0.200)" in text
    assert text.index("| CMU DeepLens") < text.index("| GAMOCLASS") < text.index("| ALL")
    assert "| 4,000 | 1,234 | 0.92, 0.22, 0.29 |" in text
    assert "| its card |  |  |" in text
    assert "b 0.800, a 0.700" in text


def test_scores_of_the_challenge_are_done_once(tmp_path):
    """A test that was stopped goes on; an entry that came later sees the same cutouts."""
    simulator = Zoo.discover().simulator("bologna-space")
    seen = []

    def entry(name, factor):
        def score(raw, prepared):
            assert raw.shape == prepared.shape
            seen.append((name, len(raw)))
            return factor * raw.mean(dim=(1, 2, 3)).numpy()

        return Entry(name=name, digest=name, score=score, seen=0, seconds=0.0)

    def run(*entries, count):
        return scored(simulator, "space", entries, count=count, folder=tmp_path)

    truth, _ = run(entry("a", 1.0), count=20)
    again, scores = run(entry("a", 1.0), entry("b", 2.0), count=20)

    # A chunk of the simulator each, of which 20 count.
    assert seen == [("a", simulator.chunk_size), ("b", simulator.chunk_size)]
    assert len(truth) == 20
    np.testing.assert_array_equal(truth, again)
    np.testing.assert_allclose(scores["b"], 2.0 * scores["a"])
    assert not list(tmp_path.rglob("*.part"))
    # What was stored for fewer cutouts is not enough for more.
    more = simulator.chunk_size + 1
    assert len(run(entry("a", 1.0), count=more)[1]["a"]) == more
    assert seen[2:] == [("a", simulator.chunk_size)] * 2


def test_cutouts_of_the_search_are_written_once_each(tmp_path, monkeypatch):
    """In files of a bounded size, the last of them shorter, in the simulator's order."""
    simulator = Zoo.discover().simulator("lsst-lens")
    count = simulator.chunk_size + 10
    monkeypatch.setattr(lens_search_rate, "_FILE", 50)
    size = lens_search_rate.write_cutouts(simulator, tmp_path / "set", count)
    files = sorted((tmp_path / "set").iterdir())
    parts = [np.load(file) for file in files]

    assert len(files) == 2
    assert size == sum(file.stat().st_size for file in files)
    np.testing.assert_array_equal(
        np.concatenate([part["id"] for part in parts]), np.arange(count)
    )
    drawn = simulator.stream(count, seed=lens_search_rate.SEED)
    for part, chunk in zip(parts, drawn, strict=True):
        np.testing.assert_array_equal(part["image"], chunk.arrays["image"])


def test_richardson_lucy_sharpens_and_keeps_the_flux():
    """A blurred point becomes narrower; what was below zero does no harm."""
    psf = deconvolution.gaussian(4.0)
    size = len(psf)
    start = 20 - size // 2
    image = np.full((1, 1, 41, 41), -0.02)
    image[0, 0, start : start + size, start : start + size] += 3.0 * psf

    found = deconvolution.richardson_lucy(psf, 20, 0.02)(image)

    assert psf.sum() == pytest.approx(1.0)
    assert found.max() > 2 * image.max()
    assert (found + 0.02).sum() == pytest.approx((image + 0.02).sum(), rel=0.1)


def test_the_fits_start_within_their_limits():
    """And tell the widths that they were given."""
    for start, sigma, low, high in lens_modelling.RANGES.values():
        assert set(start) == set(sigma) == set(low) == set(high)
        for name in start:
            assert low[name] <= start[name] <= high[name]
            assert sigma[name] > 0


def test_cuts_of_transit_finders():
    """The best cut by hand; samples that are missing come in chunks of the asked share."""
    positive = np.array([False, False, True, True])
    assert transits.best_cut(positive, np.array([0.1, 0.4, 0.5, 0.9])) == 0.4

    holey = transits.without_samples(np.ones((5, 180)), 0.25)
    missing = np.isnan(holey).mean(axis=1)
    assert (missing >= 0.25).all()
    assert (missing < 0.25 + transits.CHUNK / 180).all()


def test_tables_are_markdown():
    """A title, a header, a line, rows."""
    table = transits.Table("Title", ["a", "b"], [["1", "2"]])

    assert transits.in_markdown(table).splitlines() == [
        "## Title", "", "| a | b |", "| --- | --- |", "| 1 | 2 |",
    ]  # fmt: skip
