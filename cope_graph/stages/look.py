"""How the gate sees a run's samples: the verdict, the threshold, what would follow."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from cope_graph.gates.asking import AskingGate
from cope_graph.gates.decide import Onward, Threshold, decide
from cope_graph.gates.perplexities import Scored
from cope_graph.gates.verdict import Verdict
from cope_graph.gates.waves import NOTHING_SEEN, next_wave
from cope_graph.models.crew import CREW
from cope_graph.stages.run import Run, stage_after
from cope_graph.state import Decision, Sample, Stage
from cope_graph.tasks.task import Task

_NOTHING: Final = Verdict(None, None, None, "no sample was drawn")
"""Of a run that was stopped before its first sample: no gate needs to know."""


def look(run: Run) -> Verdict:
    """Let the task's gate look at the samples. It may block: run it off an event loop."""
    return _NOTHING if not run.state["samples"] else _gate(run, run.state["samples"])


async def alook(run: Run) -> Verdict:
    """Do as `look` does, without blocking the event loop."""
    task, samples = run.cascade.task, run.state["samples"]
    if not samples:
        return _NOTHING
    if task.agate is not None:
        return await task.agate(run.question, samples)
    # Not in the loop's own threads: a model that blocks may have taken them all.
    return await asyncio.wrap_future(CREW.call(partial(_gate, run, samples)))


def _gate(run: Run, samples: Sequence[Sample]) -> Verdict:
    task = run.cascade.task
    if run.state["stage"] == 3 and (is_scored(task) or run.offer is not None):  # noqa: PLR2004
        return _alone(samples[0])
    if isinstance(task.gate, AskingGate):
        return task.gate.verdict(run.shown_question, samples, ())
    return task.gate(run.question, samples)


def is_scored(task: Task) -> bool:
    """Tell whether samples get a score instead of votes: the last one may have the highest."""
    return task.log_probs or isinstance(task.gate, AskingGate | Scored)


def _alone(sample: Sample) -> Verdict:
    """See the one answer of the large model, which nobody scores or judges or holds back."""
    answer = sample["answer"]
    return Verdict(None, None if answer is None else 0, answer, "")


def decision_on(run: Run, verdict: Verdict, drawn: int) -> tuple[Decision, bool]:
    """Decide on the samples drawn, as `decide` does; a stopped run draws no more."""
    stopped = run.state["stopped_by"] is not None
    if run.settings.complete and not stopped and not _complete(run, drawn):
        return "undecided", False
    if isinstance(run.cascade.task.gate, AskingGate) and not stopped and not _complete(run, drawn):
        return "undecided", False  # it is asked once, when they are all there
    n = 1 if run.state["stage"] == 3 else max(run.settings.n, drawn)  # noqa: PLR2004
    onward: Onward = "nothing" if stopped else _onward(run, run.state["stage"])
    decision, accepted = decide(
        verdict,
        threshold_of(run, run.state["stage"]),
        n=n,
        # A resumed run may have a smaller n than it was started with.
        missing=() if stopped else range(drawn, n),
        onward=onward,
        guard=run.settings.certainty,
    )
    if run.settings.complete and onward != "nothing":
        return onward, accepted
    return decision, accepted


def is_certain(run: Run, verdict: Verdict) -> bool:
    """Tell whether the full draw would decide the same, or is only likely to."""
    sure = replace(run, settings=run.settings.model_copy(update={"guard": 1.0}))
    return decision_on(sure, verdict, len(run.state["samples"]))[0] != "undecided"


def wave_size(run: Run, stage: Stage, verdict: Verdict = NOTHING_SEEN, drawn: int = 0) -> int:
    """Give how many samples a small model's stage draws next.

    Args:
        run: The run, before or in that stage.
        stage: 1 or 2.
        verdict: Of the samples so far.
        drawn: How many there are, fewer than n.

    Returns:
        `wave` of them where that is set; else with early stopping the fewest that could decide,
        where the gate decides early at all; else all that are missing, or of several small models
        those of the next one.
    """
    settings, missing = run.settings, range(drawn, run.settings.n)
    most = run.share - drawn % run.share  # of one small model
    if settings.wave is not None:
        return min(settings.wave, most)
    if not settings.in_waves or is_scored(run.cascade.task):
        return most
    fewest = next_wave(
        verdict,
        threshold_of(run, stage),
        n=settings.n,
        missing=missing,
        onward=_onward(run, stage),
        guard=settings.certainty,
    )
    return min(fewest, most)


def _complete(run: Run, drawn: int) -> bool:
    return drawn >= (1 if run.state["stage"] == 3 else run.settings.n)  # noqa: PLR2004


def stands(run: Run, samples: Sequence[Sample], missing: Sequence[int]) -> bool:
    """Tell whether the decision stands without the samples that are still on their way.

    Args:
        run: The run, in a small model's stage.
        samples: Those there are, and stand-ins for those on their way.
        missing: The indices of the stand-ins.
    """
    if run.settings.complete:
        return not missing
    n = max(run.settings.n, len(samples))
    decision, _ = decide(
        _gate(run, samples),
        threshold_of(run, run.state["stage"]),
        n=n,
        missing=[*missing, *range(len(samples), n)],
        onward=_onward(run, run.state["stage"]),
        # Exact: what is late is not one draw like another, the longest replies come last.
        awaited=missing,
    )
    return decision != "undecided"


def threshold_of(run: Run, stage: Stage) -> Threshold | None:
    """Give what the confidence of a stage has to exceed; stage 3 has one sample and no vote."""
    if stage == 3:  # noqa: PLR2004
        return None
    settings = run.settings
    if settings.quorum is not None:
        return Threshold(settings.quorum / settings.n, strict=False, quorum=settings.quorum)
    return Threshold(settings.tau1 if stage == 1 else settings.tau2, strict=settings.strict)


def _onward(run: Run, stage: Stage) -> Onward:
    following = stage_after(run.settings, stage)
    if following is None:
        return "nothing"
    plans = run.settings.own_plan and run.state["guideline"] is None
    return "escalate" if following == 2 or plans else "hand_over"  # noqa: PLR2004
