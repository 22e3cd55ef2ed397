"""Open-ended answers: the one the model was least perplexed by (paper, section 4.1)."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol, get_args

from cope_graph.errors import InputError, SetupError
from cope_graph.gates.verdict import Gate, Question, Verdict

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from cope_graph.state import LogProbs, Sample

logger = logging.getLogger("cope_graph")

Signal = Literal["mean", "tail", "window"]

_WORDS: Final = {
    "mean": "perplexity",
    "tail": "perplexity of the last 32 tokens",
    "window": "perplexity of the least sure 32 tokens",
}


_ROUNDING: Final = 1e-6
"""How far above 0 the logarithm of a certainty may come out."""


class Scorer(Protocol):
    """A model that tells how likely it finds texts, such as `ChatTransformers`."""

    def log_probs(self, messages: Sequence[BaseMessage], answers: Sequence[str]) -> list[LogProbs]:
        """Give how sure it is of each answer to the messages."""


@dataclass(frozen=True)
class Perplexity:
    """A gate that takes the sample of the highest log-probability."""

    signal: Signal = "mean"

    def __call__(self, _question: Question, samples: Sequence[Sample]) -> Verdict:
        """Judge by the log-probabilities that came with the samples."""
        return _verdict(self.signal, samples, [sample.get("log_probs") for sample in samples])


@dataclass(frozen=True)
class Scored:
    """The same gate, where another model scores the answers."""

    scorer: Scorer
    signal: Signal = "mean"

    def __call__(self, question: Question, samples: Sequence[Sample]) -> Verdict:
        """Judge by what the scorer finds; an answer that it cannot score never wins."""
        from langchain_core.messages import HumanMessage  # noqa: PLC0415

        answers = list(dict.fromkeys(s["answer"] for s in samples if s["answer"] is not None))
        asked = [*question.earlier, HumanMessage(question.text)]
        found = _scores(self.scorer, asked, answers) if answers else {}
        scores = [None if s["answer"] is None else found[s["answer"]] for s in samples]
        return _verdict(self.signal, samples, scores)


def perplexity(signal: Signal = "mean") -> Gate:
    """Make a gate that takes the answer of the lowest perplexity.

    Its confidence is 1/perplexity = exp(mean token log-probability), 0 to 1: a perplexity of 1.25
    is a confidence of 0.8. So thresholds are settings like any other: `tau1=0.8` escalates when
    the lowest perplexity of stage 1 is 1.25 or more.

    Args:
        signal: What is looked at: the `"mean"` over all tokens of an answer (the paper), over the
            last 32 (`"tail"`), or over the 32 in a row where the model was least sure
            (`"window"`).

    Raises:
        InputError: There is no such signal.
    """
    _check(signal)
    return Perplexity(signal)


def scored_by(scorer: Scorer, signal: Signal = "mean") -> Gate:
    """Make the same gate for samples of a model without log-probabilities: another scores them.

    Args:
        scorer: Who scores, such as a `ChatTransformers`. It reads the conversation and each answer.
        signal: As in `perplexity`.

    Raises:
        InputError: There is no such signal, or the scorer cannot score.
    """
    _check(signal)
    if not callable(getattr(scorer, "log_probs", None)):
        msg = (
            f"A {type(scorer).__name__} cannot score texts: pass "
            "ChatTransformers(model='org/name')."
        )
        raise InputError(msg)
    return Scored(scorer, signal)


def _check(signal: object) -> None:
    if signal not in get_args(Signal):
        msg = f"There is no signal {signal!r:.60}; there is: {', '.join(get_args(Signal))}."
        raise InputError(msg)


def _scores(
    scorer: Scorer, asked: Sequence[BaseMessage], answers: Sequence[str]
) -> dict[str, LogProbs | None]:
    """Have answers scored side by side; each alone where that fails: one may be too long."""
    try:
        return dict(zip(answers, scorer.log_probs(asked, answers), strict=True))
    except SetupError:
        raise
    except Exception as error:
        # The samples are paid for; not in the error's words, which may quote them.
        logger.warning("a scorer failed on %d answers: %s", len(answers), type(error).__name__)
        logger.debug("a scorer failed", exc_info=True)
    if len(answers) == 1:
        return {answers[0]: None}
    return {answer: _scores(scorer, asked, [answer])[answer] for answer in answers}


def _verdict(
    signal: Signal, samples: Sequence[Sample], scores: Sequence[LogProbs | None]
) -> Verdict:
    answers = [sample["answer"] for sample in samples]
    there = [index for index, answer in enumerate(answers) if answer is not None]
    if not there:
        reason = f"none of {len(samples)} samples has an answer"
        return Verdict(None, None, None, reason)
    known = {i: scores[i] for i in there}
    values = {i: min(one[signal], 0.0) for i, one in known.items() if one and _is_one(one[signal])}
    if not values:
        first = there[0]
        reason = f"no log-probabilities for {len(there)} of {len(samples)} samples"
        return Verdict(None, first, answers[first], reason)
    best = max(values, key=lambda index: values[index])  # of equals the first
    confidence = math.exp(values[best])
    said = f"{1 / confidence:.3g}" if confidence > 0 else "beyond measure"
    explanation = f"the lowest {_WORDS[signal]} of {len(samples)} samples is {said}"
    return Verdict(confidence, best, answers[best], f"{explanation} ({confidence:.2f})")


def _is_one(value: float) -> bool:
    """Tell a log-probability from what a scorer, or a client's hand, may have put in its place."""
    return math.isfinite(value) and value <= _ROUNDING
