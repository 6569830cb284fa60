"""The inference engine gives the network's outputs, whatever it does to be fast."""

import warnings
from typing import NamedTuple

import pytest
import torch
from torch import nn

from zoo_core import errors
from zoo_core.devices import InferenceEngine, default_precision

CPU = "cpu"


class Tiny(nn.Module):
    """A residual network in small, with timm's name for its head."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ELU(inplace=True)
        )
        self.preactivate = nn.Sequential(nn.BatchNorm2d(8), nn.ELU())
        self.body = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        x = self.stem(x)
        x = x + self.body(self.preactivate(x))
        return self.head(x.mean((2, 3)))

    def get_classifier(self):
        return self.head


class Greedy(nn.Module):
    """Runs out of memory above a number of objects; says which batches it was given."""

    def __init__(self, most, error):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.most, self.error = most, error
        self.seen = []

    def __deepcopy__(self, memo):
        return self  # so that the test sees the batches of the copies

    def forward(self, x):
        self.seen.append(len(x))
        if len(x) > self.most:
            raise self.error
        return x * self.scale


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate "
        "memory: you tried to allocate 40000000000 bytes. Error code 12"
    ),
    RuntimeError("MPS backend out of memory (MPS allocated: 5.05 GB)"),
    MemoryError(),
]


def random_tiny():
    """Random weights and statistics, eval mode."""
    torch.manual_seed(3)
    network = Tiny()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.3, 2.0)
    return network.eval()


def run(network, *inputs):
    with torch.inference_mode():
        return network(*inputs)


@pytest.fixture
def images():
    torch.manual_seed(4)
    return torch.randn(37, 1, 12, 12)


def test_float32_is_the_network_to_rounding(images):
    """Folded, in another memory order, in batches: the same numbers in the same order."""
    network = random_tiny()
    engine = InferenceEngine(network, device=CPU, precision="float32", batch_size=8)

    got = engine([images])

    assert engine.method == "float32, folded"
    torch.testing.assert_close(got, run(network, images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_reduced_precision_is_near_and_returns_float32(images, precision):
    """Within what moves a probability by 0.02."""
    network = random_tiny()
    engine = InferenceEngine(network, device=CPU, precision=precision, batch_size=8)

    got = engine([images])

    assert got.dtype == torch.float32
    assert engine.precision == precision
    assert engine.note == ""
    expected = run(network, images)
    assert 0 < (got - expected).abs().max() < 0.08
    assert (got.sigmoid() - expected.sigmoid()).abs().max() <= 0.02


def test_head_stays_in_float32(images):
    """The last layer's rounding would go straight into the output."""
    engine = InferenceEngine(random_tiny(), device=CPU, precision="bfloat16")

    got = engine([images])

    assert engine.method == "bfloat16, folded"
    assert not torch.equal(got, got.to(torch.bfloat16).float())


def test_inputs_are_not_rounded():
    """The first layer sees digits that bfloat16 does not have."""

    class Difference(nn.Module):
        """The difference of two neighbouring pixels, which the rest of the network sees."""

        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 1, (1, 2), bias=False)
            self.conv.weight.data = torch.tensor([[[[-1.0, 1.0]]]])
            self.last = nn.Conv2d(1, 1, 1)

        def forward(self, x):
            return self.last(self.conv(x))

    network = Difference().eval()
    images = 100.0 + 0.25 * torch.arange(2.0).expand(6, 1, 1, 2)
    assert images.bfloat16().unique().numel() == 1
    engine = InferenceEngine(network, device=CPU, precision="bfloat16")

    got = engine([images])

    assert engine.method == "bfloat16, folded"
    torch.testing.assert_close(got, run(network, images), rtol=0.01, atol=0.01)


@pytest.mark.parametrize("batch_size", [1, 5, 36, 37, 64, "auto"])
def test_batch_size_does_not_change_the_numbers(images, batch_size):
    """Nor the order of the rows."""
    network = random_tiny()
    engine = InferenceEngine(network, device=CPU, precision="float32", batch_size=batch_size)

    torch.testing.assert_close(engine([images]), run(network, images), rtol=1e-5, atol=1e-5)


def test_auto_is_what_the_device_does_well(images):
    """And says what it is."""
    engine = InferenceEngine(random_tiny(), device=CPU)
    engine([images])

    assert engine.precision == default_precision(CPU)


def test_network_is_left_as_it_was(images):
    """Mode, weights, gradients and number formats of the caller's network."""
    network = random_tiny()
    network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}

    InferenceEngine(network, device=CPU, precision="bfloat16")([images])

    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    after = network.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], value) for name, value in before.items())


