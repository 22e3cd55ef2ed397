"""The question of `cope solve`: an argument, a file's path, or standard input."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cope_graph.errors import InputError


def read_question(question: str) -> str:
    """Read a question.

    Args:
        question: Its text, the path of a file that holds it, or `-` for standard input.

    Raises:
        InputError: It reads as a path and there is no such file, or it is not UTF-8.
    """
    try:
        if question == "-":
            return sys.stdin.read()
        if is_file(question):
            return Path(question).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        msg = f"{question!r} is not UTF-8 text."
        raise InputError(msg) from error
    if re.fullmatch(r"(~|\.{0,2})/[^\s/]+(/\S*)?", question):
        msg = f"There is no file {question}."
        raise InputError(msg)
    return question


def is_file(question: str) -> bool:
    """Tell whether a text is the path of a file."""
    try:
        return Path(question).is_file()
    except (OSError, ValueError):
        # A question may be longer than any path, or hold characters no path has.
        return False
