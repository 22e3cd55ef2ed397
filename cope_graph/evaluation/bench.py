"""A bench: every arm over every item, each sample drawn once, whatever is killed in between."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel

from cope_graph.cascade import create_cope
from cope_graph.context import CopeContext
from cope_graph.errors import InputError
from cope_graph.evaluation.arms import ARMS, VOTER, Arm, drawn_under, voter_arm
from cope_graph.evaluation.datasets.items import Item
from cope_graph.evaluation.joint import FREE
from cope_graph.evaluation.progress import forget, progress_of, progressing
from cope_graph.evaluation.record_file import RecordFile, header_of
from cope_graph.evaluation.records import Data, Row
from cope_graph.evaluation.running import Running
from cope_graph.models.bound import bind
from cope_graph.models.names import chat_model
from cope_graph.money.budget import Budget
from cope_graph.money.prices import Price
from cope_graph.tasks.task import Task

Right = Callable[[Item, str], bool]


@dataclass(frozen=True)
class Bench:
    """What a bench is of.

    Attributes:
        items: The questions with their answers.
        small: The cheap model.
        large: The expensive one.
        task: The family of questions.
        right: Whether an answer is right. It may block.
        settings: n, thresholds, temperatures and limits; which stages run is up to the arms.
        arms: What is drawn.
        voters: Further models that answer once each, by name.
        prices: The user's own, by side or model name; `voter:NAME` for a voter.
        budget: What all of it may cost.
        data: What the items are, for the records.
        texts: Whether records hold questions and replies.
        concurrency: Items side by side.
    """

    items: Sequence[Item]
    small: str | BaseChatModel
    large: str | BaseChatModel
    task: Task
    right: Right
    settings: CopeContext = field(default_factory=CopeContext)
    arms: tuple[Arm, ...] = ARMS
    voters: Mapping[str, str | BaseChatModel] = field(default_factory=dict)
    prices: Mapping[str, Price] | None = None
    budget: Budget | None = None
    data: Data | None = None
    texts: bool = False
    concurrency: int = 4

    def __post_init__(self) -> None:
        """Refuse what cannot be benched.

        Raises:
            InputError: There are no items, two have one id, nothing may run, or voters have
                nobody to agree with.
        """
        if not self.items:
            msg = "There are no items to bench: the data set is empty."
            raise InputError(msg)
        _check_once("items", "id", [item.id for item in self.items])
        _check_once("arms", "name", [arm.name for arm in self.all_arms])
        if not self.all_arms:
            msg = "There are no arms to draw: name one at least."
            raise InputError(msg)
        if self.voters and FREE not in {arm.name for arm in self.arms}:
            msg = f"Voters agree with the answers of {FREE}: draw that arm too."
            raise InputError(msg)
        if self.concurrency < 1:
            msg = f"concurrency is 1 at least, not {self.concurrency}."
            raise InputError(msg)

    @property
    def all_arms(self) -> tuple[Arm, ...]:
        """All that is drawn: the arms and the voters."""
        return (*self.arms, *(voter_arm(name) for name in self.voters))


def _check_once(what: str, kind: str, names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        msg = f"Two {what} have the {kind} {twice[0]!r:.60}: give each its own."
        raise InputError(msg)


async def run_bench(
    bench: Bench,
    out: Path,
    on_row: Callable[[Row], None] = lambda _row: None,
    on_start: Callable[[int], None] = lambda _done: None,
) -> RecordFile:
    """Draw what is missing in a file of records.

    Beside the file lies its progress (`FILE.progress`, a SQLite file with the questions and
    replies of unfinished runs) until all is drawn: a killed bench goes on from there, and pays for
    no finished request again. A run that fails is written down as such, and tried again the next
    time.

    Args:
        bench: What to draw.
        out: The file of records, which may hold some of them.
        on_row: Called with each new row.
        on_start: Called once, with how many rows are there already.

    Returns:
        The file.

    Raises:
        InputError: The file holds records of something else, another bench is at work on it, or
            an item cannot be asked or scored.
        BudgetError: The budget is spent; what is drawn is kept.
        ModelCallError: Items fail one after the other; what is drawn is kept. A `SandboxError`
            where it is the sandbox that fails.
        SetupError: A model cannot be used at all.
    """
    sides = {
        "small": chat_model(bench.small, "small"),
        "large": chat_model(bench.large, "large"),
        **{f"{VOTER}{n}": chat_model(model, "large") for n, model in bench.voters.items()},
    }
    names = {side: bind(chat, "small", {}).name for side, chat in sides.items()}
    header = header_of(
        "bench",
        bench.task.name,
        names,
        bench.settings,
        prices=bench.prices,
        data=bench.data,
        texts=bench.texts,
    )
    file, graphs = RecordFile(out, header), _graphs(bench, sides)
    progress = progress_of(out)
    async with progressing(progress) as saver:
        for graph in graphs.values():
            graph.checkpointer = saver
        running = Running(bench, file, graphs, on_row)
        on_start(running.rows_there())
        try:
            async with asyncio.TaskGroup() as group:
                items = iter(bench.items)
                for _ in range(min(bench.concurrency, len(bench.items))):
                    group.create_task(running.work(items))
        except ExceptionGroup as errors:  # the first one ended the others
            first = errors.exceptions[0]
            raise first from first.__cause__
    if running.is_whole:
        forget(progress)
    return file


def _graphs(bench: Bench, sides: Mapping[str, BaseChatModel]) -> dict[str, Any]:
    """Build each arm's graph."""
    return {
        arm.name: create_cope(
            sides["small"],
            sides.get(arm.name, sides["large"]),
            task=bench.task,
            defaults=drawn_under(arm, bench.settings),
            prices=_prices(bench.prices, arm),
            budget=bench.budget,
        ).compile(name=arm.name)
        for arm in bench.all_arms
    }


def _prices(prices: Mapping[str, Price] | None, arm: Arm) -> dict[str, Price]:
    """Give an arm's prices: a voter stands where the large model stood."""
    own = dict(prices or {})
    if arm.name.startswith(VOTER):
        own.pop("large", None)
        if (price := own.get(arm.name)) is not None:
            own["large"] = price
    return {name: price for name, price in own.items() if not name.startswith(VOTER)}
