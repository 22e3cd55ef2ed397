"""Tests written as asserts: checked when given, and made to say what came instead."""

from __future__ import annotations

import ast
from typing import Final

from cope_graph.errors import InputError
from cope_graph.sandbox.parse import parse

_LEFT: Final = "_cope_left"
_RIGHT: Final = "_cope_right"
_SIGNS: Final = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}


def telling(code: str, number: int) -> str:
    """Return a test that says which values an assert compared; otherwise the same test.

    Only a comparison of two sides at the top level without a message of its own is rewritten.

    Args:
        code: Source of the test.
        number: Of the test, from 1, for the error.

    Raises:
        InputError: If it does not parse.
    """
    try:
        tree = parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        msg = f"test {number} does not parse as Python ({error}): correct it"
        raise InputError(msg) from error
    found = [_tell(statement) for statement in tree.body]
    try:
        return ast.unparse(ast.fix_missing_locations(tree)) if any(found) else code
    except RecursionError:  # a sum of many terms, say: its message will be plain
        return code


def _tell(statement: ast.stmt) -> bool:
    """Rewrite one statement in place; tell whether it was."""
    if not (
        isinstance(statement, ast.Assert)
        and statement.msg is None
        and isinstance(statement.test, ast.Compare)
        and len(statement.test.ops) == 1
    ):
        return False
    compare = statement.test
    sides = ((_LEFT, compare.left), (_RIGHT, compare.comparators[0]))
    left, right = (
        ast.NamedExpr(target=ast.Name(id=name, ctx=ast.Store()), value=side) for name, side in sides
    )
    statement.test = ast.Compare(left=left, ops=compare.ops, comparators=[right])
    sign = _SIGNS[type(compare.ops[0])]
    statement.msg = ast.parse(f"f'{{{_LEFT}!r}} {sign} {{{_RIGHT}!r}}'", mode="eval").body
    return True
