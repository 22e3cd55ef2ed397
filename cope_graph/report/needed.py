"""What a report needs that a cascade does not."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from cope_graph.errors import MissingPackageError

PACKAGES: Final = ("matplotlib", "jinja2", "numpy")


def check_packages() -> None:
    """Look whether all packages of a report are there.

    Raises:
        MissingPackageError: One is not.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        msg = (
            f"A report needs {' and '.join(missing)}, not installed here: "
            "pip install 'cope-graph[bench]'"
        )
        raise MissingPackageError(msg)