class Pair(NamedTuple):
    mean: torch.Tensor
    label: torch.Tensor


class Series(nn.Module):
    """A recurrent network on two inputs that returns a named tuple."""

    def __init__(self):
        super().__init__()
        self.recurrent = nn.LSTM(2, 6, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(12 + 3, 1)

    def forward(self, series, vector):
        hidden, _ = self.recurrent(series)
        mean = self.linear(torch.cat([hidden[:, -1], vector], dim=1))
        return Pair(mean, mean[:, 0].gt(0).long())


@pytest.mark.parametrize("precision", ["auto", "float32", "bfloat16"])
def test_recurrent_network_with_two_inputs_and_two_outputs(precision):
    """No image, no single output: nothing is assumed about either."""
    torch.manual_seed(5)
    network = Series().eval()
    inputs = torch.randn(11, 20, 2), torch.randn(11, 3)
    engine = InferenceEngine(network, device=CPU, precision=precision, batch_size=4)

    got = engine(inputs)

    expected = run(network, *inputs)
    assert isinstance(got, Pair)
    assert got.label.dtype == torch.int64
    assert (got.mean - expected.mean).abs().max() < 0.02


def test_image_to_image_network(images):
    """A dict of images; up- and downsampling; outputs of another number of channels."""

    class Unet(nn.Module):
        def __init__(self):
            super().__init__()
            self.down = nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU())
            self.up = nn.ConvTranspose2d(4, 3, 2, 2)

        def forward(self, x):
            return {"image": self.up(self.down(x)) + x}

    torch.manual_seed(6)
    network = Unet().eval()
    got = InferenceEngine(network, device=CPU, batch_size=8)([images])["image"]

    assert got.shape == (37, 3, 12, 12)
    assert got.is_contiguous()
    assert (got - run(network, images)["image"]).abs().max() < 0.08


