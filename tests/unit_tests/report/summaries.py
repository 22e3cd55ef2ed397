"""Comparisons made up for the report: a usual one, and what is awkward to draw."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from cope_graph.evaluation.replaying.summary import (
    Bin,
    BreakEven,
    Grid,
    Health,
    Interval,
    Method,
    Point,
    Resolved,
    Summary,
    Word,
)

NASTY = "<script>alert('x')</script>&\"$_{1}^2$\x1b[2J\u202e\ud800漢字"
LONG = "a method of a very long name " * 7
LARGE_USD = 0.00312


def around(value: float, half: float = 0.02) -> Interval:
    return Interval(value, max(0.0, value - half), min(1.0, value + half))


def method(
    name: str,
    accuracy: float,
    share: float | None,
    *,
    what: str = "Answers the questions.",
    plan: float = 0.0,
    stages: dict[int, tuple[float, float | None]] | None = None,
    tokens: float = 1_000.0,
    large_tokens: float = 400.0,
) -> Method:
    """Make a method that costs `share` of the large model, a part `plan` of it for plans."""
    usd = None if share is None else share * LARGE_USD
    roles = {"plan": plan, "execute": 1 - plan, "judge": 0.0}
    resolved = stages or {3: (1.0, accuracy)}
    return Method(
        name=name,
        what=what,
        accuracy=around(accuracy),
        difference=None if name == "large" else Interval(accuracy - 0.951, -0.019, 0.012),
        usd=usd,
        share=share,
        usd_by_role={role: None if usd is None else usd * part for role, part in roles.items()},
        usd_by_stage={
            stage: None if usd is None else usd / len(resolved) for stage in sorted(resolved)
        },
        tokens=tokens,
        tokens_by_role={role: tokens * part for role, part in roles.items()},
        tokens_by_stage={stage: tokens / len(resolved) for stage in resolved},
        large_tokens=large_tokens,
        resolved={stage: Resolved(*part) for stage, part in resolved.items()},
        p50_s=1.42,
        p95_s=4.08,
        samples=9.4,
    )


METHODS = (
    method(
        "small x1", 0.702, 0.004, tokens=410, large_tokens=0, stages={1: (1.0, 0.702)},
        what="One answer of the small model.",
    ),
    method(
        "small vote", 0.848, 0.031, tokens=3_290, large_tokens=0, stages={1: (1.0, 0.848)},
        what="The answer that most of 8 samples of the small model give.",
    ),
    method(
        "large", 0.951, 1.0, tokens=620, large_tokens=620,
        what="One answer of the large model.",
    ),
    method(
        "large, own plan", 0.955, 1.31, plan=0.24, tokens=910, large_tokens=910,
        what="The large model writes a plan first.",
    ),
    method(
        "plan-free vote cascade", 0.936, 0.402, tokens=3_540, large_tokens=230,
        stages={1: (0.66, 0.95), 3: (0.34, 0.91)},
        what="The small model votes without plans; where it disagrees the large model answers.",
    ),
    method(
        "agreement of several models", 0.942, 0.455, tokens=2_400, large_tokens=260,
        stages={1: (0.6, 0.96), 3: (0.4, 0.915)},
        what="Where several small models agree, their answer, else the large model's.",
    ),
    method(
        "random router", 0.874, 0.262, tokens=2_900, large_tokens=120,
        what="The large model for as many items as under COPE, drawn at random.",
    ),
    method("oracle", 0.981, 0.118, tokens=3_700, large_tokens=80, what="A gate that knows."),
    method(
        "COPE", 0.949, 0.318, plan=0.36, tokens=5_310, large_tokens=214,
        stages={1: (0.618, 0.978), 2: (0.152, 0.933), 3: (0.23, 0.882)},
        what="Small plans, then the large model's plan, then its answer.",
    ),
    method(
        "S1+S2", 0.913, 0.164, plan=0.6, tokens=4_900, large_tokens=90,
        stages={1: (0.618, 0.978), 2: (0.382, 0.807)}, what="Ends with stage 2's vote.",
    ),
    method(
        "S2+S3", 0.944, 0.561, plan=0.4, tokens=3_800, large_tokens=330,
        stages={2: (0.71, 0.955), 3: (0.29, 0.916)}, what="Begins with the large model's plan.",
    ),
    method(
        "S1+S3", 0.946, 0.377, plan=0.05, tokens=4_120, large_tokens=236,
        stages={1: (0.618, 0.978), 3: (0.382, 0.894)}, what="Without the large model's plan.",
    ),
    method(
        "small planner's guideline", 0.931, 0.371, plan=0.3, tokens=5_600, large_tokens=240,
        what="As COPE, with guidelines in stage 1.",
    ),
)  # fmt: skip

RIGHT_OF_8 = (0.08, 0.2, 0.33, 0.42, 0.58, 0.66, 0.79, 0.91, 0.985)
ITEMS_OF_8 = (9, 31, 44, 52, 48, 41, 49, 88, 323)


def bins(scale: float = 1.0) -> tuple[Bin, ...]:
    edges = [index / 10 for index in range(11)]
    found = []
    for low, high in pairwise(edges):
        votes = [k for k in range(9) if low < k / 8 <= high or (k == 0 and low == 0)]
        items = round(scale * sum(ITEMS_OF_8[k] for k in votes))
        mean = sum(k / 8 for k in votes) / len(votes) if items else None
        right = sum(RIGHT_OF_8[k] for k in votes) / len(votes) if items else None
        found.append(Bin(low, high, items, mean, right))
    return tuple(found)


HEALTH = (
    Health(1, 685, 0.75, 0.618, 0.978, 0.522, 0.902, 0.061, 0.108, bins()),
    Health(2, 262, 0.5, 0.398, 0.933, 0.611, 0.774, 0.118, 0.187, bins(0.38)),
)

TAUS = tuple(round(index / 20, 3) for index in range(20))


def accuracy_at(tau1: float, tau2: float) -> float:
    return 0.875 + 0.0694 * (1 - (1 - tau1) ** 2) + 0.018 * tau2


def share_at(tau1: float, tau2: float) -> float:
    return 0.04 + 0.348 * tau1**2 + 0.22 * tau2 * tau1


GRID = Grid(
    tau1=TAUS,
    tau2=TAUS,
    accuracy=tuple(tuple(accuracy_at(one, two) for two in TAUS) for one in TAUS),
    usd=tuple(tuple(share_at(one, two) * LARGE_USD for two in TAUS) for one in TAUS),
    share=tuple(tuple(share_at(one, two) for two in TAUS) for one in TAUS),
)

FRONTIER = tuple(
    Point(
        tau1=tau,
        tau2=0.5,
        n=8,
        method="COPE",
        accuracy=around(accuracy_at(tau, 0.5), 0.019),
        usd=share_at(tau, 0.5) * LARGE_USD,
        share=share_at(tau, 0.5),
        tokens=3_000 + 3_000 * tau,
        accepted=(1 - 0.5 * tau, 0.2 * tau, 0.3 * tau),
    )
    for tau in (0.0, 0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.95)
)

USUAL = Summary(
    title="GSM8K, embedded pair",
    task="math",
    data="gsm.jsonl",
    models={"small": "qwen2.5-coder-0.5b", "large": "gpt-4o", "voter:phi": "phi-3-mini"},
    n=8,
    tau1=0.75,
    tau2=0.5,
    strict=True,
    seed=7,
    items=685,
    excluded={"no reference answer": 3, "an arm is missing": 1},
    methods=METHODS,
    health=HEALTH,
    grid=GRID,
    frontier=FRONTIER,
    break_even=BreakEven(0.398, 0.232, pays=True, usd_stage2=0.0006, usd_saved=0.0027),
    baseline="large",
    words=(
        Word(
            "good",
            "COPE costs 0.318x the large model alone, and its accuracy is no different "
            "(-0.2 points, 95 % interval -1.9 to 1.2).",
        ),
        Word("note", "Stage 2 pays for itself: it accepts 39.8 %, and 23.2 % would be enough."),
        Word("warning", "The gate of stage 1 is too sure of itself: ECE 0.061 over 685 items."),
    ),
)


def unpriced(one: Method) -> Method:
    """Take its prices away."""
    return replace(
        one,
        usd=None,
        share=None,
        usd_by_role=dict.fromkeys(one.usd_by_role),
        usd_by_stage=dict.fromkeys(one.usd_by_stage),
    )


def free(one: Method) -> Method:
    """Make it cost nothing."""
    return replace(
        one,
        usd=0.0,
        share=None,
        usd_by_role=dict.fromkeys(one.usd_by_role, 0.0),
        usd_by_stage=dict.fromkeys(one.usd_by_stage, 0.0),
    )


def _points(points: tuple[Point, ...], usd: float | None) -> tuple[Point, ...]:
    return tuple(replace(point, usd=usd, share=None) for point in points)


UNPRICED = replace(
    USUAL,
    methods=tuple(map(unpriced, METHODS)),
    frontier=_points(FRONTIER, None),
    grid=replace(GRID, usd=None, share=None),
    break_even=None,
    words=(Word("warning", "No price is known, so what COPE saves is not known either."),),
)
FREE = replace(
    USUAL,
    methods=tuple(map(free, METHODS)),
    frontier=_points(FRONTIER, 0.0),
    grid=replace(GRID, usd=((0.0,) * len(TAUS),) * len(TAUS), share=None),
    break_even=None,
    words=(Word("note", "Every price is 0: nothing can be saved."),),
)
DEAR = replace(
    USUAL,
    methods=tuple(
        replace(method("COPE", 0.949, 1.03, plan=0.5, stages={1: (0.02, 0.9), 3: (0.98, 0.95)}))
        if one.name == "COPE"
        else one
        for one in METHODS
    ),
    words=(Word("warning", "COPE would cost 1.03x the large model alone here."),),
)
ONE_ITEM = replace(
    USUAL,
    title="one item",
    items=1,
    excluded={},
    methods=(
        replace(METHODS[2], accuracy=Interval(1.0, 1.0, 1.0)),
        replace(
            method("COPE", 1.0, 0.4, stages={1: (1.0, 1.0), 2: (0.0, None), 3: (0.0, None)}),
            accuracy=Interval(1.0, 1.0, 1.0),
        ),
    ),
    health=(
        Health(1, 1, 0.75, 1.0, 1.0, None, None, 0.0, 0.0, (Bin(0.9, 1.0, 1, 1.0, 1.0),)),
        Health(2, 0, 0.5, None, None, None, None, None, None, ()),
    ),
    grid=Grid((0.75,), (0.5,), ((1.0,),), ((0.4 * LARGE_USD,),), ((0.4,),)),
    frontier=(),
    break_even=None,
)
BARE = replace(
    USUAL,
    title="one stage",
    excluded={},
    methods=(METHODS[2],),
    health=(),
    grid=None,
    frontier=(),
    break_even=None,
    seed=None,
    words=(),
    models={},
)
HOSTILE = replace(
    USUAL,
    title=NASTY,
    task=NASTY,
    data=NASTY,
    models={NASTY: NASTY, "large": LONG},
    excluded={NASTY: 2, LONG: 1},
    methods=(
        *(replace(one, name=f"{NASTY} {index}", what=NASTY) for index, one in enumerate(METHODS)),
        replace(METHODS[2], name=LONG, what=LONG),
    ),
    baseline=LONG,
    words=(Word("warning", NASTY), Word("note", LONG)),
)
GAPS = replace(
    USUAL,
    grid=replace(
        GRID,
        accuracy=tuple(
            tuple(None if (i + j) % 3 else one for j, one in enumerate(row))
            for i, row in enumerate(GRID.accuracy)
        ),
        share=((None,) * len(TAUS),) * len(TAUS),
        usd=((None,) * len(TAUS),) * len(TAUS),
    ),
)
SUMMARIES = {
    "usual": USUAL,
    "unpriced": UNPRICED,
    "free": FREE,
    "dear": DEAR,
    "one item": ONE_ITEM,
    "bare": BARE,
    "hostile": HOSTILE,
    "gaps": GAPS,
}
