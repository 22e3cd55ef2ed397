"""Reading Python code in a reply."""

from __future__ import annotations

import ast
import re
from textwrap import dedent
from typing import Final

from cope_graph.sandbox.parse import parse

_FENCED: Final = re.compile(
    r"^[ \t]*+(?:```|~~~)[ \t]*+(?P<kind>[\w+.-]*+)[^\n]*+\n(?P<code>.*?)(?:^[ \t]*(?:```|~~~)|\Z)",
    re.DOTALL | re.MULTILINE,
)
_PYTHON: Final = re.compile(r"(?:py|python)?[\d.]*", re.IGNORECASE)
_THOUGHT: Final = "</think>"
_MOST_CHARACTERS: Final = 200_000


def read_code(text: str) -> str | None:
    """Read the solution in a reply: Python code that parses.

    Of several blocks it is the first that defines a function or a class, else the first that
    parses: examples of use come after. A reply without a fence may be code as a whole. What a
    model thought aloud, up to `</think>`, holds drafts and is left out.

    Args:
        text: The whole reply.

    Returns:
        The code, `None` when there is none.
    """
    if len(text) > _MOST_CHARACTERS:
        return None
    said = text.rpartition(_THOUGHT)[2]
    blocks = [dedent(m["code"]) for m in _FENCED.finditer(said) if _PYTHON.fullmatch(m["kind"])]
    trees = {code: tree for code in blocks or [said] if (tree := parsed(code)) is not None}
    if not blocks:
        trees = {code: tree for code, tree in trees.items() if _is_code(tree)}
    defining = (code for code, tree in trees.items() if any(map(_defines, tree.body)))
    code = next(defining, next(iter(trees), None))
    return None if code is None else code.strip("\n") + "\n"


def parsed(code: str) -> ast.Module | None:
    """Parse code that others wrote, `None` when it does not parse or is empty."""
    try:
        tree = parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree if tree.body else None


def _is_code(tree: ast.Module) -> bool:
    """Tell code from prose that happens to parse, such as one word."""
    return any(not isinstance(node, ast.Expr) for node in tree.body) or any(
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) for node in tree.body
    )


def _defines(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
