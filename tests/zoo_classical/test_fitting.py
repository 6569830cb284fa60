"""What is fitted predicts as scikit-learn does, wherever it is stored and run."""

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import SVC
from zoo_classical._fill import fill_kernel_machine, fill_trees, tree_shapes
from zoo_classical._kernel_machine import KernelMachine
from zoo_classical._logits import platt
from zoo_classical._trees import Trees
from zoo_classical.fitting import fit_classical

from zoo_core import Zoo
from zoo_core.cards import Target
from zoo_core.devices import InferenceEngine
from zoo_core.errors import InputError, UsageError
from zoo_core.models import store_weights
from zoo_core.tasks import BinaryClassification, MulticlassClassification
from zoo_core.weights import load_tensors, parse_tensors

ZOO = Zoo.discover()
NAMES = ("flat", "wave", "dip", "ramp")
BINARY = BinaryClassification((Target(name="kind", classes=NAMES[:2]),))
METHODS = ("svm", "random-forest")


def multi(classes):
    return MulticlassClassification((Target(name="kind", classes=NAMES[:classes]),))


def series(count, classes, seed=0, noise=1.0):
    """Noisy series of some kinds ``(n, 1, 60)`` and their classes."""
    rng = np.random.default_rng(seed)
    index = np.arange(count) % classes
    time = np.linspace(0, 1, 60)
    kinds = np.stack([0 * time, np.sin(9 * time), -3.0 * (abs(time - 0.5) < 0.1), 2 * time])
    values = kinds[index] + noise * rng.normal(size=(count, 60))
    return values[:, None].astype(np.float32), index


def cloud(classes, seed=0, count=150, features=6):
    """Overlapping clouds of standardised features, float32, and their classes."""
    rng = np.random.default_rng(seed)
    index = rng.integers(classes, size=count)
    centres = 1.2 * rng.normal(size=(classes, features))
    return (centres[index] + rng.normal(size=(count, features))).astype(np.float32), index


def fitted(method, classes=2, task=None, **options):
    arrays, index = series(40 * classes, classes)
    small = {
        "svm": {"C": [0.3, 10.0]},
        "random-forest": {"n_estimators": [20], "min_samples_leaf": [1, 4]},
    }[method]
    task = task or (BINARY if classes == 2 else multi(classes))
    return fit_classical(
        task,
        {"flux": arrays},
        index,
        **{
            "method": method,
            "features": "statistics",
            "grid": small,
            "folds": 3,
            **options,
        },
    )


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_scores_are_sklearns_decision_function(kernel, classes):
    """On objects that the machine has not seen, with few and with many support vectors."""
    values, index = cloud(classes)
    others, _ = cloud(classes, seed=1)
    for c, gamma in ((0.1, 0.5), (50.0, 0.125)):
        theirs = SVC(kernel=kernel, C=c, gamma=gamma).fit(values, index)
        outputs = 1 if classes == 2 else classes
        ours = KernelMachine(values.shape[1], outputs, len(theirs.support_), kernel)
        fill_kernel_machine(ours, theirs)
        wanted = theirs.decision_function(others).reshape(len(others), -1)
        with torch.no_grad():
            found = ours(torch.from_numpy(others))

        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("depth", [1, 4, None])
def test_probabilities_are_sklearns(classes, depth):
    """Of shallow and of full trees, also of objects on a threshold."""
    values, index = cloud(classes)
    theirs = RandomForestClassifier(25, max_depth=depth, random_state=0).fit(values, index)
    outputs = 1 if classes == 2 else classes
    ours = Trees(values.shape[1], outputs, **tree_shapes(theirs))
    fill_trees(ours, theirs)
    others, _ = cloud(classes, seed=1)
    thresholds = np.concatenate([one.tree_.threshold for one in theirs.estimators_])
    edges = np.repeat(thresholds[:300, None], values.shape[1], axis=1).astype(np.float32)
    x = np.concatenate([values, others, edges])
    wanted = theirs.predict_proba(x)
    with torch.no_grad():
        logits = ours(torch.from_numpy(x))
        found = ours.probabilities(torch.from_numpy(x))

    np.testing.assert_allclose(found, wanted, atol=1e-6)
    if classes == 2:
        np.testing.assert_allclose(logits[:, 0].sigmoid(), wanted[:, 1], atol=2e-6)
    else:
        np.testing.assert_allclose(logits.softmax(dim=1), wanted, atol=4e-6)


