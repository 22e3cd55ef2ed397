"""What guesses whether stage 1 will accept a question's answer."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import TypeAlias, cast

from cope_graph.errors import InputError
from cope_graph.gates.verdict import Question

Predictor: TypeAlias = Callable[[Question], float]
"""The probability that stage 1 accepts, from the question alone.

It is called once a run, before its first node, and the run waits for it: it has to be quick (no
request to a model), safe to call from several threads, and to say the same of the same question.
"""


def probability(predict: Predictor, question: Question) -> float:
    """Ask a predictor.

    Raises:
        InputError: It raises, or what it gives is no probability; without what the question or
            the error says, which others may read.
    """
    try:
        said: object = predict(question)
    except Exception as error:
        msg = f"The router's predictor raised {type(error).__name__}."
        raise InputError(msg) from error
    if not isinstance(said, Real) or not 0 <= cast("float", said) <= 1:  # not NaN
        msg = f"The router's predictor gave {said!r:.40}, which is no probability from 0 to 1."
        raise InputError(msg)
    return float(said)
