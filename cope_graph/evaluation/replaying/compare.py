"""All methods side by side, from records alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydantic import ValidationError

from cope_graph.context import CopeContext, describe
from cope_graph.errors import InputError
from cope_graph.evaluation.records import Records
from cope_graph.evaluation.replaying.break_even import break_even
from cope_graph.evaluation.replaying.chosen_arms import poor_words
from cope_graph.evaluation.replaying.figures import figures, known, usd_of
from cope_graph.evaluation.replaying.frontier import every_sweep, frontier, grid_of
from cope_graph.evaluation.replaying.health import health_of
from cope_graph.evaluation.replaying.methods import COPE, LARGE, METHODS, Method, Path, in_order
from cope_graph.evaluation.replaying.outcomes import Bools, Outcome
from cope_graph.evaluation.replaying.replay import replay
from cope_graph.evaluation.replaying.summary import BreakEven, Health, Summary, Word
from cope_graph.evaluation.replaying.walk import Outcomes, Thresholds, Walk, key_of, walk
from cope_graph.evaluation.replaying.words import words_of
from cope_graph.money.prices import Price
from cope_graph.state import Stage


@dataclass(frozen=True)
class Settings:
    """What is asked of the records.

    Attributes:
        n: Samples of a stage.
        at: Thresholds.
    """

    n: int
    at: Thresholds


def settings_of(records: Records, given: Mapping[str, Any]) -> Settings:
    """Take the settings that the records were drawn under, with others put over them.

    Args:
        records: Any.
        given: `n`, `tau1`, `tau2`, `strict`; `None` for what the records say.

    Raises:
        InputError: One is out of bounds.
    """
    recorded = records.header["settings"]
    names = ("n", "tau1", "tau2", "strict")
    values = {name: recorded[name] for name in names if name in recorded}
    values |= {name: value for name, value in given.items() if value is not None}
    try:
        checked = CopeContext.model_validate(values)
    except ValidationError as error:
        msg = f"The what-if does not fit: {describe(error)}"
        raise InputError(msg) from error
    return Settings(checked.n, Thresholds(checked.tau1, checked.tau2, checked.strict))


def compare(  # noqa: PLR0913 - what-ifs, each by name
    records: Records,
    asked: Settings,
    *,
    prices: Mapping[str, Price] | None,
    voters: Sequence[str] | None,
    order: Sequence[int] | None,
    baseline: str,
    seed: int,
) -> Summary:
    """Compare all methods that the records can tell of, see `summarising.summarise`."""
    methods: tuple[Method, ...] = (*METHODS, in_order(order)) if order else METHODS
    _check_baseline(baseline, methods)
    run = replay(records, n=asked.n, prices=prices, voters=voters)
    outcomes = run.at(asked.n)
    main = run.main()
    walks: dict[Method, Walk] = {}
    left_out: list[str] = []
    for method in methods:
        found = walk(method, outcomes, asked.at)
        if isinstance(found, Walk):
            walks[method] = found
        elif method == main or (order and method == methods[-1]):
            raise InputError(run.why_not(method, found, outcomes, asked.at))
        else:
            left_out.append(method.name)
    base = next((usd_of(one) for way, one in walks.items() if way.name == baseline), None)
    sweeps = every_sweep(run, asked.n, outcomes, asked.at)
    whole = next(one for one in sweeps if one.n == asked.n and one.of == main)
    header = records.header
    summary = Summary(
        title=" -> ".join(header["models"].get(side, side) for side in ("small", "large")),
        task=header["task"],
        data=header["data"]["name"] if header["data"] else records.name,
        models=header["models"],
        n=asked.n,
        tau1=asked.at.tau1,
        tau2=asked.at.tau2,
        strict=asked.at.strict,
        seed=header["settings"].get("seed"),
        items=len(run.items),
        excluded=run.excluded,
        methods=figures(walks, baseline=baseline, seed=seed),
        health=tuple(_healths(main, walks[main], outcomes, asked.at)),
        grid=grid_of(whole, base),
        frontier=frontier(sweeps, base=base, seed=seed),
        break_even=_break_even(walks.get(COPE), outcomes, asked.at),
        baseline=baseline,
        words=(),
        whole=header["data"]["items"] if header["data"] else None,
    )
    return replace(summary, words=words_of(summary, [*poor_words(records), *_left_out(left_out)]))


def _check_baseline(baseline: str, methods: Sequence[Method]) -> None:
    names = [method.name for method in methods]
    if baseline not in names:
        msg = f"There is no method {baseline!r:.60} to compare with; there is: {', '.join(names)}."
        raise InputError(msg)


def _left_out(names: Sequence[str]) -> list[Word]:
    if not names:
        return []
    said = ", ".join(names)
    return [Word("note", f"Left out, since the records do not say what they do: {said}.")]


def _healths(main: Path, taken: Walk, outcomes: Outcomes, at: Thresholds) -> Iterator[Health]:
    reached = np.zeros((0, 0), np.bool_) if taken.reached is None else taken.reached
    for step, there in zip(main.steps[:-1], reached, strict=False):
        tau = at.tau1 if step.stage == 1 else at.tau2
        yield _health(step.stage, outcomes[key_of(step)], there, tau, at.strict)


def _health(stage: Stage, outcome: Outcome, there: Bools, tau: float, strict: bool) -> Health:  # noqa: FBT001
    """Measure a gate; one that knows without a threshold accepts by its own word."""
    right, accepted = outcome.right[there], outcome.accepts(tau, strict=strict)[there]
    found = health_of(stage, outcome.confidence[there], right, tau, strict)
    if not there.any():
        return found
    return replace(
        found,
        accept_rate=float(accepted.mean()),
        accuracy_accepted=float(right[accepted].mean()) if accepted.any() else None,
        accuracy_rejected=float(right[~accepted].mean()) if not accepted.all() else None,
    )


def _break_even(cope: Walk | None, outcomes: Outcomes, at: Thresholds) -> BreakEven | None:
    """Compare stage 2 with going on at once, on the items that reach it.

    What goes on are the hard items, with the longer answers: stage 3 is priced by these, so that
    COPE and S1+S3 differ by just what is said here. Where all are accepted nothing goes on.
    """
    if cope is None or cope.reached is None:
        return None
    second, there = outcomes[key_of(COPE.steps[1])], cope.reached[1]
    if not there.any():
        return None
    on = cope.reached[2] if cope.reached[2].any() else there
    return break_even(
        accepts=float(second.accepts(at.tau2, strict=at.strict)[there].mean()),
        usd_stage2=_mean_usd(second, there),
        usd_stage3=_mean_usd(outcomes.get(key_of(COPE.steps[2])), on),
        usd_without=_mean_usd(outcomes.get(key_of(LARGE.steps[0])), there),
    )


def _mean_usd(outcome: Outcome | None, there: Bools) -> float | None:
    """Give the mean USD of a stage over some items; `None` where one is not known."""
    if outcome is None or not outcome.there[there].all():
        return None
    return known(float(outcome.bill.usd[there].sum(axis=1).mean()))
