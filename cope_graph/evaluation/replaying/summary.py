"""What tables and the report show: every figure of a comparison, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Interval:
    """A figure, and where it would lie in 95 % of draws of other items.

    Attributes:
        value: As measured.
        low: The lower end.
        high: The upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Resolved:
    """The items that a stage answered.

    Attributes:
        items: Their share of all items, 0 to 1.
        accuracy: How many of them are right, 0 to 1; `None` where there are none.
    """

    items: float
    accuracy: float | None


@dataclass(frozen=True)
class Method:
    """One way to answer the questions: how well it does, and what it takes.

    Attributes:
        name: Such as `"COPE"`, `"large"`, `"small vote"`.
        what: One sentence of what it does.
        accuracy: Share of items that are right, 0 to 1; bootstrap over items, see `intervals`.
        difference: Accuracy less the large model's, paired; `None` for the large model itself.
        usd: Mean USD an item; `None` where a price is unknown.
        share: `usd` of the baseline's; `None` where that is 0 or one of them is unknown.
        usd_by_role: Mean USD an item by `"plan"`, `"execute"`, `"judge"`.
        usd_by_stage: Mean USD an item by stage.
        tokens: Mean tokens an item, prompts and replies.
        tokens_by_role: As `usd_by_role`.
        tokens_by_stage: As `usd_by_stage`.
        large_tokens: Those of them that the large model read and wrote.
        resolved: What each stage answered.
        p50_s: Median seconds an item, stages one after another; `None` where they are not known.
        p95_s: 95th percentile of the same.
        samples: Replies of executors drawn, mean an item.
    """

    name: str
    what: str
    accuracy: Interval
    difference: Interval | None
    usd: float | None
    share: float | None
    usd_by_role: Mapping[str, float | None]
    usd_by_stage: Mapping[int, float | None]
    tokens: float
    tokens_by_role: Mapping[str, float]
    tokens_by_stage: Mapping[int, float]
    large_tokens: float
    resolved: Mapping[int, Resolved]
    p50_s: float | None
    p95_s: float | None
    samples: float


@dataclass(frozen=True)
class Bin:
    """Items of alike confidence, for a reliability diagram.

    Attributes:
        low: The lowest confidence of the bin.
        high: The highest.
        items: How many items are in it.
        confidence: Their mean confidence; `None` where there are none.
        accuracy: How many of them are right, 0 to 1; `None` where there are none.
    """

    low: float
    high: float
    items: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True)
class Health:
    """How well one stage's gate tells right from wrong, over the items that reach it.

    Attributes:
        stage: 1 or 2.
        items: How many reach it.
        tau: Its threshold.
        accept_rate: Share of them that it accepts; `None` where none reach it.
        accuracy_accepted: How many of those are right; `None` where there are none.
        accuracy_rejected: How many of the others' answers are right; `None` where there are none.
        auroc: Chance that a right answer has more confidence than a wrong one, ties by half;
            `None` where all are right or all are wrong.
        ece: Expected calibration error: mean distance of confidence and accuracy over the bins.
        brier: Mean squared distance of confidence and outcome.
        bins: For a reliability diagram.
    """

    stage: int
    items: int
    tau: float
    accept_rate: float | None
    accuracy_accepted: float | None
    accuracy_rejected: float | None
    auroc: float | None
    ece: float | None
    brier: float | None
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Point:
    """One setting, and what it would bring.

    Attributes:
        tau1: Threshold of stage 1.
        tau2: Threshold of stage 2.
        n: Samples of a stage.
        method: `"COPE"`, or a cascade without plans.
        accuracy: As a method's.
        usd: Mean USD an item; `None` where a price is unknown.
        share: `usd` of the baseline's; `None` where that is 0 or one of them is unknown.
        tokens: Mean tokens an item.
        accepted: Shares of the items that stages 1, 2 and 3 answer.
    """

    tau1: float
    tau2: float
    n: int
    method: str
    accuracy: Interval
    usd: float | None
    share: float | None
    tokens: float
    accepted: tuple[float, float, float]


@dataclass(frozen=True)
class Grid:
    """COPE over thresholds; `[i][j]` is that of `tau1[i]` and `tau2[j]`.

    Attributes:
        tau1: Thresholds of stage 1.
        tau2: Thresholds of stage 2.
        accuracy: 0 to 1; `None` where the records cannot say.
        usd: Mean USD an item; `None` where a price is unknown.
        share: `usd` of the baseline's; `None` where that is 0 or one of them is unknown.
    """

    tau1: tuple[float, ...]
    tau2: tuple[float, ...]
    accuracy: tuple[tuple[float | None, ...], ...]
    usd: tuple[tuple[float | None, ...], ...] | None
    share: tuple[tuple[float | None, ...], ...] | None


@dataclass(frozen=True)
class BreakEven:
    """Whether stage 2 pays for itself.

    Attributes:
        accepts: Share that it accepts, of the items that reach it.
        needed: Share that it would have to accept to cost no more than it saves.
        pays: Whether `accepts` is at least `needed`.
        usd_stage2: Mean USD that it costs, an item that reaches it.
        usd_saved: Mean USD of stage 3 that an accept saves.
    """

    accepts: float
    needed: float
    pays: bool
    usd_stage2: float
    usd_saved: float


@dataclass(frozen=True)
class Word:
    """Something to know before the figures are believed.

    Attributes:
        level: How loud it is.
        text: A plain sentence, or two.
    """

    level: Literal["good", "note", "warning"]
    text: str


@dataclass(frozen=True)
class Summary:
    """A comparison of methods on one data set.

    Attributes:
        title: Of tables and pages.
        task: The task's name.
        data: The data's name.
        models: Names by side.
        n: Samples of a stage.
        tau1: Threshold of stage 1.
        tau2: Threshold of stage 2.
        strict: Whether a confidence has to be above the threshold, or may be at it.
        seed: Of the run that drew the samples; `None` for none.
        items: How many are compared.
        excluded: Why items are left out of all methods, and how many.
        methods: Side by side.
        health: Of the gates of stages 1 and 2.
        grid: Over thresholds; `None` where the records cannot say anything.
        frontier: Settings that no other beats in both accuracy and USD (tokens where USD are 0 or
            unknown), cheapest first.
        break_even: Of stage 2; `None` where a price is unknown, or nothing reaches it.
        baseline: Name of the method that savings are measured against.
        words: Loud, plain sentences; the verdict first.
        whole: How many items the data set has, of which these were drawn; `None` where nobody
            knows.
    """

    title: str
    task: str
    data: str
    models: Mapping[str, str]
    n: int
    tau1: float
    tau2: float
    strict: bool
    seed: int | None
    items: int
    excluded: Mapping[str, int]
    methods: tuple[Method, ...]
    health: tuple[Health, ...]
    grid: Grid | None
    frontier: tuple[Point, ...]
    break_even: BreakEven | None
    baseline: str
    words: tuple[Word, ...]
    whole: int | None = None
