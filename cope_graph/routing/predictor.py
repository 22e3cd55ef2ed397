"""What guesses whether stage 1 will accept a question's answer."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import TypeAlias, cast

from cope_graph.errors import InputError

Predictor: TypeAlias = Callable[[str], float]
"""The probability that stage 1 accepts, from the text of the question alone.

It sees neither earlier turns nor input keys: a record has none, so that the evidence is of what
runs.

It is called once a run, before its first node, and the run waits for it: it has to be quick (no
request to a model), safe to call from several threads, and to say the same of the same question.
"""


def probability(predict: Predictor, question: str) -> float:
    """Ask a predictor.

    Raises:
        InputError: It raises, or what it gives is no probability; without what the question or
            the error says, which others may read.
    """
    try:
        said: object = predict(str(question))  # a message's text is more than a text
    except Exception as error:
        msg = f"The router's predictor raised {type(error).__name__}."
        raise InputError(msg) from error
    if not isinstance(said, Real) or not 0 <= cast("float", said) <= 1:  # not NaN
        # Text may be the question's.
        is_number = said is None or isinstance(said, int | float)
        shown = f"{said!r:.40}" if is_number else f"a {type(said).__name__}"
        msg = f"The router's predictor gave {shown}, which is no probability from 0 to 1."
        raise InputError(msg)
    return float(said)
