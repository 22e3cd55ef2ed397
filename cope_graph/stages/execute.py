"""The executors: samples of the small model, one answer of the large one."""

from __future__ import annotations

from typing import Any

from cope_graph.models.exchange import Reply, Request
from cope_graph.stages.ask import Ask
from cope_graph.stages.run import Run
from cope_graph.state import Sample


def small_execute(run: Run) -> Ask:
    """Ask for the next draw of samples, guided by the plans of the stage."""
    state, draw = run.state, run.next_draw()
    first = len(state["samples"])
    goals = state["goals"][first : first + draw.k] if state["stage"] == 1 else []
    requests = _one_per_goal(run, goals, first) if goals else (_shared(run, draw.k, first),)

    def update(replies: list[list[Reply]]) -> dict[str, Any]:
        flat = [reply for group in replies for reply in group]
        numbers = [first + i if goals else None for i in range(len(flat))]
        samples = [_sample(run, reply, goal) for reply, goal in zip(flat, numbers, strict=True)]
        return {"samples": [*state["samples"], *samples]}

    return Ask(draw.voter, "execute", state["stage"], requests, update)


def large_execute(run: Run) -> Ask:
    """Ask for the one solution of stage 3; it reuses the guideline (paper: T = 0)."""
    prompts, settings = run.cascade.task.prompts, run.settings
    request = Request(
        messages=run.turn(prompts.executor(run.question, run.large_plans())),
        temperature=settings.temperature_stage3,
        seed=settings.seed,
        max_tokens=settings.max_answer_tokens,
        stream=True,
    )
    return Ask(
        model=run.cascade.large,
        role="execute",
        stage=3,
        requests=(request,),
        update=lambda replies: {"samples": [_sample(run, replies[0][0], None)]},
    )


def _one_per_goal(run: Run, goals: list[str], first: int) -> tuple[Request, ...]:
    """Make stage 1's requests: every sample follows a goal of its own."""
    prompts, settings = run.cascade.task.prompts, run.settings
    return tuple(
        Request(
            messages=run.turn(prompts.executor(run.question, run.small_plans(goal))),
            temperature=settings.temperature_stage1,
            seed=None if settings.seed is None else settings.seed + first + i,
            max_tokens=settings.max_answer_tokens,
        )
        for i, goal in enumerate(goals)
    )


def _shared(run: Run, k: int, first: int) -> Request:
    """Make the one request for k samples that share their plans (stage 2), or have none."""
    state, settings = run.state, run.settings
    guided = state["stage"] != 1
    plans = [*run.small_plans(state["goal"]), *run.large_plans()] if guided else []
    prompt = run.cascade.task.prompts.executor(run.question, plans)
    return Request(
        messages=run.turn(prompt),
        k=k,
        temperature=settings.temperature_stage2 if guided else settings.temperature_stage1,
        seed=None if settings.seed is None else settings.seed + first,
        max_tokens=settings.max_answer_tokens,
    )


def _sample(run: Run, reply: Reply, goal: int | None) -> Sample:
    # A reply that ends at the token limit has not come to its answer yet.
    answer = None if reply.is_cut else run.cascade.task.read(reply.text)
    return {
        "text": reply.text,
        "answer": answer,
        "finish": reply.finish,
        "goal": goal,
        "id": reply.id,
    }
