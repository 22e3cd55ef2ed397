"""What the rest of a run may cost: what a budget that is shared holds for it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cope_graph.gates.asking import AskingGate
from cope_graph.models.bound import Bound
from cope_graph.models.exchange import Request
from cope_graph.models.worst import most_tokens, plan_tokens, worst_case
from cope_graph.money.amount import Amount
from cope_graph.stages.programs import Portion, portions, prompts_of
from cope_graph.stages.run import Run
from cope_graph.stages.schedule import schedule
from cope_graph.state import Sample, Stage
from cope_graph.tasks.task import Plan, PlanForm


def worst_rest(run: Run, node: str, now: Stage) -> Amount:
    """Bound what a run may cost from a node on, if every stage to come runs in full.

    Not in it is what a server makes dearer: retries that cost something, and a server that takes
    one sample a request though its model is known to take n. These take from what is free.

    Args:
        run: The run.
        node: The node it stands before.
        now: That node's stage.
    """
    total = Amount(Decimal(0), 0)
    for amount in _visits(run, node, now):
        total += amount
    return total


def _visits(run: Run, node: str, now: Stage) -> Iterator[Amount]:
    settings, large = run.settings, run.cascade.large
    form: PlanForm = "guideline" if settings.small_plan == "guideline" else "goal"
    goal = [] if settings.small_plan == "none" or 1 not in settings.stages else [form]
    guides = 2 in settings.stages or settings.own_plan  # noqa: PLR2004
    guideline = [settings.large_plan] if guides else []
    for stage in (stage for stage in settings.stages if stage >= now):
        past_plan = stage == now and node in ("small_execute", "large_execute", "confidence_gate")
        if stage < 3:  # noqa: PLR2004
            yield from _judgement(run)
        if stage == now and node == "confidence_gate":
            continue  # its samples are there
        if stage == 1:
            yield from _plans(run, form, node) if goal else ()
            for voter, part in _draws(run, stage, node):
                k, requests = (1, part.k) if goal else (part.k, 1)
                yield from [_answer(run, voter, goal, k, programs=part.programs)] * requests
        elif stage == 2:  # noqa: PLR2004
            if not past_plan:
                yield _plan(run, large, settings.large_plan)
            plans = [*goal, *guideline]
            for voter, part in _draws(run, stage, node if stage == now else ""):
                yield _answer(run, voter, plans, part.k, programs=part.programs)
        else:
            if guideline and 2 not in settings.stages and not past_plan:  # noqa: PLR2004
                yield _plan(run, large, settings.large_plan)
            yield _answer(run, large, guideline)


def _plans(run: Run, form: PlanForm, node: str) -> Iterator[Amount]:
    """Bound what the plans cost that a stage's voters have not written."""
    voters = run.cascade.voters
    if node == "small_execute" and len(voters) == 1:
        return
    planned = len(run.state["goals"]) // run.share if len(voters) > 1 else 0
    for voter in voters[planned:]:
        yield _plan(run, voter, form, run.share)


def _draws(run: Run, stage: Stage, node: str) -> Iterator[tuple[Bound, Portion]]:
    """List what of a stage is not drawn, seen from a node in it: by voter and by prompt."""
    first = 0
    drawn = len(run.state["samples"]) if node in ("small_plan", "small_execute") else 0
    for draw in schedule(run, stage):
        there = min(max(drawn - first, 0), draw.k)
        for part in portions(run, first + there, draw.k - there):
            yield draw.voter, part
        first += draw.k


def _plan(run: Run, model: Bound, form: PlanForm, k: int = 1) -> Amount:
    """Bound what k plans cost."""
    prompts, most = run.cascade.task.prompts, run.settings.max_plan_tokens
    return _cost(run, model, prompts.planner(form, _question(run, model)), k, most)


def _answer(
    run: Run, model: Bound, forms: list[PlanForm], k: int = 1, *, programs: bool = False
) -> Amount:
    """Bound what k samples cost that follow plans which are still to be written."""
    prompts = prompts_of(run.cascade, programs=programs)
    most = run.settings.max_answer_tokens
    prompt = prompts.executor(_question(run, model), [Plan(form, "-") for form in forms])
    given = run.settings.max_plan_tokens
    planners = {"goal": run.cascade.voters, "guideline": (run.cascade.large,)}
    extra = sum(
        max(plan_tokens(model, most_tokens(planner, given)) for planner in planners[form])
        for form in forms
    )
    return _cost(run, model, prompt, k, most, extra)


def _judgement(run: Run) -> Iterator[Amount]:
    """Bound what a gate that asks costs, once the n samples of a stage are there."""
    gate, model, most = run.cascade.task.gate, run.judge, run.settings.max_answer_tokens
    if not isinstance(gate, AskingGate):
        return
    samples: list[Sample] = [
        {"text": f"{i}", "answer": f"{i}", "finish": None, "goal": None, "id": None}
        for i in range(run.settings.n)
    ]
    longest = max(most_tokens(voter, most) or 0 for voter in run.cascade.voters)
    extra = run.settings.n * plan_tokens(model, longest)
    for prompt in gate.prompts(run.shown_question, samples):
        request = Request(run.large_turn(run.hidden(prompt)), max_tokens=gate.max_tokens)
        yield worst_case(model, request, run.settings.timeout_s, extra_prompt=extra)


def _question(run: Run, model: Bound) -> str:
    return run.asked if model.side == "small" else run.hidden(run.asked)


def _cost(  # noqa: PLR0913, PLR0917
    run: Run, model: Bound, prompt: str, k: int, most: int | None, extra: int = 0
) -> Amount:
    turn = run.turn(prompt) if model.side == "small" else run.large_turn(prompt)
    requests = 1
    if not model.draws_n:
        k, requests = 1, k
    request = Request(turn, k=k, max_tokens=most)
    one = worst_case(model, request, run.settings.timeout_s, extra_prompt=extra)
    return Amount(
        None if one.usd is None else one.usd * requests,
        None if one.tokens is None else one.tokens * requests,
    )
