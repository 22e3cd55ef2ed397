"""What `cope solve --task code` shows beside the rest: tests, code, the diff between stages.

Code is text here, and is never run.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from cope_graph.cli.plain import code_lines, one_line
from cope_graph.state import FailedTest, Visit

_SHOWN: Final = 12  # lines of what failed
_LONGEST: Final = 1_000  # lines: the time of a diff may grow with their square
_VERBS: Final = {"failed": "failed", "timeout": "timed out in", "killed": "was killed in"}
_COLOURS: Final = {"+": "green", "-": "red", "@": "cyan"}


def show_tests(console: Console, visit: Visit) -> None:
    """Print how many candidates passed, and at what the others failed."""
    passed = round((visit["confidence"] or 0) * visit["samples"])
    if passed:
        console.print(f"         [green]{'█' * passed}[/] {passed}  passed")
    failed = visit.get("failed", [])
    for one in failed[:_SHOWN]:
        console.print(f"         [yellow]{one_line(_failure(one), 160)}[/]")
    if len(failed) > _SHOWN:
        console.print(f"         [yellow]and {len(failed) - _SHOWN} more[/]")


def _failure(one: FailedTest) -> str:
    if one["status"] == "no_code":
        return f"{one['candidates']} without code"
    message = one["message"].removeprefix("killed: ")
    return f"{one['candidates']} {_VERBS[one['status']]} test {one['test']}: {message}"


def show_code(console: Console, code: str) -> None:
    """Print code as it is, to be read and copied."""
    for line in code_lines(code):
        console.print(Text(line), soft_wrap=True)


def show_difference(console: Console, difference: str) -> None:
    """Print a unified diff in colours."""
    console.print()
    for number, line in enumerate(code_lines(difference)):
        style = "bold" if number < 2 else _COLOURS.get(line[:1], "")  # noqa: PLR2004 - file names
        console.print(Text(line, style), soft_wrap=True)


def difference_of(out: Mapping[str, Any]) -> str | None:
    """Compare the answer with the best candidate of the stage before the one that gave it.

    Args:
        out: A run's result.

    Returns:
        A unified diff, `None` where there is nothing to compare.
    """
    visits: list[Visit] = out["visits"]
    before = [visit for visit in visits if visit["stage"] < out["stage"] and visit["answer"]]
    if not before or not out["answer"]:
        return None
    first, last = f"stage {before[-1]['stage']}, its best", f"stage {out['stage']}, the answer"
    old, new = (
        str(code).removesuffix("\n").split("\n") for code in (before[-1]["answer"], out["answer"])
    )
    if old == new:
        return None
    lines = len(old) + len(new)
    if lines > _LONGEST:
        return f"--- {first}\n+++ {last}\n@@ {lines:,} lines are too many to compare @@\n"
    found = difflib.unified_diff(old, new, first, last, lineterm="")
    return "\n".join(found) + "\n"
