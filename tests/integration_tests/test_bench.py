"""A bench of real clients on a real server: what is drawn, what is paid, and what goes wrong."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cope_graph import Price
from cope_graph.errors import BudgetError, CopeError, InputError, ModelCallError, SandboxError
from cope_graph.evaluation.bench import Bench, run_bench
from cope_graph.evaluation.datasets.items import Item
from cope_graph.evaluation.progress import progress_of
from cope_graph.evaluation.records import Records, read_records
from cope_graph.money.budget import Budget
from tests.integration_tests.dealer import Dealer, paid, timeless
from tests.integration_tests.killed_bench import PRICES, VOTERS, Life, items, process
from tests.loopback.clients import chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import ApiError
from tests.processes import soon

ARMS = {
    "plan_free": [(1, 3), (3, 1)],
    "cope": [(1, 3), (2, 3), (3, 1)],
    "no_goal": [(2, 3), (3, 1)],
    "own_plan": [(3, 1)],
    "guideline": [(1, 3), (2, 3), (3, 1)],
    **{f"voter:{name}": [(3, 1)] for name in VOTERS},
}
"""Stages and their samples."""


class Upstream:
    """The models, and the records they are asked for."""

    def __init__(self, dealer: Dealer, server: OpenAIServer, folder: Path) -> None:
        self.dealer, self.server, self._folder = dealer, server, folder

    def life(self, name: str = "records.jsonl", **options: Any) -> Life:
        return Life(self.server.base_url, str(self._folder / name), **options)


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Upstream]:
    dealer = Dealer()
    with OpenAIServer(dealer) as server:
        yield Upstream(dealer, server, tmp_path)


def read(life: Life) -> Records:
    return read_records(Path(life.out))


Whole = Callable[..., tuple[Records, Dealer]]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """A bench that nothing disturbs: its records, and what was asked for them."""

    @cache
    def run(**options: Any) -> tuple[Records, Dealer]:
        dealer, folder = Dealer(), tmp_path_factory.mktemp("undisturbed")
        with OpenAIServer(dealer) as server:
            life = Life(server.base_url, str(folder / "records.jsonl"), **options)
            life.live()
            return read(life), dealer

    return run


def drawn(records: Records, arm: str) -> list[list[tuple[int, int]]]:
    return [
        [(stage["stage"], len(stage["samples"])) for stage in row["stages"]]
        for row in records.of_arm(arm).values()
    ]


@pytest.mark.parametrize("small", ["small", "small-ignore-n", "small-refuse-n"])
def test_every_arm_is_drawn_in_full_and_the_bill_is_the_servers(
    upstream: Upstream, small: str
) -> None:
    life = upstream.life(small=small)
    life.live()
    records = read(life)
    assert records.arms() == tuple(ARMS)
    assert {arm: drawn(records, arm) for arm in ARMS} == {
        arm: [stages] * 5 for arm, stages in ARMS.items()
    }
    assert any(s["accepted"] for row in records for s in row["stages"] if s["stage"] == 1)
    assert paid(records) == upstream.dealer.due(upstream.server)
    assert not progress_of(Path(life.out)).exists()


def test_a_price_of_a_voter_is_its_own(upstream: Upstream) -> None:
    life = upstream.life(items=1)
    life.live()
    for name in VOTERS:
        row = read(life).of_arm(f"voter:{name}")["item 0"]
        line, price = row["lines"][0], PRICES[f"voter:{name}"]
        due = (line["input_tokens"] * price.input + line["output_tokens"] * price.output) / 10**6
        assert (len(row["lines"]), line["usd"]) == (1, f"{due.normalize():f}")


def test_voters_classes_go_on_from_those_of_the_small_model(upstream: Upstream) -> None:
    life = upstream.life()
    life.live()
    records = read(life)
    for item in (f"item {i}" for i in range(5)):
        known: dict[float, int] = {}
        rows = [records.of_arm(arm)[item] for arm in ("plan_free", "voter:tiny", "voter:mid")]
        for sample in (one for row in rows for one in row["stages"][0]["samples"]):
            assert sample["answer"] is not None
            value = float(sample["answer"])  # "1" of the small model, "1.0" of the others
            assert sample["group"] == known.setdefault(value, len(known))


@pytest.mark.parametrize("small", ["small", "small-ignore-n"])
@pytest.mark.parametrize("answers", [2, 17, 43])
def test_a_killed_bench_goes_on_and_pays_for_no_finished_request_again(
    upstream: Upstream, undisturbed: Whole, tmp_path: Path, answers: int, small: str
) -> None:
    life, dealer = upstream.life(small=small), upstream.dealer
    dealer.answers_left = answers
    kill(life, dealer)
    dealer.answers_left = None
    with Path(life.out).open("a") as file:
        file.write('{"item":"item 0","arm":"pl')  # as a crash may leave it
    life.live()
    records, whole = undisturbed(small=small)
    assert timeless(read(life)) == timeless(records)
    assert dealer.asked - whole.asked == dealer.lost
    assert paid(read(life)) == dealer.due(upstream.server)
    assert [path.name for path in tmp_path.iterdir() if "progress" in path.name] == []


@pytest.mark.parametrize("call", [0, 9])
def test_a_run_that_ended_before_its_record_was_written_is_not_paid_again(
    upstream: Upstream, undisturbed: Whole, call: int
) -> None:
    life = upstream.life(hold=call, concurrency=1)
    with process(life) as child:
        assert child.stdout
        assert child.stdout.readline() == "held\n"
        child.kill()
        child.wait(30)
    before = upstream.dealer.asked.total()
    upstream.life(concurrency=1).live()
    records, whole = undisturbed()
    assert before > 0
    assert upstream.dealer.asked == whole.asked
    assert timeless(read(life)) == timeless(records)


def kill(life: Life, dealer: Dealer) -> None:
    """Kill a life when all that was answered is kept, and every run waits for what is held."""
    progress = progress_of(Path(life.out))
    log = progress.with_name(f"{progress.name}-wal")
    seen: list[tuple[int, int]] = []

    def still() -> bool:
        size = log.stat().st_size if log.exists() else 0
        seen.append((dealer.asked.total(), size))
        return dealer.lost.total() > 0 and len(seen) > 75 and len(set(seen[-75:])) == 1

    with process(life) as child:
        assert soon(still, 60), seen[-1:]
        assert stat.S_IMODE(progress.stat().st_mode) == 0o600
        child.kill()
        child.wait(30)


def test_a_model_that_is_dead_stops_the_bench_and_nothing_is_lost(
    upstream: Upstream, undisturbed: Whole
) -> None:
    life = upstream.life(items=8)
    dead = chat(Life("http://127.0.0.1:9/v1", ""), "large")
    with pytest.raises(
        ModelCallError,
        match=r"5 items, one.*large cannot be reached.*goes on",
    ):
        life.live(large=dead)
    assert {row["error"] for row in read(life) if row["arm"] == "own_plan"} == {
        "a request of large_plan to the large model: unreachable."
    }
    assert progress_of(Path(life.out)).exists()
    life.live()
    records, whole = undisturbed(items=8)
    assert upstream.dealer.asked == whole.asked
    assert [row["error"] for row in read(life)] == [None] * 8 * len(ARMS)
    small = paid(records)["small"]
    assert paid(read(life))["small"] == small


@pytest.mark.parametrize("many", [1, 8])
def test_a_refused_key_stops_the_bench_with_the_name_of_the_setting(
    upstream: Upstream, undisturbed: Whole, many: int
) -> None:
    life, dealer = upstream.life(items=many), upstream.dealer
    dealer.closed = {"large"}
    with pytest.raises(ModelCallError, match=r"refused the key.*COPE_LARGE_API_KEY") as caught:
        life.live()
    assert "http" in str(caught.value)
    dealer.closed = ()
    life.live()
    records, whole = undisturbed(items=many)
    assert dealer.asked == whole.asked
    assert paid(read(life)) == paid(records) == dealer.due(upstream.server)


def test_a_spent_budget_stops_the_bench_and_a_new_one_goes_on(
    upstream: Upstream, undisturbed: Whole
) -> None:
    life, dealer = upstream.life(concurrency=1), upstream.dealer
    calls = 0
    while True:
        calls += 1
        try:
            life.live(budget=Budget(usd="0.0035"))
            break
        except BudgetError as error:
            assert "budget is spent" in str(error)  # noqa: PT017 - each time until it is enough
            assert "goes on" in str(error)  # noqa: PT017
        assert calls < 30
    records, whole = undisturbed()
    assert calls > 2
    assert dealer.asked == whole.asked
    assert timeless(read(life)) == timeless(records)


CANARY = "zebra"


def test_an_item_that_fails_is_an_error_row_and_is_tried_again(
    upstream: Upstream, undisturbed: Whole
) -> None:
    life, dealer = upstream.life(), upstream.dealer
    policy = ApiError(400, f"The prompt breaks our rules: {CANARY}.", "invalid_request_error")
    dealer.refused = {"Question 3": policy}
    life.live()
    failed = [row for row in read(life) if row["error"] is not None]
    assert {(row["item"], row["arm"]) for row in failed} == {
        ("item 3", arm) for arm in ARMS if not arm.startswith("voter:")
    }  # a voter's classes go on from those of plan_free, so it has to wait
    assert CANARY not in Path(life.out).read_text()
    assert progress_of(Path(life.out)).exists()
    before = dealer.asked.copy()
    dealer.refused = {}
    life.live()
    assert all("Question 3" in key for key in dealer.asked - before)
    records, whole = undisturbed()
    assert dealer.asked == whole.asked
    assert {row["error"] for row in read(life)} == {None}
    assert paid(read(life)) == paid(records)
    assert not progress_of(Path(life.out)).exists()


def test_a_voter_that_failed_is_grouped_with_the_others_when_it_is_tried_again(
    upstream: Upstream, undisturbed: Whole
) -> None:
    life, dealer = upstream.life(items=8), upstream.dealer
    dealer.closed = {"tiny"}
    life.live()
    assert {row["arm"] for row in read(life) if row["error"]} == {"voter:tiny"}
    assert read(life).of_arm("voter:mid") == {}
    dealer.closed = ()
    life.live()
    records, _ = undisturbed(items=8)
    assert [row["stages"] for row in timeless(read(life))] == [
        row["stages"] for row in timeless(records)
    ]


def test_a_scorer_that_raises_names_the_item_and_costs_nothing_twice(
    upstream: Upstream, undisturbed: Whole
) -> None:
    def wrong(item: Item, answer: str) -> bool:
        if item.id == "item 2":
            raise ZeroDivisionError(answer)
        return float(answer) == float(item.gold or 0)

    life = upstream.life()
    with pytest.raises(InputError, match=r"raised ZeroDivisionError on item 'item 2'") as caught:
        life.live(right=wrong)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    life.live()
    records, whole = undisturbed()
    assert upstream.dealer.asked == whole.asked
    assert timeless(read(life)) == timeless(records)


def test_a_sandbox_that_fails_while_it_scores_makes_error_rows(
    upstream: Upstream, undisturbed: Whole
) -> None:
    def broken(item: Item, answer: str) -> bool:
        if item.id == "item 2":
            msg = "the sandbox could not start Python"
            raise SandboxError(msg)
        return float(answer) == float(item.gold or 0)

    life = upstream.life()
    life.live(right=broken)
    assert {(row["item"], row["error"]) for row in read(life) if row["error"]} == {
        ("item 2", "the sandbox could not start Python")
    }
    life.live()
    records, whole = undisturbed()
    assert upstream.dealer.asked == whole.asked
    assert timeless(read(life)) == timeless(records)


def test_eight_items_side_by_side_give_the_records_of_one_at_a_time(
    undisturbed: Whole, tmp_path: Path
) -> None:
    with OpenAIServer(Dealer(), delay_s=0.02) as server:
        life = Life(server.base_url, str(tmp_path / "eight.jsonl"), items=8, concurrency=8)
        life.live()
        # Alone, an item asks for its n plans or samples at once, and no more.
        assert server.traffic.max_in_flight > life.bench().settings.n
    records, _ = undisturbed(items=8, concurrency=1)
    assert timeless(read(life)) == timeless(records)


def test_arms_and_items_may_be_added_to_a_file(upstream: Upstream, undisturbed: Whole) -> None:
    life = upstream.life()
    arms = {arm.name: arm for arm in life.bench().arms}
    life.live(arms=(arms["plan_free"],), items=items(2))
    assert read(life).arms() == ("plan_free", *(f"voter:{name}" for name in VOTERS))
    life.live()
    records, whole = undisturbed()
    assert timeless(read(life)) == timeless(records)
    assert upstream.dealer.asked == whole.asked


def test_two_benches_on_one_file_are_refused(upstream: Upstream) -> None:
    life = upstream.life()
    upstream.dealer.answers_left = 3
    with process(life):
        assert soon(lambda: upstream.dealer.lost.total() > 0)
        with pytest.raises(InputError, match="another bench is at work on it"):
            life.live()


def test_a_progress_file_of_something_else_is_refused_and_stays(upstream: Upstream) -> None:
    life = upstream.life()
    path = progress_of(Path(life.out))
    path.write_text("my own notes, which are no database at all\n" * 40)
    with pytest.raises(InputError, match=r"records.jsonl.progress is no progress of a bench"):
        life.live()
    assert path.read_text().startswith("my own notes")
    assert upstream.server.count == 0


def test_a_lost_progress_is_said_where_voters_need_it(upstream: Upstream) -> None:
    life = upstream.life(items=1)
    upstream.dealer.closed = {"tiny"}
    with pytest.raises(ModelCallError):
        life.live()
    progress_of(Path(life.out)).unlink()
    upstream.dealer.closed = ()
    with pytest.raises(InputError, match="the progress beside the records was removed"):
        life.live()


def test_a_budget_that_nothing_bounds_is_refused_before_anything_is_paid(
    upstream: Upstream,
) -> None:
    life = upstream.life()
    settings = life.bench().settings.model_copy(update={"max_plan_tokens": None})
    with pytest.raises(CopeError, match="no limit on its replies"):
        life.live(settings=settings, budget=Budget(usd=1))
    assert upstream.server.count == 0


def test_a_bench_is_awaited_where_an_event_loop_runs_already(upstream: Upstream) -> None:
    life = upstream.life(items=1)

    async def notebook() -> int:
        rows: list[Any] = []
        await run_bench(life.bench(), Path(life.out), rows.append)
        return len(rows)

    assert asyncio.run(notebook()) == len(ARMS)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"items": []}, "no items"),
        ({"items": [*items(2), *items(1)]}, "Two items have the id 'item 0'"),
        ({"concurrency": 0}, "concurrency is 1 at least"),
        ({"arms": (), "voters": {}}, "no arms to draw"),
        ({"arms": ()}, "Voters agree with the answers of plan_free"),
        ({"arms": Bench.arms * 2}, "Two arms have the name 'plan_free'"),
    ],
)
def test_what_cannot_be_benched_is_refused(
    upstream: Upstream, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        upstream.life().bench(**changes)


def test_prices_of_the_bench_are_in_its_header(upstream: Upstream) -> None:
    life = upstream.life(items=1)
    life.live(prices={**PRICES, "small": Price.parse("1.20/h")})
    header = read(life).header
    assert header["prices"]["small"] == {"input": "0", "output": "0", "gpu_hour": "1.20"}
    assert header["models"]["voter:tiny"] == "tiny"
