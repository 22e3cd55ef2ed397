"""A model's text made fit for a terminal, which it could steer otherwise."""

from __future__ import annotations

from typing import Final

from rich.markup import escape

_JOINERS: Final = "\u200c\u200d"  # of emoji, and of scripts whose letters join


def one_line(text: str, length: int) -> str:
    """Make one line of it, for Rich markup: no control characters, no markup of its own."""
    line = " ".join(text.split())
    plain = "".join(character for character in line if character.isprintable())
    return escape(plain if len(plain) <= length else f"{plain[: length - 1]}…")


def prose_lines(text: str) -> list[str]:
    """Give the lines of a text to be read, without what does not show.

    They are no Rich markup: print them as `Text`.
    """
    lines = text.strip("\n").expandtabs(4).splitlines()
    return ["".join(map(_read, line)).rstrip() for line in lines]


def _read(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    return " " if character.isspace() else ""


def code_lines(code: str) -> list[str]:
    r"""Give the lines of code, with all that does not show spelt out (`\x1b`, `\u202e`).

    Nothing is dropped: code whose hidden characters were missing would read as another program.
    They are no Rich markup: print them as `Text`.
    """
    lines = code.removesuffix("\n").split("\n")
    return ["".join(map(_shown, line.removesuffix("\r").expandtabs(4))) for line in lines]


def _shown(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]
