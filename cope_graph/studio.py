"""The graph that `langgraph dev` serves (langgraph.json), built from names in the environment.

`COPE_SMALL` and `COPE_LARGE` name the models, `COPE_SMALL_BASE_URL`, `COPE_SMALL_API_KEY` and the
same with `LARGE` their servers, `COPE_SMALL_PRICE` and `COPE_LARGE_PRICE` what they cost
(USD per million tokens: INPUT,OUTPUT, or USD/h). `COPE_SMALL` may name several with commas between
them; their prices stand in the same order with semicolons between them, and `quorum` in
`COPE_SETTINGS` says how many must agree. Unset, it is the embedded pair, loaded at the
first run. `COPE_TASK` is `math` (unset), `code`, `choice`, `short_answer` or `open_ended`; the
tests of code and the options of a choice are a field of their own beside the messages. Structured
output needs a Python class, and so a graph of one's own. `COPE_SETTINGS` is a JSON object of
`CopeContext`'s fields: what one run may do, which a client may only tighten. `COPE_THRESHOLDS`
is a file of `cope calibrate`: calibrated thresholds, which no client may change. `COPE_BUDGET_USD`
and `COPE_BUDGET_TOKENS` limit all runs of this process.
"""

from __future__ import annotations

from typing import Final

from cope_graph.calibration.fits import left_free
from cope_graph.cascade import CopeGraph, create_cope
from cope_graph.context import CopeContext
from cope_graph.environment import (
    PRICES,
    SETTINGS,
    THRESHOLDS,
    budget_set,
    models_set,
    prices_set,
    settings_set,
    task_set,
    thresholds_set,
)
from cope_graph.errors import BudgetError, ThresholdsError
from cope_graph.models.pair import defaults_for

_ENDS: Final = '{"max_plan_tokens": 256, "max_answer_tokens": 2048}'


def _graph() -> CopeGraph:
    (small, large), task, thresholds = models_set(), task_set(), thresholds_set()
    preset = defaults_for(small, large, task.name)
    if thresholds is not None:
        preset = left_free(thresholds, preset)
    given = settings_set().model_dump(exclude_unset=True)
    defaults = CopeContext.model_validate({**preset.model_dump(exclude_unset=True), **given})
    prices, budget = prices_set(), budget_set()
    try:
        return create_cope(
            small,
            large,
            task=task,
            defaults=defaults,
            prices=prices,
            thresholds=thresholds,
            budget=budget,
        )
    except ThresholdsError as error:
        msg = f"{THRESHOLDS}: {error}"
        raise type(error)(msg) from error
    except BudgetError as error:
        names = " and ".join(PRICES.values())
        msg = f"{error} Here that is {names} as INPUT,OUTPUT; {SETTINGS}='{_ENDS}'."
        raise type(error)(msg) from error


# Built at import: the server imports outside its event loop, where reading files may block.
graph = _graph().compile(name="cope")
