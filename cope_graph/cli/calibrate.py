"""`cope calibrate`: thresholds from records, and what they promise, on screen."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from cope_graph.calibration.platt import Platt, agreeing
from cope_graph.cli.failure import reported
from cope_graph.errors import MissingPackageError
from cope_graph.money.prices import given_prices

if TYPE_CHECKING:
    from cope_graph.calibration.calibrating import Calibration
    from cope_graph.calibration.thresholds import Thresholds

NOT_PROMISED = (
    "Not promised: items unlike these (other models, other questions, another time), any single "
    "item, a calibration that was repeated until it came out well (other seeds, targets, items), "
    "and the {rest:.0%} of calibrations that are unlucky in their items."
)


def calibrate(  # noqa: PLR0913 - one parameter an option is how typer reads them
    records: Annotated[Path, typer.Argument(help="Complete records of cope bench.")],
    *,
    max_loss: Annotated[
        float | None,
        typer.Option(
            help="The most accuracy that may be lost against the large model alone: 0.02 is two "
            "points."
        ),
    ] = None,
    max_usd: Annotated[
        float | None, typer.Option(help="Instead: the most an item may cost on average, in USD.")
    ] = None,
    most_usd: Annotated[
        float | None,
        typer.Option(
            help="With --max-usd: the most a single item can cost by its limits on tokens; without "
            "it the cost is an estimate."
        ),
    ] = None,
    confidence: Annotated[
        float, typer.Option(help="How sure the promise is, over the draw of the items.")
    ] = 0.9,
    split: Annotated[
        float,
        typer.Option(help="Share of the items that choose the schedule; the others test it."),
    ] = 0.3,
    seed: Annotated[int, typer.Option(help="Seed of the split.")] = 0,
    n: Annotated[
        int | None, typer.Option(help="Samples of stages 1 and 2, as many as were drawn or fewer.")
    ] = None,
    small_price: Annotated[
        str | None,
        typer.Option(
            help="What if: USD per million tokens, INPUT,OUTPUT; or per GPU hour: 1.20/h."
        ),
    ] = None,
    large_price: Annotated[
        str | None,
        typer.Option(
            help="What if: USD per million tokens, INPUT,OUTPUT; or per GPU hour: 1.20/h."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to write the thresholds, as JSON.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the thresholds as JSON.")] = False,
) -> None:
    """Pick thresholds by a stated target, and show on recorded outcomes that it holds."""
    console = Console(stderr=as_json, highlight=False, emoji=False)
    with reported(console, as_json=as_json):
        if find_spec("numpy") is None:  # loaded by this command alone
            msg = "Calibration needs NumPy: run `pip install 'cope-graph[bench]'`."
            raise MissingPackageError(msg)
        from cope_graph.calibration.calibrating import calibrate as calibrated  # noqa: PLC0415
        from cope_graph.calibration.recorded import from_records  # noqa: PLC0415
        from cope_graph.evaluation.records import read_records  # noqa: PLC0415

        prices = given_prices({"small": small_price, "large": large_price})
        read = from_records(read_records(records), n=n, prices=prices)
        made = calibrated(
            read.tables,
            max_loss=max_loss,
            max_usd=max_usd,
            most_usd=most_usd,
            confidence=confidence,
            split=split,
            seed=seed,
        )
        if out is not None:
            made.thresholds.save(out)
    for note in read.notes:
        console.print(f"[yellow]{escape(note)}[/]", soft_wrap=True)
    if as_json:
        typer.echo(json.dumps(asdict(made.thresholds), ensure_ascii=False, indent=2))
        return
    for line in told(made):
        console.print(line, soft_wrap=True)
    if out is not None:
        console.print(f"Written to {escape(str(out))}: create_cope(thresholds={str(out)!r}).")


def told(made: Calibration) -> list[str]:
    """Say what was shown and what was not, in lines of Rich's markup."""
    thresholds = made.thresholds
    shown, origin, target = thresholds.shown, thresholds.origin, thresholds.target
    tau2 = "" if thresholds.tau2 is None else f", tau2 {thresholds.tau2:g}"
    lines = [
        _headline(made),
        f"{escape(str(thresholds.schedule))}: tau1 {thresholds.tau1:g}{tau2}, accept above it.",
        (
            f"Tested on {origin.certified_on} items"
            + (
                f"; {origin.chosen_on} others chose one of {made.candidates} schedules and paths"
                if origin.chosen_on
                else ""
            )
            + f" (seed {origin.seed}). The path has {made.steps[0]} steps; this is number "
            f"{made.steps[1] + 1}, and the first accepts nothing."
        ),
        (
            f"On them: right {shown.accuracy:.1%} (large model alone {shown.accuracy_large:.1%}); "
            f"{shown.usd:.3g} USD an item, {_share(shown.usd, shown.usd_large)}; the first stage "
            f"accepts {made.answered:.1%}."
        ),
    ]
    lines += _scaled(thresholds)
    if shown.certified and not shown.pays:
        lines.append(
            "[yellow]It does not pay: the large model alone is cheaper (CopeContext(stages=(3,)))."
            "[/]"
        )
    if shown.needs:
        lines.append(
            f"About {shown.needs} items in the test would show the next cheaper step, at the rates "
            "seen."
        )
    return [*lines, f"[dim]{NOT_PROMISED.format(rest=1 - target.confidence)}[/]"]


