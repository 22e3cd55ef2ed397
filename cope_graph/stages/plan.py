"""The planners: n goals by the small model, one guideline by the large one."""

from __future__ import annotations

from cope_graph.models.exchange import Request
from cope_graph.stages.ask import Ask
from cope_graph.stages.run import Run, stage_after
from cope_graph.tasks.task import PlanForm


def small_plan(run: Run) -> Ask:
    """Ask for n goals, one per sample of stage 1 (paper: n = 8, T = 0.8)."""
    settings, question = run.settings, run.question
    form: PlanForm = "guideline" if settings.small_plan == "guideline" else "goal"
    request = Request(
        messages=run.turn(run.cascade.task.prompts.planner(form, question)),
        k=settings.n,
        temperature=settings.temperature_small_plan,
        seed=settings.seed,
        max_tokens=settings.max_plan_tokens,
    )
    return Ask(
        model=run.cascade.small,
        role="plan",
        stage=1,
        requests=(request,),
        update=lambda replies: {"goals": [reply.text.strip() for reply in replies[0]]},
    )


def large_plan(run: Run) -> Ask:
    """Ask for the one guideline of stage 2, or of a stage 3 that plans for itself."""
    settings = run.settings
    entering = run.state.get("entering", False)
    stage = settings.stages[0] if entering else stage_after(settings, run.state["stage"])
    request = Request(
        messages=run.turn(run.cascade.task.prompts.planner(settings.large_plan, run.question)),
        temperature=settings.temperature_large_plan,
        seed=settings.seed,
        max_tokens=settings.max_plan_tokens,
    )
    return Ask(
        model=run.cascade.large,
        role="plan",
        stage=stage or 3,
        requests=(request,),
        update=lambda replies: {"guideline": replies[0][0].text.strip(), "samples": []},
    )
