"""The executors: samples of the small model, one answer of the large one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cope_graph.models.calls import rewritten
from cope_graph.models.exchange import Reply, Request, lost
from cope_graph.stages.ask import Ask
from cope_graph.stages.look import is_scored, stands
from cope_graph.stages.programs import (
    Portion,
    is_program,
    portions,
    prompts_of,
    with_answers,
)
from cope_graph.stages.run import Run
from cope_graph.stages.schedule import next_draw
from cope_graph.stages.scored import check_scored
from cope_graph.state import Sample


def small_execute(run: Run) -> Ask:
    """Ask for the next draw of samples, guided by the plans of the stage."""
    state, draw = run.state, next_draw(run)
    first = len(state["samples"])
    goals = state["goals"][first : first + draw.k] if state["stage"] == 1 else []
    shared = [_shared(run, portion) for portion in portions(run, first, draw.k) if not goals]
    requests = _one_per_goal(run, goals, first) if goals else tuple(shared)

    def samples_of(replies: Sequence[Reply | None]) -> list[Sample]:
        numbered = enumerate(replies, first)
        scored = run.cascade.task.log_probs
        fresh = [_sample(run, reply, i if goals else None, scored=scored) for i, reply in numbered]
        if run.cascade.more_voters:
            fresh = [{**sample, "model": draw.voter.name} for sample in fresh]
        return [*state["samples"], *with_answers(run, fresh, replies, first)]

    def settled(replies: Sequence[Reply | None]) -> bool:
        missing = [i for i, reply in enumerate(replies, first) if reply is None]
        return stands(run, samples_of(replies), missing)

    def update(replies: list[list[Reply]]) -> dict[str, Any]:
        fresh = [reply for group in replies for reply in group]
        own = [s for i, s in enumerate(state["samples"]) if run.sampler(i) is draw.voter]
        if run.cascade.task.log_probs and not any("log_probs" in sample for sample in own):
            check_scored(draw.voter, fresh)
        return {"samples": samples_of(fresh)}

    looks = None if is_scored(run.cascade.task) else settled
    blocks = run.cascade.task.programs is not None
    return Ask(draw.voter, "execute", state["stage"], requests, update, looks, blocks)


def large_execute(run: Run) -> Ask:
    """Ask for the one solution of stage 3; it reuses the guideline (paper: T = 0)."""
    prompts, settings = run.cascade.task.prompts, run.settings
    plans = [replace(plan, text=run.hidden(plan.text)) for plan in run.large_plans()]
    request = Request(
        messages=run.large_turn(prompts.executor(run.hidden(run.asked), plans)),
        temperature=settings.temperature_stage3,
        seed=settings.seed,
        max_tokens=settings.max_answer_tokens,
        # Stand-ins for what is hidden are not for the caller's eyes.
        stream=run.mask is None and run.offer is None,
        **_form(run),
    )

    def update(replies: list[list[Reply]]) -> dict[str, Any]:
        reply = replies[0][0]
        return {"samples": [_sample(run, {**reply, "text": _restored(run, reply["text"])})]}

    return Ask(run.cascade.executors[1], "execute", 3, (request,), update)


def _form(run: Run) -> dict[str, Any]:
    """Give what an executor's reply may be: text, an object, a step of an agent."""
    if run.offer is None:
        return {"schema": run.cascade.task.schema}
    return {"tools": run.offer.tools, "tool_choice": run.offer.choice, "calls": True}


def _restored(run: Run, text: str) -> str:
    """Undo the hiding in a reply of the large model."""
    if run.offer is not None:
        return rewritten(text, run.shown)
    return run.shown(text, as_json=run.cascade.task.schema is not None)


def _one_per_goal(run: Run, goals: list[str], first: int) -> tuple[Request, ...]:
    """Make stage 1's requests: every sample follows a goal of its own."""
    task, settings = run.cascade.task, run.settings
    prompts = [
        prompts_of(run.cascade, programs=is_program(run, first + i)) for i in range(len(goals))
    ]
    return tuple(
        Request(
            messages=run.turn(prompts[i].executor(run.asked, run.small_plans(goal))),
            temperature=settings.temperature_stage1,
            seed=None if settings.seed is None else settings.seed + first + i,
            max_tokens=settings.max_answer_tokens,
            log_probs=task.log_probs,
            **_form(run),
        )
        for i, goal in enumerate(goals)
    )


def _shared(run: Run, portion: Portion) -> Request:
    """Make the one request for k samples that share their plans (stage 2), or have none."""
    state, settings = run.state, run.settings
    guided = state["stage"] != 1
    plans = [*run.small_plans(state["goal"]), *run.large_plans()] if guided else []
    task = run.cascade.task
    prompts = prompts_of(run.cascade, programs=portion.programs)
    return Request(
        messages=run.turn(prompts.executor(run.asked, plans)),
        k=portion.k,
        temperature=settings.temperature_stage2 if guided else settings.temperature_stage1,
        seed=None if settings.seed is None else settings.seed + portion.first,
        max_tokens=settings.max_answer_tokens,
        log_probs=task.log_probs,
        **_form(run),
    )


def _sample(
    run: Run, reply: Reply | None, goal: int | None = None, *, scored: bool = False
) -> Sample:
    if reply is None:
        reply = lost("still on its way")
    task = run.cascade.task
    # A reply that ends at the token limit has not come to its answer yet.
    unread = reply["cut"] or "error" in reply
    scores = reply.get("log_probs")
    if scored and scores is None:
        unread = True  # never taken for sure
    sample: Sample = {
        "text": reply["text"],
        "answer": None if unread else task.read(reply["text"]),
        "finish": reply["finish"],
        "goal": goal,
        "id": reply["id"],
    }
    if scores is not None:
        sample = {**sample, "log_probs": scores}
    return {**sample, "error": reply["error"]} if "error" in reply else sample
