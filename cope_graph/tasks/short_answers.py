"""Questions with a short answer: a name, a date, an amount; a vote over what says the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cope_graph.gates.majority import vote
from cope_graph.tasks.equality.notation import TEXT
from cope_graph.tasks.plain_equality import plain_equal
from cope_graph.tasks.reading import MAX_ANSWER, boxes, clean, phrases
from cope_graph.tasks.task import Prompts, Task
from cope_graph.thoughts import without_thoughts

PROMPTS: Final = Prompts(
    goal=(
        "{question}\n\n"
        'What is asked for here? Answer in one sentence that starts with "Find" and names the kind '
        "of answer: a name, a date, an amount. Do not answer the question itself."
    ),
    guideline=(
        "{question}\n\n"
        'How would you go about this? Answer in one sentence that starts with "First" and names '
        "what to recall or work out. Do not give the answer."
    ),
    execute=(
        "{question}\n\n{plan}"
        "Think in a few short sentences where it helps. Then end with one line: "
        '"Answer: " and the answer alone, as short as it can be, with its unit if it has one.'
    ),
    with_goal="{goal}\n\n",
    with_guideline="{guideline}\n\n",
)

_MOST_WORDS: Final = 12
_MOST_LINES: Final = 20
_FORMS: Final = (
    "answer youranswer theanswer finalanswer yourfinalanswer answerhere insertanswerhere"
)
_PLACEHOLDERS: Final = frozenset(_FORMS.split())
_LINE: Final = re.compile(
    r"^[\s>*_#-]{0,12}(?:the[ ]|my[ ]|short[ ])?(?:final[ ])?answer"
    r"[ *_]{0,6}[:=](?:\*\*|__)?[ \t]{0,6}\n?([^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_TEXT: Final = re.compile(TEXT)


def short_answer() -> Task:
    """Make the task of questions with a short answer: a name, a date, an amount.

    Answers that say the same count as equal: 3 km and 3,000 metres, 4 July 1776 and 1776-07-04,
    "The Beatles" and "beatles". See `cope_graph.tasks.plain_equality`.
    """
    return Task("short_answer", PROMPTS, read_short, vote(plain_equal, transitive=False))


def read_short(text: str) -> str | None:
    r"""Read the short answer that a reply states.

    The first rule that finds one: (1) the last line "Answer: ..."; (2) the last `\boxed{...}`; (3)
    what follows the last "the answer is"; (4) the reply, when it is one short line. What was
    thought aloud, up to `</think>`, is left out.

    Args:
        text: The whole reply.

    Returns:
        The answer without marks around it; `None` when there is none.
    """
    said = without_thoughts(text)
    for candidate in (*_lines(said), *boxes(said), *phrases(said), *_whole(said)):
        answer = clean(candidate, _PLACEHOLDERS)
        if answer is not None:
            return clean(_TEXT.sub(r"\1", answer), _PLACEHOLDERS)
    return None


def _lines(said: str) -> Iterator[str]:
    """Yield what stands on the lines that announce an answer, the last line first."""
    for line in list(_LINE.finditer(said))[: -_MOST_LINES - 1 : -1]:
        # A box on the line is read as one.
        yield next(boxes(line[1]), line[1].removesuffix("**")) if len(line[1]) <= MAX_ANSWER else ""


def _whole(said: str) -> Iterator[str]:
    line = said.strip()
    if "\n" not in line and len(line.split()) <= _MOST_WORDS and not _LINE.search(line):
        yield line
