"""What of a candidate is called: the function that the question is about."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cope_graph.tasks.code_blocks import parsed


@dataclass(frozen=True)
class Entry:
    """A function of a candidate.

    Attributes:
        name: An expression that gives it; empty for a program, which runs as a whole.
        width: How many arguments it needs by position.
        keywords: Those it needs by name.
    """

    name: str = ""
    width: int = 0
    keywords: tuple[str, ...] = ()


def entry(question: str, code: str) -> Entry:
    """Find the function that the question names, else the last public one: helpers come before.

    Looked at are functions of the module, names that stand for a lambda, and the methods of a class
    `Solution`.
    """
    tree = parsed(code)
    found = [it for it in _functions(tree.body) if not it[0].startswith("_")] if tree else []
    if not found:
        return Entry()
    asked = [it for it in found if _is_named(it[0], question)]
    likely = [it for it in found if it[0] != "main" and not it[0].startswith("test")]
    name, arguments = (asked or likely or found)[-1]
    return _entry(name, arguments)


def _is_named(name: str, question: str) -> bool:
    """Tell whether a question names a function; a method stands there without its class."""
    bare = re.escape(name.rpartition(".")[2])
    return re.search(rf"`{bare}\b|\b{bare}[ ]?\(", question) is not None


def _functions(body: list[ast.stmt]) -> Iterator[tuple[str, ast.arguments]]:
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name, node.args
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda(args=arguments)):
                yield name, arguments
            case ast.ClassDef(name="Solution"):
                yield from _methods(node)
            case _:
                pass


def _methods(node: ast.ClassDef) -> Iterator[tuple[str, ast.arguments]]:
    for name, arguments in _functions(node.body):
        if not name.startswith("_"):
            yield f"Solution().{name}", arguments


def _entry(name: str, arguments: ast.arguments) -> Entry:
    places = [it.arg for it in (*arguments.posonlyargs, *arguments.args)]
    places = places[1:] if "." in name and places[:1] == ["self"] else places
    needed = max(len(places) - len(arguments.defaults), 0)
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    keywords = tuple(it.arg for it, default in named if default is None)
    takes_more = bool(places or arguments.vararg)
    return Entry(name, needed or int(takes_more and not keywords), keywords)
