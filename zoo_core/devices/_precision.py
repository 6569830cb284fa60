"""Number formats, and which of them a device does well."""

from __future__ import annotations

from ..errors import UsageError

#: What ``--precision`` takes.
PRECISIONS = ("auto", "float32", "bfloat16", "float16")

# Name of a feature and of the function of torch.cpu that looks for it. These functions
# have no public name; one that a later torch lacks counts as "no".
_CPU_FEATURES = (
    ("avx2", "_is_avx2_supported"),
    ("avx512", "_is_avx512_supported"),
    ("avx512_vnni", "_is_vnni_supported"),
    ("avx512_bf16", "_is_avx512_bf16_supported"),
    ("amx", "_is_amx_tile_supported"),
    ("amx_fp16", "_is_amx_fp16_supported"),
)


def cpu_features() -> tuple[str, ...]:
    """The instruction sets of this processor that matter for speed."""
    import torch

    def has(function: str) -> bool:
        ask = getattr(torch.cpu, function, None)
        return bool(ask and ask())

    return tuple(name for name, function in _CPU_FEATURES if has(function))


def default_precision(device: str) -> str:
    """The number format that a device computes in fast and accurately enough.

    bfloat16 where the hardware multiplies it (processors with AVX512-BF16 or AMX, NVIDIA
    GPUs since Ampere), float16 on other GPUs with fast half precision, else float32.
    """
    import torch

    kind = device.partition(":")[0]
    if kind == "mps":
        return "float16"
    if kind == "cuda":
        major = torch.cuda.get_device_properties(device).major
        if major >= 8 and torch.cuda.is_bf16_supported(including_emulation=False):
            return "bfloat16"
        return "float16" if major >= 7 else "float32"
    fast = {"avx512_bf16", "amx"} & set(cpu_features())
    return "bfloat16" if fast and torch.backends.mkldnn.is_available() else "float32"


def pick_precision(name: str, device: str) -> str:
    """The number format that is meant by ``name`` on a device.

    Raises
    ------
    UsageError
        No such number format.
    """
    if name not in PRECISIONS:
        raise UsageError(
            f"there is no precision {name!r}. Use one of: {', '.join(PRECISIONS)}."
        )
    return default_precision(device) if name == "auto" else name
