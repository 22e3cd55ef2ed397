"""What a candidate does: in words that are the same for outputs that `==` calls equal."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Final

from cope_graph.sandbox.runner import CodeRunner, Limits
from cope_graph.tasks.entry import Entry

# Sets and dicts are sorted, since their order differs from process to process; floats are rounded;
# what is lazy is read. What returns None is known by what it prints and does to its arguments.
_PROGRAM: Final = r"""
def _call():
    import io, itertools, json, math, numbers, os, re, sys
    write, quote, leave, load, Any = os.write, json.dumps, os._exit, eval, BaseException
    secret, source, name, keywords, calls = json.loads(sys.stdin.buffer.read())
    left = [0]

    def number(value):
        if isinstance(value, int):
            return str(int(value)) if abs(value) < 10**18 else hex(value)
        value = float(value)
        if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
            return str(int(value))
        return format(value, ".9g")

    def items(values, depth):
        return [tidy(value, depth + 1) for value in itertools.islice(values, 1000)]

    def tidy(value, depth=0):
        left[0] -= 1
        if depth > 12 or left[0] < 0:
            return "..."
        if value is None or isinstance(value, (str, bytes, bytearray)):
            return repr(value)
        if isinstance(value, complex):
            return tidy((value.real, value.imag), depth)
        if isinstance(value, numbers.Number):
            return number(value)
        if isinstance(value, list):
            return "[" + ", ".join(items(value, depth)) + "]"
        if isinstance(value, tuple):
            return "(" + ", ".join(items(value, depth)) + ")"
        if isinstance(value, (set, frozenset)):
            return "{" + ", ".join(sorted(items(value, depth))) + "}"
        if isinstance(value, dict):
            pairs = zip(items(value.keys(), depth), items(value.values(), depth))
            return "{" + ", ".join(sorted(key + ": " + it for key, it in pairs)) + "}"
        if hasattr(value, "__iter__"):
            return "iter[" + ", ".join(items(value, depth)) + "]"
        shown = re.sub(r"0x[0-9a-fA-F]+", "0x", repr(value))
        inside = getattr(value, "__dict__", None)
        return shown + (tidy(inside, depth + 1) if isinstance(inside, dict) else "")

    def printing():
        out = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="replace", write_through=True)
        sys.stdout = sys.__stdout__ = out
        return out.buffer.getvalue

    def once(arguments):
        printed, left[0] = printing(), 20000
        count = len(arguments) - len(keywords)
        value = load(name, scope)(
            *arguments[:count], **dict(zip(keywords, arguments[count:])))
        if hasattr(value, "cr_await"):
            import asyncio
            value = asyncio.run(value)
        said = tidy(value)
        if value is None:
            said += " " + tidy(arguments) + " " + printed().decode("utf-8", "replace").strip()
        return said

    def say(*said):
        line = ("\n" + secret + quote(said) + "\n").encode("ascii")
        while line:
            line = line[write(1, line):]

    printed = printing()
    scope = {"__name__": "candidate" if name else "__main__"}
    try:
        exec(compile(source, "candidate.py", "exec"), scope)
    except Any as error:
        if name or not isinstance(error, SystemExit) or error.code:
            leave(1)
    if not name and (said := printed().decode("utf-8", "replace").strip()):
        say("gives", said[:2000], len(said))
    for call in calls:
        try:
            said = once(load(call))
            say("gives", said[:2000], len(said))
        except Any:
            say("raises")
    leave(0)
_call()
"""


def behaviour(
    runner: CodeRunner, limits: Limits, code: str, entry: Entry, calls: Sequence[str]
) -> str | None:
    """Give what a candidate does on all calls, `None` if it takes none of them.

    Args:
        runner: The sandbox.
        limits: What all calls together may use.
        code: The candidate.
        entry: What of it is called; a program runs as a whole, without input.
        calls: Tuples of arguments, as Python source.

    Raises:
        SandboxError: The sandbox failed.
    """
    secret = secrets.token_hex(16)
    given = json.dumps([secret, code, entry.name, entry.keywords, calls if entry.name else []])
    ran = runner.run(_PROGRAM, stdin=given, limits=limits)
    lines = [line[len(secret) :] for line in ran.stdout.split("\n") if line.startswith(secret)]
    if not any(line.startswith('["gives"') for line in lines):
        return None
    # What it did not come to is part of what it does.
    whole = len(lines) >= len(calls) or not entry.name
    return json.dumps([*lines, "ended" if whole else ran.status])
