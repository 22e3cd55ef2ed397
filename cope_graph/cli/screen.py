"""What `cope solve` shows: stages as they happen, votes as bars, the answer, the bill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cope_graph.cli.code_screen import show_code, show_difference, show_tests
from cope_graph.cli.plain import one_line, prose_lines
from cope_graph.money.lines import Ledger, Totals
from cope_graph.state import Visit

_NEXT: Final = {
    "small_plan": "the small model answers",
    "small_execute": "comparing answers",
    "large_plan": "executing the plan",
    "large_execute": "reading the answer",
    "escalate": "the large model writes a plan",
    "hand_over": "the large model answers",
    "undecided": "the small model draws more",
    "accept": "done",
}
_SHORT: Final = 100  # characters of an answer that stands in the line of its stage


def waiting_for(node: str | None, change: Mapping[str, Any]) -> str:
    """Name what the run does after a node."""
    key = change.get("decision") if node == "confidence_gate" else node
    return f"[dim]{_NEXT.get(key or '', 'asking')} ...[/]"


def show_node(
    console: Console, node: str, change: Mapping[str, Any], *, several: bool = False
) -> None:
    """Print what a node brought, and what failed there.

    Args:
        console: Where to.
        node: The node.
        change: What it brought.
        several: Whether there are several small models, which plan one after another.
    """
    for failure in change.get("failures", ()):
        if (failure["node"], failure["stage"]) == (node, change.get("stage")):
            console.print(f"[yellow]{node}  {one_line(failure['message'], 300)}[/]")
    if node == "small_plan":
        goals = [goal for goal in change.get("goals", ()) if goal]
        if goals:
            which, goal = ("last", goals[-1]) if several else ("first", goals[0])
            _plan(console, "small_plan", f"{len(goals)} plans, the {which}:", goal)
    elif node == "large_plan" and change.get("guideline"):
        _plan(console, "large_plan", "plan:", change["guideline"])
    elif node == "confidence_gate" and change.get("visits"):
        _visit(console, change["visits"][-1])


def _plan(console: Console, node: str, label: str, text: str) -> None:
    console.print(f"[bold]{node}[/]  {label} [italic]{one_line(text, 240)}[/]")


def _visit(console: Console, visit: Visit) -> None:
    who = f"{visit['samples']} sample{'s' * (visit['samples'] != 1)} of {visit['model']}"
    console.print(f"[bold]stage {visit['stage']}[/]  {one_line(who, 100)}")
    for vote in visit["votes"]:
        _bar(console, vote["answer"], vote["count"], "cyan")
    unread = visit["samples"] - sum(vote["count"] for vote in visit["votes"])
    if "failed" in visit:
        show_tests(console, visit)
    elif unread and (visit["votes"] or visit["answer"] is None):  # a score counts no answers
        _bar(console, "no answer", unread, "yellow")
    mark = "[green]accepted[/]" if visit["accepted"] else f"[yellow]{visit['decision']}[/]"
    if visit["decision"] == "accept" and not visit["accepted"]:
        mark = "[yellow]not accepted[/]"
    console.print(f"         {one_line(visit['reason'], 200)}: {mark}")


def _bar(console: Console, label: str, count: int, colour: str) -> None:
    console.print(f"         [{colour}]{'█' * count}[/] {count}  {one_line(label, 60)}")


def show_outcome(console: Console, out: Mapping[str, Any], *, is_code: bool = False) -> None:
    """Print answer, where it comes from, and the bill.

    Args:
        console: Where to.
        out: The run's result.
        is_code: Whether the answer is a program. It then stands below the line, as a long answer
            does.
    """
    answer = "none" if out["answer"] is None else str(out["answer"])
    below = answer != "none" and (is_code or len(answer) > _SHORT or len(answer.splitlines()) > 1)
    title = "Answer" if below else f"Answer: {one_line(answer, _SHORT)}"
    confidence = "" if out["confidence"] is None else f", confidence {out['confidence']:.3g}"
    if out.get("p_correct") is not None:
        confidence += f", right with about {out['p_correct']:.0%}"
    accepted = "" if out["accepted"] else ", [yellow]not accepted by the gate[/]"
    console.print(f"\n[bold green]{title}[/]  (stage {out['stage']}{confidence}{accepted})")
    if out["degraded"]:
        console.print("[yellow]The large model failed: this is the small model's best answer.[/]")
    if not out["accepted"]:
        console.print(f"[dim]{one_line(out['reason'], 300)}[/]")
    if below and is_code:
        show_code(console, answer)
    elif below:
        show_text(console, answer)
    if out.get("difference"):
        show_difference(console, out["difference"])
    show_bill(console, out["ledger"])


def show_text(console: Console, text: str) -> None:
    """Print a text whole: wrapped for people, in its own lines for a file or a pipe."""
    console.print()
    for line in prose_lines(text):
        console.print(Text(line), soft_wrap=not console.is_terminal)


def show_bill(console: Console, ledger: Ledger) -> None:
    """Print what a run cost, by node."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("bill")
    for column in ("requests", "in", "out", "seconds", "USD"):
        table.add_column(column, justify="right")
    for node, totals in ledger["by_node"].items():
        seconds = sum(line["seconds"] for line in ledger["lines"] if line["node"] == node)
        table.add_row(node, *_figures(totals, seconds))
    table.add_row("[bold]total[/]", *_figures(ledger, ledger["seconds"]))
    console.print()
    console.print(table)
    notes = [] if ledger["status"] == "reported" else [f"tokens: {ledger['status']}"]
    if ledger["usd"] is None:
        most = ledger["usd_upper"]
        bounds = f"at least {ledger['usd_known']} USD" + (f", at most {most} USD" if most else "")
        notes.append(f"not every price is known: {bounds}")
    if notes:
        console.print(f"[yellow]{'; '.join(notes)}[/]")


def _figures(totals: Totals | Ledger, seconds: float) -> tuple[str, ...]:
    usd = "unknown" if totals["usd"] is None else totals["usd"]
    tokens = (f"{totals['input_tokens']:,}", f"{totals['output_tokens']:,}")
    return (str(totals["requests"]), *tokens, f"{seconds:.1f}", usd)
