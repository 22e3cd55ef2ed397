from __future__ import annotations

from decimal import Decimal
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.evaluation.replaying.bill_lines import Bill, BillLines
from cope_graph.evaluation.replaying.repricing import Pricing
from cope_graph.money.lines import LedgerLine
from cope_graph.money.prices import Price
from tests.unit_tests.money.lines import line

PRICE = {"m": Price(Decimal(10_000), Decimal(100_000))}
"""A prompt of 10 tokens costs 0.1 USD, a token of a reply as much."""


def billed(*lines: LedgerLine, n: int | None = None, due: int = 4, **given: object) -> Bill:
    pricing = Pricing({}, billed=PRICE)
    voter = bool(given.get("voter"))
    return BillLines.of([lines], pricing, voter=voter).at(n, np.array([due]))


def test_of_requests_for_one_sample_the_first_n_stay_by_role() -> None:
    plans = [line(node="small_plan", role="plan", usd=f"{i}") for i in (1, 2, 4, 8)]
    samples = [line(usd=f"{i}") for i in (16, 32, 64, 128)]
    assert billed(*plans, *samples, n=2).usd.tolist() == [[3, 48, 0]]
    assert billed(*plans, *samples, n=2).tokens.tolist() == [[24, 24, 0]]
    assert billed(*plans, *samples, n=4).usd.tolist() == [[15, 240, 0]]


def test_of_a_request_for_several_samples_the_prompt_stays_and_a_part_of_the_reply() -> None:
    one = line(samples=4, output_tokens=8, usd="0.9")  # 0.1 for the prompt, 0.8 for replies
    found = billed(one, n=1)
    assert found.tokens.tolist() == [[0, 10 + 2, 0]]
    assert found.usd[0, 1] == pytest.approx(0.1 + 0.2)


def test_several_requests_for_several_samples_are_cut_where_n_is_reached() -> None:
    lines = [line(samples=2, output_tokens=4, usd="0.5") for _ in range(2)]
    assert billed(*lines, n=3).tokens.tolist() == [[0, 14 + 12, 0]]
    assert billed(*lines, n=2).tokens.tolist() == [[0, 14, 0]]


def test_what_failed_or_was_asked_of_the_large_model_or_a_judge_stays() -> None:
    lines = [
        line(error="timed out", samples=0, usd="1"),
        line(usd="2"),
        line(usd="4"),
        line(node="large_plan", role="plan", stage=2, usd="8"),
        line(node="confidence_gate", role="judge", usd="16"),
    ]
    assert billed(*lines, n=1, due=2).usd.tolist() == [[8, 3, 16]]
    assert billed(*lines, n=1, due=2).large.tolist() == [12]
    assert billed(*lines, n=1, due=2, voter=True).large.tolist() == [0]


def test_with_all_samples_every_request_stays() -> None:
    lines = [line(usd="1") for _ in range(3)]  # one was asked again
    assert billed(*lines, n=2, due=2).usd.tolist() == [[0, 3, 0]]


def test_an_unknown_price_is_unknown_and_not_0() -> None:
    assert isnan(billed(line(usd="1"), line(usd=None)).usd[0, 1])
    assert billed(line(usd="1"), line(usd=None), n=1).usd[0, 1] == 1
    unpriced = BillLines.of([[line(samples=2, model="nobody's")]], Pricing({}))
    assert isnan(unpriced.at(1, np.array([2])).usd[0, 1])
    assert unpriced.at(2, np.array([2])).usd[0, 1] == 0.1


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.integers(1, 24))
def test_more_samples_never_cost_less_and_all_of_them_cost_the_bill(
    sizes: list[int], n: int
) -> None:
    due = sum(sizes)
    lines = [
        line(samples=k, output_tokens=k, usd=f"{0.1 + k / 10:.1f}", input_tokens=10) for k in sizes
    ]
    some, more = (billed(*lines, n=k, due=due).usd.sum() for k in (n, n + 1))
    assert some <= more + 1e-12
    assert billed(*lines, n=due, due=due).usd.sum() == pytest.approx(
        sum(0.1 + k / 10 for k in sizes)
    )
