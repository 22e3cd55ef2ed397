"""Savings are signed, add up, and are called what they are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.report.savings import saving_of, savings, unknown
from cope_graph.report.tables import tone
from tests.unit_tests.report.drawings import svg_of, words_in
from tests.unit_tests.report.summaries import DEAR, FREE, METHODS, UNPRICED, USUAL, method

LARGE = METHODS[2]


@given(share=st.floats(0.001, 50), plan=st.floats(0, 1))
def test_a_method_that_costs_less_saves_and_one_that_costs_more_loses(
    share: float, plan: float
) -> None:
    summary = replace(USUAL, methods=(LARGE, method("COPE", 0.9, share, plan=plan)))
    [one] = savings(summary)
    assert one.net == pytest.approx(1 - share)
    assert sum(one.roles.values()) == pytest.approx(one.net)
    assert one.roles["plan"] == pytest.approx(-share * plan)
    if abs(one.net) >= 0.001:
        assert tone(one.words) == ("gain" if share < 1 else "loss")
        assert ("saves" in one.words) == (share < 1)
        assert ("more" in one.words) == (share > 1)


def test_a_loss_is_shown_as_one_in_words() -> None:
    assert saving_of(DEAR, DEAR.methods[8]) == "costs 3.0\u00a0% more"
    assert "costs 3.0\u00a0% more" in words_in(svg_of("savings", "dear"))


def test_the_baseline_is_not_compared_with_itself() -> None:
    assert saving_of(USUAL, LARGE) == "the baseline"
    assert "large" not in [one.method.name for one in savings(USUAL)]
    assert savings(USUAL)[0].method.name == "COPE"


@pytest.mark.parametrize("summary", [UNPRICED, FREE], ids=["unpriced", "free"])
def test_without_usd_tokens_are_compared_and_called_tokens(summary: object) -> None:
    assert summary in (UNPRICED, FREE)
    first = savings(UNPRICED)[0]
    assert first.net == pytest.approx(1 - 5_310 / 620)
    assert first.words == "takes 756.5\u00a0% more tokens"
    assert not unknown(UNPRICED)


def test_a_baseline_that_is_free_is_compared_in_usd() -> None:
    free = replace(LARGE, name="free", usd=0.0, share=None, usd_by_role={})
    summary = replace(USUAL, methods=(*METHODS, free), baseline="free")
    first = savings(summary)[0]
    assert first.words == "costs 0.992 USD per 1,000 items more"
    assert first.net == pytest.approx(-0.992, abs=1e-3)


def test_what_belongs_to_no_role_is_not_dropped() -> None:
    odd = replace(METHODS[8], usd_by_role={"plan": 0.0001, "execute": 0.0001})
    [one] = savings(replace(USUAL, methods=(LARGE, odd)))
    assert one.roles["other"] == pytest.approx(one.net - 1 + 0.0002 / (LARGE.usd or 1))


def test_methods_of_unknown_cost_are_named() -> None:
    odd = replace(METHODS[5], usd=None)
    summary = replace(USUAL, methods=(LARGE, METHODS[8], odd))
    assert [one.name for one in unknown(summary)] == ["agreement of several models"]
    assert saving_of(summary, odd) == "unknown"
