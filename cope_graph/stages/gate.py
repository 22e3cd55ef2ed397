"""The gate: the only place where a decision falls, and the router that reads it."""

from __future__ import annotations

import random
from typing import Any, get_args

from cope_graph.errors import InputError
from cope_graph.gates.verdict import AnswerClass, Verdict
from cope_graph.money.lines import NO_TOTALS
from cope_graph.stages.calibrated import p_correct
from cope_graph.stages.close import close
from cope_graph.stages.look import decision_on, is_certain, threshold_of, wave_size
from cope_graph.stages.programs import endings, in_words
from cope_graph.stages.run import Run
from cope_graph.stages.voters import check_countable
from cope_graph.state import Best, CopeState, Decision, Sample, Visit, Vote


def confidence_gate(run: Run, verdict: Verdict) -> dict[str, Any]:
    """Decide what follows and write it down.

    Raises:
        CopeError: The run is over and there is no answer; which one says why.
    """
    check_countable(run, verdict)
    decision, accepted = decision_on(run, verdict, len(run.state["samples"]))
    visit = _visit(run, verdict, decision, accepted=accepted)
    best = _best(run, verdict, visit) or run.state["best"]
    update = {"decision": decision, "visits": [*run.state["visits"], visit], "best": best}
    if decision == "accept":
        return {**update, **close(run, visit, best)}
    return {**update, **_hand_on(run, verdict, decision)}


def onward(state: CopeState) -> Decision:
    """Route by the gate's last word.

    Raises:
        InputError: The word is none of the gate's: the state was edited by hand.
    """
    decision = state["decision"] or "accept"
    if decision not in get_args(Decision):
        msg = f"The thread's state is not one this graph wrote (decision: {decision!r:.60})."
        raise InputError(msg)
    return decision


def _visit(run: Run, verdict: Verdict, decision: Decision, *, accepted: bool) -> Visit:
    stage, ledger = run.state["stage"], run.state["ledger"]
    spent = ledger["by_stage"].get(str(stage), NO_TOTALS)
    threshold = threshold_of(run, stage) if verdict.passes is None else None
    sure = verdict.confidence if threshold is not None or verdict.passes is not None else None
    visit: Visit = {
        "stage": stage,
        "model": _who(run),
        "samples": len(run.state["samples"]),
        "confidence": sure,
        "threshold": None if threshold is None else threshold.tau,
        "decision": decision,
        "accepted": accepted,
        "reason": _reason(run, verdict, decision, accepted=accepted),
        "answer": verdict.answer,
        "votes": [_vote(one) for one in verdict.classes],
        "input_tokens": spent["input_tokens"],
        "output_tokens": spent["output_tokens"],
        "usd": spent["usd"],
    }
    if (bounds := _bounds(run, verdict)) is not None:
        visit["bounds"] = [*bounds]
    if decision == "undecided":
        visit["to_draw"] = wave_size(run, stage, verdict, len(run.state["samples"]))
    if (probability := p_correct(run, verdict)) is not None:
        visit["p_correct"] = probability
    if verdict.passes is not None:
        visit["passes"] = verdict.passes
    if verdict.failed is not None:
        visit["failed"] = [*verdict.failed]
    if verdict.fields is not None and sure is not None:
        visit["fields"] = dict(verdict.fields)
    if ended := endings(run.state["samples"]):
        visit["programs"] = ended
    return visit


def _who(run: Run) -> str:
    """Name who gave the samples: of several small models those that were asked."""
    if run.state["stage"] == 3:  # noqa: PLR2004
        return run.cascade.executors[1].name
    there = range(max(len(run.state["samples"]), 1))
    return ", ".join(dict.fromkeys(run.sampler(index).name for index in there))


def _vote(one: AnswerClass) -> Vote:
    return {"answer": one.answer, "count": len(one.members), "members": [*one.members]}


