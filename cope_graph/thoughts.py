"""What a reply says, without what its model thought aloud before."""

from __future__ import annotations


def without_thoughts(text: str) -> str:
    """Leave out what stands up to the last `</think>`, and a thought that never ended.

    A thought holds drafts of answers; one that was cut at the token limit has none that counts.
    """
    return text.rpartition("</think>")[2].partition("<think>")[0]
