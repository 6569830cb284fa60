"""A model without its head gives what the head takes, in the tables of any prediction."""

import numpy as np
import pytest
import torch
from toys import Spots, trained_toy

from zoo_core import UsageError
from zoo_core.models import without_head


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoo")
    zoo = trained_toy(folder, architectures="subjects:GoodNet")[0]
    return zoo.load("toy", device="cpu")


@pytest.fixture(scope="module")
def images():
    return torch.cat([c.arrays["image"] for c in Spots().stream(60, seed=9)]).numpy()


def penultimate(model, images):
    """What goes into the last layer, caught on the way."""
    caught = []
    handle = model.network.head.register_forward_pre_hook(
        lambda layer, inputs: caught.append(inputs[0])
    )
    with torch.inference_mode():
        model.network(*model.prepare({"image": torch.from_numpy(images)}))
    handle.remove()
    return caught[0].numpy()


def test_features_are_what_the_head_takes(model, images):
    """To the rounding of float32, whatever the table does in between."""
    table = model.embed(images)

    assert table["features"].dtype == np.float32
    assert table.names == ("id", "source", "features", "flag", "reason")
    assert table.meta["precision"] == "float32"
    expected = penultimate(model, images)
    assert np.ptp(expected, axis=0).min() > 0.01
    np.testing.assert_allclose(table["features"], expected, rtol=1e-4, atol=1e-5)


def test_the_head_on_the_features_is_the_prediction(model, images):
    """So nothing lies between the two."""
    features = torch.from_numpy(model.embed(images)["features"])
    with torch.inference_mode():
        decoded = model.task.decode(model.network.head(features))

    np.testing.assert_allclose(decoded["p_spot"], model.predict(images)["p_spot"], atol=0.02)


def test_a_bad_row_has_a_reason_and_no_vector(model, images):
    """And changes no other."""
    spoilt = images[:5].copy()
    spoilt[2] = np.nan
    table = model.embed(spoilt)

    assert table["flag"].tolist() == ["", "", "all-nan", "", ""]
    assert np.isnan(table["features"][2]).all()
    others = [0, 1, 3, 4]
    np.testing.assert_allclose(
        table["features"][others], model.embed(images[:5])["features"][others], atol=1e-6
    )


def test_features_are_the_same_model(model, images):
    """One network in memory, its provenance in the table; twice without a head is once."""
    headless = model.without_head()

    assert headless.network.network is model.network
    assert headless.provenance() == model.provenance()
    assert headless.without_head() is headless
    assert model.without_head() is headless
    assert headless.task.ranking is None


def test_networks_of_several_inputs_get_them_all():
    """As ``forward_features`` takes them."""

    class Two(torch.nn.Module):
        def forward_features(self, x, y):
            return x + y

        def forward_head(self, x, pre_logits=False):
            assert pre_logits
            return 2 * x

    found = without_head(Two())(torch.ones(3, 2), torch.full((3, 2), 4.0))
    assert found.tolist() == [[10.0, 10.0]] * 3


def test_a_network_that_does_not_tell_its_head_is_refused(tmp_path, images):
    """By name, with what is missing."""
    plain = trained_toy(tmp_path)[0].load("toy", device="cpu")

    with pytest.raises(UsageError, match=r"TinyNet .*no forward_features and no forward_head"):
        plain.embed(images)
