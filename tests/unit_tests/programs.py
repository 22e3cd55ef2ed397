"""A graph of the math task with programs, over scripted models and a sandbox that runs nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from pydantic import PrivateAttr

from cope_graph import PLAN_FREE, CopeContext, create_cope, tasks
from cope_graph.sandbox.runner import DEFAULT_LIMITS, Limits, Ran
from tests.candidates import fenced
from tests.scripted import ScriptedChat, says
from tests.unit_tests.conftest import Runner

ASK: dict[str, Any] = {"messages": [("user", "How many?")]}
WANTED = "Write a short Python program"


class Echo:
    """Runs nothing: a program `print(x)` prints x, any other fails. It counts what it was given."""

    name = "echo"

    def __init__(self) -> None:
        self.programs, self.threads = list[str](), set[str]()
        self._lock = threading.Lock()

    def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:  # noqa: ARG002
        with self._lock:
            self.programs.append(program)
        printed = program.strip().removeprefix("print(").removesuffix(")")
        well = program.startswith("print(")
        return Ran(
            status="ended",
            exit_code=0 if well else 1,
            stdout=printed if well else "",
            stderr="Error: bad",
            truncated=False,
            seconds=0.1,
        )


def prints(answer: object) -> str:
    return fenced(f"print({answer})\n")


FAILS = fenced("fail()\n")


class Solver(ScriptedChat):
    """Deals programs to those who ask for one: requests side by side come in any order."""

    programs: Sequence[str] = ()
    _programs_dealt: list[str] = PrivateAttr(default_factory=list)

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        if WANTED not in str(messages[-1].content):
            return super()._generate(messages, *args, **kwargs)
        with self._lock:
            start = len(self._programs_dealt)
            texts = [*self.programs[start : start + kwargs.get("n", 1)]]
            self._programs_dealt += texts
        dealer = ScriptedChat(model_name=self.model_name, replies=texts, seed=self.seed)
        dealt = dealer._generate(messages, *args, **kwargs)
        self._calls.extend(dealer.calls)
        return dealt


def solver(words: Sequence[str], programs: Sequence[str], name: str = "s") -> Solver:
    return Solver(model_name=name, replies=[*words], programs=programs)


class Cope:
    """A graph of the math task with programs, over scripted models."""

    def __init__(
        self,
        small: Solver | list[Solver],
        programs: int,
        *,
        start: CopeContext = PLAN_FREE,
        large: tuple[str, ...] = (says("9"),),
        sandbox: Any = None,
        **own: Any,
    ) -> None:
        self.sandbox = sandbox or Echo()
        self.small = small if isinstance(small, list) else [small]
        self.large = ScriptedChat(model_name="l", replies=list(large))
        chosen = {name: getattr(start, name) for name in start.model_fields_set}
        self.graph: Any = create_cope(
            small,
            self.large,
            task=tasks.math(programs=programs, sandbox=self.sandbox),
            defaults=CopeContext(**{**chosen, **own}),
        )

    def __call__(self, both: Runner, **options: Any) -> Any:
        return both(self.graph.compile(), ASK, **options)

    @property
    def kinds(self) -> list[tuple[str, int]]:
        """What each request asks for, and how many samples; those side by side in any order."""
        calls = [call for model in self.small for call in model.calls]
        asked = [str(call["messages"][-1].content) for call in calls]
        words = ["program" if WANTED in text else "words" for text in asked]
        return [(word, call["n"]) for word, call in zip(words, calls, strict=True)]
