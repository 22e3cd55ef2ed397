"""Several small models as the voters of a cascade: bound, told apart, and given their samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

from langchain_core.language_models import BaseChatModel, BaseLLM

from cope_graph.calibration.fits import check_run
from cope_graph.context import CopeContext, resolve
from cope_graph.errors import InputError
from cope_graph.gates.perplexities import Scored
from cope_graph.gates.verdict import Verdict
from cope_graph.models.bound import Bound, bind
from cope_graph.money.prices import Price
from cope_graph.stages.programs import check_programs
from cope_graph.stages.run import Cascade, Run

_NO_COUNT: Final = "leave quorum out and set tau1 and tau2."


def bind_voters(
    small: str | BaseChatModel | BaseLLM | Sequence[str | BaseChatModel | BaseLLM],
    prices: Mapping[str, Price],
) -> tuple[Bound, ...]:
    """Make the small side ready: one model, or several in the order in which they are asked.

    Args:
        small: As `create_cope` takes it.
        prices: The user's prices by side or by model name.

    Raises:
        InputError: A list names fewer than two models, one of them twice, or has one price for all.
        CopeError: As `bind`.
    """
    if isinstance(small, str) or not isinstance(small, Sequence):
        return (bind(small, "small", prices),)
    if len(small) < 2:  # noqa: PLR2004 - one sample of one model always agrees with itself
        msg = (
            f"small lists {len(small)} model{'' if small else 's'}: pass one model itself, or list "
            "two or more different ones, cheapest first."
        )
        raise InputError(msg)
    if "small" in prices:
        names = ", ".join(f"'{_named(model)}': Price.of('INPUT', 'OUTPUT')" for model in small)
        msg = (
            "prices['small'] is one price for several small models: give each its own by name, "
            f"prices={{{names}}}."
        )
        raise InputError(msg)
    voters = tuple(bind(model, "small", prices) for model in small)
    for one, other in combinations(voters, 2):
        if _same(one, other):
            msg = (
                f"small lists {one.name} twice, which would only agree with itself: list different "
                "models, or draw several samples of each (CopeContext(n=...), a multiple of the "
                "number of models)."
            )
            raise InputError(msg)
    return voters


def _named(model: object) -> str:
    return model if isinstance(model, str) else str(getattr(model, "model_name", "NAME"))


def _same(one: Bound, other: Bound) -> bool:
    """Tell whether two are one model: by object, or by name and server where there is a name."""
    if one.chat is other.chat:
        return True
    unnamed = one.name == type(one.chat).__name__
    return not unnamed and (one.name, one.api_url) == (other.name, other.api_url)


def check_voters(cascade: Cascade) -> None:
    """Refuse voters that cannot vote beside the rest of a cascade.

    Raises:
        InputError: The large model is one of several small ones, or the defaults do not fit.
    """
    several = cascade.voters if cascade.more_voters else ()
    if any(_same(voter, cascade.large) for voter in several):
        msg = (
            f"The large model {cascade.large.name} is also listed in small: what the small models "
            "do not agree on would be decided by one of them; leave it out of the list."
        )
        raise InputError(msg)
    check_draws(cascade, cascade.defaults)


def one_sample_each(defaults: CopeContext, voters: Sequence[Bound]) -> CopeContext:
    """Let several voters give one sample each, unless the defaults say how many."""
    if len(voters) == 1 or "n" in defaults.model_fields_set:
        return defaults
    return defaults.model_copy(update={"n": len(voters)})


def settings_of(cascade: Cascade, context: object) -> CopeContext:
    """Resolve a run's settings, see `resolve`, and refuse draws that cannot be made.

    What calibrated thresholds fix stays as it is, whatever the overrides.

    Raises:
        InputError: The context does not fit the graph.
    """
    settings = resolve(cascade.defaults, context, cascade.overrides)
    if cascade.thresholds is not None:
        check_run(cascade.thresholds, cascade.defaults, settings)
    check_draws(cascade, settings)
    return settings


def check_draws(cascade: Cascade, settings: CopeContext) -> None:
    """Refuse a number of samples that the voters cannot share evenly, or below the quorum.

    Raises:
        InputError: That, or the gate gives scores and counts nothing; or as `check_programs`.
    """
    check_programs(cascade, settings)
    n, quorum, count = settings.n, settings.quorum, len(cascade.samplers)
    if n % count:
        msg = (
            f"n={n} samples cannot be shared evenly by {count} small models: set n to a multiple "
            f"of {count}, such as CopeContext(n={count})."
        )
        raise InputError(msg)
    if count > 1 and settings.early_stop == "beta-binomial":
        msg = (
            "early_stop='beta-binomial' takes samples for draws of one model, and small lists "
            f"{count}: use early_stop='exact'."
        )
        raise InputError(msg)
    if quorum is None:
        return
    if quorum > n:
        msg = (
            f"A schedule of n={n} samples cannot reach a quorum of {quorum}: lower the quorum to "
            f"{n} at most, or raise n."
        )
        raise InputError(msg)
    if cascade.task.log_probs or isinstance(cascade.task.gate, Scored):
        msg = f"The {cascade.task.name} task scores samples, so none can agree: {_NO_COUNT}"
        raise InputError(msg)


def check_countable(run: Run, verdict: Verdict) -> None:
    """Refuse a quorum where a gate turns out to give scores in place of classes of answers.

    Raises:
        InputError: It does.
    """
    scores = verdict.confidence is not None and verdict.passes is None and not verdict.classes
    if run.settings.quorum is not None and run.state["stage"] < 3 and scores:  # noqa: PLR2004
        msg = f"The gate of the {run.cascade.task.name} task counts no equal answers: {_NO_COUNT}"
        raise InputError(msg)
