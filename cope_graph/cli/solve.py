"""`cope solve`: one question through the cascade, on screen as it happens."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from cope_graph import environment
from cope_graph.calibration.thresholds import read_thresholds
from cope_graph.cascade import create_cope
from cope_graph.cli.code_screen import difference_of
from cope_graph.cli.failure import reported
from cope_graph.cli.family import Family, family_of
from cope_graph.cli.offer import offer_files
from cope_graph.cli.question import read_question
from cope_graph.cli.record import Recording
from cope_graph.cli.screen import show_bill, show_node, show_outcome, waiting_for
from cope_graph.cli.settings import beside, planned, prices_given, settings_of, whole
from cope_graph.context import CopeContext
from cope_graph.environment import TASKS
from cope_graph.errors import CopeError
from cope_graph.evaluation.record_file import RecordFile, header_of
from cope_graph.models.pair import LARGE, SMALL, defaults_for
from cope_graph.money.prices import Price

PRESET_NOTE = (
    "[dim]The embedded pair runs without plans, which is twice as fast; "
    "--plans runs the whole cascade.[/]\n"
)


def solve(  # noqa: PLR0913 - one parameter an option is how typer reads them
    question: Annotated[str, typer.Argument(help="The question, a file's path, or - for stdin.")],
    *,
    small: Annotated[
        str,
        typer.Option(
            envvar="COPE_SMALL",
            help="The cheap model; or several with commas between, cheapest first.",
        ),
    ] = SMALL,
    large: Annotated[str, typer.Option(envvar="COPE_LARGE", help="The expensive one.")] = LARGE,
    task: Annotated[
        str,
        typer.Option(
            envvar="COPE_TASK",
            help=f"The family of the question: {', '.join(TASKS)}.",
        ),
    ] = "math",
    tests: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Tests of --task code: Python with asserts, or JSON."),
    ] = None,
    sandbox: Annotated[
        str | None,
        typer.Option(
            help="Where --task code runs candidates: auto (unset), sandlock, bubblewrap, wasi, "
            "unsafe_subprocess."
        ),
    ] = None,
    show_failures: Annotated[
        bool,
        typer.Option(
            "--show-failures",
            help="Tell later stages how the best candidate of --task code failed.",
        ),
    ] = False,
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="An option of --task choice; once for each."),
    ] = None,
    several: Annotated[
        bool, typer.Option("--several", help="More than one option of --task choice may be right.")
    ] = False,
    plans: Annotated[
        bool | None,
        typer.Option("--plans/--no-plans", help="Use plans; unset: the pair's preset."),
    ] = None,
    n: Annotated[int | None, typer.Option(help="Samples in stages 1 and 2.")] = None,
    tau1: Annotated[float | None, typer.Option(help="Threshold of stage 1.")] = None,
    tau2: Annotated[float | None, typer.Option(help="Threshold of stage 2.")] = None,
    quorum: Annotated[
        int | None,
        typer.Option(help="How many samples must agree, in place of thresholds."),
    ] = None,
    early_stop: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="Stop drawing when the rest cannot change the decision: exact; or is not likely "
            "to: beta-binomial. Unset: off.",
        ),
    ] = None,
    thresholds: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Calibrated ones, of `cope calibrate`."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the draws.")] = None,
    small_price: Annotated[
        str | None,
        typer.Option(
            envvar="COPE_SMALL_PRICE",
            help="USD per million tokens: INPUT,OUTPUT; or per GPU hour: 1.20/h. Of several "
            "models one each, with semicolons between.",
        ),
    ] = None,
    large_price: Annotated[
        str | None,
        typer.Option(
            envvar="COPE_LARGE_PRICE",
            help="USD per million tokens: INPUT,OUTPUT; or per GPU hour: 1.20/h.",
        ),
    ] = None,
    budget_usd: Annotated[
        str | None,
        typer.Option(
            envvar="COPE_BUDGET_USD",
            help="USD it may cost at most; plans then end at 256 tokens and answers at 2048, "
            "unless set.",
        ),
    ] = None,
    max_plan_tokens: Annotated[
        int | None, typer.Option(help="Longest plan in tokens; with --budget-usd 256.")
    ] = None,
    max_answer_tokens: Annotated[
        int | None, typer.Option(help="Longest reply in tokens; with --budget-usd 2048.")
    ] = None,
    deadline_s: Annotated[
        float | None, typer.Option("--deadline", help="Seconds it may take at most.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Add what each sample said and cost to a file of records, without its text.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Answer a question, paying the large model only where the small one is unsure."""
    given = {"n": n, "tau1": tau1, "tau2": tau2, "quorum": quorum, "early_stop": early_stop}
    given |= {"seed": seed, "deadline_s": deadline_s}
    limits = {"max_plan_tokens": max_plan_tokens, "max_answer_tokens": max_answer_tokens}
    console = Console(stderr=as_json, highlight=False, emoji=False)
    with reported(console, as_json=as_json):
        family = family_of(
            task,
            tests=tests,
            sandbox=sandbox,
            show_failures=show_failures,
            options=option,
            several=several,
        )
        out: dict[str, Any] = {"question": read_question(question)}
        models = environment.several(small)
        calibrated = None if thresholds is None else read_thresholds(thresholds)
        preset = defaults_for(models, large, family.task.name)
        settings = settings_of(
            planned(beside(calibrated, preset), plans=plans),
            limited=budget_usd is not None,
            budget_usd=budget_usd,
            **given,
            **limits,
        )
        settings = whole(settings, models, calibrated)
        prices = prices_given(models, small_price, large_price)
        graph = create_cope(
            models,
            large,
            task=family.task,
            defaults=settings,
            prices=prices,
            thresholds=calibrated,
        )
        offer_files(*([models] if isinstance(models, str) else models), large)
        recording = (
            None if record is None else _recording(record, (small, large), family, settings, prices)
        )
        is_preset = (small, large) == (SMALL, LARGE) and settings == preset
        _show_notes(console, family, is_preset=is_preset, quiet=as_json)
        try:
            compiled = graph.compile(name="cope")
            watchers = [] if recording is None else [recording.see]
            shown = partial(show_node, console, several=not isinstance(models, str))
            watchers += [] if as_json else [shown]
            run = _run(compiled, family.inputs, out, console, watchers)
            asyncio.run(run)
        except KeyboardInterrupt:
            _interrupted(out, console)
        except CopeError as error:
            if recording is not None:
                recording.write_failed(error, out, family.inputs)
            raise
        if recording is not None:
            recording.write(out, family.inputs)
    if family.is_code:
        out["difference"] = difference_of(out)
    if as_json:
        typer.echo(json.dumps(out, ensure_ascii=False, indent=2))
    else:
        show_outcome(console, out, is_code=family.is_code)


