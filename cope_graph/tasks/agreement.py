"""Code without tests: candidates that give the same outputs on the same made-up inputs agree.

What agrees may be wrong together, and made-up inputs may be none that the question means: the
verdict says that there were no tests.
"""

from __future__ import annotations

import ast
import json
import random
import secrets
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from cope_graph.gates.verdict import AnswerClass, Gate, Question, Verdict
from cope_graph.gates.vote import group
from cope_graph.sandbox.runner import CodeRunner, Limits

if TYPE_CHECKING:
    from cope_graph.state import Sample

_CALLS: Final = 12
_KEPT: Final = 512
_VALUES: Final[dict[str, tuple[Any, ...]]] = {
    "int": (0, 1, 2, 7, -3, 10, 25, 100),
    "float": (0.0, 1.5, -2.25, 10.0, 3.0, 0.1),
    "str": ("", "a", "abc", "hello world", "Racecar", "a1b2", "  x ", "aab"),
    "bool": (True, False),
    "list": ([], [1], [3, 1, 2], [5, 5, -1, 0], [1, 2, 3, 4, 5, 6], [10, -10]),
    "list[str]": ([], ["a"], ["b", "a", "b"], ["one", "two", "three"]),
    "list[list]": ([[1]], [[1, 2], [3, 4]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]]),
    "tuple": ((), (1, 2), (3, 1, 2), (4, 4)),
    "dict": ({}, {"a": 1}, {"x": 2, "y": 3}),
    "set": ({1}, {1, 2, 3}),
}
_KINDS: Final = ("int", "list", "str", "float", "list[str]", "list[list]", "tuple", "dict")

_PROGRAM: Final = r"""
def _call():
    import json, os, sys
    write, quote, show, leave, Any = os.write, json.dumps, repr, os._exit, BaseException
    secret, source, name, calls = json.loads(sys.stdin.buffer.read())
    scope = {"__name__": "candidate"}
    exec(compile(source, "candidate.py", "exec"), scope)
    for call in calls:
        try:
            said = ["gives", show(scope[name](*eval(call)))[:2000]]
        except Any as error:
            said = ["raises", type(error).__name__]
        line = ("\n" + secret + quote(said) + "\n").encode("ascii")
        while line:
            line = line[write(1, line):]
    leave(0)
_call()
"""


def agreement(runner: CodeRunner, limits: Limits) -> Gate:
    """Make a gate that lets candidates vote by what they do.

    Args:
        runner: The sandbox.
        limits: What all calls of a candidate may use together.
    """
    return partial(_gate, lru_cache(_KEPT)(partial(_outputs, runner, limits)))


def _gate(outputs: Any, _question: Question, samples: Sequence[Sample]) -> Verdict:
    codes = [sample["answer"] for sample in samples]
    name, arguments = _function([code for code in codes if code is not None])
    if name is None:
        return Verdict(None, None, None, "there are no tests, and no function to compare by")
    calls = _calls(arguments)
    said = [None if code is None else outputs(code, name, calls) for code in codes]
    alike = group(said, lambda one, other: one == other)
    classes = tuple(AnswerClass(str(codes[it.members[0]]), it.members) for it in alike)
    if not classes:
        reason = f"there are no tests, and no candidate takes any of {len(calls)} made-up inputs"
        return Verdict(None, None, None, reason)
    members = classes[0].members
    count, winner = len(members), members[0]
    explanation = (
        f"there are no tests: {count} of {len(samples)} candidates do the same "
        f"on {len(calls)} made-up inputs"
    )
    return Verdict(count / len(samples), winner, codes[winner], explanation, classes)


def _function(codes: Sequence[str]) -> tuple[str | None, tuple[str | None, ...]]:
    """Find the function that most candidates define, and the kinds of its arguments."""
    found: list[tuple[str, ast.FunctionDef]] = [
        (node.name, node)
        for code in codes
        for node in ast.parse(code).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]
    counts = Counter(name for name, _ in found)
    if not counts:
        return None, ()
    most = max(counts.values())
    # Helpers come before what uses them.
    name = [name for name, _ in found if counts[name] == most][-1]
    nodes = [node for other, node in found if other == name]
    needed = [node.args.args[: len(node.args.args) - len(node.args.defaults)] for node in nodes]
    width = Counter(map(len, needed)).most_common(1)[0][0]
    typical = next(
        (args for args in needed if len(args) == width and args and args[0].annotation), None
    )
    arguments: Sequence[ast.arg | None] = typical or [None] * width
    return name, tuple(map(_kind, arguments))


def _kind(argument: ast.arg | None) -> str | None:
    """Read an annotation as one of the kinds there are values of."""
    if argument is None or argument.annotation is None:
        return None
    written = ast.unparse(argument.annotation).replace("typing.", "").replace("Sequence", "list")
    kind = written.lower().replace(" ", "")
    kind = kind if kind in _VALUES else "list[list]" if kind.startswith("list[list") else kind
    return kind if kind in _VALUES else kind.partition("[")[0]


def _calls(kinds: Sequence[str | None]) -> tuple[str, ...]:
    """Make up arguments: of the kinds that are known, else of one kind after the other."""
    lots = random.Random(0)  # noqa: S311 - repeatable, not secret
    made: dict[str, None] = {}
    for turn in range(10 * _CALLS):
        guess = _KINDS[turn % len(_KINDS)]
        values = tuple(lots.choice(_VALUES.get(kind or guess, _VALUES["int"])) for kind in kinds)
        made.setdefault(repr(values))
        if len(made) == _CALLS:
            break
    return tuple(made)


def _outputs(
    runner: CodeRunner, limits: Limits, code: str, name: str, calls: tuple[str, ...]
) -> str | None:
    """Give what a candidate does on all calls, `None` if it takes none of them."""
    secret = secrets.token_hex(16)
    given = json.dumps([secret, code, name, calls])
    ran = runner.run(_PROGRAM, stdin=given, limits=limits)
    lines = [
        line.removeprefix(secret) for line in ran.stdout.splitlines() if line.startswith(secret)
    ]
    if not any(line.startswith('["gives"') for line in lines):
        return None
    # What it did not come to is part of what it does.
    return json.dumps([*lines, ran.status if len(lines) < len(calls) else "ended"])
