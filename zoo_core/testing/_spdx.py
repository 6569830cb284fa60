"""Whether a license is an SPDX expression."""

from __future__ import annotations

from ._check import fail


def require_license(license: str) -> None:
    """Fail unless it is one that ``packaging`` knows, written as SPDX writes it."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        written = canonicalize_license_expression(license)
    except InvalidLicenseExpression as error:
        fail(f"the license {license!r} is no SPDX expression: {error}")
    if written != license:
        fail(f"the license is written {written!r} in SPDX, not {license!r}")
