"""What benchmarks compute beside calling models: baselines, orders, tables."""

import numpy as np
import pytest

from benchmarks import bologna, deconvolution, lens_modelling, transits


def a_set(**scores):
    """What a measured set of the challenge stores."""
    numbers = {"tpr0": [0.1, 0.0, 0.2], "tpr10": [0.2, 0.1, 0.3]}
    return {
        "rows": {
            who: {"auroc": [value, None, None], **numbers} for who, value in scores.items()
        },
        "seconds": dict.fromkeys(scores, 1234),
        "version": "1",
        "lenses": 50,
        "test": 100,
        "train": 10,
        "epochs": 3,
        "fitted": 5,
    }


def test_the_order_of_methods_is_compared_with_the_challenges():
    """In its order 1, reversed -1; entries that the challenge did not have do not count."""
    names = ("CMU DeepLens", "Manchester SVM (Gabor)", "ALL (HOG, linear)")
    same = a_set(**dict(zip(names, (0.99, 0.9, 0.8), strict=True)), ours=0.1)
    other = a_set(**dict(zip(names, (0.8, 0.9, 0.99), strict=True)))

    assert bologna.order("ground", same).endswith("3 entries: 1.00.")
    assert bologna.order("ground", other).endswith("3 entries: -1.00.")
    assert bologna.order("ground", a_set(**{"CMU DeepLens": 0.9})) == ""


def test_the_page_of_the_challenge_is_sorted():
    """Best first, with the challenge's number where there is one."""
    names = {"ALL (HOG, linear)": 0.8, "CMU DeepLens": 0.9, "GAMOCLASS": 0.85}
    text = bologna.page({"space": a_set(**names)})
    rows = [line for line in text.splitlines() if line.startswith("| ") and "0.8" in line]

    assert "| CMU DeepLens | 0.900 | 0.100 (0.000 to 0.200)" in text
    assert text.index("CMU DeepLens") < text.index("GAMOCLASS") < text.index("ALL (HOG")
    assert "| 0.92 | 1,234 |" in text
    assert len(rows) == 2


def test_richardson_lucy_sharpens_and_keeps_the_flux():
    """A blurred point becomes narrower; what was below zero does no harm."""
    psf = deconvolution.gaussian(4.0)
    size = len(psf)
    start = 20 - size // 2
    image = np.full((1, 1, 41, 41), -0.02)
    image[0, 0, start : start + size, start : start + size] += 3.0 * psf

    found = deconvolution.richardson_lucy(psf, 20)(image)

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
