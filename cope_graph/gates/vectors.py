"""A vote over answers whose embeddings are close."""

from __future__ import annotations

import logging
import math
import re
from array import array
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from operator import mul
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from langchain_core.embeddings import Embeddings

from cope_graph.gates.majority import group
from cope_graph.gates.verdict import Gate, Question, Verdict

if TYPE_CHECKING:
    from cope_graph.state import Sample

logger = logging.getLogger("cope_graph")

_ITEM: Final = re.compile(r"^[^\S\n]*+(\d{1,3})[.)]\s", re.MULTILINE)
_KEPT: Final = 512  # texts: 1.5 MB of 384 numbers each
# A tokenizer in this process must not be used by two threads at once, whichever gate they are of.
_ONE_AT_A_TIME: Final = Lock()


def by_vectors(embeddings: Embeddings, similarity: float, longest: int, *, local: bool) -> Gate:
    """Make a gate that counts answers close to the first member of a class, in order.

    Args:
        embeddings: Who makes the vectors, many in one call.
        similarity: The least cosine.
        longest: Longest text in characters that is compared.
        local: Whether they run in this process: one call at a time then.
    """
    turn = _ONE_AT_A_TIME if local else nullcontext()
    return partial(_gate, Vectors(embeddings, turn), similarity, longest)


class Vectors:
    """The last vectors, of length 1: a gate looks at the same samples again and again."""

    def __init__(self, embeddings: Embeddings, turn: AbstractContextManager[Any]) -> None:
        """Begin with none.

        Args:
            embeddings: Who makes them.
            turn: Held during a call.
        """
        self._embeddings, self._turn = embeddings, turn
        self._kept: OrderedDict[str, array[float]] = OrderedDict()
        self._lock = Lock()

    def of(self, texts: Sequence[str]) -> dict[str, array[float]]:
        """Give the vectors of different texts, those not seen yet by one call.

        Raises:
            ValueError: What came is not one finite vector other than 0 for each text, all of one
                width.
        """
        with self._turn:
            known = self._known(texts)
            new = [text for text in texts if text not in known]
            if new:
                made = self._embeddings.embed_documents(new)
                known |= zip(new, map(_unit, made), strict=True)
        if len({len(vector) for vector in known.values()}) > 1:
            msg = "vectors of different widths"
            raise ValueError(msg)
        self._keep(known)
        return known

    def _known(self, texts: Sequence[str]) -> dict[str, array[float]]:
        with self._lock:
            return {text: self._kept[text] for text in texts if text in self._kept}

    def _keep(self, vectors: Mapping[str, array[float]]) -> None:
        with self._lock:
            for text, vector in vectors.items():
                self._kept[text] = vector
                self._kept.move_to_end(text)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)


def _gate(
    vectors: Vectors,
    similarity: float,
    longest: int,
    _question: Question,
    samples: Sequence[Sample],
) -> Verdict:
    answers = [sample["answer"] for sample in samples]
    different = list(dict.fromkeys(answer for answer in answers if answer is not None))
    if not different:
        reason = f"none of {len(samples)} samples has a readable answer"
        return Verdict(None, None, None, reason, by_share=True)
    short = [answer for answer in different if len(answer) <= longest]
    try:
        known = vectors.of(short) if len(short) > 1 else {}
    except Exception as error:
        # A gate that cannot tell says so; not in the error's words: they may hold a key.
        logger.warning("the embeddings of answers failed: %s", type(error).__name__)
        logger.debug("the embeddings of answers failed", exc_info=True)
        reason = f"the answers cannot be compared: their embeddings failed ({type(error).__name__})"
        return Verdict(None, answers.index(different[0]), different[0], reason)
    classes = group(answers, partial(_alike, known, similarity))
    best = classes[0]
    count, long = len(best.members), sum(len(answer or "") > longest for answer in answers)
    beyond = f" ({long} too long to compare by embeddings)" if long else ""
    explanation = f"{count} of {len(samples)} samples are close in meaning{beyond}"
    return Verdict(
        confidence=count / len(samples),
        winner=best.members[0],
        answer=best.answer,
        explanation=explanation,
        classes=classes,
        by_share=True,
        loose=True,
    )


def _alike(known: Mapping[str, array[float]], similarity: float, one: str, other: str) -> bool:
    """Tell whether two texts are close; those too long to compare have no vector."""
    if one not in known or other not in known:
        return False
    # Rounding may leave a text a hair below 1 from itself.
    close = sum(map(mul, known[one], known[other])) >= similarity - 1e-9
    return close and _numbers(one) == _numbers(other)


def _numbers(text: str) -> frozenset[str]:
    """Give the numbers of a text that are written in digits, without those of a list's items."""
    items = [int(found) for found in _ITEM.findall(text)]
    # One number alone at the beginning, such as a year, is no list's.
    is_list = len(items) > 1 and items == [*range(1, len(items) + 1)]
    said = _ITEM.sub("", text) if is_list else text
    return frozenset(
        re.sub(r",(?=\d{3}(?!\d))", "", found) for found in re.findall(r"\d+(?:[.,]\d+)*", said)
    )


def _unit(vector: Sequence[float]) -> array[float]:
    """Bring a vector to length 1, so that a product of two is their cosine."""
    length = math.hypot(*vector)
    if not (math.isfinite(length) and length > 0):
        msg = "a vector is not finite, or 0"
        raise ValueError(msg)
    return array("d", (value / length for value in vector))
