"""Inputs made up for a function, from what the question says of them.

They depend on the question and on how many arguments a candidate takes, on no other candidate: so
what a candidate does is the same whichever others are there.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import Any, Final

from cope_graph.tasks.code_blocks import parsed

_CALLS: Final = 64
_EXAMPLES: Final = 8
_LONGEST: Final = 400  # of an example in the question, in characters
_MOST_TRIED: Final = 200  # brackets of the question that are read
_WIDEST: Final = 8

# Small ones: many a right program takes exponential time.
_VALUES: Final[dict[str, tuple[Any, ...]]] = {
    "int": (2, 7, 0, 1, -3, 10, 4, 5, 12, -1),
    "str": ("abc", "", "aab", "hello World", "a1b2", "Racecar", "  x "),
    "list": ([3, 1, 2], [], [5, 5, -1, 0], [1, 2, 3, 4, 5, 6], [7], [10, -10]),
    "float": (1.5, 0.0, -2.25, 10.0, 0.1),
    "list[str]": (["b", "a", "b"], [], ["one", "two", "three"], ["a"]),
    "list[list]": ([[1, 2], [3, 4]], [[1]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]]),
    "tuple": ((3, 1, 2), (1, 2), (), (4, 4)),
    "dict": ({"x": 2, "y": 3}, {}, {"a": 1}),
    "bool": (True, False),
    "set": ({1, 2, 3}, {1}),
}
_ANY: Final = ("int", "str", "list", "float", "list[str]", "list[list]", "tuple", "dict")
_WORDS: Final = {
    "list[list]": r"matri(?:x|ces)|grids?|lists? of lists|nested lists?",
    "list[str]": r"lists? of (?:strings|words)|words",
    "int": r"int|integers?|numbers?|digits?|n|primes?|factorial|fibonacci|k",
    "float": r"floats?|decimals?|real|radius|area|average|volume",
    "str": r"str|strings?|texts?|characters?|words?|sentences?|palindromes?",
    "list": r"lists?|arrays?|sequences?|elements",
    "tuple": r"tuples?",
    "dict": r"dict|dictionar(?:y|ies)|mappings?",
    "set": r"sets?",
}
_SIGNATURE: Final = re.compile(r"^[ \t]*(?:async[ ]+)?def[ ]+\w+[ ]*\([^()]{0,400}\)", re.MULTILINE)


def calls(question: str, width: int) -> tuple[str, ...]:
    """Make up arguments for `width` of them: tuples, as Python source.

    The question's own examples come first. Others are of the kinds that its signature or its
    examples show for each argument, else of those that its words speak of, else of any.
    """
    if not 0 < width <= _WIDEST:
        return ("()",) if width == 0 else ()
    shown = [args for args in _examples(question) if len(args) == width]
    kinds = _annotated(question, width) or _kinds_of(shown)
    choices = [[kind] if kind else _spoken_of(question) for kind in kinds or [None] * width]
    made = dict.fromkeys(map(repr, shown[:_EXAMPLES]))
    # Every mix of kinds in turn, with other values each time round.
    lots = random.Random(0)  # noqa: S311 - repeatable, not secret
    mixes = list(islice(product(*choices), 4 * _CALLS))
    lots.shuffle(mixes)
    for turn in range(8 * _CALLS):
        mix = mixes[turn % len(mixes)]
        made[repr(tuple(lots.choice(_VALUES[kind]) for kind in mix))] = None
        if len(made) >= _CALLS:
            break
    return tuple(made)


def _examples(question: str) -> Iterator[tuple[Any, ...]]:
    """Find calls with literal arguments, such as `f([1, 2], 3)`."""
    for opened in islice(re.finditer(r"(?<=\w)\(", question), _MOST_TRIED):
        inner = _up_to_closing(question[opened.end() : opened.end() + _LONGEST])
        tree = parsed(f"({inner},)") if inner and inner.strip() else None
        if tree is None:
            continue
        try:
            yield ast.literal_eval(ast.unparse(tree))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue


def _up_to_closing(text: str) -> str | None:
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if depth < 0:
            return text[:at]
    return None


def _annotated(question: str, width: int) -> list[str | None]:
    """Read the kinds in the first signature of the question that has as many arguments."""
    for found in _SIGNATURE.finditer(question):
        tree = parsed(f"{found[0].strip()}: pass")
        node = tree.body[0] if tree else None
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = [*node.args.posonlyargs, *node.args.args][:width]
            kinds = [_named(it.annotation) for it in given]
            if len(kinds) == width and any(kinds):
                return kinds
    return []


def _named(annotation: ast.expr | None) -> str | None:
    if annotation is None:
        return None
    try:
        text = ast.unparse(annotation)
    except RecursionError:  # nobody's annotation
        return None
    written = text.replace("typing.", "").lower().replace(" ", "")
    kind = re.sub(r"^optional\[(.*)\]$|\|none$", r"\1", written)
    kind = re.sub(r"^(?:sequence|iterable)", "list", kind)
    if kind.startswith(("list[list", "list[tuple")):
        return "list[list]"
    return next((name for name in (kind, kind.partition("[")[0]) if name in _VALUES), None)


def _kinds_of(examples: Sequence[tuple[Any, ...]]) -> list[str | None]:
    return [_kind(value) for value in examples[0]] if examples else []


def _kind(value: Any) -> str | None:
    kind = type(value).__name__
    if kind == "list" and value:
        inner = type(value[0]).__name__
        kind = "list[list]" if inner in ("list", "tuple") else f"list[{inner}]"
        kind = kind if kind in _VALUES else "list"
    return kind if kind in _VALUES else None


def _spoken_of(question: str) -> list[str]:
    words = question.lower()
    return [kind for kind, said in _WORDS.items() if re.search(rf"\b(?:{said})\b", words)] or [
        *_ANY
    ]
