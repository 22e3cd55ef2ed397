"""Tests read from a Python file: each is a program of its own, to run below a candidate.

The file is parsed and taken apart here, and never run.
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Final

from cope_graph.errors import InputError

_THERE: Final = sys.stdlib_module_names | {"candidate"}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def tests_in(source: str, name: str) -> list[str]:
    """Give the tests of a Python file, in order.

    A test is a top-level statement that holds an assert, or that calls a helper which does, or a
    function `test_...()`. What it needs of what else stands before it belongs to it too, and to a
    function what it needs of all else.
    What stands under `if __name__ == "__main__"` counts where it holds tests of its own.

    Args:
        source: The file's text.
        name: Its name, for errors.

    Raises:
        InputError: It does not parse, or holds tests that cannot run in a sandbox.
    """
    try:
        return _tests(_parsed(source, name), name)
    except RecursionError as error:
        msg = f"{name} is nested too deeply: write shorter expressions."
        raise InputError(msg) from error


def _parsed(source: str, name: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a regular expression without r"" no run may end
            return ast.parse(source)
    except (SyntaxError, ValueError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        where = f"line {line}: " if line else ""
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        msg = f"{name} does not parse as Python ({where}{said}): correct it."
        raise InputError(msg) from error


def _tests(tree: ast.Module, name: str) -> list[str]:
    functions = [node for node in tree.body if isinstance(node, _Function)]
    tests = {node.name for node in functions if _is_test(node)}
    checks = _checks([node for node in functions if not _is_test(node)])
    own: list[tuple[ast.stmt, int]] = []
    shared: list[ast.stmt] = []
    for node in _statements(tree, checks):
        _check(node, name)
        if _is_test(node) or _holds(node, checks):
            own.append((node, len(shared)))
        elif _names(node) & tests:  # it runs the tests, as here is done anyway
            tests |= {node.name} if isinstance(node, _Function) else set()
        else:
            shared.append(node)
    return [_program(node, shared if _is_test(node) else shared[:before]) for node, before in own]


def _statements(tree: ast.Module, checks: set[str]) -> Iterator[ast.stmt]:
    for node in tree.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        if not (isinstance(node, ast.If) and "__name__" in _names(node.test)):
            yield node
        elif any(_holds(inner, checks) for inner in node.body):
            yield from node.body


def _program(node: ast.stmt, shared: list[ast.stmt]) -> str:
    body = [*_needed(node, shared), node]
    if isinstance(node, ast.FunctionDef):
        body.append(ast.parse(f"{node.name}()").body[0])
    return ast.unparse(ast.Module(body, []))


def _needed(node: ast.stmt, shared: list[ast.stmt]) -> list[ast.stmt]:
    """Leave out what a test has no use for: models are shown its source."""
    names, kept = _names(node), [False] * len(shared)
    before = -1
    while sum(kept) > before:  # a helper may need what stands below it
        before = sum(kept)
        for at, other in enumerate(shared):
            bound = _bound(other)
            if not kept[at] and (not bound or bound & (names | {"*"})):
                kept[at] = True
                names |= _names(other)
    return [other for other, keep in zip(shared, kept, strict=True) if keep]


def _bound(node: ast.stmt) -> set[str]:
    """Give the names that a statement binds; none where it is there for what it does."""
    if isinstance(node, _Function | ast.ClassDef):
        return set() if node.decorator_list else {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        names = {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        return {"*"} if future else names
    parts = [*ast.walk(node)]
    acts = any(isinstance(part, ast.Call | ast.Subscript | ast.Attribute) for part in parts)
    if acts or not isinstance(node, ast.Assign | ast.AnnAssign):
        return set()
    return {
        part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }


def _is_test(node: ast.stmt) -> bool:
    return isinstance(node, _Function) and node.name.startswith("test_")


def _checks(helpers: Sequence[_Function]) -> set[str]:
    """Name the helpers that run an assert, be it in another helper."""
    checks: set[str] = set()
    for _ in helpers:
        for node in helpers:
            if any(_holds(inner, checks) for inner in node.body):
                checks.add(node.name)
    return checks


def _holds(node: ast.AST, checks: set[str]) -> bool:
    """Tell whether running a statement runs an assert; what it defines does not run."""
    if isinstance(node, _Function | ast.ClassDef | ast.Lambda):
        return False
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in checks:
        return True
    within = ast.iter_child_nodes(node)
    return isinstance(node, ast.Assert) or any(_holds(part, checks) for part in within)


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _check(node: ast.stmt, name: str) -> None:
    """Refuse what would fail for every candidate, whatever its code."""
    where = f"{name}, line {node.lineno}:"
    if missing := _missing(node):
        msg = (
            f"{where} no sandbox has the module {missing}; import the standard library alone. What "
            "a candidate defines is there without an import."
        )
        raise InputError(msg)
    if isinstance(node, ast.ClassDef) and any(map(_is_test, node.body)):
        msg = f"{where} tests in a class are not read; write functions test_...()."
        raise InputError(msg)
    if not (isinstance(node, _Function) and _is_test(node)):
        return
    needed = len(node.args.posonlyargs) + len(node.args.args) - len(node.args.defaults)
    if needed or None in node.args.kw_defaults or isinstance(node, ast.AsyncFunctionDef):
        msg = f"{where} {node.name} cannot be called as it is; write a plain {node.name}()."
        raise InputError(msg)


def _missing(node: ast.stmt) -> str | None:
    if isinstance(node, ast.ImportFrom):
        modules = [node.module or "."] if not node.level else ["."]
    else:
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    return next((module for module in modules if module.partition(".")[0] not in _THERE), None)
