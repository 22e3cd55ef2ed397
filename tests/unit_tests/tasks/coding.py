"""A graph of the code task, with scripted models."""

from __future__ import annotations

from typing import Any

from cope_graph import PLAN_FREE, CopeContext, create_cope, tasks
from tests.candidates import ASKED, Counting
from tests.scripted import ScriptedChat


class Cope:
    """A graph of the code task."""

    def __init__(
        self, small: list[str], large: list[str], context: CopeContext, **options: Any
    ) -> None:
        self.runner = Counting()
        self.small = ScriptedChat(model_name="s", replies=small)
        self.large = ScriptedChat(model_name="l", replies=large)
        task = tasks.code(**{"sandbox": self.runner, **options})
        self.graph: Any = create_cope(self.small, self.large, task=task, defaults=context).compile()

    @property
    def prompts(self) -> list[str]:
        calls = [*self.small.calls, *self.large.calls]
        return [str(message.content) for call in calls for message in call["messages"]]


def free(n: int = 3, **settings: Any) -> CopeContext:
    return PLAN_FREE.model_copy(update={"n": n, "seed": 1, **settings})


def given(tests: Any = None) -> dict[str, Any]:
    return {"messages": [("user", ASKED)], **({} if tests is None else {"tests": tests})}
