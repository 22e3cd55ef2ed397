"""The graph's nodes that ask a model: each runs the same steps in `invoke` and `ainvoke`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig

from cope_graph.errors import CopeError
from cope_graph.models.crew import CREW
from cope_graph.models.draw import adraw, draw
from cope_graph.models.exchange import Outcome
from cope_graph.models.steps import atake, take
from cope_graph.money.ledger import add_lines
from cope_graph.stages.ask import Ask, bill, failures, settle, stop_of
from cope_graph.stages.busy import occupied
from cope_graph.stages.check import check_state
from cope_graph.stages.close import end_without_hope
from cope_graph.stages.plan import is_planned, stage_of_plan
from cope_graph.stages.run import FRESH, Cascade, Run
from cope_graph.stages.schedule import is_drawn
from cope_graph.stages.visit import Visit, leaving, open_run, visiting
from cope_graph.state import CopeState

Update = dict[str, Any]


class ModelNode(Runnable[CopeState, Update]):
    """A node that asks a model: plan or execute."""

    def __init__(self, name: str, cascade: Cascade, step: Callable[[Run], Ask]) -> None:
        """Keep what the node is made of; it holds nothing of any run."""
        self.name: str = name
        self._cascade = cascade
        self._step = step

    def invoke(
        self,
        input: CopeState,  # noqa: A002
        config: RunnableConfig | None = None,
        **_: Any,
    ) -> Update:
        """Ask and write down."""
        config = config or {}
        with occupied(config), self._visit(input, config) as visit:
            if not isinstance(visit, Visit):
                return visit
            take(visit.admission())
            drawn = draw(visit.ask.model, visit.ask.requests, config, visit.terms)
            return self._close(visit, drawn)

    async def ainvoke(
        self,
        input: CopeState,  # noqa: A002
        config: RunnableConfig | None = None,
        **_: Any,
    ) -> Update:
        """Ask and write down, in an event loop."""
        config = config or {}
        with occupied(config), self._visit(input, config) as visit:
            if not isinstance(visit, Visit):
                return visit
            await atake(visit.admission())
            drawn = await adraw(visit.ask.model, visit.ask.requests, config, visit.terms)
            if visit.ask.blocks:
                return await CREW.away(partial(self._close, visit, drawn))
            return self._close(visit, drawn)

    @contextmanager
    def _visit(self, state: CopeState, config: RunnableConfig) -> Iterator[Visit | Update]:
        """Open what the node needs; where there is nothing to ask, its update."""
        run = open_run(self._cascade, state)
        check_state(run, self.name)
        if run.state["stopped_by"] is not None or (self.name == "small_execute" and is_drawn(run)):
            yield {}
            return
        if self.name == "small_plan" and is_planned(run):
            yield {}
            return
        if self.name == "large_plan" and run.state["guideline"]:  # kept from an earlier step
            yield {**_reset(state), "stage": stage_of_plan(run), "samples": []}
            return
        with leaving(run), visiting(self.name, run, self._step(run), config) as visit:
            yield visit

    def _close(self, visit: Visit, drawn: list[list[Outcome]]) -> Update:
        state = visit.run.state
        found = failures(visit.ask, self.name, drawn)
        ledger = add_lines(state["ledger"], bill(drawn))
        update = {
            **_reset(state),
            **_settled(visit.ask, drawn, ledger),
            "ledger": ledger,
            "failures": [*state["failures"], *found],
            "stopped_by": stop_of(found),
            "seconds": state["seconds"] + visit.clock.node_s,
        }
        end_without_hope(visit.run, update)
        return update


def _reset(state: CopeState) -> Update:
    """Give what a run's first node resets: all that an earlier turn left in the thread."""
    if not state.get("entering"):
        return {}
    own = {name: state.get(name) for name in ("run", "inputs", "route", "guideline")}
    return {**deepcopy(FRESH), **own}


def _settled(ask: Ask, drawn: list[list[Outcome]], ledger: Any) -> Update:
    try:
        return settle(ask, drawn)
    except CopeError as error:  # what came cannot be used: it was paid all the same
        error.ledger = ledger
        raise
