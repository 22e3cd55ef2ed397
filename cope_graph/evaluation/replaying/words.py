"""What the figures mean, in loud, plain sentences: the verdict, what is wrong, what is good."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cope_graph.evaluation.replaying.gate_words import FEW, gate_words
from cope_graph.evaluation.replaying.methods import COPE, LARGE, PLAN_FREE, SMALL_VOTE
from cope_graph.evaluation.replaying.phrases import percent, points
from cope_graph.evaluation.replaying.summary import BreakEven, Method, Summary, Word
from cope_graph.evaluation.replaying.verdict import LEVELS, WORSE, verdict

AS_GOOD: Final = 0.01
"""Accuracies this close count as the same."""


def words_of(summary: Summary, more: Sequence[Word] = ()) -> tuple[Word, ...]:
    """Say what to know before a summary's figures are believed, and what is good.

    Args:
        summary: Its own `words` are not looked at.
        more: Others to put among them.

    Returns:
        The verdict, whatever its level; then warnings, notes, and what is good.
    """
    by_name = {method.name: method for method in summary.methods}
    large = by_name.get(LARGE.name)
    cascade = by_name.get(COPE.name, by_name.get(PLAN_FREE.name))
    first: list[Word] = []
    found = [*more]
    if large is None:
        text = "Nobody asked the large model alone: no method can be compared with it."
        found.append(Word("warning", text))
    elif cascade is not None:
        first = [verdict(cascade, large, summary.items)]
        small = by_name.get(SMALL_VOTE.name)
        found += _small_words(small, large)
        found += _price_words(cascade, large, small)
        found += _plan_words(by_name.get(COPE.name), by_name.get(PLAN_FREE.name))
    for health in summary.health:
        found += gate_words(health, summary.items, cascade)
    if summary.break_even:
        found.append(_stage2_word(summary.break_even, summary))
    return (*first, *sorted(found, key=lambda word: LEVELS.index(word.level)))


def _small_words(small: Method | None, large: Method) -> Iterator[Word]:
    if small is None or small.difference is None or small.difference.value < -AS_GOOD:
        return
    sure = small.difference.low >= -WORSE
    yield Word(
        "warning",
        f"The small model's vote alone is as good as the large model here: "
        f"{percent(small.accuracy.value)} against {percent(large.accuracy.value)}, "
        f"{points(small.difference)}. A cascade {'has' if sure else 'may have'} nothing to add.",
    )


def _price_words(cascade: Method, large: Method, small: Method | None) -> Iterator[Word]:
    """Say where the money goes."""
    if small is None or small.usd is None or not large.usd:
        return
    if small.usd == 0:
        yield Word(
            "note",
            "The small model counts as free: --small-price says what its tokens or its GPU cost.",
        )
    if cascade.usd is None or cascade.usd < large.usd:
        return
    vote = f"a vote of the small model costs {small.usd / large.usd:.2f} of a large answer"
    if small.usd >= large.usd:
        yield Word("warning", f"The price gap is too small for votes to pay off: {vote}.")
    else:
        yield Word("warning", f"The gates accept too few to make up for the votes: {vote}.")


def _plan_words(cope: Method | None, plan_free: Method | None) -> Iterator[Word]:
    """Say so where plans only cost: by USD, or by the large model's tokens without prices."""
    if cope is None or plan_free is None:
        return
    priced = bool(cope.usd) and plan_free.usd is not None
    costs = (plan_free.usd, cope.usd) if priced else (plan_free.large_tokens, cope.large_tokens)
    without, with_plans = (cost or 0.0 for cost in costs)
    what = "cost" if priced else "large model's tokens"
    if plan_free.accuracy.value < cope.accuracy.value or without > with_plans or not with_plans:
        return
    yield Word(
        "note",
        f"Plans do not pay here: the cascade without them is right in "
        f"{percent(plan_free.accuracy.value)} against {percent(cope.accuracy.value)}, at "
        f"{without / with_plans:.2f} of the {what}.",
    )


def _stage2_word(found: BreakEven, summary: Summary) -> Word:
    accepts = f"it accepts {percent(found.accepts)} of what reaches it"
    if found.pays:
        reach = next((one.items for one in summary.health if one.stage == 2), 0)  # noqa: PLR2004
        needed = f"{percent(max(found.needed, 0.0))} would be enough"
        text = f"Stage 2 pays for itself: {accepts}, and {needed}."
        return Word("good" if reach >= FEW else "note", text)
    if found.needed > 1:
        return Word(
            "warning",
            f"Stage 2 cannot pay for itself: at {found.usd_stage2:.3g} USD an item it costs more "
            f"than the large model's answer without it, even if it accepted all.",
        )
    return Word(
        "warning",
        f"Stage 2 does not pay for itself: {accepts}, and would have to accept "
        f"{percent(found.needed)}.",
    )
