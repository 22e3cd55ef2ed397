"""What a run may ask for: less money, fewer samples, stricter gates; never more or looser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cope_graph.context import CopeContext

_AT_MOST: Final = (
    "n",
    "max_plan_tokens",
    "max_answer_tokens",
    "budget_usd",
    "budget_tokens",
    "deadline_s",
    "timeout_s",
)
"""Where more costs more; `None` is no limit."""

_AT_LEAST: Final = ("tau1", "tau2")


def looser(operator: CopeContext, asked: CopeContext) -> tuple[str, ...]:
    """List the settings in which a run asks for more than the operator bound.

    The operator is who builds the graph; a run's context may come from a client. What neither
    costs nor loosens anything is free: temperatures, the seed, the form of a plan.

    Args:
        operator: The graph's defaults.
        asked: The run's settings.

    Returns:
        A phrase for each such setting; none when the run stays within bounds.
    """
    return (*_more(operator, asked), *_weaker(operator, asked))


def _more(operator: CopeContext, asked: CopeContext) -> Iterator[str]:
    """Name what would cost more."""
    for name in _AT_MOST:
        most, wanted = getattr(operator, name), getattr(asked, name)
        if most is not None and (wanted is None or wanted > most):
            yield f"{name} may be {most} at most, not {_shown(wanted)}"
    # Without a number it is the model's own, which may be any.
    most, wanted = operator.retries, asked.retries
    if wanted != most and (wanted is None or wanted > (most or 0)):
        yield f"retries may be {most or 0} at most, not {_shown(wanted)}"
    # Smaller waves send the prompt more often.
    least_wave = min(operator.wave or operator.n, asked.n)
    if asked.wave is not None and asked.wave < least_wave:
        yield f"wave may be {least_wave} at least, not {asked.wave}"
    if not set(asked.stages) <= set(operator.stages):
        yield f"stages may be some of {list(operator.stages)}, not {list(asked.stages)}"
    if operator.small_plan == "none" and asked.small_plan != "none":
        yield f"small_plan may be 'none' alone, not {asked.small_plan!r}"
    if asked.complete and not operator.complete:
        yield "complete may not be switched on"
    if asked.own_plan and not operator.own_plan:
        yield "own_plan may not be switched on"


def _weaker(operator: CopeContext, asked: CopeContext) -> Iterator[str]:
    """Name what would let more answers pass."""
    for name in _AT_LEAST:
        least, wanted = getattr(operator, name), getattr(asked, name)
        if wanted < least:
            yield f"{name} may be {least} at least, not {wanted}"
    if operator.strict and not asked.strict:
        yield "strict may not be switched off"
    if operator.last_resort == "abstain" and asked.last_resort == "answer":
        yield "last_resort may be 'abstain' alone, not 'answer'"


def _shown(value: Any) -> str:
    return "unlimited" if value is None else str(value)
