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

_AT_LEAST: Final = ("tau1", "tau2", "guard")


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
    least_wave = min(_least_wave(operator), asked.n)
    if _least_wave(asked) < least_wave:
        if asked.wave is not None:
            yield f"wave may be {least_wave} at least, not {asked.wave}"
        else:
            yield f"early_stop may be 'off' alone, or with a wave of {least_wave} at least"
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
    least = _least_quorum(operator, asked)
    if operator.quorum != asked.quorum and (asked.quorum or 0) < least:
        yield f"quorum may be {least} at least, not {asked.quorum or 'left out'}"
    if asked.early_stop == "beta-binomial" and operator.early_stop != "beta-binomial":
        yield "early_stop may be 'off' or 'exact', not 'beta-binomial', which may decide otherwise"
    if operator.strict and not asked.strict:
        yield "strict may not be switched off"
    if operator.last_resort == "abstain" and asked.last_resort == "answer":
        yield "last_resort may be 'abstain' alone, not 'answer'"


def _least_quorum(operator: CopeContext, asked: CopeContext) -> int:
    """Give the fewest samples that must agree: as many as the operator's thresholds ask for."""
    if operator.quorum is not None:
        return operator.quorum
    tau = max(operator.tau1, operator.tau2)
    counts = range(1, asked.n + 1)
    passed = (k for k in counts if (k / asked.n > tau if operator.strict else k / asked.n >= tau))
    return next(passed, asked.n + 1)


def _least_wave(settings: CopeContext) -> int:
    """Give the fewest samples that a request may be for."""
    return settings.wave or (1 if settings.in_waves else settings.n)


def _shown(value: Any) -> str:
    return "unlimited" if value is None else str(value)
