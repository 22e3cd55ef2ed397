"""The end of a run: the answer and how far to trust it, or an error that says why there is none."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage

from cope_graph.errors import (
    BudgetError,
    CopeError,
    DeadlineError,
    ModelCallError,
    NoAnswerError,
)
from cope_graph.stages.run import Run
from cope_graph.state import Best, Visit


def close(run: Run, visit: Visit, best: Best | None) -> dict[str, Any]:
    """Write the answer message and the output keys.

    Raises:
        BudgetError: The money is spent and there is no answer.
        DeadlineError: The time is up and there is no answer.
        ModelCallError: Models failed and there is no answer.
        NoAnswerError: There are replies, and none has an answer that can be read.
    """
    failed = bool(run.state["failures"]) or run.state["stopped_by"] is not None
    if best is None and (failed or run.settings.last_resort == "answer"):
        error = _no_answer(run, visit)
        error.ledger = run.state["ledger"]
        raise error
    stopped_by = None if visit["accepted"] else run.state["stopped_by"]
    if best is None or (not visit["accepted"] and run.settings.last_resort == "abstain"):
        reason = f"abstained: {visit['reason']}"
        facts = {"answer": None, "confidence": visit["confidence"], "reason": reason}
        return {**facts, "stopped_by": stopped_by}
    reason = visit["reason"]
    if not visit["accepted"]:
        reason = f"{reason}: the best answer there was, of stage {best['stage']}"
        reason = f"stopped by its {stopped_by}; {reason}" if stopped_by else reason
    facts = {
        "answer": best["answer"],
        "stage": best["stage"],
        "confidence": best["confidence"],
        "accepted": visit["accepted"],
        "reason": reason,
        "degraded": best["stage"] != 3 and _large_failed(run),  # noqa: PLR2004
        "stopped_by": stopped_by,
    }
    message = AIMessage(best["text"], id=best["id"], response_metadata={"cope": facts})
    return {**facts, "messages": [message]}


def _large_failed(run: Run) -> bool:
    ends = ("budget", "deadline")
    return any(f["side"] == "large" and f["kind"] not in ends for f in run.state["failures"])


def _no_answer(run: Run, visit: Visit) -> CopeError:
    said = " ".join(dict.fromkeys(failure["message"] for failure in run.state["failures"]))
    match run.state["stopped_by"]:
        case "budget":
            return BudgetError(f"The run stopped before it had an answer. {said}")
        case "deadline":
            return DeadlineError(f"The run's time was up before it had an answer. {said}".strip())
    if said:
        return ModelCallError(f"There is no answer. {said}")
    return NoAnswerError(
        f"No stage gave a {run.cascade.task.name} answer that can be read ({visit['reason']}). "
        "Ask more precisely, or raise the models' max_tokens."
    )
