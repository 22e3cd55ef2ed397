"""What a run may override: bounded JSON values, read by one function."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cope_graph.errors import InputError
from cope_graph.state import Stage
from cope_graph.tighten import looser

Temperature = float | None
Overrides = Literal["tighten", "any"]


class CopeContext(BaseModel):
    """Settings of one run; the defaults are the paper's (section 4 and its appendix).

    A value set here overrides what `create_cope(defaults=...)` bound when the graph was built.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int = Field(default=8, ge=1, le=64, description="Samples in stages 1 and 2.")
    wave: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Draw the samples in waves of this size and stop as soon as the rest cannot "
        "change the decision. Empty: all at once (paper), or with early_stop as few as could "
        "decide.",
    )
    early_stop: Literal["off", "exact", "beta-binomial"] = Field(
        default="off",
        description="Stop drawing samples once the rest cannot change the decision (exact), or "
        "is not likely to (beta-binomial: lossy). Off: only with a wave, and then exact.",
    )
    guard: float = Field(
        default=0.99,
        ge=0.5,
        le=1,
        description="Of early_stop beta-binomial: the least probability that all n samples "
        "decide the same.",
    )
    complete: bool = Field(
        default=False,
        description="Draw every stage in full, whatever the gate says, for records of what other "
        "thresholds would do. The answer is the last stage's; a failed request ends the run.",
    )
    tau1: float = Field(default=0.75, ge=0, le=1, description="Threshold of stage 1.")
    tau2: float = Field(default=0.5, ge=0, le=1, description="Threshold of stage 2.")
    quorum: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="How many samples must agree in stages 1 and 2, in place of both thresholds; "
        "the stage ends once they do. Empty: the thresholds.",
    )
    strict: bool = Field(
        default=True, description="Accept above the threshold (paper); off: at the threshold too."
    )
    stages: tuple[Stage, ...] = Field(default=(1, 2, 3), description="Which stages run, in order.")
    small_plan: Literal["goal", "guideline", "none"] = Field(
        default="goal", description="What the small planner writes before each sample of stage 1."
    )
    large_plan: Literal["guideline", "goal"] = Field(
        default="guideline", description="What the large planner writes once for stage 2."
    )
    own_plan: bool = Field(
        default=False,
        description="Without stage 2: let the large model write a plan for its own stage 3.",
    )
    last_resort: Literal["answer", "abstain"] = Field(
        default="answer",
        description="When the last stage stays below its threshold: its best answer, marked as "
        "not accepted, or none.",
    )
    temperature_small_plan: Temperature = Field(
        default=0.8, ge=0, le=2, description="Stage 1 planner. Empty: the model's own."
    )
    temperature_stage1: Temperature = Field(
        default=0.4, ge=0, le=2, description="Stage 1 executor. Empty: the model's own."
    )
    temperature_large_plan: Temperature = Field(
        default=0.8, ge=0, le=2, description="Stage 2 planner. Empty: the model's own."
    )
    temperature_stage2: Temperature = Field(
        default=0.8, ge=0, le=2, description="Stage 2 executor. Empty: the model's own."
    )
    temperature_stage3: Temperature = Field(
        default=0.0, ge=0, le=2, description="Stage 3 executor. Empty: the model's own."
    )
    max_plan_tokens: int | None = Field(
        default=None, ge=1, le=100_000, description="Longest plan. Empty: the model's own limit."
    )
    max_answer_tokens: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="Longest reply of an executor; a reply cut here has no answer. Empty: the "
        "model's own limit.",
    )
    budget_usd: Decimal | None = Field(
        default=None, ge=0, description="USD one run may spend. Empty: no limit of its own."
    )
    budget_tokens: int | None = Field(
        default=None, ge=0, description="Tokens one run may spend. Empty: no limit of its own."
    )
    deadline_s: float | None = Field(
        default=None,
        gt=0,
        le=86_400,
        description="Seconds one run may take; then its best answer so far. Empty: no limit.",
    )
    timeout_s: float = Field(
        default=300.0,
        gt=0,
        le=3_600,
        description="Seconds one request may take, with its retries; then it counts as failed.",
    )
    retries: int | None = Field(
        default=None,
        ge=0,
        le=10,
        description="Tries of a request after the first. Empty: the model's own max_retries.",
    )
    straggler_s: float | None = Field(
        default=1.0,
        ge=0,
        le=3_600,
        description="Once the decision stands, samples that take these seconds more than twice the "
        "time of the slowest other one are given up; those of a model in this process end at once. "
        "Empty: wait for all.",
    )
    without_plan: Literal[2, 3] = Field(
        default=2,
        description="When the large model's plan fails: 2, stage 2 without it; 3, on to stage 3.",
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        le=2**31 - 65,  # sample i of a run is drawn with seed + i
        description="Seed of the draws, sent to models that take one.",
    )

    @field_validator("stages")
    @classmethod
    def _in_order(cls, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        if not stages or list(stages) != sorted(set(stages)):
            msg = "name some of 1, 2, 3, each once, in order"
            raise ValueError(msg)
        return stages

    @property
    def in_waves(self) -> bool:
        """Whether samples are drawn a few at a time, and no more once the decision stands."""
        return self.wave is not None or self.early_stop != "off"

    @property
    def certainty(self) -> float:
        """How likely the full draw has to decide the same before the rest is left out."""
        return self.guard if self.early_stop == "beta-binomial" else 1.0


PLAN_FREE = CopeContext(small_plan="none", stages=(1, 3))
"""The cascade without plans: the small model votes, else the large one answers."""


def resolve(
    defaults: CopeContext, context: object, overrides: Overrides = "tighten"
) -> CopeContext:
    """Put a run's own values over the graph's defaults.

    Args:
        defaults: What `create_cope` bound.
        context: The run's context: a `CopeContext`, `None`, or a foreign context (of a parent
            graph), of which only its `"cope"` entry is read.
        overrides: `"tighten"`: a run may only ask for less than the defaults allow;
            `"any"`: for anything within the bounds of the fields.

    Returns:
        The settings of this run.

    Raises:
        InputError: The values are out of bounds, unknown, or looser than the defaults.
    """
    own = context if isinstance(context, CopeContext) else _cope_entry(context)
    if own is None:
        return defaults
    try:
        given = CopeContext.model_validate(own)
        values = {name: getattr(given, name) for name in given.model_fields_set}
        settings = CopeContext.model_validate({**defaults.model_dump(), **values})
    except ValidationError as error:
        msg = f"The run's context does not fit: {describe(error)}"
        raise InputError(msg) from error
    if overrides == "tighten" and (loosened := looser(defaults, settings)):
        msg = (
            f"The run's context asks for more than this graph allows: {'; '.join(loosened)}. Ask "
            "for less, or build the graph with other defaults (create_cope(defaults=...)), or, "
            'where every caller is trusted, with overrides="any".'
        )
        raise InputError(msg)
    return settings


def _cope_entry(context: object) -> object:
    if isinstance(context, Mapping):
        return context.get("cope")
    return getattr(context, "cope", None)


def describe(error: ValidationError) -> str:
    """Say in one line which settings do not fit and why."""
    return "; ".join(_line(detail) for detail in error.errors(include_url=False))


def _line(detail: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in detail["loc"]) or "settings"
    return f"{name}: {detail['msg']}"
