"""The graph's nodes: each runs the same steps in `invoke` and `ainvoke`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.runtime import get_runtime

from cope_graph.context import resolve
from cope_graph.errors import CopeError
from cope_graph.gates.verdict import Verdict
from cope_graph.models.draw import Terms, adraw, draw
from cope_graph.models.exchange import Outcome
from cope_graph.models.flight import Purpose
from cope_graph.models.steps import atake, take
from cope_graph.models.watch import Patience
from cope_graph.money.ledger import add_lines
from cope_graph.money.purse import Purse
from cope_graph.stages.ask import Ask, bill, failures, settle, stop_of
from cope_graph.stages.busy import occupied
from cope_graph.stages.check import check_state
from cope_graph.stages.close import end_without_hope
from cope_graph.stages.gate import confidence_gate
from cope_graph.stages.judge import ajudge, judge
from cope_graph.stages.keep import keeper
from cope_graph.stages.run import FRESH, Cascade, Run
from cope_graph.stages.spend import Clock, admission, check_bounds, purse_of
from cope_graph.stages.worst import worst_rest
from cope_graph.state import CopeState

Update = dict[str, Any]


@dataclass(frozen=True)
class _Visit:
    """A model node at work."""

    run: Run
    ask: Ask
    terms: Terms
    clock: Clock


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
            if visit is None:
                return {}
            take(self._admission(visit))
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
            if visit is None:
                return {}
            await atake(self._admission(visit))
            drawn = await adraw(visit.ask.model, visit.ask.requests, config, visit.terms)
            return self._close(visit, drawn)

    @contextmanager
    def _visit(self, state: CopeState, config: RunnableConfig) -> Iterator[_Visit | None]:
        """Open what the node needs; `None` when there is nothing to ask. Errors carry the bill."""
        run = open_run(self._cascade, state)
        check_state(run, self.name)
        if run.state["stopped_by"] is not None or (self.name == "small_execute" and run.is_drawn):
            yield None
            return
        purse = purse_of(run)
        try:
            check_bounds(run, purse)
            yield self._open(run, purse, config)
            purse.pause()
        except BaseException as error:
            purse.leave()
            if isinstance(error, CopeError) and error.ledger is None:
                error.ledger = run.state["ledger"]
            raise

    def _open(self, run: Run, purse: Purse, config: RunnableConfig) -> _Visit:
        ask, clock = self._step(run), Clock(run, purse)
        terms = Terms(
            purpose=Purpose(self.name, ask.stage, ask.role),
            purse=purse,
            patience=Patience(
                clock.limit_s, clock.late, run.settings.straggler_s, settled=ask.settled
            ),
            retries=run.settings.retries,
            launch=keeper(config),
            full_s=run.cascade.defaults.timeout_s,
        )
        return _Visit(run, ask, terms, clock)

    def _admission(self, visit: _Visit) -> Any:
        worst = partial(worst_rest, visit.run, self.name, visit.ask.stage)
        return admission(visit.terms.purse, visit.clock, worst)

    def _close(self, visit: _Visit, drawn: list[list[Outcome]]) -> Update:
        state = visit.run.state
        own = {"run": state["run"], "inputs": state["inputs"]}
        reset = {**deepcopy(FRESH), **own} if state.get("entering") else {}
        found = failures(visit.ask, self.name, drawn)
        update = {
            **reset,
            **settle(visit.ask, drawn),
            "ledger": add_lines(state["ledger"], bill(drawn)),
            "failures": [*state["failures"], *found],
            "stopped_by": stop_of(found),
            "seconds": state["seconds"] + visit.clock.node_s,
        }
        end_without_hope(visit.run, update)
        return update


class GateNode(Runnable[CopeState, Update]):
    """The node that decides."""

    def __init__(self, name: str, cascade: Cascade) -> None:
        """Keep what the node is made of; it holds nothing of any run."""
        self.name: str = name
        self._cascade = cascade

    def invoke(
        self,
        input: CopeState,  # noqa: A002
        config: RunnableConfig | None = None,
        **_: Any,
    ) -> Update:
        """Judge and decide."""
        started = time.monotonic()
        with occupied(config or {}), self._run(input) as run:
            return self._decide(run, judge(run), started)

    async def ainvoke(
        self,
        input: CopeState,  # noqa: A002
        config: RunnableConfig | None = None,
        **_: Any,
    ) -> Update:
        """Judge without blocking the event loop, and decide."""
        started = time.monotonic()
        with occupied(config or {}), self._run(input) as run:
            verdict = await ajudge(run)
            return self._decide(run, verdict, started)

    @contextmanager
    def _run(self, state: CopeState) -> Iterator[Run]:
        """Open the run; one that ends here gives back the money it holds. Errors carry the bill."""
        run = open_run(self._cascade, state)
        check_state(run, self.name)
        try:
            yield run
        except BaseException as error:
            purse_of(run).leave()
            if isinstance(error, CopeError) and error.ledger is None:
                error.ledger = run.state["ledger"]
            raise

    def _decide(self, run: Run, verdict: Verdict, started: float) -> Update:
        update = confidence_gate(run, verdict)
        update["seconds"] = run.state["seconds"] + time.monotonic() - started
        if update["decision"] == "accept":
            purse_of(run).leave()
        return update


def open_run(cascade: Cascade, state: CopeState) -> Run:
    """Put together what a node needs to know; the run's own settings over the defaults."""
    settings = resolve(cascade.defaults, get_runtime().context, cascade.overrides)
    return Run(cascade, state, settings)
