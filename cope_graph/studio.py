"""The graph that `langgraph dev` serves (langgraph.json), built from names in the environment.

`COPE_SMALL` and `COPE_LARGE` name the models, `COPE_SMALL_BASE_URL`, `COPE_SMALL_API_KEY` and the
same with `LARGE` their servers, `COPE_SMALL_PRICE` and `COPE_LARGE_PRICE` what they cost
(USD per million tokens: INPUT,OUTPUT, or USD/h). Unset, it is the embedded pair, loaded at the
first run. `COPE_SETTINGS` is a JSON object of `CopeContext`'s fields: what one run may do, which a
client may only tighten. `COPE_BUDGET_USD` and `COPE_BUDGET_TOKENS` limit all runs of this process.
"""

from __future__ import annotations

import os

from pydantic import ValidationError

from cope_graph.cascade import create_cope
from cope_graph.context import CopeContext, describe
from cope_graph.errors import InputError
from cope_graph.models.pair import LARGE, SMALL, defaults_for
from cope_graph.money.budget import Budget
from cope_graph.money.prices import given_prices
from cope_graph.tasks import math

_small = os.environ.get("COPE_SMALL") or SMALL
_large = os.environ.get("COPE_LARGE") or LARGE
_prices = given_prices(
    {"small": os.environ.get("COPE_SMALL_PRICE"), "large": os.environ.get("COPE_LARGE_PRICE")}
)


def _settings() -> CopeContext:
    preset = defaults_for(_small, _large)
    try:
        given = CopeContext.model_validate_json(os.environ.get("COPE_SETTINGS") or "{}")
    except ValidationError as error:
        msg = f"COPE_SETTINGS does not fit: {describe(error)}"
        raise InputError(msg) from error
    return CopeContext.model_validate(
        {**preset.model_dump(), **given.model_dump(exclude_unset=True)}
    )


def _budget() -> Budget | None:
    usd, tokens = os.environ.get("COPE_BUDGET_USD"), os.environ.get("COPE_BUDGET_TOKENS")
    if tokens and not tokens.isdecimal():
        msg = f"COPE_BUDGET_TOKENS is a whole number, not {tokens!r}."
        raise InputError(msg)
    return (
        Budget(usd=usd or None, tokens=int(tokens) if tokens else None) if usd or tokens else None
    )


# Built at import: the server imports outside its event loop, where reading files may block.
graph = create_cope(
    _small, _large, task=math(), defaults=_settings(), prices=_prices, budget=_budget()
).compile(name="cope")