def test_network_that_makes_float32_tensors_falls_back_to_autocast():
    """Pure bfloat16 fails in it; with autocast it runs."""

    class Initial(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(6, 2)

        def forward(self, x):
            state = torch.ones(len(x), 3)
            return self.linear(torch.cat([x, state], dim=1))

    torch.manual_seed(7)
    network, x = Initial().eval(), torch.randn(9, 3)
    engine = InferenceEngine(network, device=CPU, precision="bfloat16")

    got = engine([x])

    assert engine.method == "bfloat16 autocast"
    assert (got - run(network, x)).abs().max() < 0.05


class Fine(nn.Module):
    """Its output hangs on digits that 16-bit numbers do not have."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1, bias=False)
        nn.init.ones_(self.linear.weight)

    def forward(self, x):
        return (self.linear(x) - 1000.0) * 10.0


@pytest.mark.parametrize("precision", ["auto", "bfloat16"])
def test_network_that_needs_its_digits_runs_in_float32(monkeypatch, precision):
    """And the engine says so."""
    monkeypatch.setattr("zoo_core.devices._precision.default_precision", lambda d: "bfloat16")
    x = torch.linspace(999.0, 1001.0, 8).view(8, 1)
    engine = InferenceEngine(Fine(), device=CPU, precision=precision)

    got = engine([x])

    torch.testing.assert_close(got, (x - 1000.0) * 10.0, rtol=1e-5, atol=1e-3)
    assert engine.precision == "float32"
    assert "bfloat16" in engine.note
    assert "float32" in engine.note


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: str(error)[:12])
def test_batch_is_halved_until_it_fits(error):
    """Rows keep their order, and no batch that is as large is tried again."""
    network = Greedy(3, error)
    engine = InferenceEngine(network, device=CPU, precision="float32", batch_size=50)
    x = torch.arange(40.0).view(40, 1)

    assert torch.equal(engine([x]), x)
    assert engine.batch_size <= 3
    network.seen.clear()
    assert torch.equal(engine([x]), x)
    assert max(network.seen) <= 3


def test_search_stops_at_what_fits_in_memory():
    """Growing for speed meets the limit of memory and stays below it."""
    network = Greedy(70, OUT_OF_MEMORY[0])
    engine = InferenceEngine(network, device=CPU, precision="float32")
    x = torch.arange(5000.0).view(5000, 1)

    assert torch.equal(engine([x]), x)
    assert engine.batch_size <= 70


def test_too_large_a_single_object_is_said():
    """With the device, its memory, the shape and what to try."""
    network = Greedy(0, OUT_OF_MEMORY[1])
    engine = InferenceEngine(network, device=CPU, precision="float32", batch_size=16)

    with pytest.raises(errors.DeviceError, match=r"cpu \(.*GiB.*single object.*7.*--device"):
        engine([torch.zeros(4, 7)])
    assert network.seen[-1] == 1


def test_other_errors_of_a_network_are_not_hidden():
    """They are no matter of memory."""
    network = Greedy(0, RuntimeError("shapes cannot be multiplied"))

    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        InferenceEngine(network, device=CPU, precision="float32")([torch.zeros(4, 1)])
    assert network.seen == [4]


def test_settings_of_torch_are_restored(images):
    """Threads, gradients and denormal numbers are as before, also after an error."""
    threads = torch.get_num_threads()
    seen = []

    class Spy(nn.Module):
        def forward(self, x):
            tiny = torch.tensor(1e-45) * torch.tensor(1.0)
            seen.append(
                (torch.get_num_threads(), torch.is_inference_mode_enabled(), float(tiny))
            )
            if len(x) > 30:
                raise ValueError("a reason")
            return x

    engine = InferenceEngine(Spy(), device=CPU, precision="float32", batch_size=64, threads=1)
    engine([images[:4]])
    with pytest.raises(ValueError, match="a reason"):
        engine([images])

    assert set(seen) == {(1, True, 0.0)}
    assert torch.get_num_threads() == threads
    assert not torch.is_inference_mode_enabled()
    assert float(torch.tensor(1e-45) * torch.tensor(1.0)) > 0.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": 0},
        {"batch_size": -3},
        {"batch_size": "many"},
        {"batch_size": 2.5},
        {"batch_size": True},
        {"threads": 0},
        {"precision": "int8"},
    ],
)
def test_wrong_settings_are_refused_at_once(wrong):
    """Before any work, with what was given."""
    with pytest.raises(errors.UsageError, match=repr(next(iter(wrong.values())))):
        InferenceEngine(Tiny(), device=CPU, **wrong)


def test_compiled_network_sees_one_batch_size(monkeypatch, images):
    """The last batch is filled up, its extra rows are dropped, the time is told."""
    sizes = []

    def compile_nothing(network, **options):
        def forward(x):
            sizes.append(len(x))
            return network(x)

        return forward

    monkeypatch.setattr(torch, "compile", compile_nothing)
    network = random_tiny()
    engine = InferenceEngine(
        network, device=CPU, precision="float32", compile=True, batch_size=16
    )

    got = engine([images])

    assert set(sizes) == {16}
    assert engine.method == "float32, folded, compiled"
    assert engine.compile_seconds > 0
    torch.testing.assert_close(got, run(network, images), rtol=1e-5, atol=1e-5)


def fail_to_compile(network, **options):
    raise RuntimeError("no C++ compiler")


def compile_wrongly(network, **options):
    return lambda x: network(x) + 1.0


@pytest.mark.parametrize(
    ("compiler", "reason"),
    [(fail_to_compile, "no C\\+\\+ compiler"), (compile_wrongly, "outputs differ")],
)
def test_network_that_does_not_compile_runs_uncompiled(monkeypatch, images, compiler, reason):
    """With a warning that says why; wrong outputs are never used."""
    monkeypatch.setattr(torch, "compile", compiler)
    network = random_tiny()
    engine = InferenceEngine(network, device=CPU, precision="float32", compile=True)

    with pytest.warns(RuntimeWarning, match=f"uncompiled: .*{reason}"):
        got = engine([images])

    assert engine.compile_seconds is None
    torch.testing.assert_close(got, run(network, images), rtol=1e-5, atol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        engine([images])


@pytest.mark.slow
def test_really_compiled_network(images):
    """With torch's compiler, if there is a C++ compiler."""
    network = random_tiny()
    engine = InferenceEngine(
        network, device=CPU, precision="bfloat16", compile=True, batch_size=16
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got = engine([images])
    if engine.compile_seconds is None:
        pytest.skip(engine.note)

    assert (got - run(network, images)).abs().max() < 0.08


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")
@pytest.mark.parametrize("precision", ["auto", "float32", "float16"])
def test_gpu_gives_the_numbers_of_the_processor(images, precision):
    """On the processor again, in float32."""
    network = random_tiny()
    got = InferenceEngine(network, device="cuda:0", precision=precision)([images])

    assert got.device.type == "cpu"
    assert (got - run(network, images)).abs().max() < 0.08


def test_two_engines_agree_to_the_last_bit(images):
    """On a processor nothing depends on the time that a batch took."""
    network = random_tiny()
    one, other = (InferenceEngine(network, device=CPU)([images]) for _ in range(2))

    assert torch.equal(one, other)
