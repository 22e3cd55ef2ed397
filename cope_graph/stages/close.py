"""The end of a run: the answer and how far to trust it, or an error that says why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage

from cope_graph.errors import (
    BudgetError,
    CopeError,
    DeadlineError,
    ModelCallError,
    NoAnswerError,
)
from cope_graph.models.calls import message_of
from cope_graph.stages.run import Run, stage_after
from cope_graph.state import Best, Failure, Stop, Visit


def close(run: Run, visit: Visit, best: Best | None) -> dict[str, Any]:
    """Write the answer message and the output keys.

    Raises:
        BudgetError: The money is spent and there is no answer.
        DeadlineError: The time is up and there is no answer.
        ModelCallError: Models failed and there is no answer.
        NoAnswerError: There are replies, and none has an answer that can be read.
    """
    failed = bool(run.state["failures"]) or run.state["stopped_by"] is not None
    failed &= not run.settings.complete  # there only replies that are empty get so far
    if best is None and (failed or run.settings.last_resort == "answer"):
        state = run.state
        error = _no_answer(run, state["failures"], state["stopped_by"], visit["reason"])
        error.ledger = state["ledger"]
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
        "p_correct": best.get("p_correct"),
        "accepted": visit["accepted"],
        "reason": reason,
        "degraded": best["stage"] != 3 and _large_failed(run),  # noqa: PLR2004
        "stopped_by": stopped_by,
    }
    said = AIMessage(best["text"]) if run.offer is None else message_of(best["text"])
    message = said.model_copy(update={"id": best["id"], "response_metadata": {"cope": facts}})
    return {**facts, "messages": [message]}


def _large_failed(run: Run) -> bool:
    ends = ("budget", "deadline")
    return any(f["side"] == "large" and f["kind"] not in ends for f in run.state["failures"])


def end_without_hope(run: Run, update: Mapping[str, Any]) -> None:
    """End a run in the node where its last hope failed, so that a resumed run asks there again.

    Args:
        run: The run.
        update: What the node would write.

    Raises:
        CopeError: Money or time is up, or all of the last stage failed, and there is no answer.
    """
    check_complete(run, update)
    if run.settings.complete:
        return
    samples = update.get("samples", run.state["samples"])
    if run.state["best"] is not None or any(s["answer"] is not None for s in samples):
        return
    last = stage_after(run.settings, update["stage"]) is None
    n = 1 if update["stage"] == 3 else run.settings.n  # noqa: PLR2004
    all_lost = len(samples) >= n and all("error" in sample for sample in samples)
    if update["stopped_by"] or (last and all_lost):
        error = _no_answer(run, update["failures"], update["stopped_by"], "no sample came")
        error.ledger = update["ledger"]
        raise error


def check_complete(run: Run, update: Mapping[str, Any]) -> None:
    """End a run that is to draw every stage in full in the node where a request failed.

    A resumed run asks there again, for what did not come. An empty reply is the model's own.

    Raises:
        CopeError: A request failed.
    """
    failed = [failure for failure in update["failures"] if failure["kind"] != "empty"]
    if run.settings.complete and failed:
        error = _no_answer(run, failed, update["stopped_by"], "not every request came")
        error.ledger = update["ledger"]
        raise error


def _no_answer(
    run: Run, failures: Sequence[Failure], stopped_by: Stop | None, reason: str
) -> CopeError:
    error = _why_no_answer(run, failures, stopped_by, reason)
    error.failures = failures
    return error


def _why_no_answer(
    run: Run, failures: Sequence[Failure], stopped_by: Stop | None, reason: str
) -> CopeError:
    said = " ".join(dict.fromkeys(failure["message"] for failure in failures))
    match stopped_by:
        case "budget":
            return BudgetError(f"The run stopped before it had an answer. {said}")
        case "deadline":
            return DeadlineError(f"The run's time was up before it had an answer. {said}".strip())
    if said:
        return ModelCallError(f"There is no answer: {reason}. {said}")
    return NoAnswerError(
        f"No stage gave a {run.cascade.task.name} answer that can be read ({reason}). "
        "Ask more precisely, or raise the models' max_tokens."
    )
