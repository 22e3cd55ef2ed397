"""What a gate asks of a model about the samples of a stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cope_graph.gates.asking import AskingGate
from cope_graph.gates.verdict import Verdict
from cope_graph.models.exchange import Outcome, Reply, Request, slots
from cope_graph.stages.ask import Ask
from cope_graph.stages.run import Run
from cope_graph.stages.schedule import is_drawn


def ballots(run: Run) -> Ask | None:
    """Ask the judge, where the gate has one and the samples of the stage are complete.

    Returns:
        What to ask, `None` where nothing has to be asked: with samples to come, in stage 3, for a
        run that was stopped, and where the gate knows without it.
    """
    gate, state = run.cascade.task.gate, run.state
    ended = state["stopped_by"] is not None
    if not isinstance(gate, AskingGate) or state["stage"] == 3 or ended or not is_drawn(run):  # noqa: PLR2004
        return None
    requests = tuple(
        Request(
            messages=run.large_turn(run.hidden(prompt)),
            temperature=gate.temperature,
            seed=run.settings.seed,
            max_tokens=gate.max_tokens,
            schema=gate.schema,
        )
        for prompt in gate.prompts(run.shown_question, state["samples"])
    )
    if not requests:
        return None
    return Ask(run.judge, "judge", state["stage"], requests, update=_nothing)


def heard(run: Run, drawn: Sequence[Sequence[Outcome]]) -> Verdict:
    """Make the verdict of what the judge said; a reply that is lost or cut off says nothing."""
    gate = run.cascade.task.gate
    if not isinstance(gate, AskingGate):
        msg = "only a gate that asks is told what was said"
        raise TypeError(msg)
    said = [_said([r for outcome in group for r in slots(outcome)]) for group in drawn]
    return gate.verdict(run.shown_question, run.state["samples"], said)


def _said(replies: Sequence[Reply]) -> str | None:
    usable = [reply["text"] for reply in replies if "error" not in reply and not reply["cut"]]
    return usable[0] if usable else None


def _nothing(_: list[list[Reply]]) -> dict[str, Any]:
    return {}
