"""Arms: what is drawn, in full, whatever the bench's own settings say."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph import CopeContext
from cope_graph.evaluation.arms import ARMS, Arm, drawn_under, voter_arm

EVERY = [*ARMS, voter_arm("openai:tiny")]


@pytest.mark.parametrize("arm", EVERY, ids=lambda arm: arm.name)
def test_an_arm_runs_its_own_stages_to_their_end(arm: Arm) -> None:
    asked = CopeContext(
        stages=(1,),
        small_plan="none",
        own_plan=True,
        wave=2,
        last_resort="answer",
        budget_usd=Decimal("0.01"),
        budget_tokens=9,
        deadline_s=1,
    )
    drawn = drawn_under(arm, asked)
    assert drawn.complete
    assert (drawn.wave, drawn.straggler_s, drawn.last_resort) == (None, None, "abstain")
    assert (drawn.budget_usd, drawn.budget_tokens, drawn.deadline_s) == (None, None, None)
    assert drawn.stages == arm.settings["stages"]
    assert drawn.own_plan is (arm.name == "own_plan")


@given(
    arm=st.sampled_from(EVERY),
    n=st.integers(1, 64),
    tau1=st.floats(0, 1),
    tau2=st.floats(0, 1),
    seed=st.none() | st.integers(0, 99),
)
def test_an_arm_leaves_n_thresholds_and_seed_to_the_bench(
    arm: Arm, n: int, tau1: float, tau2: float, seed: int | None
) -> None:
    asked = CopeContext(n=n, tau1=tau1, tau2=tau2, seed=seed, temperature_stage3=0.3)
    drawn = drawn_under(arm, asked)
    assert (drawn.n, drawn.tau1, drawn.tau2, drawn.seed) == (n, tau1, tau2, seed)
    asked_at = asked.temperature_stage1 if arm.name.startswith("voter:") else 0.3
    assert drawn.temperature_stage3 == asked_at
    assert CopeContext.model_validate(drawn.model_dump()) == drawn


def test_a_voters_arm_asks_once_without_a_plan() -> None:
    drawn = drawn_under(voter_arm("x"), CopeContext())
    assert (drawn.stages, drawn.small_plan, drawn.own_plan) == ((3,), "none", False)


def test_no_two_arms_have_one_name_and_plan_free_is_first() -> None:
    names = [arm.name for arm in EVERY]
    assert len(set(names)) == len(names)
    assert names[0] == "plan_free"  # the voters' classes go on from its


def test_a_further_voter_is_asked_as_the_small_model_is() -> None:
    asked = CopeContext(temperature_stage1=0.6, temperature_stage3=0.0)
    drawn = drawn_under(voter_arm("other"), asked)
    assert drawn.temperature_stage3 == 0.6
