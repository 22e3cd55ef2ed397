"""Two expressions compared by math-verify, its own time limits off; imported in the worker only."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import math_verify
from latex2sympy2_extended import NormalizationConfig  # type: ignore[import-untyped]
from sympy import I  # type: ignore[import-untyped]

# Only LaTeX, without eval; units stay, since they were split off by rules that know "3t".
_LATEX: Final = math_verify.LatexExtractionConfig(
    boxed_match_priority=0,
    try_extract_without_anchor=False,
    normalization_config=NormalizationConfig(
        basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="all"
    ),
)


def symbolic(a: str, b: str) -> bool:
    """Tell whether two expressions are equal; it can take forever, and raise of every kind."""
    p, q = _parse(a), _parse(b)
    verify = math_verify.verify
    return bool(verify(p, q, timeout_seconds=None) or verify(q, p, timeout_seconds=None))


@lru_cache(maxsize=512)  # a vote asks about one representative again and again
def _parse(answer: str) -> list[Any]:
    boxed = rf"\boxed{{{answer}}}"
    found = math_verify.parse(boxed, extraction_config=[_LATEX], parsing_timeout=None)
    return [_with_imaginary_unit(expression) for expression in found]


def _with_imaginary_unit(expression: Any) -> Any:
    letters = {s: I for s in getattr(expression, "free_symbols", ()) if s.name == "i"}
    return expression.xreplace(letters) if letters else expression
