"""The planners: n goals by the small model, one guideline by the large one."""

from __future__ import annotations

from functools import partial
from typing import Any

from langchain_core.messages import BaseMessage

from cope_graph.models.exchange import Reply, Request
from cope_graph.models.tool_words import told_in_words
from cope_graph.stages.ask import Ask
from cope_graph.stages.run import Run, stage_after
from cope_graph.state import CopeState, Stage
from cope_graph.tasks.task import PlanForm


def small_plan(run: Run) -> Ask:
    """Ask for n goals, one per sample of stage 1 (paper: n = 8, T = 0.8).

    Of several small models each plans for its own samples, before it draws them.
    """
    settings, question = run.settings, run.asked
    earlier = [*run.state["goals"]] if run.cascade.more_voters else []
    form: PlanForm = "guideline" if settings.small_plan == "guideline" else "goal"
    request = Request(
        messages=_told(run, run.turn(run.cascade.task.prompts.planner(form, question))),
        k=run.share,
        temperature=settings.temperature_small_plan,
        seed=None if settings.seed is None else settings.seed + len(earlier),
        max_tokens=settings.max_plan_tokens,
    )
    return Ask(
        model=run.cascade.voters[len(earlier) // run.share],
        role="plan",
        stage=1,
        requests=(request,),
        update=partial(_goals, earlier, keeps_lost=bool(run.cascade.more_voters)),
    )


def _goals(earlier: list[str], replies: list[list[Reply]], *, keeps_lost: bool) -> dict[str, Any]:
    """Keep the goals in the order of their samples; a lost one is empty, all lost are none.

    Where other models' goals follow, lost ones keep their places.
    """
    goals = ["" if "error" in reply else reply["text"].strip() for reply in replies[0]]
    return {"goals": [*earlier, *goals] if keeps_lost or any(goals) else []}


def lacks_goals(state: CopeState) -> bool:
    """Tell whether the next sample of several small models has no goal yet, where others had."""
    goals = state["goals"]
    return state["stage"] == 1 and bool(goals) and len(goals) <= len(state["samples"])


def is_planned(run: Run) -> bool:
    """Tell whether there is nothing left to plan before the next of several models draws."""
    if not run.cascade.more_voters:
        return False
    started = bool(run.state["goals"]) and not lacks_goals(run.state)
    return started or run.settings.small_plan == "none"


def large_plan(run: Run) -> Ask:
    """Ask for the one guideline of stage 2, or of a stage 3 that plans for itself."""
    settings = run.settings
    prompt = run.cascade.task.prompts.planner(settings.large_plan, run.hidden(run.asked))
    request = Request(
        messages=_told(run, run.large_turn(prompt)),
        temperature=settings.temperature_large_plan,
        seed=settings.seed,
        max_tokens=settings.max_plan_tokens,
    )

    def update(replies: list[list[Reply]]) -> dict[str, Any]:
        reply = replies[0][0]
        guideline = "" if "error" in reply else run.shown(reply["text"]).strip()
        on = {} if guideline or not _skips_stage_2(run) else {"stage": 3}
        return {"guideline": guideline, "samples": [], **on}

    return Ask(run.cascade.large, "plan", stage_of_plan(run), (request,), update)


def stage_of_plan(run: Run) -> Stage:
    """Name the stage that the large model's plan is for."""
    settings = run.settings
    entering = run.state.get("entering", False)
    stage = settings.stages[0] if entering else stage_after(settings, run.state["stage"])
    return stage or 3


def _told(run: Run, messages: tuple[BaseMessage, ...]) -> tuple[BaseMessage, ...]:
    """Put an agent's earlier calls into words: a planner is offered no tools."""
    return messages if run.offer is None else told_in_words(messages)


def _skips_stage_2(run: Run) -> bool:
    """Tell whether a plan that failed leads on to stage 3."""
    return run.settings.without_plan == 3 and 3 in run.settings.stages  # noqa: PLR2004
