"""Weights are used only if they are the card's and fit the network."""

import hashlib
import pickle

import pytest
import torch
from safetensors.torch import save, save_file
from torch import nn

from zoo_core.errors import WeightsCorrupt, WeightsMismatch
from zoo_core.weights import file_ref, load_tensors, parse_tensors, read_verified


@pytest.fixture
def stored(tmp_path):
    """A weights file with its reference."""
    path = tmp_path / "model.safetensors"
    save_file(_network().state_dict(), path)
    return path, file_ref(path)


def _network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def _copy(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def test_a_reference_is_name_hash_and_size(stored):
    """As ``sha256sum`` and ``ls`` say."""
    path, ref = stored

    assert ref.file == "model.safetensors"
    assert ref.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert ref.size == path.stat().st_size


def test_an_untouched_file_is_read(stored):
    """The bytes that were hashed are the bytes that are returned."""
    path, ref = stored

    assert read_verified(path.parent, ref) == path.read_bytes()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: data[: len(data) // 2],
        lambda data: data + b"\0",
        lambda data: b"",
    ],
    ids=["tampered", "truncated", "longer", "empty"],
)
def test_another_file_is_refused(stored, damage):
    """With the hash and size that were expected and found."""
    path, ref = stored
    path.write_bytes(damage(path.read_bytes()))
    found = file_ref(path)

    with pytest.raises(WeightsCorrupt) as caught:
        read_verified(path.parent, ref)
    for number in (ref.sha256, found.sha256, f"{ref.size} bytes", f"{found.size} bytes"):
        assert number in str(caught.value)


def test_a_missing_file_is_named(stored):
    """And one that is a folder."""
    path, ref = stored
    path.unlink()
    with pytest.raises(WeightsCorrupt, match=r"model.safetensors cannot be read"):
        read_verified(path.parent, ref)
    path.mkdir()
    with pytest.raises(WeightsCorrupt, match=r"model.safetensors cannot be read"):
        read_verified(path.parent, ref)


class _Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


@pytest.mark.parametrize(
    "data",
    [pickle.dumps(_Bomb()), b"", b"\xff" * 100, (10**6).to_bytes(8, "little") + b"{}"],
    ids=["pickle", "empty", "noise", "header too long"],
)
def test_what_is_no_safetensors_is_refused(data):
    """Under whichever name; a pickle is not opened."""
    with pytest.raises(WeightsCorrupt, match=r"x/model.safetensors is no valid safetensors"):
        parse_tensors(data, origin="x/model.safetensors")


def test_tensors_survive_the_round_trip():
    """Into another network of the same architecture."""
    network, other = _network(0), _network(1)
    report = load_tensors(other, parse_tensors(save(network.state_dict()), origin=""))

    for name, value in network.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)
    assert report.loaded == report.total == len(network.state_dict())
    assert report.describe() == "9 of 9 tensors loaded"


def test_half_precision_becomes_the_networks(stored):
    """Stored as float16, used as float32; integers stay."""
    network = _network()
    half = {k: v.half() if v.is_floating_point() else v for k, v in _copy(network).items()}
    load_tensors(network, half)

    assert {p.dtype for p in network.parameters()} == {torch.float32}
    assert torch.equal(network[0].weight, half["0.weight"].float())
    assert network[1].num_batches_tracked.dtype == torch.int64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("0.bias"), r"8 of 9 tensors loaded; 1 missing \(0.bias\)"),
        (lambda t: t.update(extra=torch.zeros(1)), r"1 unexpected \(extra\)"),
        (
            lambda t: t.update({"2.weight": torch.zeros(5, 4)}),
            r"2.weight is \(5, 4\) in the file, \(2, 4\) in the network",
        ),
        (
            lambda t: [t.update({f"model.{k}": t.pop(k)}) for k in list(t)],
            r"0 of 9 tensors loaded; 9 missing .*9 unexpected",
        ),
    ],
    ids=["missing", "unexpected", "misshapen", "prefixed"],
)
def test_tensors_that_do_not_fit_are_all_refused(change, message):
    """The network is left as it was."""
    network, tensors = _network(0), _copy(_network(1))
    before = _copy(network)
    change(tensors)

    with pytest.raises(WeightsMismatch, match=message):
        load_tensors(network, tensors)
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())


def test_only_head_keys_may_be_missing():
    """They keep what the network had; a missing key of the body is refused."""
    network, tensors = _network(0), _copy(_network(1))
    head = network[2].weight.clone()
    for name in ("2.weight", "2.bias"):
        del tensors[name]
    report = load_tensors(network, tensors, may_be_missing=["2.weight", "2.bias"])

    assert report.missing == ("2.weight", "2.bias")
    assert torch.equal(network[2].weight, head)
    assert torch.equal(network[0].weight, tensors["0.weight"])
    del tensors["0.bias"]
    with pytest.raises(WeightsMismatch, match=r"0.bias"):
        load_tensors(network, tensors, may_be_missing=["2.weight", "2.bias"])


def test_a_misshapen_head_is_refused_even_if_it_may_be_missing():
    """Left out on purpose is one thing, another shape is another."""
    network, tensors = _network(0), _copy(_network(1))
    tensors["2.weight"] = torch.zeros(7, 4)

    with pytest.raises(WeightsMismatch, match=r"2.weight"):
        load_tensors(network, tensors, may_be_missing=["2.weight"])
