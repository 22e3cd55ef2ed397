"""`cope bench`: every method on one data set, in one run that can be killed and gone on with."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from cope_graph.cli.bench_run import draw
from cope_graph.cli.failure import reported
from cope_graph.cli.offer import offer_files
from cope_graph.cli.replay import show
from cope_graph.cli.settings import settings_of
from cope_graph.environment import TASKS, several, task_name
from cope_graph.errors import InputError
from cope_graph.evaluation.arms import ARMS, VOTER, Arm
from cope_graph.evaluation.bench import Bench
from cope_graph.evaluation.datasets import load
from cope_graph.evaluation.records import read_records
from cope_graph.evaluation.replaying.summarising import summarise
from cope_graph.evaluation.scoring import scorer
from cope_graph.models.pair import LARGE, SMALL, defaults_for
from cope_graph.money.budget import Budget
from cope_graph.money.prices import given_prices


def bench(  # noqa: PLR0913 - one parameter an option is how typer reads them
    *,
    data: Annotated[
        str | None,
        typer.Option(
            help="A JSONL file, a folder with one, langsmith:NAME or hf:ORG/NAME@SPLIT; "
            "unset: 20 word problems of our own."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The records; a bench goes on where it was.")
    ] = Path("cope-bench.jsonl"),
    small: Annotated[str, typer.Option(envvar="COPE_SMALL", help="The cheap model.")] = SMALL,
    large: Annotated[str, typer.Option(envvar="COPE_LARGE", help="The expensive one.")] = LARGE,
    voter: Annotated[
        list[str] | None,
        typer.Option(metavar="MODEL", help="A further model that answers once; once for each."),
    ] = None,
    task: Annotated[
        str,
        typer.Option(envvar="COPE_TASK", help=f"The family of questions: {', '.join(TASKS)}."),
    ] = "math",
    arms: Annotated[
        str | None,
        typer.Option(
            help=f"What to draw, of {', '.join(arm.name for arm in ARMS)}; unset: all. Methods "
            "that need what is not drawn are left out."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="How many items.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Chooses the items, and seeds the draws.")
    ] = None,
    n: Annotated[int | None, typer.Option(help="Samples in stages 1 and 2.")] = None,
    tau1: Annotated[float | None, typer.Option(help="Threshold of stage 1.")] = None,
    tau2: Annotated[float | None, typer.Option(help="Threshold of stage 2.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Items side by side.")] = 4,
    question_field: Annotated[
        str | None, typer.Option(help='Field of the question, or "{passage} {question}".')
    ] = None,
    gold_field: Annotated[str | None, typer.Option(help="Field of the right answer.")] = None,
    id_field: Annotated[str | None, typer.Option(help="Field of the id.")] = None,
    leave_out: Annotated[
        bool,
        typer.Option("--leave-out", help="Leave out, and count, rows that cannot be used."),
    ] = False,
    show_tests: Annotated[
        int, typer.Option(min=0, help="How many hidden tests of --task code the gate sees.")
    ] = 0,
    small_price: Annotated[
        str | None,
        typer.Option(
            envvar="COPE_SMALL_PRICE",
            help="USD per million tokens: INPUT,OUTPUT; or per GPU hour: 1.20/h.",
        ),
    ] = None,
    large_price: Annotated[
        str | None, typer.Option(envvar="COPE_LARGE_PRICE", help="The same of the large model.")
    ] = None,
    voter_price: Annotated[
        list[str] | None, typer.Option(metavar="MODEL=PRICE", help="The same of a voter.")
    ] = None,
    budget_usd: Annotated[
        str | None,
        typer.Option(help="USD that this call may spend at most."),
    ] = None,
    max_plan_tokens: Annotated[int | None, typer.Option(help="Longest plan in tokens.")] = None,
    max_answer_tokens: Annotated[int | None, typer.Option(help="Longest reply in tokens.")] = None,
    texts: Annotated[
        bool, typer.Option("--texts", help="Keep questions and replies in the records.")
    ] = False,
    baseline: Annotated[str, typer.Option(help="What savings are measured against.")] = "large",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
) -> None:
    """Measure what COPE would save on questions with known answers, beside the other methods."""
    console = Console(stderr=as_json or as_markdown, highlight=False, emoji=False)
    with reported(console, as_json=as_json):
        _check_one(small)
        made = TASKS[task_name(task)]()
        judge = scorer(made)
        loaded = load(
            data or _own(),
            task=made,
            question_field=question_field,
            gold_field=gold_field,
            id_field=id_field,
            unlabelled="leave_out" if leave_out else "refuse",
            unusable="leave_out" if leave_out else "refuse",
            show_tests=show_tests,
            limit=limit,
            seed=seed,
        )
        notes = judge.check_all(loaded.items)
        settings = settings_of(
            defaults_for(small, large, made.name),
            limited=budget_usd is not None,
            n=n,
            tau1=tau1,
            tau2=tau2,
            seed=seed,
            max_plan_tokens=max_plan_tokens,
            max_answer_tokens=max_answer_tokens,
        )
        given = {"small": small_price, "large": large_price, **_of_voters(voter_price, voter or ())}
        plan = Bench(
            loaded.items,
            small,
            large,
            made,
            judge.right,
            settings=settings,
            arms=_arms(arms),
            voters={name: name for name in voter or ()},
            prices=given_prices(given),
            budget=None if budget_usd is None else Budget(usd=budget_usd),
            data=loaded.data,
            texts=texts,
            concurrency=concurrency,
        )
        offer_files(small, large, *plan.voters)
        for line in (str(loaded), *notes):
            console.print(f"[dim]{escape(line)}[/]")
        draw(plan, out, console)
        summary = summarise(
            read_records(out), arms=[arm.name for arm in plan.all_arms], baseline=baseline
        )
    show(summary, as_markdown=as_markdown, in_json=as_json)
    name = escape(str(out))
    console.print(
        f"\n[dim]Records: {name}. What if: cope replay {name}. Pictures: cope report {name}.[/]",
        soft_wrap=True,  # commands to copy
    )


def _own() -> Path:
    return Path(str(files("cope_graph.evaluation").joinpath("data/word_problems.jsonl")))


def _check_one(small: str) -> None:
    if not isinstance(names := several(small), str):
        voters = " ".join(f"--voter {name}" for name in names[1:])
        msg = (
            f"A bench has one small model, and --small names {len(names)}: pass --small {names[0]} "
            f"{voters}; each answers once, and quorums of them are computed from that."
        )
        raise InputError(msg)


def _arms(given: str | None) -> tuple[Arm, ...]:
    if given is None:
        return ARMS
    known = {arm.name: arm for arm in ARMS}
    names = [name.strip().replace("-", "_") for name in given.split(",")]
    wrong = [name for name in names if name not in known]
    if wrong:
        msg = f"There is no arm {wrong[0]!r:.60}; there is: {', '.join(known)}."
        raise InputError(msg)
    return tuple(arm for name, arm in known.items() if name in names)


def _of_voters(given: list[str] | None, voters: Sequence[str]) -> dict[str, str]:
    prices = {}
    for one in given or ():
        name, found, price = one.rpartition("=")
        if not found:
            example = "openai:gpt-4o-mini=0.15,0.60"
            msg = f"--voter-price is MODEL=PRICE, as in {example}, not {one!r:.60}."
            raise InputError(msg)
        if name not in voters:
            msg = f"--voter-price is of {name!r:.60}, which is no --voter: name it as one too."
            raise InputError(msg)
        prices[f"{VOTER}{name}"] = price
    return prices
