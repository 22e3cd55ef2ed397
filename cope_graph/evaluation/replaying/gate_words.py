"""What a gate's health means, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cope_graph.evaluation.replaying.health import one_class
from cope_graph.evaluation.replaying.summary import Health, Method, Word

NEARLY_ALL: Final = 0.95
"""A gate that accepts at least this share accepts nearly everything."""
NEARLY_NONE: Final = 0.05
"""A gate that accepts at most this share rejects nearly everything."""
BLIND: Final = 0.60
"""An AUROC up to this is close to a coin's, 0.5."""
SHARP: Final = 0.80
"""An AUROC from this on is good."""
WRONG_ACCEPTS: Final = 0.10
"""A share of wrong answers among the accepted ones from which on they are spoken of."""
FEW: Final = 20
"""With fewer items a gate's figures say little, and nothing else is said of it."""
BOTH_KINDS: Final = 10
"""With fewer right answers or fewer wrong ones an AUROC says little, good or bad."""


def gate_words(health: Health, items: int, cascade: Method | None) -> Iterator[Word]:
    """Say what is wrong with a gate, and what is good.

    Args:
        health: Of the gate, over the items that reach it.
        items: How many are compared in all.
        cascade: The gate's, for its wrong answers; `None` where it is not compared.
    """
    gate = f"Stage {health.stage}'s gate"
    if health.accept_rate is None:
        if items:
            yield Word("note", f"Nothing reaches stage {health.stage}'s gate.")
        return
    if health.items < FEW:
        few = f"Only {health.items} items reach stage {health.stage}'s gate"
        yield Word("note", f"{few}: its figures say little.")
        return
    yield from _rate_words(gate, health, health.accept_rate)
    yield from _wrong_words(gate, health, items, cascade)
    yield from _sight_words(gate, health)


def _rate_words(gate: str, health: Health, rate: float) -> Iterator[Word]:
    said = f"{100 * rate:.1f} % of the {health.items} answers that reach it, at tau {health.tau:g}"
    if rate >= NEARLY_ALL:
        yield Word(
            "warning",
            f"{gate} accepts nearly everything: {said}. A higher threshold would ask further.",
        )
    elif rate <= NEARLY_NONE:
        yield Word(
            "warning",
            f"{gate} rejects nearly everything: it accepts {said}. The stage is paid for nothing.",
        )


def _wrong_words(gate: str, health: Health, items: int, cascade: Method | None) -> Iterator[Word]:
    if not health.accept_rate or health.accuracy_accepted is None:
        return
    accepted = round(health.accept_rate * health.items)
    wrong = round(accepted * (1 - health.accuracy_accepted))
    if not wrong or wrong < WRONG_ACCEPTS * accepted:
        return
    said = (
        f"{gate} accepts with confidence what is wrong: {wrong} of {accepted} accepted answers "
        f"({100 * wrong / accepted:.1f} %)"
    )
    errors = 0 if cascade is None else round(items * (1 - cascade.accuracy.value))
    if errors:
        said += f", {100 * wrong / errors:.1f} % of all {errors} wrong answers"
    yield Word("warning", f"{said}. A higher threshold trades them for cost.")


def _sight_words(gate: str, health: Health) -> Iterator[Word]:
    figure = health.auroc
    if figure is None:
        yield Word(
            "note",
            f"All {health.items} answers at stage {health.stage}'s gate are {one_class(health)}: "
            f"whether it tells right from wrong cannot be said (no AUROC).",
        )
        return
    right = _right(health)
    if min(right, health.items - right) < BOTH_KINDS:
        yield Word(
            "note",
            f"{right} right and {health.items - right} wrong answers at stage {health.stage}'s "
            f"gate are too few of a kind to say how well it tells them apart (AUROC "
            f"{figure:.2f}).",
        )
    elif figure <= BLIND:
        yield Word(
            "warning",
            f"{gate} cannot tell right from wrong: AUROC {figure:.2f}, where a coin has 0.50.",
        )
    elif figure >= SHARP:
        yield Word("good", f"{gate} tells right from wrong: AUROC {figure:.2f}.")


def _right(health: Health) -> int:
    """Count the right answers at a gate."""
    rate = health.accept_rate or 0.0
    accepted, others = health.accuracy_accepted or 0.0, health.accuracy_rejected or 0.0
    return round(health.items * (rate * accepted + (1 - rate) * others))
