from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.errors import InputError
from cope_graph.models.usage import Usage
from cope_graph.money.ledger import add_lines, plain, total
from cope_graph.money.prices import Price, cost, listed_cost
from cope_graph.money.lines import NO_LEDGER, LedgerLine

TOKENS = st.integers(0, 10**7)
USD = st.decimals(0, 10**4, allow_nan=False, places=9)


def line(**given_: Any) -> LedgerLine:
    fields: Any = {
        "node": "small_execute",
        "stage": 1,
        "role": "execute",
        "model": "m",
        "samples": 1,
        "input_tokens": 10,
        "output_tokens": 2,
        "cached_tokens": 0,
        "reasoning_tokens": 0,
        "seconds": 0.5,
        "status": "reported",
        "usd": "0.1",
    }
    made: LedgerLine = fields | given_
    return made


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


@given(TOKENS, TOKENS, TOKENS, USD, USD, USD)
def test_the_cost_is_usage_times_price(
    fresh: int, cached: int, output: int, i: Decimal, o: Decimal, c: Decimal
) -> None:
    usage = Usage(fresh + cached, output, cached_tokens=cached)
    assert cost(usage, Price(i, o, c)) == (fresh * i + cached * c + output * o) / 10**6
    assert cost(usage, Price(i, o)) == ((fresh + cached) * i + output * o) / 10**6


def test_a_listed_model_has_its_listed_price_and_another_none() -> None:
    usage = Usage(1_000_000, 100_000, cached_tokens=0)
    assert listed_cost(usage, "gpt-4o-mini-2024-07-18", None) == Decimal("0.21")
    assert listed_cost(usage, "no-such-model", None) is None


def test_a_listed_name_on_a_server_of_ones_own_has_no_listed_price() -> None:
    assert listed_cost(Usage(1, 1), "gpt-4o-mini", "http://127.0.0.1:8000/v1") is None


def test_a_price_is_made_of_decimal_strings() -> None:
    assert Price.of("0.15", "0.6", "0.075").cached == Decimal("0.075")


@pytest.mark.parametrize("parts", [("cheap", "1"), ("-1", "1"), ("1", "nan"), ("1", "inf")])
def test_what_is_no_price_is_refused(parts: tuple[str, str]) -> None:
    with pytest.raises(InputError, match="price"):
        Price.of(*parts)
    with pytest.raises(InputError, match="price"):
        Price.parse(",".join(parts))


def test_a_price_is_decimal_so_that_no_digit_is_lost() -> None:
    with pytest.raises(InputError, match=r"use Price\.of"):
        Price(0.1, 0.4)  # type: ignore[arg-type]
