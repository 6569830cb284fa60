"""What there is to compute on."""

import dataclasses

import pytest
import torch

from zoo_core import errors
from zoo_core.devices import (
    Device,
    default_precision,
    list_devices,
    pick_device,
    pick_precision,
)
from zoo_core.devices import _precision as precision_module

HAS_CUDA = torch.cuda.is_available()
HAS_MPS = torch.backends.mps.is_available()


def test_every_machine_has_a_processor():
    """The last device is the processor, with its memory, threads and features."""
    device = list_devices()[-1]

    assert device.name == "cpu"
    assert device.description
    assert device.memory > 2**28
    assert device.threads == torch.get_num_threads()
    assert set(device.features) <= {name for name, _ in precision_module._CPU_FEATURES}


def test_device_is_plain_frozen_data():
    """What `zoo devices --json` prints can be made of it, and it cannot be changed."""
    device = list_devices()[-1]

    assert dataclasses.asdict(device)["name"] == "cpu"
    assert dataclasses.is_dataclass(Device)
    with pytest.raises(dataclasses.FrozenInstanceError):
        device.name = "gpu"


def test_default_precision_is_the_one_of_the_list():
    """A device's entry says what `auto` means on it."""
    for device in list_devices():
        assert device.default_precision == default_precision(device.name)
        assert pick_precision("auto", device.name) == device.default_precision


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ((), "float32"),
        (("avx2", "avx512"), "float32"),
        (("avx2", "avx512", "avx512_bf16"), "bfloat16"),
        (("avx2", "avx512", "amx"), "bfloat16"),
    ],
)
def test_processor_uses_bfloat16_only_where_it_multiplies_it(monkeypatch, features, expected):
    """Emulated bfloat16 would be slower than float32."""
    monkeypatch.setattr(precision_module, "cpu_features", lambda: features)

    assert precision_module.default_precision("cpu") == expected


@pytest.mark.parametrize(
    ("major", "native", "expected"),
    [
        (6, False, "float32"),
        (7, False, "float16"),
        (8, True, "bfloat16"),
        (9, True, "bfloat16"),
    ],
)
def test_gpu_uses_what_its_generation_does_well(monkeypatch, major, native, expected):
    """Pascal float32, Volta and Turing float16, Ampere and later bfloat16."""
    properties = type("Properties", (), {"major": major})()
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native)

    assert default_precision("cuda:0") == expected


def test_a_feature_that_torch_cannot_be_asked_for_is_not_there(monkeypatch):
    """The functions that ask have no public name and may go."""
    monkeypatch.setattr(precision_module, "_CPU_FEATURES", (("warp", "_is_warp_supported"),))

    assert precision_module.cpu_features() == ()


def test_unknown_precision_is_refused():
    """The message lists what there is."""
    with pytest.raises(errors.UsageError, match=r"'int4'.*auto, float32, bfloat16, float16"):
        pick_precision("int4", "cpu")


def test_auto_picks_the_first_device():
    """`auto` and the order of the list agree; the processor can always be picked."""
    assert pick_device("auto") == pick_device() == list_devices()[0].name
    assert pick_device("cpu") == "cpu"


def test_cuda_means_the_first_gpu(monkeypatch):
    """`cuda` is short for `cuda:0`; an accelerator comes before the processor."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)

    assert pick_device("cuda") == "cuda:0"
    assert pick_device("cuda:1") == "cuda:1"
    assert pick_device("auto") == "cuda:0"
    with pytest.raises(errors.DeviceError, match=r"'cuda:2'.*cuda:0, cuda:1"):
        pick_device("cuda:2")


@pytest.mark.skipif(HAS_CUDA, reason="there is an NVIDIA GPU")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:17"])
def test_missing_gpu_is_said_with_what_there_is(name):
    """The message names the device, the others, and where to look."""
    with pytest.raises(errors.DeviceError, match=rf"'{name}'.*zoo doctor.*auto, .*cpu"):
        pick_device(name)


@pytest.mark.skipif(HAS_MPS, reason="there is an Apple GPU")
@pytest.mark.parametrize("name", ["mps", "tpu", "", "CPU", "cuda:x"])
def test_unknown_device_is_said_with_what_there_is(name):
    """Nothing is guessed."""
    with pytest.raises(errors.DeviceError, match="Use one of: auto, "):
        pick_device(name)
