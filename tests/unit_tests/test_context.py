from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cope_graph.context import PLAN_FREE, CopeContext, resolve
from cope_graph.errors import InputError

DEFAULTS = CopeContext(n=4, tau1=0.6)


def test_the_defaults_are_the_papers() -> None:
    context = CopeContext()
    assert (context.n, context.tau1, context.tau2, context.strict) == (8, 0.75, 0.5, True)
    assert (context.stages, context.small_plan, context.large_plan) == (
        (1, 2, 3),
        "goal",
        "guideline",
    )


@pytest.mark.parametrize(
    "bad",
    [
        {"n": 0},
        {"n": -1},
        {"n": 65},
        {"n": "many"},
        {"tau1": -0.1},
        {"tau1": 1.1},
        {"tau2": 7},
        {"tau1": float("nan")},
        {"wave": 0},
        {"early_stop": "sometimes"},
        {"guard": 0.4},
        {"guard": 1.1},
        {"stages": ()},
        {"stages": (3, 1)},
        {"stages": (1, 1)},
        {"stages": (4,)},
        {"small_plan": "poem"},
        {"temperature_stage1": 3},
        {"seed": -1},
        {"samples": 8},
        {"max_answer_tokens": 0},
        {"budget_usd": "-0.01"},
        {"budget_usd": "NaN"},
        {"budget_usd": "cheap"},
        {"budget_tokens": -1},
        {"budget_tokens": 1.5},
        {"deadline_s": 0},
        {"deadline_s": float("inf")},
        {"timeout_s": 0},
        {"timeout_s": None},
        {"retries": 11},
        {"straggler_s": -1},
        {"without_plan": 1},
    ],
)
def test_what_is_out_of_bounds_or_unknown_is_refused_by_name(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(bad))):
        CopeContext(**bad)
    name = next(iter(bad))
    with pytest.raises(InputError, match=f"The run's context does not fit: {name}"):
        resolve(DEFAULTS, {"cope": bad})


def test_only_what_a_run_sets_overrides_the_defaults() -> None:
    settings = resolve(DEFAULTS, CopeContext(tau1=0.9))
    assert (settings.n, settings.tau1) == (4, 0.9)
    assert resolve(DEFAULTS, CopeContext()) == DEFAULTS


@pytest.mark.parametrize("foreign", [None, {}, {"user": "x"}, object(), 7, "text", [1]])
def test_a_foreign_context_changes_nothing(foreign: object) -> None:
    assert resolve(DEFAULTS, foreign) == DEFAULTS


def test_a_foreign_contexts_cope_entry_counts() -> None:
    assert resolve(DEFAULTS, {"cope": {"n": 2}, "user": "x"}).n == 2
    assert resolve(DEFAULTS, {"cope": CopeContext(n=2)}) == CopeContext(n=2, tau1=0.6)
    assert resolve(DEFAULTS, {"cope": None}) == DEFAULTS


def test_plan_free_is_the_cascade_without_plans() -> None:
    assert (PLAN_FREE.small_plan, PLAN_FREE.stages) == ("none", (1, 3))


@given(st.integers(1, 64), st.floats(0, 1))
def test_a_resolved_context_is_the_runs_own_values_over_the_defaults(n: int, tau: float) -> None:
    settings = resolve(DEFAULTS, {"cope": {"n": n, "tau2": tau}}, "any")
    assert settings == CopeContext(n=n, tau1=0.6, tau2=tau)


@pytest.mark.parametrize("usd", ["0.10", 0.1, 0])
def test_a_budget_in_usd_is_kept_to_the_last_digit(usd: float | str) -> None:
    settings = resolve(DEFAULTS, {"cope": {"budget_usd": usd}})
    assert settings.budget_usd == Decimal(str(usd))
    assert CopeContext.model_validate_json(settings.model_dump_json()) == settings


@pytest.mark.parametrize(
    ("given", "in_waves", "certainty"),
    [
        ({}, False, 1.0),
        ({"wave": 2}, True, 1.0),
        ({"early_stop": "exact", "guard": 0.9}, True, 1.0),
        ({"early_stop": "beta-binomial"}, True, 0.99),
        ({"early_stop": "beta-binomial", "wave": 2, "guard": 0.9}, True, 0.9),
    ],
)
def test_only_beta_binomial_stopping_is_less_than_certain_and_waves_alone_are_exact(
    given: dict[str, Any], in_waves: bool, certainty: float
) -> None:
    settings = CopeContext(**given)
    assert (settings.in_waves, settings.certainty) == (in_waves, certainty)
