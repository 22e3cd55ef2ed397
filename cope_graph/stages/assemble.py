"""What a graph is built with, put together and checked: models, task, settings, limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar, cast, get_args

from cope_graph.calibration.fits import thresholds_of
from cope_graph.context import CopeContext, Overrides
from cope_graph.errors import InputError
from cope_graph.gates.asking import AskingGate
from cope_graph.models.bound import Bound, bind
from cope_graph.money.budget import Budget
from cope_graph.money.prices import Price, checked_prices
from cope_graph.redact import detector
from cope_graph.routing.router import checked_router
from cope_graph.stages.calibrated import check_votes_alone, with_thresholds
from cope_graph.stages.run import FRESH, Cascade, Run
from cope_graph.stages.scored import check_scorable
from cope_graph.stages.spend import check_models
from cope_graph.stages.voters import bind_voters, check_voters, one_sample_each
from cope_graph.state import CopeState
from cope_graph.tasks.task import Task

T = TypeVar("T")
_NOTHING_ASKED: Final = cast("CopeState", FRESH)


def assembled(small: Any, large: Any, given: Mapping[str, Any]) -> Cascade:
    """Put together what a graph is built with.

    Args:
        small: As `create_cope` takes it.
        large: The same.
        given: Its other arguments by name.

    Raises:
        CopeError: As `create_cope`.
    """
    overrides, budget, redact = given["overrides"], given["budget"], given["redact"]
    if overrides not in get_args(Overrides):
        msg = f'overrides is "tighten" or "any", not {overrides!r:.60}.'
        raise InputError(msg)
    prices = checked_prices(given["prices"])
    defaults = _checked(given["defaults"] or CopeContext(), CopeContext, "CopeContext(n=4)")
    task = _task(given["task"], given["response_format"])
    agents = {"small": given["small_executor"], "large": given["large_executor"]}
    executors = any(agent is not None for agent in agents.values())
    thresholds = None if given["thresholds"] is None else thresholds_of(given["thresholds"])
    if thresholds is not None:
        check_votes_alone(task, router=given["router"], executors=executors)
    voters = bind_voters(small, prices)
    if thresholds is None:
        defaults = one_sample_each(defaults, voters)
    cascade = Cascade(
        small=voters[0],
        more_voters=voters[1:],
        large=bind(large, "large", prices),
        task=task,
        judge=_judge(task.gate, prices),
        defaults=defaults,
        overrides=overrides,
        budget=None if budget is None else _checked(budget, Budget, "Budget(usd='1.00')"),
        detect=None if redact is None else detector(redact),
        router=checked_router(given["router"], defaults.stages),
    )
    if given["read_only_tools"] or executors:
        cascade = _with_executors(cascade, agents, given["read_only_tools"])
    if thresholds is not None:
        cascade = with_thresholds(cascade, thresholds)
    _check_whole(cascade)
    return cascade


def _check_whole(cascade: Cascade) -> None:
    """Refuse what cannot run together."""
    check_voters(cascade)
    if cascade.task.log_probs:
        for sampler in cascade.samplers:
            check_scorable(sampler)
    budget = cascade.budget
    if budget is not None and budget.limits_money:
        run = Run(cascade, _NOTHING_ASKED, cascade.defaults)
        check_models(run, usd=budget.limit.usd is not None)


def _task(task: Task | None, response_format: type | None) -> Task:
    if response_format is None:
        return _checked(task, Task, "tasks.math() or your own, or response_format=YourClass")
    if task is not None:
        msg = (
            "A task says what an answer is, and so does response_format: pass one of them "
            "(tasks.structured takes a form and prompts)."
        )
        raise InputError(msg)
    from cope_graph.tasks import structured  # noqa: PLC0415 - only where it is asked for

    return structured(response_format)


def _judge(gate: object, prices: Mapping[str, Price]) -> Bound | None:
    """Bind a third model that a gate asks."""
    if not isinstance(gate, AskingGate) or gate.model is None:
        return None
    return bind(gate.model, "judge", prices)


def _with_executors(
    cascade: Cascade, agents: Mapping[str, object], read_only_tools: object
) -> Cascade:
    from cope_graph.agents.bind_executors import with_executors  # noqa: PLC0415 - seldom needed

    return with_executors(cascade, agents, read_only_tools)


def _checked(given: object, kind: type[T], example: str) -> T:
    if isinstance(given, kind):
        return given
    msg = f"{given!r:.60} is a {type(given).__name__}, not a {kind.__name__}: pass {example}."
    raise InputError(msg)
