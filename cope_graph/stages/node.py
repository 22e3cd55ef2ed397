"""The graph's nodes: each runs the same steps in `invoke` and `ainvoke`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.runtime import get_runtime

from cope_graph.context import resolve
from cope_graph.errors import ModelCallError
from cope_graph.models.draw import adraw, draw
from cope_graph.models.exchange import Drawn
from cope_graph.money.ledger import add_lines
from cope_graph.stages.ask import Ask, bill, settle
from cope_graph.stages.busy import occupied
from cope_graph.stages.gate import confidence_gate, judge
from cope_graph.stages.run import FRESH, Cascade, Run, check_question
from cope_graph.state import CopeState

Update = dict[str, Any]


class ModelNode(Runnable[CopeState, Update]):
    """A node that asks a model: plan or execute."""

    def __init__(self, name: str, cascade: Cascade, step: Callable[[Run], Ask]) -> None:
        """Keep what the node is made of; it holds nothing of any run."""
        self.name = name
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
        with occupied(config):
            run, ask = self._open(input)
            with self._billing(run, ask) as drawn:
                draw(ask.model, ask.requests, config, drawn)
            return self._close(run, ask, drawn)

    async def ainvoke(
        self,
        input: CopeState,  # noqa: A002
        config: RunnableConfig | None = None,
        **_: Any,
    ) -> Update:
        """Ask and write down, in an event loop."""
        config = config or {}
        with occupied(config):
            run, ask = self._open(input)
            with self._billing(run, ask) as drawn:
                await adraw(ask.model, ask.requests, config, drawn)
            return self._close(run, ask, drawn)

    def _open(self, state: CopeState) -> tuple[Run, Ask]:
        run = open_run(self._cascade, state)
        if state.get("entering"):
            stages = run.settings.stages
            small, large = self._cascade.small, self._cascade.large
            used = [small] if stages == (1,) else [large] if stages == (3,) else [small, large]
            check_question(state["messages"], used)
        return run, self._step(run)

    @contextmanager
    def _billing(self, run: Run, ask: Ask) -> Iterator[list[list[Drawn]]]:
        """Collect what is drawn, and let an error carry the bill up to it."""
        drawn: list[list[Drawn]] = [[] for _ in ask.requests]
        try:
            yield drawn
        except ModelCallError as error:
            error.ledger = add_lines(run.state["ledger"], bill(ask, str(self.name), drawn))
            raise

    def _close(self, run: Run, ask: Ask, drawn: list[list[Drawn]]) -> Update:
        reset = FRESH if run.state.get("entering") else {}
        ledger = add_lines(run.state["ledger"], bill(ask, str(self.name), drawn))
        return {**reset, **settle(ask, drawn), "ledger": ledger}


class GateNode(Runnable[CopeState, Update]):
    """The node that decides."""

    def __init__(self, name: str, cascade: Cascade) -> None:
        """Keep what the node is made of; it holds nothing of any run."""
        self.name = name
        self._cascade = cascade

    def invoke(
        self,
        input: CopeState,  # noqa: A002
        config: RunnableConfig | None = None,
        **_: Any,
    ) -> Update:
        """Judge and decide."""
        with occupied(config or {}):
            run = open_run(self._cascade, input)
            return confidence_gate(run, judge(run))

    async def ainvoke(
        self,
        input: CopeState,  # noqa: A002
        config: RunnableConfig | None = None,
        **_: Any,
    ) -> Update:
        """Judge in a thread, since comparing answers may take long, and decide."""
        with occupied(config or {}):
            run = open_run(self._cascade, input)
            return confidence_gate(run, await asyncio.to_thread(judge, run))


def open_run(cascade: Cascade, state: CopeState) -> Run:
    """Put together what a node needs to know; the run's own settings over the defaults."""
    return Run(cascade, state, resolve(cascade.defaults, get_runtime().context))
