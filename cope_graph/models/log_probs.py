"""Log-probabilities of a reply's tokens, as servers give them, and what sums them up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, Final

from langchain_core.outputs import Generation

from cope_graph.state import LogProbs

SPAN: Final = 32
"""Tokens of the tail and of a window."""

TOO_FEW: Final = "log-probs for fewer tokens than the text"
"""The error of a reply that was not scored as a whole."""

_END: Final = 8
"""Characters at the end of a text that its tokens have to end with (ours)."""

_ROUNDING: Final = 1e-6  # servers compute in 32 bits: a sure token may come out above 0


def log_probs_of(generation: Generation, text: str) -> LogProbs | str | None:
    """Read how sure the model was of a reply.

    Where the tokens spell out the text, only its own count: thoughts that a server leaves out of
    the text are left out here too.

    Args:
        generation: One sample, in OpenAI's format (`logprobs` in its metadata).
        text: Its text.

    Returns:
        The summary, `None` where there are no log-probabilities, `TOO_FEW` where they end before
        the text does or are no log-probabilities.
    """
    message = getattr(generation, "message", None)
    metadata = {
        **(getattr(message, "response_metadata", None) or {}),
        **(generation.generation_info or {}),
    }
    tokens = _entries(metadata.get("logprobs"))
    if tokens is None:
        return None
    pieces = [_bytes_of(token) for token in tokens]
    values = [_value(token) for token in tokens]
    known = [value for value in values if value is not None]
    if len(known) < len(values) or not _covers(pieces, text):
        return TOO_FEW
    return summary(known[_own(pieces, text)])


def summary(values: Sequence[float]) -> LogProbs:
    """Sum up the log-probabilities of a reply's tokens, of which there is at least one."""
    sums = [0.0, *accumulate(values)]
    width = min(SPAN, len(values))
    spans = [(sums[end] - sums[end - width]) / width for end in range(width, len(sums))]
    mean = math.fsum(values) / len(values)
    return {
        "tokens": len(values),
        "mean": mean,
        "tail": math.fsum(values[-width:]) / width,
        "window": min(spans) if width < len(values) else mean,
    }


def _entries(given: Any) -> list[Mapping[str, Any]] | None:
    """List the entries of the tokens; some servers give the list alone."""
    content = given.get("content") if isinstance(given, Mapping) else given
    if not isinstance(content, list) or not content:
        return None
    return [token if isinstance(token, Mapping) else {} for token in content]


def _value(token: Mapping[str, Any]) -> float | None:
    value: Any = token.get("logprob")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value > _ROUNDING:
        return None
    return min(float(value), 0.0)


def _bytes_of(token: Mapping[str, Any]) -> bytes:
    """Give the bytes of a token; its text cannot show half a character."""
    raw = token.get("bytes")
    if isinstance(raw, list) and all(type(it) is int and 0 <= it < 256 for it in raw):  # noqa: PLR2004
        return bytes(raw)
    return str(token.get("token") or "").encode("utf-8", "replace")


def _covers(pieces: Sequence[bytes], text: str) -> bool:
    """Tell whether the tokens are enough for the text; some tokenizers show no spaces.

    Those that show bytes by signs of their own spell no text. Their tokens have to be as many
    characters, and to end as the text does: thoughts make up for no end that is missing.
    """
    spelled, wanted = _squeezed(b"".join(pieces)), _squeezed(text.encode("utf-8", "replace"))
    if wanted in spelled:
        return True
    end = _plain(wanted)[-_END:]
    # The last token may be an end mark.
    ends = (_plain(_squeezed(b"".join(some)))[-_END:] for some in (pieces, pieces[:-1]))
    return len(spelled) >= len(wanted) and any(found.endswith(end) for found in ends)


def _squeezed(spelled: bytes) -> str:
    return "".join(spelled.decode("utf-8", "replace").split())


def _plain(text: str) -> str:
    """Leave out what tokenizers show by signs of their own: blanks and what is not ASCII."""
    return text.encode("ascii", "ignore").decode()


def _own(pieces: Sequence[bytes], text: str) -> slice:
    """Find the tokens that spell out a text; all of them, where that cannot be told."""
    wanted = text.strip().encode("utf-8", "replace")
    spelled = b"".join(pieces)
    # From the end, by `find`: the time that `rfind` takes may grow with the square of the length.
    behind = spelled[::-1].find(wanted[::-1])
    if behind < 0 or not wanted:
        return slice(None)
    start = len(spelled) - behind - len(wanted)
    ends = [0, *accumulate(map(len, pieces))]
    inside = [
        index
        for index, (begin, end) in enumerate(pairwise(ends))
        if end > start and begin < start + len(wanted)
    ]
    return slice(inside[0], inside[-1] + 1)