def _reason(run: Run, verdict: Verdict, decision: Decision, *, accepted: bool) -> str:
    if not run.state["samples"]:
        return "no sample was drawn"
    threshold = threshold_of(run, run.state["stage"])
    lost = [sample["error"] for sample in run.state["samples"] if "error" in sample]
    if threshold is None and verdict.passes is None:
        without = f"the large model gave no answer: {lost[0]}" if lost else _UNREAD
        says_why = verdict.confidence is None and verdict.explanation
        unsure = f"; {verdict.explanation}" if says_why else ""
        return f"the large model answered{unsure}" if accepted else without
    seen = _with_losses(run, verdict.explanation)
    if without := in_words(endings(run.state["samples"])):
        seen = f"{seen}, {without}"
    if run.state["stage"] == 2 and not run.state["guideline"]:  # noqa: PLR2004
        seen = f"the large model wrote no plan; {seen}"
    undrawn = 0 if threshold is None else _undrawn(run)
    counts = threshold is not None and threshold.quorum is not None
    if not counts and (bounds := _bounds(run, verdict)) is not None:
        seen = f"{seen} ({bounds[0]:.3g} to {bounds[1]:.3g} of all {run.settings.n})"
    if undrawn > 0 and decision != "undecided" and run.state["stopped_by"]:
        seen = f"{seen}, {undrawn} never drawn"
    if decision == "undecided":
        return f"{seen}; {undrawn} to come"
    if threshold is None or verdict.passes is not None:
        return seen
    guess = (
        "" if is_certain(run, verdict) else f" with a probability of {run.settings.guard:g} or more"
    )
    if threshold.quorum is not None:
        out = "out of reach" if undrawn > 0 else "not met"
        return f"{seen}; a quorum of {threshold.quorum} is {'met' if accepted else out}{guess}"
    sign = ">" if threshold.strict else ">="
    met = "met" if accepted else "not met"
    return f"{seen}; {sign} {threshold.tau:g} is {met}{guess}"


def _bounds(run: Run, verdict: Verdict) -> tuple[float, float] | None:
    """Bound the confidence of a draw that is not, or will never be, complete."""
    undrawn = _undrawn(run)
    if run.state["stage"] == 3 or undrawn <= 0:  # noqa: PLR2004
        return None
    return verdict.bounds(run.settings.n, undrawn)


def _undrawn(run: Run) -> int:
    """Count the samples of a small model's stage that are not there."""
    return run.settings.n - len(run.state["samples"])


def _with_losses(run: Run, said: str) -> str:
    lost = [sample["error"] for sample in run.state["samples"] if "error" in sample]
    return f"{said} ({len(lost)} lost: {lost[0]})" if lost else said


_UNREAD = "the large model's reply has no answer"


def _said(winner: Sample, answer: str) -> str:
    """Give the answer message: a program does not say what it prints."""
    printed = f"\n\nThe program prints: {answer}" if "program" in winner else ""
    return f"{winner['text']}{printed}"


def _best(run: Run, verdict: Verdict, visit: Visit) -> Best | None:
    if verdict.answer is None or verdict.winner is None:
        return None
    winner = run.state["samples"][verdict.winner]
    return {
        "answer": verdict.answer,
        "text": _said(winner, verdict.answer),
        "id": winner["id"],
        "stage": visit["stage"],
        "confidence": visit["confidence"],
        "p_correct": visit.get("p_correct"),
    }


def _hand_on(run: Run, verdict: Verdict, decision: Decision) -> dict[str, Any]:
    """Draw the goal that goes on to stage 2 from those behind the majority answer."""
    if decision == "undecided":
        return {}
    return {**_learnt(run), **_goal(run, verdict)}


def _learnt(run: Run) -> dict[str, Any]:
    learn = run.cascade.task.learn
    return {"lesson": learn(run.question, run.state["samples"])} if learn else {}


def _goal(run: Run, verdict: Verdict) -> dict[str, Any]:
    goals = run.state["goals"]
    if run.state["stage"] != 1:
        return {}
    majority = verdict.classes[0].members if verdict.classes else ()
    if not majority and verdict.winner is not None:  # of a gate that does not vote: of the best
        majority = (verdict.winner,)
    there = [goals[index] for index in majority if index < len(goals) and goals[index]]
    behind = there or [goal for goal in goals if goal]
    if not behind:
        return {}
    return {"goal": random.Random(run.settings.seed).choice(behind)}  # noqa: S311
