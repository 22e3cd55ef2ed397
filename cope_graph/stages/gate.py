"""The gate: the only place where a decision falls, and the router that reads it."""

from __future__ import annotations

import random
from typing import Any

from langchain_core.messages import AIMessage

from cope_graph.errors import NoAnswerError
from cope_graph.gates.decide import Onward, Threshold, decide
from cope_graph.gates.verdict import Verdict
from cope_graph.stages.run import Run, stage_after
from cope_graph.state import Best, CopeState, Decision, Stage, Visit


def judge(run: Run) -> Verdict:
    """Let the task's gate look at the samples. It may block: run it off an event loop."""
    return run.cascade.task.gate(run.question, run.state["samples"])


def confidence_gate(run: Run, verdict: Verdict) -> dict[str, Any]:
    """Decide what follows and write it down.

    Raises:
        NoAnswerError: The last stage is over and no stage had a readable answer.
    """
    stage, drawn = run.state["stage"], len(run.state["samples"])
    threshold = _threshold(run, stage)
    decision, accepted = decide(
        verdict,
        threshold,
        drawn=drawn,
        # A resumed run may have a smaller n than it was started with.
        remaining=0 if threshold is None else max(run.settings.n - drawn, 0),
        onward=_onward(run),
    )
    visit = _visit(run, verdict, threshold, decision, accepted=accepted)
    best = _best(run, verdict, visit) or run.state["best"]
    update = {"decision": decision, "visits": [*run.state["visits"], visit], "best": best}
    if decision == "accept":
        return {**update, **_close(run, visit, best)}
    return {**update, **_hand_on(run, verdict, decision)}


def onward(state: CopeState) -> Decision:
    """Route by the gate's last word."""
    return state["decision"] or "accept"


def _threshold(run: Run, stage: Stage) -> Threshold | None:
    if stage == 3:  # noqa: PLR2004
        return None
    tau = run.settings.tau1 if stage == 1 else run.settings.tau2
    return Threshold(tau, strict=run.settings.strict)


def _onward(run: Run) -> Onward:
    following = stage_after(run.settings, run.state["stage"])
    if following is None:
        return "nothing"
    plans = run.settings.own_plan and run.state["guideline"] is None
    return "escalate" if following == 2 or plans else "hand_over"  # noqa: PLR2004


def _visit(
    run: Run,
    verdict: Verdict,
    threshold: Threshold | None,
    decision: Decision,
    *,
    accepted: bool,
) -> Visit:
    stage, ledger = run.state["stage"], run.state["ledger"]
    model = run.cascade.large if stage == 3 else run.cascade.small  # noqa: PLR2004
    spent = ledger["by_stage"][str(stage)]
    confidence = None if threshold is None else verdict.confidence
    return {
        "stage": stage,
        "model": model.name,
        "samples": len(run.state["samples"]),
        "confidence": confidence,
        "threshold": None if threshold is None else threshold.tau,
        "decision": decision,
        "accepted": accepted,
        "reason": _reason(run, verdict, threshold, decision, accepted=accepted),
        "answer": verdict.answer,
        "votes": [{"answer": c.answer, "count": len(c.members)} for c in verdict.classes],
        "input_tokens": spent["input_tokens"],
        "output_tokens": spent["output_tokens"],
        "usd": spent["usd"],
    }


def _reason(
    run: Run,
    verdict: Verdict,
    threshold: Threshold | None,
    decision: Decision,
    *,
    accepted: bool,
) -> str:
    if threshold is None:
        return "the large model answered" if accepted else "the large model's reply has no answer"
    seen = verdict.explanation
    if run.state["stage"] == 2 and not run.state["guideline"]:  # noqa: PLR2004
        seen = f"the large model wrote no plan; {seen}"
    if decision == "undecided":
        return f"{seen}; {run.settings.n - len(run.state['samples'])} to come"
    sign = ">" if threshold.strict else ">="
    met = "met" if accepted else "not met"
    return f"{seen}; {sign} {threshold.tau:g} is {met}"


def _best(run: Run, verdict: Verdict, visit: Visit) -> Best | None:
    if verdict.answer is None or verdict.winner is None:
        return None
    winner = run.state["samples"][verdict.winner]
    return {
        "answer": verdict.answer,
        "text": winner["text"],
        "id": winner["id"],
        "stage": visit["stage"],
        "confidence": visit["confidence"],
    }


def _close(run: Run, visit: Visit, best: Best | None) -> dict[str, Any]:
    """Write the answer message and the output keys."""
    if not visit["accepted"] and run.settings.last_resort == "abstain":
        reason = f"abstained: {visit['reason']}"
        return {"answer": None, "confidence": visit["confidence"], "reason": reason}
    if best is None:
        msg = (
            f"No stage gave a {run.cascade.task.name} answer that can be read ({visit['reason']}). "
            "Ask more precisely, or raise the models' max_tokens."
        )
        raise NoAnswerError(msg, run.state["ledger"])
    reason = visit["reason"]
    if not visit["accepted"]:
        reason = f"{reason}: the best answer there was, of stage {best['stage']}"
    facts = {"answer": best["answer"], "stage": best["stage"], "confidence": best["confidence"]}
    facts |= {"accepted": visit["accepted"], "reason": reason}
    message = AIMessage(best["text"], id=best["id"], response_metadata={"cope": facts})
    return {**facts, "messages": [message]}


def _hand_on(run: Run, verdict: Verdict, decision: Decision) -> dict[str, Any]:
    """Draw the goal that goes on to stage 2 from those behind the majority answer."""
    goals = run.state["goals"]
    if decision == "undecided" or run.state["stage"] != 1 or not goals:
        return {}
    majority = verdict.classes[0].members if verdict.classes else range(len(run.state["samples"]))
    behind = [goals[index] for index in majority]
    return {"goal": random.Random(run.settings.seed).choice(behind)}  # noqa: S311