def test_a_single_leaf_is_a_tree():
    """A forest of depth 0 gives the shares of the classes."""
    values, index = cloud(2)
    theirs = RandomForestClassifier(3, min_samples_leaf=len(index), random_state=0)
    theirs.fit(values, index)
    ours = Trees(values.shape[1], 2, **tree_shapes(theirs))
    fill_trees(ours, theirs)

    assert tree_shapes(theirs) == {"num_trees": 3, "num_nodes": 1, "depth": 0}
    np.testing.assert_allclose(
        ours.probabilities(torch.from_numpy(values)), theirs.predict_proba(values), atol=1e-6
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("classes", [2, 3])
def test_fitted_models_find_the_classes(method, classes):
    """Of new objects, with probabilities that are about as good as they say."""
    found = fitted(method, classes)
    arrays, index = series(300, classes, seed=9)
    with torch.no_grad():
        logits = found.network(torch.from_numpy(arrays))
    outputs = 1 if classes == 2 else classes
    predicted = (logits[:, 0] > 0).long() if classes == 2 else logits.argmax(dim=1)

    assert logits.shape == (300, outputs)
    assert (predicted.numpy() == index).mean() > 0.85
    assert found.score > 0.85
    assert set(found.chosen) <= {"C", "gamma", "n_estimators", "min_samples_leaf"}


@pytest.mark.parametrize("method", METHODS)
def test_two_outputs_for_two_classes(method):
    """A multiclass task of two classes has the same probabilities as a binary one."""
    arrays, _ = series(20, 2, seed=3)
    x = torch.from_numpy(arrays)
    one, two = fitted(method).network, fitted(method, task=multi(2)).network
    with torch.no_grad():
        torch.testing.assert_close(
            two(x).softmax(dim=1)[:, 1], one(x)[:, 0].sigmoid(), atol=1e-3, rtol=0
        )


@pytest.mark.parametrize(
    ("method", "classes", "kernel"),
    [("svm", 2, "rbf"), ("svm", 3, "linear"), ("random-forest", 3, "rbf")],
)
def test_a_stored_model_is_the_same(method, classes, kernel, tmp_path):
    """Written as the zoo writes weights, and into a network of the card's arguments."""
    found = fitted(method, classes, kernel=kernel)
    store_weights(found.network, tmp_path)
    data = (tmp_path / "model.safetensors").read_bytes()
    network = ZOO.build(f"classical/{found.architecture}", **found.arguments).eval()
    report = load_tensors(network, parse_tensors(data, origin="model.safetensors"))
    x = torch.from_numpy(series(30, classes, seed=5)[0])

    assert report.loaded == report.total
    with torch.no_grad():
        assert torch.equal(network(x), found.network(x))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("precision", ["auto", "bfloat16", "float16", "float32"])
def test_the_engine_runs_them_in_float32(method, precision):
    """Whatever is asked for: a threshold has no half precision."""
    network = fitted(method).network
    x = torch.from_numpy(series(50, 2, seed=7)[0])
    engine = InferenceEngine(network, device="cpu", precision=precision, batch_size=16)
    found = engine([x])

    with torch.no_grad():
        torch.testing.assert_close(found, network(x), rtol=1e-5, atol=1e-5)
    assert engine.precision == "float32"
    if precision in ("bfloat16", "float16"):
        assert precision in engine.note


def test_images_with_several_features():
    """Raw images with gaps, preprocessed as on a card, several bands, text labels."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:20, :20] - 9.5
    index = np.arange(40) % 2
    wide = np.where(index, 1.5, 4.0)[:, None, None]
    images = np.exp(-0.5 * (y**2 + x**2) / wide**2)[:, None].repeat(2, axis=1)
    images = 10 * images + 0.3 * rng.normal(size=images.shape)
    images[3, :, 2, 2] = np.nan
    found = fit_classical(
        BINARY,
        images.astype(np.float32),
        np.array(NAMES)[index],
        method="random-forest",
        features=["morphology", "gabor", "hog", "pixels"],
        preprocessing=[{"op": "scale", "factor": 0.1}],
        grid={"n_estimators": [10]},
        folds=3,
    )
    with torch.no_grad():
        logits = found.network(torch.from_numpy(0.1 * images).float())[:, 0]

    assert found.arguments["num_bands"] == 2
    assert found.arguments["input_size"] == [20, 20]
    assert ((logits > 0).numpy() == (index == 1)).all()


def test_the_same_seed_gives_the_same_model():
    """To the last bit."""
    one, again = (fitted("random-forest", seed=4).network.state_dict() for _ in range(2))

    assert all(torch.equal(one[name], again[name]) for name in one)


def test_settings_are_chosen_on_a_part_of_many_objects():
    """The model is still fitted to all of them: so its support vectors may be any."""
    found = fitted("svm", search_objects=30, grid={"C": [1e-4, 1.0]})
    whole = fitted("svm", grid={"C": [1e-4]})

    assert found.chosen["C"] in (1e-4, 1.0)
    assert whole.arguments["num_support"] == 80  # with so small a C all of them are


def test_balanced_classes_change_the_fit():
    """Few positives weigh as much as many negatives."""
    arrays, index = series(400, 2, noise=3.0)
    rows = np.flatnonzero((index == 0) | (np.arange(400) % 10 == 1))
    options = {"method": "random-forest", "features": "statistics", "folds": 3}
    options["grid"] = {"n_estimators": [30], "min_samples_leaf": [10]}
    shares = []
    for balanced in (False, True):
        made = fit_classical(BINARY, arrays[rows], index[rows], balanced=balanced, **options)
        with torch.no_grad():
            shares.append((made.network(torch.from_numpy(arrays)) > 0).float().mean())

    assert shares[1] > shares[0]


def test_platt_recovers_the_odds_of_scores():
    """Drawn from known odds; separated classes get finite ones."""
    rng = np.random.default_rng(0)
    decision = 0.01 * rng.normal(size=20_000)
    positive = rng.random(20_000) < 1 / (1 + np.exp(-(150 * decision - 0.5)))
    slope, offset = platt(decision, positive)
    apart = platt(np.array([-1.0, -1.1, 1.0, 1.2]), np.array([False, False, True, True]))

    assert slope == pytest.approx(150, rel=0.1)
    assert offset == pytest.approx(-0.5, abs=0.1)
    assert 0 < apart[0] < 10


@pytest.mark.parametrize("count", [60, 61])
def test_a_strongly_regularised_machine_knows_how_sure_it_is(count):
    """Its folds have other majorities, and so intercepts that contradict each other."""
    arrays, index = series(count, 2, noise=0.3)
    found = fitted("svm", grid={"C": [1e-3], "gamma": [1e-3]})
    for made in (
        found,
        fit_classical(
            BINARY, arrays, index, method="svm", features="statistics",
            grid={"C": [1e-3], "gamma": [1e-3]},
        ),
    ):  # fmt: skip
        new, truth = series(200, 2, seed=9, noise=0.3)
        with torch.no_grad():
            probability = made.network(torch.from_numpy(new))[:, 0].sigmoid().numpy()
        right = np.where(truth == 1, probability, 1 - probability)

        assert made.score > 0.95
        assert -np.log(right).mean() < 0.3


def test_rare_classes_are_in_every_fold_of_a_part():
    """However small the part is that settings are chosen on."""
    arrays, index = series(400, 2)
    rows = np.flatnonzero((index == 0) | (np.arange(400) < 12))
    found = fit_classical(
        BINARY, arrays[rows], index[rows], method="svm", features="statistics",
        grid={"C": [1.0]}, folds=3, search_objects=20,
    )  # fmt: skip

    assert found.score > 0.8


def test_what_cannot_be_fitted_is_refused():
    """In words, before anything is measured."""
    arrays, index = series(20, 2)
    good = {"method": "svm", "features": "statistics", "folds": 3}

    with pytest.raises(UsageError, match="random-forest, svm, not 'tree'"):
        fit_classical(BINARY, arrays, index, **{**good, "method": "tree"})
    with pytest.raises(UsageError, match="not 'cubic'"):
        fit_classical(BINARY, arrays, index, **good, kernel="cubic")
    with pytest.raises(UsageError, match="SVC has no settings c;"):
        fit_classical(BINARY, arrays, index, **good, grid={"c": [1.0]})
    with pytest.raises(UsageError, match="gamma must be numbers"):
        fit_classical(BINARY, arrays, index, **good, grid={"gamma": ["scale"]})
    with pytest.raises(UsageError, match="one input, got a, b"):
        fit_classical(BINARY, {"a": arrays, "b": arrays}, index, **good)
    with pytest.raises(InputError, match=r"shape \(20, 60\)"):
        fit_classical(BINARY, arrays[:, 0], index, **good)
    with pytest.raises(InputError, match="20 objects and 19 labels"):
        fit_classical(BINARY, arrays, index[1:], **good)
    with pytest.raises(InputError, match="18 flat, 2 wave"):
        fit_classical(BINARY, arrays, np.arange(20) > 17, **good)
