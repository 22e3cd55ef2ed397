"""The tests of a row: those that the gate sees, and those that only score.

    `tests`, `public_tests`, `visible_tests`           shown to models, and the gate
    `hidden_tests`, `private_tests`, `test_list`, `test`   only scored

The scoring tests are the hidden ones; without any, the visible ones. HumanEval's form, a function
`check(candidate)` with the `entry_point` beside it, is taken apart into its asserts where it is
nothing else, with an import before one that names a module without it: it would fail whatever is
right. `test_imports` and `test_setup_code` stand before each test, as in MBPP.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from cope_graph.context import describe
from cope_graph.errors import InputError
from cope_graph.evaluation.datasets.fields import found_as
from cope_graph.evaluation.datasets.items import Item
from cope_graph.sandbox.parse import parse
from cope_graph.sandbox.verdicts import AssertTest, IOTest, Test
from cope_graph.tasks.coding import CodeInputs

VISIBLE: Final = ("tests", "public_tests", "visible_tests")
HIDDEN: Final = ("hidden_tests", "private_tests", "test_list", "test")
BEFORE: Final = ("test_imports", "test_setup_code")
ENTRY: Final = "entry_point"
KEY: Final = "tests"
"""The input key of `tasks.code()`."""

_CHECK: Final = "check"
_USABLE: Final = TypeAdapter(CodeInputs)


def visible_tests(fields: Mapping[str, Any], place: str) -> list[Any]:
    """Read the tests that models and the gate may see.

    Raises:
        InputError: Two fields hold some, or they are no tests.
    """
    return _tests(fields, VISIBLE, place)


def hidden_tests(fields: Mapping[str, Any], place: str) -> list[Any]:
    """Read the tests that only score.

    Raises:
        InputError: Two fields hold some, or they are no tests.
    """
    return _tests(fields, HIDDEN, place)


def scoring_tests(item: Item) -> tuple[Test, ...]:
    """Give the tests that say whether a program is right.

    Raises:
        InputError: It has none, or one that says nothing.
    """
    place = item.place or str(item)
    hidden = hidden_tests(item.hidden, place) or visible_tests(item.hidden, place)
    found = hidden or item.inputs.get(KEY) or []
    if not found:
        msg = f"{item} has no tests to score by: give it hidden_tests, a list of asserts."
        raise InputError(msg)
    return tuple(
        AssertTest(one) if isinstance(one, str) else IOTest(one["stdin"], one["stdout"])
        for one in found
    )


def sees_all(item: Item) -> bool:
    """Tell whether the gate sees the very tests that score."""
    return not is_tested(item)


def is_tested(item: Item) -> bool:
    """Tell whether an item has tests that the gate does not see."""
    return bool(found_as(item.hidden, (*HIDDEN, *VISIBLE)))


def _tests(fields: Mapping[str, Any], names: tuple[str, ...], place: str) -> list[Any]:
    found = found_as(fields, names)
    if len(found) > 1:
        msg = f"{place} has tests in {' and '.join(map(repr, found))}: leave one out."
        raise InputError(msg)
    if not found:
        return []
    try:
        before = [line for name in found_as(fields, BEFORE) for line in _listed(fields[name])]
        tests = _listed(fields[found[0]])
        parts = [part for test in tests for part in _taken_apart(test, fields.get(ENTRY))]
        whole = ["\n".join([*before, one]) if isinstance(one, str) else one for one in parts]
        _USABLE.validate_python({KEY: whole})
    except ValidationError as error:
        msg = f"{place} has tests in {found[0]!r} that cannot be used ({describe(error)})."
        raise InputError(msg) from error
    except (TypeError, ValueError, SyntaxError, RecursionError, MemoryError) as error:
        msg = f"{place} has tests in {found[0]!r} that cannot be used ({error})."
        raise InputError(msg) from error
    return whole


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else list(value)


def _taken_apart(test: Any, entry: Any) -> list[Any]:
    """Make tests of a function `check(candidate)`; leave all else as it is."""
    if not isinstance(test, str):
        return [test]
    checks = [
        node
        for node in parse(test).body
        if isinstance(node, ast.FunctionDef) and node.name == _CHECK
    ]
    if not checks or _calls(test):
        return [test]
    if not isinstance(entry, str) or not entry.isidentifier():
        msg = f"they are a function {_CHECK!r}, and {ENTRY!r} does not name what it checks"
        raise ValueError(msg)
    asserts = [node for node in checks[0].body if isinstance(node, ast.Assert)]
    arguments = [one.arg for one in checks[0].args.args]
    alone = len(asserts) == len(checks[0].body) and len(arguments) == 1
    if not alone or not _stands_alone(test):
        return [f"{test}\n{_CHECK}({entry})"]
    tests = [ast.unparse(_Named(arguments[0], entry).visit(node)) for node in asserts]
    return ["\n".join([*_imports(one, entry), one]) for one in tests]


def _imports(test: str, entry: str) -> list[str]:
    """Import the standard library's modules that an assert takes something from."""
    names = {
        node.value.id
        for node in ast.walk(parse(test))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    return [f"import {name}" for name in sorted(names & sys.stdlib_module_names - {entry})]


def _calls(test: str) -> bool:
    """Tell whether the module calls its check itself."""
    return any(
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == _CHECK
        for node in parse(test).body
    )


def _stands_alone(test: str) -> bool:
    """Tell whether there is nothing beside the function but data about it."""
    body = [node for node in parse(test).body if not isinstance(node, ast.FunctionDef)]
    names = [
        target.id
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    return names == ["METADATA"] * len(body) and len(parse(test).body) == len(body) + 1


class _Named(ast.NodeTransformer):
    """Writes the function's own name where its stand-in was."""

    def __init__(self, old: str, new: str) -> None:
        """Keep both."""
        self.old, self.new = old, new

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Rename one."""
        return (
            ast.copy_location(ast.Name(self.new, node.ctx), node) if node.id == self.old else node
        )
