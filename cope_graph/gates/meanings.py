"""Agreement by meaning: answers in other words count as equal, by embeddings or by a judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, overload

from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel

from cope_graph.errors import InputError
from cope_graph.gates.asking import AskingGate
from cope_graph.gates.grouping import SCHEMA, prompts, verdict
from cope_graph.gates.vectors import by_vectors

if TYPE_CHECKING:
    from cope_graph.gates.verdict import Gate

SIMILARITY: Final = 0.9
"""Where answers about other things no longer merge (benchmarks/meaning.py)."""

LONGEST: Final = 1000
"""About what a small sentence model reads: 256 tokens of English."""


@overload
def meaning(
    by: Embeddings,
    *,
    similarity: float | None = None,
    longest: int | None = None,
    free: bool = False,
) -> Gate: ...


@overload
def meaning(
    by: BaseChatModel | str | None = None, *, max_tokens: int | None = None
) -> AskingGate: ...


def meaning(
    by: Embeddings | BaseChatModel | str | None = None,
    *,
    similarity: float | None = None,
    longest: int | None = None,
    free: bool = False,
    max_tokens: int | None = None,
) -> Gate | AskingGate:
    """Make a gate that counts answers of the same meaning.

    Confidence is the size of the largest group over ALL samples. The winner is its first member.

    By embeddings two answers are the same when the cosine of their vectors is high enough and they
    hold the same numbers in digits. Embeddings tell topics apart and hardly see a negation, a
    direction or a number in words: what merges may contradict. A judge reads the answers, for two
    requests a stage.

    Args:
        by: Embeddings that run in this process, or who judges: a chat model or a name, `None` for
            the graph's large model.
        similarity: Of embeddings: the least cosine, above 0 and up to 1 (0.9).
        longest: Of embeddings: longest answer in characters (1000). A model reads the beginning of
            a text alone, so a longer answer equals none but its copies.
        free: Of embeddings other than `HuggingFaceEmbeddings`: that a call costs nothing, since no
            bill would hold it.
        max_tokens: Of a judge: longest reply in tokens; `None` for the model's own limit.

    Returns:
        A gate over the samples of one stage.

    Raises:
        InputError: A setting is out of range or not of this kind of gate, or embeddings may cost
            money.
    """
    if isinstance(by, Embeddings):
        if max_tokens is not None:
            msg = "max_tokens is a judge's, and embeddings have none; leave it out."
            raise InputError(msg)
        least, most = _similarity(similarity), _longest(longest)
        return by_vectors(by, least, most, local=_is_local(by, free=free))
    if similarity is not None or longest is not None or free:
        msg = "similarity, longest and free are for embeddings, and a judge has none of them."
        raise InputError(msg)
    return _judged(by, max_tokens)


def _judged(by: object, max_tokens: int | None) -> AskingGate:
    if not (by is None or isinstance(by, BaseChatModel) or (isinstance(by, str) and by.strip())):
        msg = (
            f"meaning() takes embeddings, a chat model, a model's name or None, "
            f"and not {type(by).__name__} {by!r:.40}."
        )
        raise InputError(msg)
    if max_tokens is not None and (type(max_tokens) is not int or max_tokens < 1):
        msg = f"max_tokens of a judge is a whole number above 0 or None, not {max_tokens!r:.60}."
        raise InputError(msg)
    return AskingGate(by, prompts, verdict, schema=SCHEMA, max_tokens=max_tokens)


def _similarity(given: float | None) -> float:
    similarity = SIMILARITY if given is None else given
    if not (isinstance(similarity, (int, float)) and 0 < similarity <= 1):
        msg = f"similarity is a cosine above 0 and up to 1, not {similarity!r:.60}."
        raise InputError(msg)
    return similarity


def _longest(given: int | None) -> int:
    longest = LONGEST if given is None else given
    if type(longest) is not int or longest < 1:
        msg = f"longest is a whole number of characters above 0, not {longest!r:.60}."
        raise InputError(msg)
    return longest


def _is_local(embeddings: Embeddings, *, free: bool) -> bool:
    """Tell whether it is sentence-transformers in this process; others have to be free.

    Raises:
        InputError: They are not known to be: an unknown price is never 0.
    """
    homes = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(embeddings).mro()}
    if ("langchain_huggingface", "HuggingFaceEmbeddings") in homes:
        return True
    if not free:
        msg = (
            f"Calls of {type(embeddings).__name__} may cost money that no bill would hold; use "
            "HuggingFaceEmbeddings, or say free=True if they cost nothing."
        )
        raise InputError(msg)
    return False
