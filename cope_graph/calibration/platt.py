"""Platt scaling: from what the samples tell to the probability that their answer is right.

p = 1 / (1 + exp(-(a s + b))), for one signal s or the weighted sum of several (Platt 1999,
"Probabilistic outputs for support vector machines", section 2; there with the opposite sign).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from cope_graph.context import describe
from cope_graph.errors import InputError
from cope_graph.gates.signals import SignalName, Signals, signals
from cope_graph.gates.verdict import Verdict
from cope_graph.routing.logistic import fit_logistic, sigmoid
from cope_graph.state import Sample

_RIDGE: Final = 1e-6
"""Too little to move a probability; it picks one of many fits where signals say the same."""


@dataclass(frozen=True)
class Platt:
    """The probability that an answer is right, from signals.

    Attributes:
        weights: One a signal that it reads.
        intercept: Of the log-odds.
        records: How many answers it was fitted on.
    """

    weights: dict[SignalName, float]
    intercept: float
    records: int

    def of(self, given: Signals) -> float | None:
        """Estimate it; `None` where a signal it reads is missing."""
        odds = self.intercept
        for name, weight in self.weights.items():
            value = given[name]
            if value is None:
                return None
            odds += weight * value
        return sigmoid(odds)

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON values."""
        weights = dict(self.weights)
        return {"signals": weights, "intercept": self.intercept, "records": self.records}

    @classmethod
    def from_json(cls, content: object) -> Platt:
        """Read what `to_json` gave.

        Raises:
            InputError: It is something else.
        """
        try:
            read = _FORM.validate_python(content, strict=True)
        except ValidationError as error:
            msg = f"This is no Platt scaling that to_json() gave: {describe(error)}"[:500]
            raise InputError(msg) from error
        return cls(read["signals"], read["intercept"], read["records"])


_Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Form(TypedDict):
    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    signals: Annotated[dict[SignalName, _Finite], Field(min_length=1)]
    intercept: _Finite
    records: Annotated[int, Field(ge=2)]


_FORM: Final = TypeAdapter(_Form)


def fit_platt(
    given: Sequence[Signals],
    correct: Sequence[bool],
    *,
    using: Sequence[SignalName] = ("agreement",),
) -> Platt:
    """Fit it on answers that are known to be right or wrong.

    Targets are smoothed as in Platt's section 2.2, (N+ + 1) / (N+ + 2) for right answers and
    1 / (N- + 2) for wrong ones, so that no number of answers makes it certain.

    Args:
        given: The signals of each answer.
        correct: Whether it was right.
        using: The signals to read.

    Raises:
        InputError: All answers are right, or all are wrong; an answer lacks a signal; or lists
            that do not go together.
    """
    _check(given, correct, using)
    right = sum(correct)
    wrong = len(correct) - right
    targets = [(right + 1) / (right + 2) if it else 1 / (wrong + 2) for it in correct]
    rows = [[_known(one, name, place) for name in using] for place, one in enumerate(given)]
    fitted = fit_logistic(rows, targets, _RIDGE)
    return Platt(dict(zip(using, fitted.weights, strict=True)), fitted.intercept, len(correct))


def agreeing(agreement: float) -> Signals:
    """Give the signals of which the agreement alone is known."""
    return {
        "agreement": agreement,
        "margin": None,
        "entropy": None,
        "mean_log_prob": None,
        "tail_log_prob": None,
    }


def p_correct(platt: Platt, verdict: Verdict, samples: Sequence[Sample]) -> float | None:
    """Estimate the probability that a verdict's answer is right.

    Returns:
        0 to 1, or `None` without an answer, or without a signal that `platt` reads.
    """
    return None if verdict.answer is None else platt.of(signals(verdict, samples))


def _check(given: Sequence[Signals], correct: Sequence[bool], using: Sequence[SignalName]) -> None:
    names = get_args(SignalName)
    if not using or len(set(using)) < len(using) or not set(using) <= set(names):
        msg = f"Name some of the signals {', '.join(names)}, each once, not {list(using)}."
        raise InputError(msg)
    if len(given) != len(correct):
        msg = f"There are {len(given)} answers and {len(correct)} labels: give one label to each."
        raise InputError(msg)
    if len(set(correct)) < 2:  # noqa: PLR2004
        kind = "right" if any(correct) else "wrong"
        msg = (
            f"All {len(correct)} answers are {kind}: a probability can only be fitted on right "
            "and wrong ones. Record more questions."
        )
        if not correct:
            msg = "There are no answers to fit a probability on: record some questions."
        raise InputError(msg)


def _known(one: Signals, name: SignalName, place: int) -> float:
    value = one[name]
    if value is None:
        msg = f"Answer {place} has no {name}: leave it out, or fit on other signals."
        raise InputError(msg)
    return value
