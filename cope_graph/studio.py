"""The graph that `langgraph dev` serves (langgraph.json), built from names in the environment.

`COPE_SMALL` and `COPE_LARGE` name the models, `COPE_SMALL_BASE_URL`, `COPE_SMALL_API_KEY` and the
same with `LARGE` their servers, `COPE_SMALL_PRICE` and `COPE_LARGE_PRICE` what they cost
(USD per million tokens: INPUT,OUTPUT). Unset, it is the embedded pair, loaded at the first run.
"""

from __future__ import annotations

import os

from cope_graph.cascade import create_cope
from cope_graph.models.pair import LARGE, SMALL, defaults_for
from cope_graph.money.prices import given_prices
from cope_graph.tasks import math

_small = os.environ.get("COPE_SMALL") or SMALL
_large = os.environ.get("COPE_LARGE") or LARGE
_prices = given_prices(
    {"small": os.environ.get("COPE_SMALL_PRICE"), "large": os.environ.get("COPE_LARGE_PRICE")}
)

# Built at import: the server imports outside its event loop, where reading files may block.
graph = create_cope(
    _small, _large, task=math(), defaults=defaults_for(_small, _large), prices=_prices
).compile(name="cope")
