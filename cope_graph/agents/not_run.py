"""Steps of an agent that are not run: nothing of them may happen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from cope_graph.agents.agreement import agreed
from cope_graph.agents.rules import StepRules


def not_run(
    messages: Sequence[BaseMessage], rules: StepRules, *, stopped: bool = False, ask: bool = False
) -> dict[str, Any] | None:
    """Keep a step from being run that must not be.

    A step is run as a whole or not at all: of calls made side by side, one is what the others are
    made for.

    Args:
        messages: The conversation up to the step.
        rules: Which tools are irreversible.
        stopped: Whether money or tokens were up before the step was decided.
        ask: Whether a person may agree in the large model's place; the agent pauses then.

    Returns:
        The update that answers the step's calls and leads elsewhere: to the end, where nobody
        agreed to a call that cannot be undone, or a guess at a step would be the last that can be
        paid; back to the model, where a call cannot be read. `None` for any other step.
    """
    step = next((one for one in reversed(messages) if isinstance(one, AIMessage)), None)
    if step is None:
        return None
    if stopped and (step.tool_calls or step.invalid_tool_calls):
        why = "its money or tokens were used before the step was decided"
        return _ended(step, why, f"Stopped: {why}, and there is no answer.")
    if step.invalid_tool_calls:
        return _sent_back(step)
    held = unagreed(step, rules)
    if not held or (ask and agreed(held, why_not(step, held))):
        return None
    why = f"{held[0]['name']} cannot be undone, and its call was not agreed to"
    return _ended(step, why, f"Stopped: {why_not(step, held)} It was not made.")


def unagreed(step: AIMessage, rules: StepRules) -> list[Any]:
    """List the irreversible calls of a step that the large model did not agree to."""
    if step.response_metadata.get("cope", {}).get("accepted"):
        return []
    return [call for call in step.tool_calls if rules.is_irreversible(call["name"])]


def why_not(step: AIMessage, held: Sequence[Any]) -> str:
    """Say why they are not made."""
    reason = step.response_metadata.get("cope", {}).get("reason")
    return (
        f"{held[0]['name']} cannot be undone, and the large model did not agree to the call"
        f"{f' ({reason})' if reason else ''}."
    )


def _ended(step: AIMessage, why: str, said: str) -> dict[str, Any]:
    return {"messages": [*_answered(step, why), AIMessage(said)], "jump_to": "end"}


def _sent_back(step: AIMessage) -> dict[str, Any]:
    """Let the model see that a call could not be read; LangChain answers that call itself."""
    answered = _answered(step, "another call of this step could not be read")
    return {"messages": answered, "jump_to": "model"}


def _answered(step: AIMessage, why: str) -> list[ToolMessage]:
    return [
        ToolMessage(f"Not run: {why}.", name=c["name"], tool_call_id=c["id"], status="error")
        for c in step.tool_calls
    ]
