"""Which heavy packages an import or a command pulls in, seen from a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

#: What listing, and importing a hook module, must not import.
HEAVY = (
    "astropy", "h5py", "huggingface_hub", "matplotlib", "numpy", "pandas", "pyarrow",
    "scipy", "sklearn", "timm", "torch", "torchvision",
)  # fmt: skip


def heavy_imports(code: str) -> list[str]:
    """Names of heavy packages that are imported after running code in a new interpreter.

    Raises
    ------
    RuntimeError
        The code failed; with what it printed.
    """
    report = f"import sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    path = os.pathsep.join(place for place in sys.path if place)
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", f"{code}\n{report}"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return done.stdout.splitlines()[-1].split()
