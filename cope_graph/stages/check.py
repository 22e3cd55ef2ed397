"""What a node finds, before it spends anything: a question, and a state as this graph writes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, NotRequired

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.messages.utils import count_tokens_approximately
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from cope_graph.context import CopeContext, describe
from cope_graph.errors import InputError
from cope_graph.models.bound import Bound
from cope_graph.money.lines import Ledger
from cope_graph.stages.inputs import check_inputs
from cope_graph.stages.run import Run
from cope_graph.state import Best, Failure, Route, Sample, Stage, Stop, Visit

_MOST: Final = 64  # of CopeContext's n: comparing many samples would keep others waiting
_USD: Final = re.compile("[0-9]{1,60}(?:[.][0-9]{1,60})?", re.ASCII)


def _in_plain_usd(ledger: Ledger) -> Ledger:
    for line in ledger["lines"]:
        for usd in (line["usd"], line["usd_upper"]):
            if usd is not None and not _USD.fullmatch(usd):
                msg = "an amount in USD is not a plain decimal number"
                raise ValueError(msg)
    return ledger


class _Kept(TypedDict):
    """What of the state a node builds on; a client of a server may have edited it."""

    run: str
    stage: Stage
    route: NotRequired[Route | None]
    inputs: dict[str, Any]
    lesson: str | None
    goals: Annotated[list[str], Field(max_length=_MOST)]
    goal: str | None
    guideline: str | None
    samples: Annotated[list[Sample], Field(max_length=_MOST)]
    best: Best | None
    visits: list[Visit]
    ledger: Annotated[Ledger, AfterValidator(_in_plain_usd)]
    failures: list[Failure]
    stopped_by: Stop | None
    seconds: Annotated[float, Field(ge=0)]


_KEPT: Final = TypeAdapter(_Kept)  # strict: a node reads the state, not what was made of it


def check_state(run: Run, node: str) -> None:
    """Refuse a state that no run of this graph leaves, and a node that its settings leave out.

    Raises:
        InputError: The state was edited by hand, or a run was sent past its start.
    """
    try:
        _KEPT.validate_python(run.state, strict=True)
    except ValidationError as error:
        msg = f"The thread's state is not one this graph wrote ({describe(error)}): ask anew."
        raise InputError(msg) from error
    stage, bound = run.state["stage"], run.cascade
    if bound.overrides == "tighten" and stage not in bound.defaults.stages:
        msg = f"There is no stage {stage} in a graph with stages {bound.defaults.stages}: ask anew."
        raise InputError(msg)
    route = run.state.get("route")
    if route is not None and (bound.router is None or route["stage"] > stage):
        msg = f"No router let this run begin at stage {route['stage']}: ask anew."
        raise InputError(msg)
    if node not in _nodes(run.settings, stage, several=bool(bound.more_voters)):
        msg = f"{node} has no part in stage {stage} of a run with stages {run.settings.stages}."
        raise InputError(msg)
    check_inputs(bound.task, run.state["inputs"])
    used = [one.model for one in run.models_used()] if run.state.get("entering") else []
    check_question(run.state["messages"], used, is_step=run.offer is not None)


def _nodes(settings: CopeContext, stage: Stage, *, several: bool) -> set[str]:
    """List the nodes that may run next, from a stage that is in the settings or ends there."""
    stages = set(settings.stages)
    nodes = {"confidence_gate"}
    if 1 in stages and (several or settings.small_plan != "none"):
        nodes.add("small_plan")
    if stage in stages & {1, 2}:
        nodes.add("small_execute")
    if 2 in stages or settings.own_plan:  # noqa: PLR2004
        nodes.add("large_plan")
    if 3 in stages:  # noqa: PLR2004
        nodes.add("large_execute")
    return nodes


def check_question(
    messages: Sequence[AnyMessage], models: Sequence[Bound], *, is_step: bool = False
) -> None:
    """Refuse what no model could answer, before any is called.

    Raises:
        InputError: There is no question, it is empty, it is not text, or it is longer than a
            model's window.
    """
    if not messages or not isinstance(messages[-1], HumanMessage):
        msg = "The last message must be the user's question: pass {'messages': [('user', '...')]}."
        raise InputError(msg)
    for message in messages:
        # What an agent's model and tools wrote goes back to models as it is.
        _check_text(message, as_it_is=is_step and isinstance(message, AIMessage | ToolMessage))
    if not messages[-1].text.strip():
        msg = "The question is empty."
        raise InputError(msg)
    tokens = count_tokens_approximately(messages)
    for model in models:
        # The count is an estimate by length: refuse only what is too long for certain.
        if model.window is not None and tokens > 1.25 * model.window:
            msg = (
                f"The question is about {tokens} tokens long; the {model.side} model "
                f"{model.name} reads {model.window}. Shorten it, or take a model that reads more."
            )
            raise InputError(msg)


def _check_text(message: AnyMessage, *, as_it_is: bool = False) -> None:
    try:
        message.text.encode()
    except UnicodeEncodeError as error:
        where = f"at character {error.start}"
        msg = f"A message holds half a character ({where}: a lone surrogate), which is no text."
        raise InputError(msg) from None
    if as_it_is or isinstance(message.content, str):
        return
    for part in message.content:
        kind = part.get("type") if isinstance(part, dict) else "text"
        if kind not in ("text", "reasoning", "thinking"):
            msg = f"A message holds a part of type {kind!r}; only text can be asked here."
            raise InputError(msg)
