"""A model's text made fit for a terminal, which it could steer otherwise."""

from __future__ import annotations

from rich.markup import escape


def one_line(text: str, length: int) -> str:
    """Make one line of it, for Rich markup: no control characters, no markup of its own."""
    line = " ".join(text.split())
    plain = "".join(character for character in line if character.isprintable())
    return escape(plain if len(plain) <= length else f"{plain[: length - 1]}…")


def code_lines(code: str) -> list[str]:
    r"""Give the lines of code, with all that does not show spelt out (`\x1b`, `\u202e`).

    Nothing is dropped: code whose hidden characters were missing would read as another program.
    They are no Rich markup: print them as `Text`.
    """
    lines = code.removesuffix("\n").split("\n")
    return ["".join(map(_shown, line.removesuffix("\r").expandtabs(4))) for line in lines]


def _shown(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]
