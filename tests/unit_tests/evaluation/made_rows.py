"""Rows of records for tests, whole and well formed."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from cope_graph.context import CopeContext
from cope_graph.evaluation.record_file import header_of
from cope_graph.evaluation.records import Header, Row


def header(**changes: Any) -> Header:
    models = {"small": "s", "large": "l"}
    made = header_of("bench", "math", models, CopeContext(n=2))
    return {**made, **changes}  # type: ignore[typeddict-item] # tests make wrong ones too


def row(item: str = "a", arm: str = "cope", **changes: Any) -> Row:
    made: Row = {
        "item": item,
        "arm": arm,
        "stages": [],
        "lines": [],
        "failures": [],
        "error": None,
    }
    return {**made, **changes}  # type: ignore[typeddict-item] # tests make wrong ones too


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
SHARE = st.floats(0, 1)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


SAMPLES = st.fixed_dictionaries(
    {
        "answer": maybe(TEXT),
        "group": maybe(st.integers(0, 63)),
        "right": maybe(st.booleans()),
        "finish": maybe(TEXT),
    },
    optional={
        "log_probs": st.fixed_dictionaries(
            {"tokens": st.integers(0, 999), "mean": FLOAT, "tail": FLOAT, "window": FLOAT}
        ),
        "error": TEXT,
        "text": TEXT,
    },
)
STAGES = st.fixed_dictionaries(
    {
        "stage": st.sampled_from([1, 2, 3]),
        "n": st.integers(1, 64),
        "confidence": maybe(SHARE),
        "votes": st.booleans(),
        "passes": maybe(st.booleans()),
        "accepted": st.booleans(),
        "answer": maybe(TEXT),
        "right": maybe(st.booleans()),
        "seconds": FLOAT,
        "samples": st.lists(SAMPLES, max_size=3),
    }
)
LINES = st.fixed_dictionaries(
    {
        "node": TEXT,
        "stage": st.integers(1, 3),
        "role": st.sampled_from(["plan", "execute", "judge"]),
        "model": TEXT,
        "samples": st.integers(0, 64),
        "input_tokens": st.integers(0, 10**9),
        "output_tokens": st.integers(0, 10**9),
        "cached_tokens": st.integers(0, 99),
        "reasoning_tokens": st.integers(0, 99),
        "seconds": FLOAT,
        "gpu_seconds": FLOAT,
        "status": st.sampled_from(["reported", "estimated", "unknown"]),
        "usd": maybe(st.decimals(0, 99, allow_nan=False).map(str)),
        "usd_upper": maybe(st.decimals(0, 99, allow_nan=False).map(str)),
        "tokens_upper": maybe(st.integers(0, 99)),
        "error": maybe(TEXT),
    }
)
ROWS = st.fixed_dictionaries(
    {
        "item": TEXT,
        "arm": TEXT,
        "stages": st.lists(STAGES, max_size=2),
        "lines": st.lists(LINES, max_size=2),
        "failures": st.lists(TEXT, max_size=2),
        "error": maybe(TEXT),
    },
    optional={"question": TEXT},
)
