"""Savings are signed, name what they are against, and never rest on a bill nobody knows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph import Baseline, savings
from cope_graph.errors import InputError
from cope_graph.money.ledger import plain, total
from cope_graph.money.lines import Ledger
from tests.unit_tests.money.lines import line

USD = st.decimals(0, 100, allow_nan=False, places=6)


def bill(usd: str) -> Ledger:
    return total([line(usd=usd)])


@given(USD, st.lists(USD, min_size=1, max_size=8))
def test_savings_are_the_baseline_less_the_bills_signed(
    baseline: Decimal, bills: list[Decimal]
) -> None:
    found = savings([bill(plain(usd)) for usd in bills], Baseline("large alone", baseline))
    assert found.usd == baseline * len(bills) - sum(bills)
    assert (found.against, found.exact) == ("large alone", True)
    if not baseline:
        assert found.share is None
    elif found.usd:
        assert found.share is not None
        assert (found.share < 0) == (found.usd < 0)


def test_a_cascade_that_cost_more_saved_less_than_nothing() -> None:
    found = savings([bill("3"), bill("2")], Baseline("small alone", Decimal(1)))
    assert (found.usd, found.share) == (Decimal(-3), -1.5)


def test_an_unknown_line_makes_the_savings_the_least_they_can_be() -> None:
    lost = total([line(usd="1"), line(usd=None, usd_upper="2", status="unknown")])
    found = savings([lost], Baseline("large alone", Decimal(10)))
    assert (found.usd, found.share, found.exact) == (Decimal(7), 0.7, False)


def test_an_estimate_is_not_exact() -> None:
    guessed = total([line(usd="1", status="estimated")])
    assert not savings([guessed], Baseline("large alone", Decimal(10))).exact


def test_what_nothing_bounds_saves_no_known_amount() -> None:
    endless = total([line(usd=None, usd_upper=None, status="unknown")])
    found = savings([bill("1"), endless], Baseline("large alone", Decimal(10)))
    assert (found.usd, found.share, found.exact) == (None, None, False)


def test_no_runs_saved_nothing() -> None:
    found = savings([], Baseline("large alone", Decimal(10)))
    assert (found.usd, found.share, found.exact) == (Decimal(0), None, True)


def test_a_measured_baseline_is_the_mean_of_its_bills() -> None:
    assert Baseline.measured("large alone", [bill("1"), bill("2")]).usd == Decimal("1.5")


def test_a_baseline_is_not_measured_on_bills_that_are_not_known() -> None:
    bills = [total([line(usd="1")]), total([line(usd=None)])]
    with pytest.raises(InputError, match="The baseline 'large alone' needs ledgers whose every"):
        Baseline.measured("large alone", bills)


def test_a_baseline_is_not_measured_on_nothing() -> None:
    with pytest.raises(InputError, match="The baseline 'large alone' has no ledgers"):
        Baseline.measured("large alone", [])


def test_outputs_of_runs_and_one_ledger_alone_are_no_ledgers() -> None:
    ledger = bill("1")
    for wrong in (ledger, [{"answer": "3", "ledger": ledger}], [ledger, None], None, "1"):
        given: Any = wrong
        with pytest.raises(InputError, match=r'pass \[out\["ledger"\] for out in outs\]'):
            savings(given, Baseline("large alone", "1"))
        with pytest.raises(InputError, match=r'pass \[out\["ledger"\] for out in outs\]'):
            Baseline.measured("large alone", given)


def test_a_baselines_price_is_a_decimal_or_written_as_one() -> None:
    assert Baseline("x", "0.10") == Baseline("x", Decimal("0.1"))
    assert savings([bill("1")], Baseline("x", "1.5")).usd == Decimal("0.5")


@pytest.mark.parametrize(
    "usd", [0.5, 1, None, "cheap", "-1", "nan", Decimal("NaN"), Decimal(-1), Decimal("inf")]
)
def test_what_is_no_price_of_a_question_is_refused(usd: object) -> None:
    with pytest.raises(InputError, match="The baseline 'x' costs a decimal of 0 or more"):
        Baseline("x", usd)  # type: ignore[arg-type]
