"""From a bench to a watched graph: record, calibrate, run under the thresholds, see it drift."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from cope_graph import CopeContext, Price, create_cope, tasks
from cope_graph.calibration import (
    DriftWatch,
    Schedule,
    Thresholds,
    calibrate,
    from_records,
    read_thresholds,
)
from cope_graph.errors import ThresholdsError
from cope_graph.evaluation.arms import ARMS
from cope_graph.evaluation.bench import Bench, run_bench
from cope_graph.evaluation.datasets.items import Item
from cope_graph.evaluation.records import read_records
from tests.loopback.clients import chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply

N, ITEMS, RUNS, AFTER = 4, 160, 60, 40
PRICES: Final = {"small": Price.of("0.15", "0.60"), "large": Price.of("2.50", "10.00")}
SETTINGS: Final = CopeContext(n=N, temperature_stage1=0.7)


def reply(body: Body) -> Reply:
    """Answer: the large model is right, the small one where its question is easy; after "hard",
    its samples fall apart."""
    question = body["messages"][-1]["content"]
    number = int(question.partition("number ")[2].partition(":")[0])
    lot, n = Random(number), body.get("n") or 1  # noqa: S311 - no secret
    if body["model"] == "large":
        return Reply(["The answer is 7."])
    agree = 1 if "hard" in question else lot.choice([4, 4, 4, 3, 2])
    right = lot.random() < {4: 0.99, 3: 0.9, 2: 0.6, 1: 0.3}[agree]
    said = ["7" if right else "8"] * agree + ["9", "10", "11"]
    return Reply([f"The answer is {one}." for one in said[:n]])


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(reply) as running:
        yield running


def models(server: OpenAIServer) -> tuple[Any, Any]:
    fresh = {"default_headers": {"Connection": "close"}}  # a kept one belongs to one event loop
    return chat(server, "small", **fresh), chat(server, "large", **fresh)


def recorded(server: OpenAIServer, folder: Path) -> Path:
    bench = Bench(
        [Item(f"item {i}", f"Question number {i}: how many?", "7") for i in range(ITEMS)],
        *models(server),
        tasks.math(),
        lambda item, answer: float(answer) == float(item.gold or 0),
        settings=SETTINGS,
        arms=tuple(arm for arm in ARMS if arm.name == "plan_free"),
        prices=PRICES,
        concurrency=8,
    )
    asyncio.run(run_bench(bench, folder / "records.jsonl"))
    return folder / "records.jsonl"


def thresholds_of(server: OpenAIServer, folder: Path) -> Thresholds:
    found = from_records(read_records(recorded(server, folder)), n=N)
    made = calibrate(found.tables, max_loss=0.1, confidence=0.9).thresholds
    made.save(folder / "thresholds.json")
    return read_thresholds(folder / "thresholds.json")


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_from_a_bench_to_thresholds_to_runs_to_a_drift(
    server: OpenAIServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    made = thresholds_of(server, tmp_path)
    assert made.schedule == Schedule(("small",), "large", N, (1, 3), "none")
    assert made.shown.certified
    assert made.drawn is not None
    assert (made.drawn["task"], made.drawn["temperature_stage1"]) == ("math", 0.7)

    path = tmp_path / "thresholds.json"
    graph: Any = create_cope(
        *models(server), task=tasks.math(), thresholds=path, prices=PRICES
    ).compile()
    watch = DriftWatch(made)

    def run(number: int, word: str) -> dict[str, Any]:
        given = {"messages": [("user", f"Question number {number}: how many? ({word})")]}
        return graph.invoke(given) if way == "invoke" else asyncio.run(graph.ainvoke(given))

    with caplog.at_level(logging.WARNING, "cope_graph"):
        runs = [run(1000 + index, "usual") for index in range(RUNS)]
        usual = [watch.feed(out) for out in runs]
        hard = [watch.feed(run(2000 + index, "hard")) for index in range(AFTER)]
    accepted = [out for out in runs if out["stage"] == 1]
    right = sum(out["answer"] == "7" for out in runs) / RUNS
    assert right > 0.85
    assert 0.3 < len(accepted) / RUNS < 1
    assert all(0.5 < out["p_correct"] < 1 for out in accepted)
    small = [one.body for one in server.requests if one.body["model"] == "small"]
    assert {body["temperature"] for body in small[-RUNS:]} == {0.7}  # as in the records
    assert not any(report.drifted for report in usual)
    assert hard[-1].drifted
    assert [record.name for record in caplog.records] == ["cope_graph"]


def test_a_graph_of_another_model_or_schedule_is_refused(
    server: OpenAIServer, tmp_path: Path
) -> None:
    small, large = models(server)
    made = thresholds_of(server, tmp_path)
    other = replace(made, schedule=replace(made.schedule, large="gpt"))
    with pytest.raises(ThresholdsError, match="large was gpt and is large"):
        create_cope(small, large, task=tasks.math(), thresholds=other)
    with pytest.raises(ThresholdsError, match=r"temperature_stage1 was 0\.7 and is 0\.0"):
        create_cope(
            small,
            large,
            task=tasks.math(),
            thresholds=made,
            defaults=CopeContext(temperature_stage1=0),
        )
