"""What an operator sets in the environment; an error names the variable."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from pydantic import ValidationError

from cope_graph.calibration.thresholds import Thresholds, read_thresholds
from cope_graph.context import CopeContext, describe
from cope_graph.errors import InputError
from cope_graph.models.pair import LARGE, SMALL
from cope_graph.money.budget import Budget
from cope_graph.money.prices import Price
from cope_graph.tasks import Task, choice, code, math, open_ended, short_answer

T = TypeVar("T")
TASK: Final = "COPE_TASK"
SETTINGS: Final = "COPE_SETTINGS"
THRESHOLDS: Final = "COPE_THRESHOLDS"
BUDGET_USD: Final = "COPE_BUDGET_USD"
BUDGET_TOKENS: Final = "COPE_BUDGET_TOKENS"
PRICES: Final = {"small": "COPE_SMALL_PRICE", "large": "COPE_LARGE_PRICE"}

TASKS: Final[dict[str, Callable[..., Task]]] = {
    "math": math,
    "code": code,
    "choice": choice,
    "short_answer": short_answer,
    "open_ended": open_ended,
}
"""The families of questions that have a name outside of Python."""


def task_name(given: str) -> str:
    """Give the name of a task as it is written here: `open-ended` is `open_ended`.

    Raises:
        InputError: There is none of that name.
    """
    name = given.strip().lower().replace("-", "_")
    if name not in TASKS:
        msg = f"There is no task {given!r:.60}; there is: {', '.join(TASKS)}."
        raise InputError(msg)
    return name


def task_set() -> Task:
    """Make the task that is set: math, unless another is.

    Raises:
        InputError: There is none of that name.
        SandboxSetupError: It is code, and there is no sandbox here.
    """
    given = os.environ.get(TASK) or "math"
    return TASKS[_named(TASK, lambda: task_name(given))]()


def models_set() -> tuple[str | list[str], str]:
    """Name the models: those set, else the embedded pair; several small ones stand in a list."""
    small = several(os.environ.get("COPE_SMALL") or SMALL)
    return small, os.environ.get("COPE_LARGE") or LARGE


def several(small: str) -> str | list[str]:
    """Read the name of a small model, or several names with commas between them."""
    names = [name.strip() for name in small.split(",")]
    return small if len(names) == 1 else names


def settings_set() -> CopeContext:
    """Read `COPE_SETTINGS`, a JSON object of `CopeContext`'s fields.

    Raises:
        InputError: It is none.
    """
    try:
        return CopeContext.model_validate_json(os.environ.get(SETTINGS) or "{}")
    except ValidationError as error:
        msg = f"{SETTINGS} does not fit: {describe(error)}"
        raise InputError(msg) from error


def thresholds_set() -> Thresholds | None:
    """Read the file of calibrated thresholds that is set; `None` if none is.

    Raises:
        InputError: It cannot be read.
    """
    path = os.environ.get(THRESHOLDS)
    return _named(THRESHOLDS, lambda: read_thresholds(path)) if path else None


def price_set(side: str) -> dict[str, Price]:
    """Read the price of one side, by side, or of several small models by name; none if not set.

    Raises:
        InputError: It is no price, or there is not one for each of several models.
    """
    text, small = os.environ.get(PRICES[side]), models_set()[0]
    if not text:
        return {}
    if side == "small" and not isinstance(small, str):
        return _named(PRICES[side], lambda: prices_of(small, text))
    return {side: _named(PRICES[side], lambda: Price.parse(text))}


def prices_set() -> dict[str, Price]:
    """Read the prices that are set, by side, or of several small models by name.

    Raises:
        InputError: As `price_set`.
    """
    return {name: price for side in PRICES for name, price in price_set(side).items()}


def prices_of(names: Sequence[str], text: str) -> dict[str, Price]:
    """Read the prices of several models: one each, with semicolons between them.

    Raises:
        InputError: One is no price, or there are not as many.
    """
    texts = text.split(";")
    if len(texts) != len(names):
        msg = (
            f"{text!r:.60} is {len(texts)} price{'s' * (len(texts) > 1)} for {len(names)} models: "
            "write one each, with semicolons between them, such as '0.15,0.60; 0.05,0.20'."
        )
        raise InputError(msg)
    return {name: Price.parse(one) for name, one in zip(names, texts, strict=True)}


def usd_set() -> str | None:
    """Read what all runs of the process may spend in USD.

    Raises:
        InputError: It is no number of 0 or more.
    """
    usd = os.environ.get(BUDGET_USD) or None
    if usd is not None:
        _named(BUDGET_USD, lambda: Budget(usd=usd))
    return usd


def tokens_set() -> int | None:
    """Read what all runs of the process may spend in tokens.

    Raises:
        InputError: It is no whole number.
    """
    tokens = os.environ.get(BUDGET_TOKENS)
    if tokens and not tokens.isdecimal():
        msg = f"{BUDGET_TOKENS} is a whole number, not {tokens!r}."
        raise InputError(msg)
    return int(tokens) if tokens else None


def budget_set() -> Budget | None:
    """Make the budget of the process, `None` when nothing limits it.

    Raises:
        InputError: A limit is no number of 0 or more.
    """
    usd, tokens = usd_set(), tokens_set()
    return None if usd is None and tokens is None else Budget(usd=usd, tokens=tokens)


def _named(variable: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except InputError as error:
        msg = f"{variable}: {error}"
        raise InputError(msg) from error
