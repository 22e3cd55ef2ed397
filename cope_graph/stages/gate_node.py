"""The node that decides; it asks a model first where its task's gate is one that asks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from langchain_core.runnables import Runnable, RunnableConfig

from cope_graph.gates.verdict import Verdict
from cope_graph.models.draw import adraw, draw
from cope_graph.models.exchange import Outcome
from cope_graph.models.steps import atake, take
from cope_graph.money.ledger import add_lines
from cope_graph.stages.ask import bill, failures, stop_of
from cope_graph.stages.ballots import ballots, heard
from cope_graph.stages.busy import occupied
from cope_graph.stages.check import check_state
from cope_graph.stages.close import check_complete
from cope_graph.stages.gate import confidence_gate
from cope_graph.stages.look import alook, look
from cope_graph.stages.run import Cascade, Run
from cope_graph.stages.spend import purse_of
from cope_graph.stages.visit import Visit, leaving, open_run, visiting
from cope_graph.state import CopeState

Update = dict[str, Any]


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
        config, started = config or {}, time.monotonic()
        with occupied(config), self._run(input) as run:
            if (ask := ballots(run)) is None:
                return _decide(run, look(run), started)
            with visiting(self.name, run, ask, config) as visit:
                take(visit.admission())
                drawn = draw(ask.model, ask.requests, config, visit.terms)
            return _decide(*_with_ballots(visit, drawn), started)

    async def ainvoke(
        self,
        input: CopeState,  # noqa: A002
        config: RunnableConfig | None = None,
        **_: Any,
    ) -> Update:
        """Judge without blocking the event loop, and decide."""
        config, started = config or {}, time.monotonic()
        with occupied(config), self._run(input) as run:
            if (ask := ballots(run)) is None:
                return _decide(run, await alook(run), started)
            with visiting(self.name, run, ask, config) as visit:
                await atake(visit.admission())
                drawn = await adraw(ask.model, ask.requests, config, visit.terms)
            return _decide(*_with_ballots(visit, drawn), started)

    @contextmanager
    def _run(self, state: CopeState) -> Iterator[Run]:
        run = open_run(self._cascade, state)
        check_state(run, self.name)
        with leaving(run):
            yield run


def _with_ballots(visit: Visit, drawn: Sequence[Sequence[Outcome]]) -> tuple[Run, Verdict]:
    """Put the bill of a judgement into the run, and make the verdict of what was said."""
    state, found = visit.run.state, failures(visit.ask, visit.node, drawn)
    paid = {
        "ledger": add_lines(state["ledger"], bill(drawn)),
        "failures": [*state["failures"], *found],
        "stopped_by": state["stopped_by"] or stop_of(found),
    }
    check_complete(visit.run, paid)
    run = replace(visit.run, state=cast("CopeState", {**state, **paid}))
    return run, heard(run, drawn)


def _decide(run: Run, verdict: Verdict, started: float) -> Update:
    with leaving(run):  # its error carries the judge's bill too
        update = confidence_gate(run, verdict)
    paid = {name: run.state[name] for name in ("ledger", "failures", "stopped_by")}
    update = {**paid, **update, "seconds": run.state["seconds"] + time.monotonic() - started}
    if update["decision"] == "accept":
        purse_of(run).leave()
    return update
