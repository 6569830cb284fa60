"""FRI against FRII on real images: folds, what is measured, what the page says."""

import json

import numpy as np
import pytest

from benchmarks import radio_folds
from benchmarks.label_efficiency.runs import Start
from benchmarks.label_efficiency.tasks import FOLDS, NEVER_TESTED, radio
from benchmarks.radio_folds import Row


@pytest.fixture
def published(tmp_path):
    """A set in the form of MiraBest's: five positions of each label, one of them a pair."""
    codes = np.repeat([0, 2, 3, 5, 6, 7, 8], 10)
    rng = np.random.default_rng(0)
    names = []
    for place, _ in enumerate(codes):
        # Two by two at one place; of those of uncertain class one is beside a sure one.
        at = place // 2 if codes[place] != 3 or place % 10 else 0
        names.append(f"./MiraBest_data/100_{10 + at:07.3f}+{at / 2:07.3f}_0.1_0030.00.png")
    path = tmp_path / "mirabest.npz"
    images = rng.integers(0, 255, (len(codes), 150, 150), dtype=np.uint8)
    np.savez(path, x=images, y=codes, name=np.array(names))
    return path


def records(start="scratch", seeds=2, right=0.9, **changes):
    """All folds of some seeds: ten sources in the first fold, twenty in the others."""
    made = []
    for seed in range(seeds):
        for fold in range(FOLDS):
            count = 10 if fold == 0 else 20
            truth = [i % 2 for i in range(count)]
            wrong = round((1 - right) * count)
            p = [(0.2 if t else 0.8) if i < wrong else (0.8 if t else 0.2)
                 for i, t in enumerate(truth)]  # fmt: skip
            made.append(
                {
                    "start": start, "seed": seed, "fold": fold, "tested": count,
                    "accuracy": right, "auroc": 0.97, "p": p, "truth": truth, **changes,
                }
            )  # fmt: skip
            if fold == seed % FOLDS:
                made[-1]["turning"] = [0.1] * count
    return made


def test_further_labels_change_no_fold(published):
    """Uncertain sources are trained on, never tested, and stand nowhere near a sure one."""
    sure, more = radio(published, side=150), radio(published, side=150, uncertain=True)

    assert sure.images.shape == (40, 1, 150, 150)
    tested = more.fold != NEVER_TESTED
    np.testing.assert_array_equal(more.fold[tested], sure.fold)
    np.testing.assert_array_equal(more.images[tested], sure.images)
    # One uncertain FRI shares the place of a sure one.
    assert (~tested).sum() == 19
    assert set(more.pool(0)) >= set(np.flatnonzero(~tested))
    assert radio(published).images.shape == (40, 1, 100, 100)


def test_every_start_gets_every_fold_and_seed(published):
    """What is not trained is measured once."""
    rows = radio_folds.rows_of(published, published)
    trials = [(row.start.name, t.seed, t.fold, t.held) for row, t in radio_folds.plan(rows, 3)]

    assert len(trials) == len(set(trials)) == 4 * 3 * FOLDS + FOLDS
    assert [name for name, seed, *_ in trials if seed == 0][:: FOLDS] == [
        "simulation alone", "scratch", "simulation", "simulation, more labels", "ImageNet"
    ]  # fmt: skip
    assert {held for *_, held in trials} == {0.1}
    assert len(radio_folds.rows_of(published, None)) == 4


class Lopsided:
    """Says FRII where the upper half of an image is brighter than its lower half."""

    def predict(self, images):
        middle = images.shape[2] // 2
        above = images[:, 0, :middle].mean((1, 2)) - images[:, 0, -middle:].mean((1, 2))
        return {"p_FRII": (above > 0).astype(float)}


def test_what_hangs_on_the_orientation_is_seen(published):
    """Turned images are asked about on one fold a seed, and the largest change counts."""
    labels = radio(published, side=150)
    row = Row(Start("alone", "none", "none"), labels, "")
    trials = [trial for _, trial in radio_folds.plan([row], 1)]

    first, second = (radio_folds.measure(Lopsided(), labels, trial) for trial in trials[:2])

    assert first["turning"] == [1.0] * len(first["p"])
    assert "turning" not in second
    assert first["truth"] == labels.labels[labels.fold == 0].tolist()
    right = (np.array(first["p"]) > 0.5) == np.array(first["truth"])
    assert first["accuracy"] == pytest.approx(right.mean())


def test_images_are_turned_about_their_middle():
    """Exactly by quarters; a blob keeps its light and its distance at other angles."""
    y, x = np.mgrid[:61, :61] - 30.0
    image = np.exp(-0.5 * ((x - 12) ** 2 + y**2) / 9)[None, None]
    half = radio_folds.turned(image, 45)[0, 0]

    np.testing.assert_array_equal(radio_folds.turned(image, 180), image[:, :, ::-1, ::-1])
    assert half.sum() == pytest.approx(image.sum(), rel=1e-2)
    middle = np.array([(half * axis).sum() / half.sum() for axis in (y, x)])
    assert np.hypot(*middle) == pytest.approx(12, abs=0.05)
    assert abs(middle).tolist() == pytest.approx([12 / 2**0.5] * 2, abs=0.05)


def test_accuracy_counts_sources_and_not_folds():
    """A small fold counts less; seeds that lack a fold not at all."""
    made = records(seeds=2)
    made[0]["accuracy"] = 0.0

    seeds = radio_folds.whole_seeds(made[:-1])

    assert len(seeds) == 1
    assert radio_folds.accuracy(seeds[0]) == pytest.approx(0.9 * 80 / 90)


def test_networks_are_averaged_before_they_are_asked():
    """Two that err on different sources are right together, if the others are surer."""
    one, two = records(seeds=2, right=1.0)[:FOLDS], records(seeds=2, right=1.0)[FOLDS:]
    one[1]["p"][0], two[2]["p"][1] = 0.6, 0.4

    assert radio_folds.mean_of_networks([one]) == (89 / 90, 44 / 45, 1.0)
    assert radio_folds.mean_of_networks([one, two]) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("right", "said"),
    [
        (0.9, "0.94 is missed by 0.0400; the hope of 0.97 is missed by 0.0700"),
        (0.95, "0.94 is reached; the hope of 0.97 is missed by 0.0200"),
        (1.0, "0.94 is reached; the hope of 0.97 is reached"),
    ],
)
def test_the_page_says_what_was_reached(tmp_path, right, said):
    """Of the best start; the table has all of them, and those not finished are left out."""
    made = [*records(right=0.8), *records("simulation", right=right), *records("x")[:3]]
    (tmp_path / "folds.json").write_text(json.dumps(made))

    radio_folds.main(["--page", "-o", str(tmp_path / "folds")])

    page = (tmp_path / "folds.md").read_text()
    assert f"Best: **simulation**, {right:.4f} (mean of 2 seeds)" in page
    assert said in page
    assert "| scratch | 2 | 0.800 ± 0.000 | 0.970 | 0.800 | 0.800 |" in page
    assert "| scratch | 30 | 0.100 | 0.100 | 0.100 |" in page
    assert "| x |" not in page
    assert "The 90 sources" in page
    assert (tmp_path / "folds.png").stat().st_size > 1000


def test_nothing_done_is_no_page(tmp_path, capsys):
    """And says so."""
    radio_folds.main(["--page", "-o", str(tmp_path / "folds")])

    assert "no page" in capsys.readouterr().out
    assert not (tmp_path / "folds.md").exists()
