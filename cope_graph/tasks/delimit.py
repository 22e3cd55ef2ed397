"""Text of others inside a prompt: between tags that it cannot open or close itself.

A lead (`<`, or a character that looks like it) is neutralised where one of our tags follows:

- `</question`, with a slash of any kind, whether it is closed by `>` or not;
- `<question` before a space, `>`, `/>` or the end of the text: with attributes, closed or not;
- `< question` (with a space first) before `>`, `/>`, `name=value` or the end of the text.

Which tags are "ours" depends on the prompt: a judge's has other ones (`JUDGED`) than a planner's or
an executor's (`PLANNED`), and a text keeps what means nothing in the prompt that it stands in.

Case, hidden characters and styled or look-alike letters make no difference. All else stays as it
is, byte by byte: `a<b`, `x < question_count`, `<questions>`, `i<goal;`, `total < goal and y > 3`.
No list of look-alikes is complete; the exact tags never get through.

`<` becomes `&lt;`, its look-alikes `&#x..;`, and a lead that was written like this already gets an
`amp;` more, so that the neutralised text says exactly what the original was.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, Literal
from unicodedata import normalize

Tag = Literal["question", "goal", "guideline", "rubric", "candidate"]

PLANNED: Final[tuple[Tag, ...]] = ("question", "goal", "guideline")
"""The tags in prompts of planner and executor."""

JUDGED: Final[tuple[Tag, ...]] = ("question", "rubric", "candidate")
"""The tags in prompts of a judge."""

_LEADS: Final = "<\uff1c\ufe64\u2039\u3008\u2329\u27e8"
_ENDS: Final = "[>\uff1e\ufe65\u203a\u3009\u232a\u27e9]"
_SLASHES: Final = r"[/\\\uff0f\u2044\u2215\u29f8]"
# Controls, combining marks, zero-width and direction characters, lone surrogates, variation marks.
_HIDDEN: Final = (
    r"\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0"
    r"\ufff9-\ufffb\U000e0000-\U000e0fff"
)
# Letterlike, circled, full-width and mathematical letters: NFKC tells which letter they are.
_STYLED: Final = (
    range(0x2100, 0x2150),
    range(0x24B6, 0x24EA),
    range(0xFF21, 0xFF5B),
    range(0x1D400, 0x1D800),
)
# Cyrillic, Greek and Armenian letters that are drawn like Latin ones, and the dotless i.
_ALIKE: Final = {
    "a": "\u0430\u03b1",
    "c": "\u0441\u03f2",
    "d": "\u0501",
    "e": "\u0435",
    "g": "\u0261",
    "i": "\u0456\u03b9\u0131",
    "l": "\u04cf",
    "n": "\u0578",
    "o": "\u043e\u03bf",
    "q": "\u051b",
    "r": "\u0433",
    "s": "\u0455",
    "u": "\u03c5",
}


def delimited(tag: Tag, text: str, among: tuple[Tag, ...] = PLANNED) -> str:
    """Put `text` between an opening and a closing `tag`, each on a line of its own.

    Args:
        tag: The tag.
        text: What others wrote.
        among: All tags of the prompt that it goes into; none of them gets through.
    """
    return f"<{tag}>\n{_tags(among).sub(_neutral, text)}\n</{tag}>"


def _neutral(match: re.Match[str]) -> str:
    lead = match[0]
    if lead.startswith("&"):
        return f"&amp;{lead[1:]}"
    return "&lt;" if lead == "<" else f"&#x{ord(lead):x};"


@cache
def _tags(among: tuple[Tag, ...] = PLANNED) -> re.Pattern[str]:
    """Make the pattern of a lead before one of our tags.

    What follows the lead is looked at and not consumed, and holds no lead itself. So a match
    neither hides another nor depends on whether another was neutralised, and the time is linear.
    """
    written = "|".join(f"#x{ord(lead):x}" for lead in _LEADS)
    lead = rf"(?:[{_LEADS}]|&(?:amp;)*+(?:lt|{written});)"
    hidden, space = f"[{_HIDDEN}]*+", rf"[\s{_HIDDEN}]*+"
    letters = _letters(among)
    names = "|".join(hidden.join(f"[{letters[c]}]" for c in tag) for tag in among)
    name = rf"(?:{names}){hidden}(?!\w)"
    done = rf"(?:{space}{_SLASHES}?{space}{_ENDS}|{space}\Z)"
    return re.compile(
        rf"{lead}(?={space}{_SLASHES}{space}{name}"
        rf"|{hidden}{name}(?:\s|{done})"
        rf"|{space}{name}(?:{done}|\s{space}[\w:.-]++=(?!=)))",
        re.IGNORECASE,
    )


def _letters(among: tuple[Tag, ...]) -> dict[str, str]:
    """Give the characters that read as each letter of our tags, for a character class."""
    letters = {letter: letter + _ALIKE.get(letter, "") for tag in among for letter in tag}
    for code in (code for block in _STYLED for code in block):
        plain = normalize("NFKC", chr(code)).lower()
        if plain in letters:
            letters[plain] += chr(code)
    return letters
