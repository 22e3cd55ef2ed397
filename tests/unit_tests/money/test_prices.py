from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.errors import InputError
from cope_graph.models.usage import Usage
from cope_graph.money.prices import Price, checked_prices, cost, listed_cost

TOKENS = st.integers(0, 10**7)
USD = st.decimals(0, 10**4, allow_nan=False, places=9)


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


def test_a_price_given_as_a_number_is_taken_as_it_is_written() -> None:
    assert Price.of(0.15, 0.6, Decimal("0.075")) == Price.of("0.15", "0.6", "0.075")
    assert Price.of(1, 2) == Price.of("1", "2")
    assert Price.per_gpu_hour(1.2) == Price.per_gpu_hour("1.2")


@pytest.mark.parametrize("part", [None, True, "", (), "1,2"])
def test_what_is_no_number_is_no_price_on_either_side(part: Any) -> None:
    for parts in ((part, "1"), ("1", part)):
        with pytest.raises(InputError, match="price"):
            Price.of(*parts)
    with pytest.raises(InputError, match="price"):
        Price.per_gpu_hour(part)


@pytest.mark.parametrize("parts", [("cheap", "1"), ("-1", "1"), ("1", "nan"), ("1", "inf")])
def test_what_is_no_price_is_refused(parts: tuple[str, str]) -> None:
    with pytest.raises(InputError, match="price"):
        Price.of(*parts)
    with pytest.raises(InputError, match="price"):
        Price.parse(",".join(parts))


def test_a_price_is_decimal_so_that_no_digit_is_lost() -> None:
    with pytest.raises(InputError, match=r"use Price\.of"):
        Price(0.1, 0.4)  # type: ignore[arg-type]


@given(st.integers(0, 10**6), USD, TOKENS)
def test_a_gpu_is_paid_by_its_seconds_whatever_the_tokens(
    milliseconds: int, hour: Decimal, tokens: int
) -> None:
    price = Price.per_gpu_hour(str(hour))
    paid = cost(Usage(tokens, tokens), price, milliseconds / 1000)
    assert paid == pytest.approx(Decimal(milliseconds) * hour / 3_600_000, abs=Decimal("1e-20"))


def test_a_whole_gpu_hour_costs_what_an_hour_costs_to_the_last_digit() -> None:
    assert cost(Usage(5, 5), Price.per_gpu_hour("1.20"), 3600.0) == Decimal("1.20")
    assert cost(Usage(5, 5), Price.per_gpu_hour("1.20")) == 0


@pytest.mark.parametrize("text", ["1.20/h", " 1.20 /h ", "1.2/h"])
def test_a_price_by_the_hour_is_read_from_text(text: str) -> None:
    assert Price.parse(text) == Price.per_gpu_hour("1.20")
    assert Price.parse(text).gpu_hour == Decimal("1.20")


@pytest.mark.parametrize(
    "text", ["/h", "cheap/h", "-1/h", "nan/h", "inf/h", "1,2/h", "1.20/hour", "1", ""]
)
def test_what_is_no_price_by_the_hour_nor_by_token_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="price"):
        Price.parse(text)


def test_a_price_by_token_is_read_with_or_without_the_cached_part() -> None:
    assert Price.parse(" 0.15, 0.60 ") == Price.of("0.15", "0.60")
    assert Price.parse("0.15,0.60,0.075") == Price.of("0.15", "0.60", "0.075")


def test_prices_of_models_may_be_written() -> None:
    own = Price.of("1", "2")
    given = {"small": "0.15,0.60", "large": "1.20/h", "gpt-4o": own}
    assert checked_prices(given) == {
        "small": Price.of("0.15", "0.60"),
        "large": Price.per_gpu_hour("1.20"),
        "gpt-4o": own,
    }
    assert checked_prices(None) == checked_prices({}) == {}


@pytest.mark.parametrize("wrong", [0.15, ("0.15", "0.60"), None, {"input": 1}])
def test_a_models_price_that_is_none_is_refused_by_the_models_name(wrong: object) -> None:
    with pytest.raises(InputError, match=r"prices\['large'\] is .* no Price: pass prices="):
        checked_prices({"small": "1,2", "large": wrong})
    with pytest.raises(InputError, match="price 'cheap'"):
        checked_prices({"small": "cheap"})
    with pytest.raises(InputError, match="prices is a list, no dict"):
        checked_prices([wrong])
