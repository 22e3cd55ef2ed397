from __future__ import annotations

import subprocess
import sys

import pytest

from cope_graph.context import CopeContext
from cope_graph.errors import InputError
from cope_graph.evaluation.replaying.methods import METHODS
from cope_graph.evaluation.replaying.summarising import summarise
from cope_graph.evaluation.replaying.summary import Method, Summary
from cope_graph.money.prices import Price
from tests.unit_tests.evaluation.recorded import bench, records, row, stage


def method(summary: Summary, name: str) -> Method:
    return next(one for one in summary.methods if one.name == name)


def test_a_bench_of_all_arms_has_all_methods_in_order() -> None:
    found = summarise(bench())
    assert [one.name for one in found.methods] == [one.name for one in METHODS]
    assert (found.n, found.tau1, found.tau2, found.strict) == (4, 0.5, 0.5, True)
    assert (found.items, found.excluded, found.baseline) == (4, {}, "large")
    assert (found.title, found.data, found.task) == ("m -> l", "r.jsonl", "math")


def test_a_methods_figures_are_means_of_its_items() -> None:
    cope = method(summarise(bench()), "COPE")
    assert cope.accuracy.value == 0.75
    assert cope.difference is not None
    assert cope.difference.value == -0.25
    assert cope.difference.low < -0.25 < 0 < cope.difference.high  # four items rule nothing out
    assert cope.usd == cope.share == pytest.approx((4 * 0.8 + 2 * 1.4 + 1) / 4)
    assert cope.usd_by_role == pytest.approx({"plan": 0.9, "execute": 0.85, "judge": 0})
    assert cope.usd_by_stage == pytest.approx({1: 0.8, 2: 0.7, 3: 0.25})
    assert sum(cope.tokens_by_stage.values()) == cope.tokens == sum(cope.tokens_by_role.values())
    assert cope.large_tokens == 9
    assert {s: (r.items, r.accuracy) for s, r in cope.resolved.items()} == {
        1: (0.5, 0.5),
        2: (0.25, 1),
        3: (0.25, 1),
    }
    assert (cope.p50_s, cope.p95_s, cope.samples) == (1, 6, 6.25)
    assert method(summarise(bench()), "large").difference is None


def test_seconds_of_lots_are_weighed_by_their_chance() -> None:
    lots = method(summarise(bench()), "random router")  # 1 s with chance 3/4, else 3 s
    assert (lots.p50_s, lots.p95_s) == (1, 3)


def test_seconds_of_fewer_samples_than_were_drawn_are_not_known() -> None:
    assert method(summarise(bench()), "small x1").p50_s is None
    assert method(summarise(bench(), n=2), "COPE").p50_s is None
    assert method(summarise(bench(), n=2), "large").p50_s == 3


def test_other_thresholds_n_prices_and_baselines_are_what_ifs() -> None:
    found = summarise(bench(), tau1=0.75, tau2=0.9, strict=False, n=2)
    assert (found.tau1, found.tau2, found.strict, found.n) == (0.75, 0.9, False, 2)
    assert method(found, "COPE").usd != method(summarise(bench()), "COPE").usd
    free = summarise(bench(), prices={"large": Price.of(0, 0)}, baseline="small vote")
    assert method(free, "large").usd == 0
    assert method(free, "COPE").share == pytest.approx((4 * 0.8 + 2 * 0.4) / 4 / 0.4)
    assert method(summarise(bench(), prices={"large": Price.of(0, 0)}), "COPE").share is None


def test_an_order_is_a_further_method() -> None:
    found = method(summarise(bench(), order=(2, 1, 3)), "order 2, 1, 3")
    assert found.accuracy.value == 1
    assert {s: r.items for s, r in found.resolved.items()} == {1: 0, 2: 0.75, 3: 0.25}


def test_health_is_of_those_that_reach_each_gate() -> None:
    first, second = summarise(bench()).health
    assert (first.stage, first.items, first.accept_rate) == (1, 4, 0.5)
    assert (first.accuracy_accepted, first.accuracy_rejected) == (0.5, 1)
    assert (second.stage, second.items, second.accept_rate) == (2, 2, 0.5)
    assert (second.accuracy_accepted, second.accuracy_rejected) == (1, 0)


def test_a_gate_that_knows_is_healthy_by_its_own_word() -> None:
    tested = {"votes": False, "confidence": 0.25}
    rows = [
        row("x", "plan_free", {}, stages=[stage(1, "abbb", passes=True, **tested), stage(3, "a")]),
        row("y", "plan_free", {}, stages=[stage(1, "bbbb", passes=False, **tested), stage(3, "a")]),
    ]
    found = summarise(records(rows), tau1=0.9)
    assert [one.accept_rate for one in found.health] == [0.5]
    assert [{s: r.items for s, r in method(found, "plan-free vote cascade").resolved.items()}] == [
        {1: 0.5, 3: 0.5}
    ]


