"""The three big figures at the top of a page."""

from __future__ import annotations

from dataclasses import dataclass

from cope_graph.evaluation.replaying.summary import Summary
from cope_graph.report import reading, wording
from cope_graph.report.savings import saving_of
from cope_graph.report.tables import Tone, tone


@dataclass(frozen=True)
class Big:
    """A figure to be seen from afar.

    Attributes:
        label: What it is.
        value: It in large type.
        beside: What it is to be compared with, or what it means.
        tone: Whether that is a gain or a loss.
        more: What else to know about it.
    """

    label: str
    value: str
    beside: str
    tone: Tone = ""
    more: str = ""


def headline(summary: Summary) -> tuple[Big, Big, Big]:
    """Give accuracy, cost, and what went without the large model."""
    return _accuracy(summary), _cost(summary), _alone(summary)


def _accuracy(summary: Summary) -> Big:
    main, base = reading.subject(summary), reading.baseline(summary)
    low, high = main.accuracy.low * 100, main.accuracy.high * 100
    ends = f"95{wording.NBSP}% interval {low:.1f} to {high:.1f}"
    more = "" if main is base else f"{base.name}: {wording.percent(base.accuracy.value)}"
    return Big(f"accuracy of {main.name}", wording.percent(main.accuracy.value), ends, more=more)


def _cost(summary: Summary) -> Big:
    """Tokens have no tone: how much a small model's are worth is not known without prices."""
    main, scale = reading.subject(summary), reading.scale(summary)
    priced = scale.unit == "usd"
    said = saving_of(summary, main)
    if scale.relative:
        label = f"{'cost' if priced else 'tokens'}, as a multiple of {scale.name}"
        value = wording.times(scale.ratio(main))
    else:
        label = f"cost, USD per {wording.PER:,} items" if priced else "tokens an item"
        value = wording.usd(main.usd) if priced else wording.tokens(main.tokens)
        said = f"{said}, against {scale.name}"
    colour = tone(saving_of(summary, main)) if priced else ""
    return Big(label, value, said, colour, "" if priced else _tokens(summary, scale.why))


def _tokens(summary: Summary, why: str) -> str:
    main, base = reading.subject(summary), reading.baseline(summary)
    used = f"{wording.tokens(main.large_tokens)} of the large model, {base.name} "
    return f"{used}{wording.tokens(base.large_tokens)}; {why}"


def _alone(summary: Summary) -> Big:
    """Stage 1 alone asks no large model; stage 2 asks it for a plan."""
    resolved = reading.subject(summary).resolved
    first, second = resolved.get(1), resolved.get(2)
    share = 0.0 if first is None else first.items
    more = ""
    if second is not None and second.items > 0:
        more = f"{wording.percent(second.items)} more need only its plan"
    label, beside = "answered without the large model", "of the items: stage 1 answers them"
    return Big(label, wording.percent(share), beside, more=more)
