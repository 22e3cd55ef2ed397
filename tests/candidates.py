"""Candidates that a model could write, and sandboxes for tests of logic: all code here is ours."""

from __future__ import annotations

from threading import Lock

from cope_graph.errors import SandboxError
from cope_graph.sandbox.runner import DEFAULT_LIMITS, Limits, Ran
from cope_graph.sandbox.unsafe import UnsafeSubprocess
from cope_graph.state import Sample

SQUARE = "def f(x):\n    return x * x\n"
OTHER_SQUARE = "def f(x):\n    return x ** 2\n"
DOUBLE = "def f(x):\n    return x + x\n"
TESTS = ["assert f(3) == 9", "assert f(-2) == 4"]
ASKED = "Write f(x), the square of an integer x."


class Counting:
    """Runs programs, and keeps what each of them read."""

    name = "counting"

    def __init__(self) -> None:
        self.read: list[str] = []
        self._lock = Lock()

    def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:
        with self._lock:
            self.read.append(stdin)
        return UnsafeSubprocess().run(program, stdin=stdin, limits=limits)


class Broken:
    """A sandbox that fails."""

    name = "broken"

    def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:  # noqa: ARG002
        msg = "the sandbox broken could not be started: no room left"
        raise SandboxError(msg)


def samples_of(*codes: str | None) -> list[Sample]:
    """Give the samples of a stage by the code in them."""
    return [
        {"text": f"t{i}", "answer": code, "finish": "stop", "goal": None, "id": None}
        for i, code in enumerate(codes)
    ]


def fenced(code: str) -> str:
    """Write a reply that holds code."""
    return f"Here it is:\n\n```python\n{code}```\n"
