"""What the rest of a run may cost: what a budget that is shared holds for it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cope_graph.models.bound import Bound
from cope_graph.models.exchange import Request
from cope_graph.models.worst import plan_tokens, worst_case
from cope_graph.money.amount import Amount
from cope_graph.stages.run import Run
from cope_graph.state import Stage


def worst_rest(run: Run, node: str, now: Stage) -> Amount:
    """Bound what a run may cost from a node on, if every stage to come runs in full.

    Retries are not in it: one that cost something takes from what is free.

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
    settings, small, large = run.settings, run.cascade.small, run.cascade.large
    n, plans, answers = settings.n, settings.max_plan_tokens, settings.max_answer_tokens
    planned = settings.small_plan != "none"
    for stage in (stage for stage in settings.stages if stage >= now):
        here = stage == now
        past_plan = here and node in ("small_execute", "large_execute")
        if stage == 1:
            if planned and not past_plan:
                yield _cost(run, small, n, 1, plans)
            if planned:
                yield _cost(run, small, 1, n, answers, 1)
            else:
                yield from (_cost(run, small, draw.k, 1, answers) for draw in run.schedule())
        elif stage == 2:  # noqa: PLR2004
            if not past_plan:
                yield _cost(run, large, 1, 1, plans)
            yield from (_cost(run, small, draw.k, 1, answers, 2) for draw in run.schedule())
        else:
            if settings.own_plan and 2 not in settings.stages and not past_plan:  # noqa: PLR2004
                yield _cost(run, large, 1, 1, plans)
            yield _cost(run, large, 1, 1, answers, 1)


def _cost(  # noqa: PLR0913, PLR0917
    run: Run, model: Bound, k: int, requests: int, most: int | None, shown: int = 0
) -> Amount:
    """Bound requests for k samples each, whose prompts show some plans."""
    if k > 1 and not model.takes_n:
        k, requests = 1, requests * k
    prompt = run.cascade.task.prompts.executor(run.question)
    request = Request(run.turn(prompt), k=k, max_tokens=most)
    extra = shown * plan_tokens(model, run.settings.max_plan_tokens)
    one = worst_case(model, request, run.settings.timeout_s, extra_prompt=extra)
    return Amount(
        None if one.usd is None else one.usd * requests,
        None if one.tokens is None else one.tokens * requests,
    )
