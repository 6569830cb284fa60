"""Whether torch and torchvision belong together."""

from __future__ import annotations

import subprocess
import sys

from ..plugins import HealthCheck

_NAME = "torch and torchvision"

#: The pair must come from one build, so one command must install both from one place.
_MEND = (
    "Install both from one place in one command, such as 'uv pip install --reinstall torch "
    "torchvision' or 'pip install --force-reinstall torch torchvision'; if torch is to be a "
    "CPU build, give that command the index of PyTorch's CPU builds, so that both are."
)


def check_torch(timeout: float = 120.0) -> HealthCheck:
    """Import torch and torchvision in a process of its own and judge what happened.

    A process of its own, because an import that failed half-way cannot be repeated and
    a wrong build may crash the interpreter.
    """
    code = "import torch, torchvision; print(torch.__version__, torchvision.__version__)"
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return HealthCheck(
            name=_NAME, passed=False, message=f"importing took more than {timeout:.0f} s"
        )
    return diagnose_torch(done.returncode, done.stdout, done.stderr)


def diagnose_torch(returncode: int, output: str, errors: str) -> HealthCheck:
    """Judge the outcome of importing torch and torchvision.

    Parameters
    ----------
    returncode : int
        Of the interpreter that tried.
    output, errors : str
        What it printed.
    """
    if returncode == 0:
        versions = output.split()
        return HealthCheck(
            name=_NAME, passed=True, message=f"torch {versions[0]}, torchvision {versions[1]}"
        )
    last = errors.strip().splitlines()[-1] if errors.strip() else f"exit code {returncode}"
    signs = ("torchvision::nms", "undefined symbol", "Couldn't load custom C++ ops")
    if any(sign in errors for sign in signs):
        return HealthCheck(
            name=_NAME,
            passed=False,
            message=f"torch and torchvision come from different builds ({last}). {_MEND}",
        )
    if "No module named" in errors:
        return HealthCheck(name=_NAME, passed=False, message=f"{last}. {_MEND}")
    return HealthCheck(name=_NAME, passed=False, message=f"cannot be imported: {last}. {_MEND}")
