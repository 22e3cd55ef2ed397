r"""The members of lists, sets, tuples, intervals and matrices."""

from __future__ import annotations

import re
from typing import Final

_MATRIX: Final = re.compile(r"\\begin\{pmatrix\}((?:(?!\\begin).)*)\\end\{pmatrix\}", re.DOTALL)


def split_list(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the kind of a list and its members, or an empty kind and none.

    The kind is the brackets (`()`, `[)`, `{}` ...), `,` for a bare list, or `matrix 2` for a
    matrix of two columns.
    """
    matrix = _MATRIX.fullmatch(text)
    if matrix is not None:
        return _split_matrix(matrix[1])
    kind, inside = _brackets(text)
    parts = _split_commas(inside)
    if kind and parts is None:  # (0,1)\cup(2,3) is not one pair of brackets
        kind, parts = "", _split_commas(text)
    if parts is None:
        return "", ()
    if kind in {"", "{}"}:  # \pm 2 is 2 and -2
        parts = [
            part.replace("\\pm", sign).removeprefix("+")
            for part in parts
            for sign in ("+-" if part.count("\\pm") == 1 else "+")
        ]
    return (kind or ("," if len(parts) > 1 else ""), tuple(parts))


def _split_matrix(inside: str) -> tuple[str, tuple[str, ...]]:
    rows = [row.split("&") for row in inside.removesuffix("\\\\").split("\\\\")]
    members = tuple(cell for row in rows for cell in row)
    rectangular = len({len(row) for row in rows}) == 1 and all(members)
    return (f"matrix {len(rows[0])}", members) if rectangular else ("", ())


def _brackets(text: str) -> tuple[str, str]:
    """Return the outermost brackets, empty without, and what is inside."""
    if text.startswith("\\{") and text.endswith("\\}"):
        return "{}", text[2:-2]
    if text[:1] in {"(", "["} and text[-1:] in {")", "]"}:
        return text[0] + text[-1], text[1:-1]
    if text.startswith("{") and text.endswith("}"):
        return "{}", text[1:-1]
    return "", text


def _split_commas(text: str) -> list[str] | None:
    """Split at the commas outside of brackets; `None` when brackets or members are missing."""
    parts, start, depth = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth < 0:
            return None
        if char in ",;" and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return parts if depth == 0 and all(parts) else None
