"""What is measured of a question's text."""

from __future__ import annotations

from math import log1p

import pytest

from cope_graph.routing.features import FEATURES, features

CASES = [
    ("", {}),
    ("Add 2 and 3.", {"words": 2, "word_length": 3.0, "numbers": 2}),
    ("1,000.5 = x^2", {"words": 1, "word_length": 1.0, "numbers": 2, "operators": 2}),
    (r"\frac{a}{b}", {"words": 3, "word_length": 2.0, "commands": 1, "brackets": 4}),
    ("a\nb\n", {"words": 2, "word_length": 1.0, "lines": 2}),
    ("naïve Größe", {"words": 2, "word_length": 5.0}),
]


@pytest.mark.parametrize(("text", "counts"), CASES, ids=[text or "nothing" for text, _ in CASES])
def test_each_feature_counts_what_its_name_says(text: str, counts: dict[str, float]) -> None:
    expected = [
        counts.get(name, 0) if name == "word_length" else log1p(counts.get(name, 0))
        for name in FEATURES
    ]
    assert features(text) == pytest.approx(expected)


def test_what_stands_behind_the_first_20000_characters_is_not_read() -> None:
    assert features("a" * 20_000 + " 7 + 7" * 100_000) == features("a" * 20_000)
