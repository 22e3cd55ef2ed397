"""What the figures mean, in loud, plain sentences: what is wrong first, then what is good."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cope_graph.evaluation.replaying.gate_words import gate_words
from cope_graph.evaluation.replaying.methods import COPE, LARGE, PLAN_FREE, SMALL_VOTE
from cope_graph.evaluation.replaying.summary import BreakEven, Interval, Method, Summary, Word

TOO_WIDE: Final = 0.10
"""The interval of a difference that is wider than this, in accuracy, says too little."""
AS_GOOD: Final = 0.01
"""Accuracies this close count as the same."""
WORSE: Final = 0.02
"""A loss of accuracy that is not ruled out beyond this is spoken of."""
HARDLY: Final = 0.95
"""A share of the large model's cost from which on the savings are hardly any."""
_LEVELS: Final = ("warning", "note", "good")


def words_of(summary: Summary) -> tuple[Word, ...]:
    """Say what to know before a summary's figures are believed, and what is good.

    Args:
        summary: Its own `words` are not looked at.

    Returns:
        Warnings first, then notes, then what is good.
    """
    by_name = {method.name: method for method in summary.methods}
    large = by_name.get(LARGE.name)
    cascade = by_name.get(COPE.name, by_name.get(PLAN_FREE.name))
    small = by_name.get(SMALL_VOTE.name)
    found = list(_small_words(small, large))
    if cascade and large:
        found += _sure_words(cascade, large, summary.items)
        found += _price_words(cascade, large, small)
        found += _plan_words(by_name.get(COPE.name), by_name.get(PLAN_FREE.name))
    elif large is None:
        text = "Nobody asked the large model alone: no method can be compared with it."
        found.append(Word("warning", text))
    for health in summary.health:
        found += gate_words(health, summary.items, cascade)
    if summary.break_even:
        found.append(_stage2_word(summary.break_even))
    return tuple(sorted(found, key=lambda word: _LEVELS.index(word.level)))


def _small_words(small: Method | None, large: Method | None) -> Iterator[Word]:
    if small is None or large is None or small.difference is None:
        return
    if small.difference.value >= -AS_GOOD:
        yield Word(
            "warning",
            f"The small model's vote alone is as good as the large model here: "
            f"{_percent(small.accuracy.value)} against {_percent(large.accuracy.value)}, "
            f"{_points(small.difference)}. A cascade has nothing to add.",
        )


def _sure_words(cascade: Method, large: Method, items: int) -> Iterator[Word]:
    difference, name = cascade.difference, _called(cascade)
    if difference is None:
        return
    width = difference.high - difference.low
    if width > TOO_WIDE:
        enough = round(items * (width / TOO_WIDE) ** 2)  # an interval narrows with the root
        yield Word(
            "warning",
            f"{items} {_items(items)} are too few to say whether {name} is as accurate as the "
            f"large model alone: the difference is {_points(difference)}, {100 * width:.1f} points "
            f"wide. About {enough} items would bring that to {100 * TOO_WIDE:.0f}.",
        )
    elif difference.low >= -WORSE:
        yield Word(
            "good",
            f"{_start(name)} is as accurate as the large model alone, to within "
            f"{100 * WORSE:.0f} points: {_percent(cascade.accuracy.value)} against "
            f"{_percent(large.accuracy.value)}, {_points(difference)}.",
        )
    if difference.high < 0:
        yield Word(
            "warning",
            f"{_start(name)} is less accurate than the large model alone: "
            f"{_percent(cascade.accuracy.value)} against {_percent(large.accuracy.value)}, "
            f"{_points(difference)}.",
        )


def _price_words(cascade: Method, large: Method, small: Method | None) -> Iterator[Word]:
    if cascade.usd is None or large.usd is None:
        yield Word(
            "warning",
            "USD are unknown, since a model has no price: --small-price and --large-price give "
            "one. Until then only tokens are compared.",
        )
        return
    if large.usd == 0:
        yield Word(
            "warning",
            "The large model costs 0 USD here, so nothing can be saved: --large-price gives its "
            "price.",
        )
        return
    if small and small.usd == 0:
        yield Word(
            "note",
            "The small model counts as free: --small-price says what its tokens or its GPU cost.",
        )
    said = f"{_start(_called(cascade))} would cost {cascade.usd / large.usd:.2f} times"
    vote = None if small is None or small.usd is None else small.usd / large.usd
    yield _savings_word(f"{said} the large model alone here", cascade.usd / large.usd, vote)


def _savings_word(said: str, share: float, vote: float | None) -> Word:
    if share < HARDLY:
        return Word("good", f"{said}.")
    if share < 1:
        return Word("note", f"{said}: hardly a saving.")
    if vote is None:
        return Word("warning", f"{said}.")
    why = f"a vote of the small model costs {vote:.2f} of a large answer"
    if vote >= 1:
        return Word("warning", f"{said}: the price gap is too small for votes to pay off, {why}.")
    return Word("warning", f"{said}: {why}, and the gates accept too few to make up for it.")


def _plan_words(cope: Method | None, plan_free: Method | None) -> Iterator[Word]:
    """Say so where plans only cost: by USD, or by tokens where USD say nothing."""
    if cope is None or plan_free is None:
        return
    priced = bool(cope.usd) and plan_free.usd is not None
    costs = (plan_free.usd, cope.usd) if priced else (plan_free.tokens, cope.tokens)
    without, with_plans = (cost or 0.0 for cost in costs)
    if plan_free.accuracy.value < cope.accuracy.value or without > with_plans or not with_plans:
        return
    yield Word(
        "note",
        f"Plans do not pay here: the cascade without them is right in "
        f"{_percent(plan_free.accuracy.value)} against {_percent(cope.accuracy.value)}, at "
        f"{without / with_plans:.2f} of the {'cost' if priced else 'tokens'}.",
    )


def _stage2_word(found: BreakEven) -> Word:
    accepts = f"it accepts {_percent(found.accepts)} of what reaches it"
    if found.pays:
        needed = f"{_percent(max(found.needed, 0.0))} would be enough"
        return Word("good", f"Stage 2 pays for itself: {accepts}, and {needed}.")
    if found.needed > 1:
        return Word(
            "warning",
            f"Stage 2 cannot pay for itself: at {found.usd_stage2:.3g} USD an item it costs more "
            f"than the large model's answer without it, even if it accepted all.",
        )
    return Word(
        "warning",
        f"Stage 2 does not pay for itself: {accepts}, and would have to accept "
        f"{_percent(found.needed)}.",
    )


def _called(cascade: Method) -> str:
    return cascade.name if cascade.name == COPE.name else "the cascade without plans"


def _start(words: str) -> str:
    return words[0].upper() + words[1:]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(difference: Interval) -> str:
    return (
        f"{100 * difference.value:+.1f} points (95 %: {100 * difference.low:+.1f} to "
        f"{100 * difference.high:+.1f})"
    )


def _items(count: int) -> str:
    return "item" if count == 1 else "items"
