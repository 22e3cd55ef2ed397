from __future__ import annotations

from collections.abc import Iterator

import pytest

from cope_graph.errors import SandboxSetupError
from cope_graph.sandbox.choose import code_runner
from cope_graph.sandbox.runner import CodeRunner
from tests.unit_tests.sandbox.planted import Planted, planted

BACKENDS = ("sandlock", "bubblewrap", "wasi")


@pytest.fixture(scope="session", params=BACKENDS)
def runner(request: pytest.FixtureRequest) -> CodeRunner:
    """Each sandbox that can run here."""
    try:
        return code_runner(request.param)
    except SandboxSetupError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def caller() -> Iterator[Planted]:
    with planted() as caller:
        yield caller
