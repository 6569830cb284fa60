"""timm's networks by name, and nothing that a card could smuggle in."""

import pytest
import timm
import torch
from zoo_timm.architectures import timm_backbone

from zoo_core import Zoo
from zoo_core.errors import UnknownName, UsageError


@pytest.mark.parametrize(("bands", "outputs"), [(3, 0), (1, 0), (5, 2)])
def test_bands_and_outputs(bands, outputs):
    """Any number of each; without a head the features come out."""
    network = timm_backbone("test_resnet", num_bands=bands, num_outputs=outputs).eval()

    with torch.inference_mode():
        out = network(torch.zeros(2, bands, 64, 64))

    assert out.shape == (2, outputs or network.num_features)


def test_it_is_timms_own_network():
    """The same tensors by the same names."""
    ours = timm_backbone("test_vit", num_outputs=7, img_size=96)
    timms = timm.create_model("test_vit", num_classes=7, img_size=96)

    assert {name: value.shape for name, value in ours.state_dict().items()} == {
        name: value.shape for name, value in timms.state_dict().items()
    }


def test_by_its_name_with_the_place():
    """Untrained, for other bands and outputs, without any network."""
    network = Zoo.discover().build("timm:resnet18.a1_in1k", num_bands=5, num_outputs=3)

    assert network.conv1.in_channels == 5
    assert network.fc.out_features == 3
    with pytest.raises(UnknownName, match="resnet18"):
        Zoo.discover().build("timm:resnt18", num_bands=5)


@pytest.mark.parametrize(("name", "value"), [("num_bands", 0), ("num_outputs", -1)])
def test_impossible_numbers_are_refused(name, value):
    """Before torch makes an empty layer of them."""
    with pytest.raises(UsageError, match=f"{name} is . or more, not {value}"):
        Zoo.discover().build("timm", **{name: value})


@pytest.mark.parametrize(
    "name", ["hf-hub:org/name", "local-dir:/tmp", "hf_hub:org/name", "resnet81", "", "/etc"]
)
def test_only_names_of_timm(name):
    """Timm itself would take some of these for places to read from."""
    with pytest.raises(UnknownName):
        timm_backbone(name)


@pytest.mark.parametrize(
    "option", ["checkpoint_path", "pretrained", "pretrained_cfg", "cache_dir", "features_only"]
)
def test_options_that_read_files_are_refused(option, tmp_path):
    """``checkpoint_path`` in a card would make timm load a pickle."""
    with pytest.raises(UsageError, match=option):
        timm_backbone("test_resnet", **{option: str(tmp_path)})


def test_a_misspelt_name_is_answered_with_the_nearest():
    """The nearest names that timm has."""
    with pytest.raises(UnknownName, match="convnext_nano"):
        timm_backbone("convnext_nanno")