def test_stage_2_breaks_even_where_what_it_accepts_would_have_cost_as_much() -> None:
    found = summarise(bench()).break_even
    assert found is not None
    assert (found.accepts, found.pays) == (0.5, False)
    assert (found.usd_stage2, found.usd_saved) == pytest.approx((1.4, 1))


def test_the_grid_and_the_frontier_hold_what_was_asked_for() -> None:
    found = summarise(bench(), tau1=0.6)
    assert found.grid is not None
    i, j = found.grid.tau1.index(0.6), found.grid.tau2.index(0.5)
    assert found.grid.accuracy[i][j] == method(found, "COPE").accuracy.value
    assert found.grid.usd is not None
    assert found.grid.usd[i][j] == pytest.approx(method(found, "COPE").usd)
    assert {point.n for point in found.frontier} <= {2, 4}
    assert {point.method for point in found.frontier} <= {"COPE", "plan-free"}


def test_methods_that_nothing_was_drawn_for_are_named_and_left_out() -> None:
    rows = [row("x", "plan_free", {1: "aaab", 3: "a"})]
    found = summarise(records(rows))
    assert [one.name for one in found.methods] == [
        "small x1",
        "small vote",
        "large",
        "plan-free vote cascade",
    ]
    said = "Left out, since the records do not say what they do: large with its own plan, agreement"
    assert [word.level for word in found.words if word.text.startswith(said)] == ["note"]
    assert len(found.health) == 1
    assert found.grid is not None
    assert found.grid.tau2 == (0.5,)
    assert found.break_even is None


def test_runs_that_ended_early_are_answered_as_far_as_they_go() -> None:
    rows = [
        row("x", "cope", {}, stages=[stage(1, "aaab", accepted=True)]),
        row("y", "cope", {1: "abcd", 2: "aabc", 3: "a"}),
    ]
    solved = records(rows, made_by="solve")
    assert [one.name for one in summarise(solved, tau1=0.7).methods] == [
        "oracle",
        "COPE",
        "S1+S2",
        "stage 1 alone",
    ]
    said = r"tau1=0.75 does: item 'x' ended at stage 1 .* 0.75, .* Ask for tau1 below 0.75, or"
    with pytest.raises(InputError, match=said):
        summarise(solved, tau1=0.75)
    grid = summarise(solved).grid
    assert grid is not None
    assert [row[0] is None for row in grid.accuracy] == [tau >= 0.75 for tau in grid.tau1]


def test_a_price_that_is_not_known_leaves_usd_open() -> None:
    given = bench()
    for one in given:
        for line in one["lines"]:
            line["usd"] = None
    found = summarise(given)
    assert {one.usd for one in found.methods} == {None}
    assert found.grid is not None
    assert (found.grid.usd, found.grid.share) == (None, None)
    assert all(point.usd is None for point in found.frontier)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"n": 5}, "n=5 does: stage 1 of arm 'plan_free' of item 'one' had 4 samples"),
        ({"n": 0}, "The what-if does not fit: n: "),
        ({"tau1": 1.5}, "The what-if does not fit: tau1: "),
        ({"tau2": float("nan")}, "The what-if does not fit: tau2: "),
        ({"baseline": "gpt"}, "There is no method 'gpt' to compare with; there is: small x1, "),
        ({"order": (3, 1)}, "An order is some of 1, 2, 3"),
    ],
)
def test_a_what_if_that_cannot_be_is_refused(asked: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        summarise(bench(), **asked)  # type: ignore[arg-type]


def test_records_of_no_cascade_are_refused() -> None:
    with pytest.raises(InputError, match="holds no stage 1 of a cascade"):
        summarise(records([row("x", "own_plan", {3: "a"})]))


def test_settings_are_the_records_own_where_nothing_else_is_asked() -> None:
    given = records(
        [row("x", "plan_free", {1: "aaab", 3: "a"})], settings=CopeContext(n=4, tau1=0.7)
    )
    assert summarise(given).tau1 == 0.7


def test_the_summary_itself_needs_no_numpy() -> None:
    code = (
        "import sys; import cope_graph.evaluation.replaying.summarising;"
        "print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
    assert done.stdout == "False\n"


def test_stage_2_pays_where_cope_costs_less_than_without_it() -> None:
    given = bench()
    for one in given:
        for line in one["lines"]:
            if one["item"] == "three" and one["arm"] == "cope" and line["stage"] == 3:
                line["usd"] = "9"  # the item that goes on takes the longest answer
    found = summarise(given)
    reach = sum(share.items for stage, share in method(found, "COPE").resolved.items() if stage > 1)
    dearer = (method(found, "COPE").usd or 0) - (method(found, "S1+S3").usd or 0)
    assert found.break_even is not None
    assert not found.break_even.pays
    lost = found.break_even.needed - found.break_even.accepts
    assert dearer == pytest.approx(reach * lost * found.break_even.usd_saved)
