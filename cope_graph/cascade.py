"""COPE as a LangGraph: five nodes, and an escalation that is its edges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal, cast
from uuid import uuid4

from langchain_core.language_models import BaseChatModel, BaseLLM
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import get_runtime
from langgraph.types import Send

from cope_graph.calibration.thresholds import Thresholds
from cope_graph.context import CopeContext, Overrides
from cope_graph.money.budget import Budget
from cope_graph.money.prices import Price
from cope_graph.redact import Redact
from cope_graph.routing.router import Router
from cope_graph.stages.assemble import assembled
from cope_graph.stages.execute import large_execute, small_execute
from cope_graph.stages.gate import onward
from cope_graph.stages.gate_node import GateNode
from cope_graph.stages.inputs import input_schema, inputs_of, state_schema
from cope_graph.stages.node import ModelNode
from cope_graph.stages.plan import lacks_goals, large_plan, small_plan
from cope_graph.stages.route import route_of, routed
from cope_graph.stages.run import FRESH, Run, entry
from cope_graph.stages.voters import settings_of
from cope_graph.state import CopeInput, CopeOutput, CopeState, Decision
from cope_graph.tasks.task import Task

CopeGraph = StateGraph[CopeState, CopeContext, CopeInput, CopeOutput]


def create_cope(  # noqa: PLR0913 - the two models, and settings by name
    small: str | BaseChatModel | BaseLLM | Sequence[str | BaseChatModel | BaseLLM],
    large: str | BaseChatModel | BaseLLM,
    *,
    task: Task | None = None,
    response_format: type | None = None,
    defaults: CopeContext | None = None,
    prices: Mapping[str, Price | str] | None = None,
    thresholds: str | Path | Mapping[str, Any] | Thresholds | None = None,
    budget: Budget | None = None,
    overrides: Overrides = "tighten",
    redact: Redact | None = None,
    router: Router | None = None,
    small_executor: Runnable[Any, Any] | None = None,
    large_executor: Runnable[Any, Any] | None = None,
    read_only_tools: Sequence[str | BaseTool | Callable[..., Any]] | Literal[True] = (),
) -> CopeGraph:
    """Build the cascade of "Efficient LLM Collaboration via Planning" (arXiv 2506.11578).

    Example:
        ```python
        from cope_graph import create_cope, tasks

        graph = create_cope("openai:gpt-4o-mini", "openai:gpt-4o", task=tasks.math()).compile()
        out = graph.invoke({"messages": [("user", "What is 7 * 6?")]})
        print(out["answer"], out["stage"], out["confidence"], out["ledger"]["usd"])
        ```

    Args:
        small: The cheap model that plans and executes n times: a chat model, a pipeline or
            endpoint of langchain-huggingface, or a name, see `cope_graph.models.names.chat_model`.
            A list of different ones, cheapest first, is asked one after another, until the decision
            stands: n samples in all, one each unless the defaults say more, best with a `quorum`.
        large: The expensive model that writes a short plan, and executes only what stays unsure.
        task: The family of questions: prompts, how an answer is read, and the gate.
        response_format: In place of a task: a pydantic class, a dataclass or a `TypedDict` that
            answers have the form of, see `tasks.structured`.
        defaults: Settings of every run; a run's context may tighten them. The defaults are the
            paper's; `PLAN_FREE` is the same cascade without plans.
        prices: Prices by side (`"small"`, `"large"`) or model name, over the public list: a
            `Price`, or what `Price.parse` reads.
        thresholds: Of `cope calibrate`: their file, its content, or `calibrate(...).thresholds`.
            They are for these models, this number of samples, these stages and plans, which they
            set; no run may change them, whatever the overrides. Answers then say how likely they
            are right (`p_correct`).
        budget: What all runs of this graph may spend together; one run's own limits are settings.
        overrides: What a run's context may ask for: `"tighten"`, only less than the defaults
            (fewer samples, less money, stricter gates), or `"any"`, where every caller is trusted.
        redact: What the large model must not see: a `PIIMiddleware` of LangChain, a function that
            lists the private values of a text, or several. It gets stand-ins, which are undone in
            its plan and its answer.
        router: Lets runs begin at a later stage where that is expected to be cheaper, see
            `cope_graph.routing`. It sees the question's whole text, in this process.
        small_executor: A whole agent that executes in place of `small`, which then only plans: a
            compiled one, or a runnable from `{"messages": [...]}` to the same. Each sample is a
            run of it, so its tools must only read.
        large_executor: The same in place of `large`.
        read_only_tools: Tools of executors that only read, or their names; those that an MCP
            server marks with `readOnlyHint` need no mention. `True`: all they do only reads.

    Returns:
        The uncompiled graph: the caller compiles it with the checkpointer, store and name.

    Raises:
        InputError: The task is no `Task`, or there is a form as well; the defaults are no
            `CopeContext`, a price is none, the overrides are unknown, nothing can be redacted
            that way, an executor's tools may do more than read, small models are listed that
            cannot vote together, a quorum cannot be reached, or the thresholds were calibrated for
            something else.
        UnknownPriceError: The budget is in USD and a model has no known price.
        BudgetError: The budget limits money and nothing limits a model's replies.
        NoLogProbsError: The gate reads log-probabilities, which the small model cannot give.
        ModelNameError: A name is unknown, or an object is no chat model.
        MissingPackageError: A provider's package is not installed.
        MissingKeyError: A provider needs a key and has none.
    """
    given = {
        "task": task,
        "response_format": response_format,
        "defaults": defaults,
        "prices": prices,
        "thresholds": thresholds,
        "budget": budget,
        "overrides": overrides,
        "redact": redact,
        "router": router,
        "small_executor": small_executor,
        "large_executor": large_executor,
        "read_only_tools": read_only_tools,
    }
    cascade = assembled(small, large, given)
    task = cascade.task

    def enter(state: Any) -> Send:  # named a type, it would see that type's keys alone
        # The first node gets a fresh run, whatever an earlier turn left in the thread.
        runtime = get_runtime()  # there is none while a thread's state is edited by hand
        context = runtime.context if runtime else None
        settings = settings_of(cascade, context)
        # A copy: whoever gets it (in an error, in a stream) may change it.
        fresh = {**deepcopy(FRESH), "messages": state.get("messages", []), "entering": True}
        fresh |= {"run": uuid4().hex, "inputs": (inputs := inputs_of(task, state))}
        if task.offer is not None:
            fresh["guideline"] = inputs.get("plan")  # kept from an agent's earlier step
        route = route_of(Run(cascade, cast("CopeState", fresh), settings))
        settings = routed(settings, route)
        return Send(entry(settings), {**fresh, "route": route, "stage": settings.stages[0]})

    graph = StateGraph(
        state_schema(task),
        context_schema=CopeContext,
        input_schema=input_schema(task),
        output_schema=CopeOutput,
    )
    graph.add_node("small_plan", ModelNode("small_plan", cascade, small_plan))
    graph.add_node("small_execute", ModelNode("small_execute", cascade, small_execute))
    graph.add_node("confidence_gate", GateNode("confidence_gate", cascade))
    graph.add_node("large_plan", ModelNode("large_plan", cascade, large_plan))
    graph.add_node("large_execute", ModelNode("large_execute", cascade, large_execute))

    graph.add_conditional_edges(
        START, enter, ["small_plan", "small_execute", "large_plan", "large_execute"]
    )
    graph.add_edge("small_plan", "small_execute")
    graph.add_edge("small_execute", "confidence_gate")
    graph.add_conditional_edges("large_plan", planned_for, ["small_execute", "large_execute"])
    graph.add_edge("large_execute", "confidence_gate")
    graph.add_conditional_edges(
        "confidence_gate",
        onward_of_several if cascade.more_voters else onward,
        {
            "accept": END,
            "undecided": "small_execute",
            "escalate": "large_plan",
            "hand_over": "large_execute",
            **({"unplanned": "small_plan"} if cascade.more_voters else {}),
        },
    )
    return graph


def onward_of_several(state: CopeState) -> Decision | Literal["unplanned"]:
    """Route by the gate's last word; of several small models the next one plans first.

    Raises:
        InputError: As `onward`.
    """
    decision = onward(state)
    return "unplanned" if decision == "undecided" and lacks_goals(state) else decision


def planned_for(state: CopeState) -> Literal["small_execute", "large_execute"]:
    """Name who executes the large model's plan: the small model in stage 2."""
    return "small_execute" if state["stage"] == 2 else "large_execute"  # noqa: PLR2004