def _recording(
    path: Path | None,
    models: tuple[str, str],
    family: Family,
    settings: CopeContext,
    prices: Mapping[str, Price],
) -> Recording | None:
    """Open the file before anything is paid."""
    if path is None:
        return None
    names = dict(zip(("small", "large"), models, strict=True))
    header = header_of("solve", family.task.name, names, settings, prices=prices)
    return Recording(RecordFile(path, header), settings)


def _show_notes(console: Console, family: Family, *, is_preset: bool, quiet: bool) -> None:
    if family.warning:  # on stderr too, where only JSON is wanted
        console.print(f"[yellow]{escape(family.warning)}[/]")
    if is_preset and not quiet:
        console.print(PRESET_NOTE)
    if family.note and not quiet:
        console.print(f"[dim]{family.note}[/]\n")


def _interrupted(out: dict[str, Any], console: Console) -> NoReturn:
    """Show what has been paid, and end at once."""
    if out.get("ledger", {}).get("requests"):
        show_bill(console, out["ledger"])
        console.print("[yellow]Requests that were on their way may be billed too.[/]")
    typer.echo("Interrupted.", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    # The requests are cancelled; tearing llama.cpp down in good order can take many seconds.
    os._exit(130)


async def _run(
    graph: Any,
    inputs: dict[str, Any],
    out: dict[str, Any],
    console: Console,
    watchers: Sequence[Callable[[str, Mapping[str, Any]], None]],
) -> None:
    """Stream the run into `out`; asynchronously, so that Ctrl-C ends its requests at once."""
    given = {"messages": [("user", out["question"])], **inputs}
    stream = graph.astream(given, stream_mode="updates")
    with console.status(waiting_for(None, out)) as status:
        async for update in stream:
            for node, changed in update.items():
                change = changed or {}  # a node that has nothing to do streams None
                out |= {key: value for key, value in change.items() if key != "messages"}
                for message in change.get("messages", ()):
                    out["text"] = message.text
                for watch in watchers:
                    watch(node, change)
                status.update(waiting_for(node, change))
