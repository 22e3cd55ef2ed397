"""One line of what `cope doctor` reports."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True)
class Check:
    """One line of the report."""

    name: str
    ok: bool
    found: str
    fix: str = ""
    needed: bool = True


def installed(name: str) -> str | None:
    """The version of a package, `None` when it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
