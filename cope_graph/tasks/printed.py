"""The answer in the last line that a program printed."""

from __future__ import annotations

import re
from typing import Final

from cope_graph.tasks.reading import clean, phrases, read_math

_LABEL: Final = re.compile(r"[^\W\d][\w' ]{0,60}:\s{1,8}(?=\S)")
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_SENTENCE: Final = 3
"""Words; fewer stand for a unit, which equality knows."""
_FLOAT: Final = re.compile(r"-?\d{1,40}\.\d{1,40}(?:e[-+]?\d{1,3})?")
_NOISY: Final = 16
"""Digits: a float that Python prints with as many may be off in the last ones."""


def read_printed(stdout: str) -> str | None:
    """Read the last line of a program's output, which is asked to be the answer by itself.

    It may have a label ("Total: 72"), or be a sentence, which is read like one of a reply. Floats
    are printed with up to 17 digits, the last of them rounding errors of the program's arithmetic
    (0.1 + 0.2 is 0.30000000000000004): one with 16 or more is rounded to 12, so that it can agree
    with what was worked out in words.

    Args:
        stdout: All that it printed.

    Returns:
        The answer, `None` when there is none.
    """
    lines = [line.strip() for line in stdout.splitlines() if line.strip()]
    if not lines:
        return None
    line = lines[-1]
    stated = next((answer for said in phrases(line) if (answer := clean(said))), None)
    if stated is None:
        bare = _LABEL.sub("", line, count=1) if _LABEL.match(line) else line
        stated = read_math(bare) if len(_WORD.findall(bare)) >= _SENTENCE else clean(bare)
    return None if stated is None else _without_noise(stated)


def _without_noise(answer: str) -> str:
    if not _FLOAT.fullmatch(answer):
        return answer
    digits = answer.lstrip("-").partition("e")[0].replace(".", "").lstrip("0")
    return f"{float(answer):.12g}" if len(digits) >= _NOISY else answer
