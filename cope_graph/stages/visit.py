"""One visit to a model: what it may cost, how long it may take, and what is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from langchain_core.runnables import RunnableConfig
from langgraph.runtime import get_runtime

from cope_graph.errors import CopeError
from cope_graph.models.draw import Terms
from cope_graph.models.flight import Purpose
from cope_graph.models.steps import Steps
from cope_graph.models.watch import Patience
from cope_graph.money.purse import Purse
from cope_graph.stages.ask import Ask
from cope_graph.stages.keep import keeper
from cope_graph.stages.route import routed
from cope_graph.stages.run import Cascade, Run
from cope_graph.stages.spend import Clock, admission, check_bounds, purse_of
from cope_graph.stages.voters import settings_of
from cope_graph.stages.worst import worst_rest
from cope_graph.state import CopeState


@dataclass(frozen=True)
class Visit:
    """A node at a model.

    Attributes:
        node: The node.
        run: Its run.
        ask: What it asks.
        terms: How the requests are made.
        clock: The run's time.
    """

    node: str
    run: Run
    ask: Ask
    terms: Terms
    clock: Clock

    def admission(self) -> Steps[None]:
        """Wait until the budgets that runs share have room for what is left of this one."""
        worst = partial(worst_rest, self.run, self.node, self.ask.stage)
        return admission(self.terms.purse, self.clock, worst)


def open_run(cascade: Cascade, state: CopeState) -> Run:
    """Put together what a node needs to know; the run's own settings over the defaults."""
    settings = settings_of(cascade, get_runtime().context)
    return Run(cascade, state, routed(settings, state.get("route")))


@contextmanager
def visiting(node: str, run: Run, ask: Ask, config: RunnableConfig) -> Iterator[Visit]:
    """Open the run's purse for a visit; what goes wrong gives back the money that the run holds."""
    purse = purse_of(run)
    with leaving(run, purse):
        check_bounds(run, purse)
        clock = Clock(run, purse)
        terms = Terms(
            purpose=Purpose(node, ask.stage, ask.role),
            purse=purse,
            patience=Patience(
                clock.limit_s, clock.late, run.settings.straggler_s, settled=ask.settled
            ),
            retries=run.settings.retries,
            launch=keeper(config),
            full_s=run.cascade.defaults.timeout_s,
        )
        yield Visit(node, run, ask, terms, clock)
        purse.pause()


@contextmanager
def leaving(run: Run, purse: Purse | None = None) -> Iterator[None]:
    """Let a run that ends in an error give back its money, and its error carry the bill."""
    try:
        yield
    except BaseException as error:
        (purse or purse_of(run)).leave()
        if isinstance(error, CopeError) and error.ledger is None:
            error.ledger = run.state["ledger"]
        raise
