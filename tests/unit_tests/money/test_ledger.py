from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cope_graph.money.ledger import add_lines, plain, total
from cope_graph.money.lines import NO_LEDGER
from tests.unit_tests.money.lines import line

USD = st.decimals(0, 10**4, allow_nan=False, places=9)


def test_a_ledger_adds_up_by_node_role_and_stage() -> None:
    lines = [line(), line(node="large_plan", role="plan", stage=2, usd="0.25")]
    ledger = add_lines(NO_LEDGER, lines)
    assert (ledger["usd"], ledger["requests"], ledger["input_tokens"]) == ("0.35", 2, 20)
    assert ledger["by_role"]["plan"]["usd"] == "0.25"
    assert ledger["by_stage"]["1"]["output_tokens"] == 2
    assert ledger["by_node"]["small_execute"]["requests"] == 1
    assert ledger["seconds"] == 1.0


def test_one_unknown_price_makes_the_sum_unknown_never_smaller() -> None:
    ledger = total([line(), line(usd=None)])
    assert (ledger["usd"], ledger["usd_known"]) == (None, "0.1")


def test_the_ledger_is_as_sure_as_its_weakest_line() -> None:
    assert total([line(), line(status="estimated")])["status"] == "estimated"
    assert total([line(status="unknown"), line(status="estimated")])["status"] == "unknown"
    assert total([])["status"] == "reported"


def test_an_empty_ledger_is_the_one_a_run_starts_with() -> None:
    assert total([]) == NO_LEDGER


@given(st.lists(USD, max_size=20))
def test_usd_add_up_to_the_last_digit(prices: list[Decimal]) -> None:
    ledger = total([line(usd=plain(usd)) for usd in prices])
    assert Decimal(str(ledger["usd"])) == sum(prices, Decimal(0))


def test_where_all_is_reported_the_upper_bound_is_the_bill_itself() -> None:
    ledger = total([line(usd="0.25"), line(usd="1", node="large_plan")])
    assert ledger["usd_upper"] == ledger["usd"] == "1.25"


def test_a_line_that_is_not_known_counts_with_what_was_reserved_for_it() -> None:
    lost = line(usd=None, usd_upper="0.7", status="unknown", input_tokens=0, output_tokens=0)
    ledger = total([line(), lost])
    assert (ledger["usd"], ledger["usd_known"], ledger["usd_upper"]) == (None, "0.1", "0.8")
    assert ledger["by_node"]["small_execute"]["usd_upper"] == "0.8"
    assert ledger["status"] == "unknown"


def test_a_line_that_nothing_bounds_leaves_no_upper_bound() -> None:
    ledger = total([line(), line(usd=None, usd_upper=None, stage=2)])
    assert ledger["usd_upper"] is None
    assert ledger["by_stage"]["1"]["usd_upper"] == "0.1"
    assert ledger["by_stage"]["2"]["usd_upper"] is None


@given(st.lists(st.tuples(st.one_of(st.none(), USD), USD), max_size=20))
def test_the_known_sum_the_sum_and_the_upper_bound_are_in_that_order(
    bills: list[tuple[Decimal | None, Decimal]],
) -> None:
    lines = [
        line(usd=None, usd_upper=plain(more), status="unknown")
        if usd is None
        else line(usd=plain(usd), usd_upper=plain(usd + more), status="estimated")
        for usd, more in bills
    ]
    ledger = total(lines)
    upper, known = Decimal(str(ledger["usd_upper"])), Decimal(ledger["usd_known"])
    assert upper == sum((more + (usd or 0) for usd, more in bills), Decimal(0))
    assert known <= upper
    assert (ledger["usd"] is None) == any(usd is None for usd, _ in bills)


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), USD), max_size=12))
def test_the_parts_add_up_to_the_whole(bills: list[tuple[str, Decimal]]) -> None:
    ledger = total([line(node=node, usd=plain(usd)) for node, usd in bills])
    parts = ledger["by_node"].values()
    assert sum(part["requests"] for part in parts) == ledger["requests"] == len(bills)
    assert sum((Decimal(str(part["usd_upper"])) for part in parts), Decimal(0)) == Decimal(
        str(ledger["usd_upper"])
    )
