"""A cascade under calibrated thresholds: what they were calibrated for, or not at all."""

from __future__ import annotations

import logging
from dataclasses import replace

from cope_graph.calibration.fits import other_models, settings_under
from cope_graph.calibration.platt import Platt
from cope_graph.calibration.thresholds import Thresholds
from cope_graph.errors import ThresholdsError
from cope_graph.gates.signals import signals
from cope_graph.gates.verdict import Verdict
from cope_graph.stages.run import Cascade, Run
from cope_graph.tasks.task import Task

logger = logging.getLogger("cope_graph")


def with_thresholds(cascade: Cascade, thresholds: Thresholds) -> Cascade:
    """Run a cascade under thresholds; those that are not certified are warned of once, in the log.

    Raises:
        ThresholdsError: They are of other models, another schedule or another task.
    """
    small = [voter.name for voter in cascade.voters]
    wrong = other_models(thresholds, small, cascade.large.name)
    drawn = thresholds.drawn
    if drawn is not None and drawn["task"] != cascade.task.name:
        wrong.append(f"task was {drawn['task']} and is {cascade.task.name}")
    defaults = settings_under(thresholds, cascade.defaults, wrong)
    scaled = {int(stage): Platt.from_json(one) for stage, one in (thresholds.platt or {}).items()}
    if not thresholds.shown.certified:
        logger.warning("%s", _not_certified(thresholds))
    return replace(cascade, defaults=defaults, thresholds=thresholds, platt=scaled)


def check_votes_alone(task: Task, *, router: object, executors: bool) -> None:
    """Refuse thresholds where something else than votes on questions decides what runs.

    Args:
        task: The family of questions.
        router: What says where runs begin, if anything.
        executors: Whether agents execute.

    Raises:
        ThresholdsError: They are given for an agent's steps, or beside programs, a router or
            executors.
    """
    if task.offer is not None:
        msg = (
            "Thresholds are calibrated on questions with known answers, and this takes an agent's "
            "steps: leave thresholds out and set CopeContext(tau1=..., tau2=...)."
        )
        raise ThresholdsError(msg)
    if task.programs is not None:
        msg = (
            "Records do not say which samples were programs, so thresholds are calibrated without "
            "any: leave out programs= or the thresholds."
        )
        raise ThresholdsError(msg)
    if router is not None:
        msg = (
            "A router lets runs begin at another stage than was calibrated: leave out the router "
            "or the thresholds."
        )
        raise ThresholdsError(msg)
    if executors:
        msg = (
            "Thresholds are calibrated on answers of models, and an agent executes here: leave out "
            "the executor or the thresholds."
        )
        raise ThresholdsError(msg)


def _not_certified(thresholds: Thresholds) -> str:
    target = thresholds.target
    asked = f"{target.kind} {target.value:g}, confidence {target.confidence:g}"
    then = "the large model answers alone" if thresholds.large_alone else "they are an estimate"
    return f"The thresholds are not certified for what was asked ({asked}): {then}."


def p_correct(run: Run, verdict: Verdict) -> float | None:
    """Estimate the probability that a stage's answer is right, where a calibration says.

    Returns:
        0 to 1; `None` without an answer or a calibration of this stage. Of a part of the draw it is
        that of the least agreement that the full draw can come to, since that was scaled.
    """
    state, settings = run.state, run.settings
    platt = run.cascade.platt.get(state["stage"])
    if platt is None or verdict.answer is None or not state["samples"]:
        return None
    read = signals(verdict, state["samples"])
    sampled = state["stage"] < 3 and settings.quorum is None  # noqa: PLR2004 - it has one sample
    least = verdict.bounds(max(settings.n, len(state["samples"])), 0) if sampled else None
    if least is not None:
        read["agreement"] = least[0]
    return platt.of(read)
