"""Where a run begins: at its first stage, or later when the router says that this is cheaper.

A run that begins later is a run of the stages from there on, as if its settings left the earlier
ones out. So beginning at stage 2 has no goal of the small model's, and beginning at stage 3 no
guideline, or the large model's own with `own_plan`.
"""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Final

from cope_graph.context import CopeContext
from cope_graph.errors import InputError
from cope_graph.routing.expected import cheapest
from cope_graph.routing.predictor import probability
from cope_graph.stages.run import Run
from cope_graph.state import Route, Stage

logger = logging.getLogger("cope_graph")

_SHOWN_BY: Final = (
    "stages",
    "n",
    "wave",
    "early_stop",
    "guard",
    "complete",
    "tau1",
    "tau2",
    "quorum",
    "strict",
    "small_plan",
    "large_plan",
    "own_plan",
    "temperature_small_plan",
    "temperature_stage1",
    "temperature_large_plan",
    "temperature_stage2",
    "temperature_stage3",
    "max_plan_tokens",
    "max_answer_tokens",
)
"""Settings that what stages cost and accept depends on: the evidence is of the graph's own."""


def route_of(run: Run) -> Route | None:
    """Decide where a run begins, from its question's text alone; `None` without a router.

    It is pure as far as the predictor is, and never fails: what cannot be decided begins at the
    first stage and says why.
    """
    router, settings, defaults = run.cascade.router, run.settings, run.cascade.defaults
    if router is None:
        return None
    first = settings.stages[0]
    if not run.state["messages"]:
        return _at(first, "there is no question")  # which its first node refuses
    own = [name for name in _SHOWN_BY if getattr(settings, name) != getattr(defaults, name)]
    if own:
        return _at(first, f"the run has its own {', '.join(own)}, which the router knows no run of")
    try:
        p_accept = probability(router.predict, run.question.text)
    except InputError as error:
        # What the predictor raised may quote the question: its details are for who debugs.
        logger.warning("%s The run begins at stage %d.", error, first)
        logger.debug("%s", error, exc_info=True)
        return _at(first, f"{error} The run begins at its first stage.")
    usd = router.costs.expected(p_accept)
    start = cheapest(usd)
    said = f"stage 1 is expected to accept with {p_accept:.2f}; from stage {start} on it costs"
    return {
        "stage": start,
        "p_accept": p_accept,
        "usd": {str(stage): _decimal(cost) for stage, cost in usd.items()},
        "reason": f"{said} least ({_decimal(usd[start])} USD expected)",
    }


def routed(settings: CopeContext, route: object) -> CopeContext:
    """Leave out of a run's settings the stages before the one it begins at.

    Args:
        settings: The run's.
        route: As the state holds it: perhaps of another hand, which `check_state` refuses.
    """
    start = route.get("stage") if isinstance(route, dict) else None
    stages = tuple(stage for stage in settings.stages if start in (1, 2, 3) and stage >= start)
    if not stages or stages == settings.stages:
        return settings
    return settings.model_copy(update={"stages": stages})


def _at(first: Stage, reason: str) -> Route:
    return {"stage": first, "p_accept": None, "usd": {}, "reason": reason}


def _decimal(usd: float) -> str:
    return format(Decimal(f"{usd:.4g}"), "f")
