"""The cascade's chat model inside an agent: each reply is a step that was voted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from cope_graph.agents.not_run import unagreed, why_not
from cope_graph.agents.rules import StepRules
from cope_graph.agents.step import STEP
from cope_graph.errors import InputError
from cope_graph.state import CopeOutput

UNAGREED: Final = "unagreed"
"""An option of `CopeMiddleware`'s own: it sees to calls that the large model did not agree to."""
OPTIONS: Final = frozenset({"tools", "tool_choice", "plan", "context", UNAGREED})
OUTPUT: Final = [*CopeOutput.__annotations__, "guideline"]


def step_input(messages: Sequence[BaseMessage], options: Mapping[str, Any]) -> dict[str, Any]:
    """Make the input of a step.

    Raises:
        InputError: There are no messages.
    """
    if not messages:
        msg = "There is no message to take a step from: pass [('user', '...')]."
        raise InputError(msg)
    asked = {name: value for name, value in options.items() if name not in ("context", UNAGREED)}
    given = {name: value for name, value in asked.items() if value is not None}
    return {"messages": [*messages, HumanMessage(STEP)], "tools": [], **given}


def step_reply(out: Mapping[str, Any], withheld: StepRules | None) -> AIMessage:
    """Make the reply of a step's run: the winning proposal as the model wrote it.

    Args:
        out: What the run gave.
        withheld: Rules of which calls are not handed on unless the large model agreed to them, as
            whoever asks may run them as they come.
    """
    facts = {key: value for key, value in out.items() if key not in ("messages", "visits")}
    facts["plan"] = facts.pop("guideline", None)
    told = {"cope": facts}
    if out["answer"] is None:
        return AIMessage(out["reason"], response_metadata=told)
    last: AIMessage = out["messages"][-1]
    step = last.model_copy(update={"id": None, "response_metadata": told})
    if withheld is not None and (calls := unagreed(step, withheld)):
        said = f"Stopped: {why_not(step, calls)} It was not made."
        return AIMessage(said, response_metadata=told)
    return step