def _scaled(thresholds: Thresholds) -> list[str]:
    """Say what runs will say of their answers, by stage."""
    lines = []
    for stage, one in (thresholds.platt or {}).items():
        platt = Platt.from_json(one)
        levels = ((1.0, ""),) if stage == "3" else ((0.5, "half"), (0.75, "3 of 4"), (1.0, "all"))
        chances = [(platt.of(agreeing(level)), said) for level, said in levels]
        told = ", ".join(f"{p:.0%} if {said} agree" if said else f"{p:.0%}" for p, said in chances)
        lines.append(f"Right in stage {stage}: {told} (an estimate from {platt.records} answers).")
    return lines


def _headline(made: Calibration) -> str:
    shown, target = made.thresholds.shown, made.thresholds.target
    sure = f"with confidence {target.confidence:g}"
    if target.kind == "max_usd":
        if not shown.certified:
            said = f"{shown.usd:.3g} USD an item on average, {target.value:.3g} asked for"
            if shown.bound is None:
                return (
                    f"[yellow]Estimated, not certified:[/] {said}. --most-usd makes a bound of it."
                )
            need = f" About {shown.needs} items in the test would do." if shown.needs else ""
            return (
                f"[yellow]Cannot certify {sure}:[/] {said}; the upper bound is {shown.bound:.3g}."
                f"{need} These thresholds are the cheapest there are."
            )
        return (
            f"[green]Certified {sure}:[/] at most {target.value:.3g} USD an item on average "
            f"(bound {shown.bound:.3g}). The accuracy is an estimate."
        )
    if shown.certified:
        return (
            f"[green]Certified {sure}:[/] at most {target.value:.1%} of accuracy lost against the "
            f"large model alone (bound {shown.bound:+.1%}, seen {shown.loss:+.1%})."
        )
    return (
        f"[yellow]Cannot certify[/] a loss of at most {target.value:.1%} {sure}: {_need(made)}. "
        "Under these thresholds the large model answers alone."
    )


def _need(made: Calibration) -> str:
    needs, tested = made.thresholds.shown.needs, made.thresholds.origin.certified_on
    if not needs:
        return "no number of items would do at the rates seen: it loses as much as that or more"
    if needs <= tested:
        return f"about every second draw of {tested} items would do, at the rates seen"
    return f"about {needs} items in the test would do, at the rates seen"


def _share(usd: float, usd_large: float) -> str:
    return f"{usd / usd_large:.0%} of the large model's" if usd_large else "the large model is free"
