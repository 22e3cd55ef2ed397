"""What the cascade is measured against: its five steps as one would write them in an hour.

The same requests with the same prompts, temperatures and concurrency; no ledger, no settings, no
error texts, answers compared as strings. `naive_graph` puts the steps into LangGraph, `bare` calls
them one after another in plain Python.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Literal, NotRequired

from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from cope_graph.tasks import MATH_PROMPTS as PROMPTS
from cope_graph.tasks import Plan
from tests.loopback.clients import Server, chat

N = 8
TAU = {1: 0.75, 2: 0.5, 3: 0.0}
ANSWER = re.compile(r"[Tt]he answer is:?\s*(.+?)\.?\s*$")
SIDE_BY_SIDE = RunnableConfig(max_concurrency=N)
NODES = ("small_plan", "small_execute", "gate", "large_plan", "large_execute")

Where = Literal["__end__", "large_plan", "large_execute"]


class State(TypedDict):
    """What the steps hand on."""

    question: str
    stage: int
    goals: NotRequired[list[str]]
    guideline: NotRequired[str]
    replies: NotRequired[list[str]]
    answer: NotRequired[str]
    passed: NotRequired[bool]


class Steps:
    """The five steps, each for `invoke` and `ainvoke`, with one client per purpose."""

    def __init__(self, server: Server, small: str, *, planned: bool) -> None:
        """Build the clients."""
        self.planner = chat(server, small, temperature=0.8, n=N)
        self.solver = chat(server, small, temperature=0.4)
        self.sampler = chat(server, small, temperature=0.8 if planned else 0.4, n=N)
        self.large_planner = chat(server, "large", temperature=0.8)
        self.large_solver = chat(server, "large", temperature=0.0)

    def small_plan(self, state: State) -> dict[str, Any]:
        """Ask for eight goals in one request."""
        result = self.planner.generate([plan_prompt(state, "goal")])
        return {"goals": texts(result)}

    async def asmall_plan(self, state: State) -> dict[str, Any]:
        """Do the same in an event loop."""
        result = await self.planner.agenerate([plan_prompt(state, "goal")])
        return {"goals": texts(result)}

    def small_execute(self, state: State) -> dict[str, Any]:
        """Ask eight prompts side by side, or one for eight samples."""
        if state["stage"] == 1 and "goals" in state:
            replies = self.solver.batch(goal_prompts(state), SIDE_BY_SIDE)
            return {"replies": [reply.text for reply in replies]}
        return {"replies": texts(self.sampler.generate([solve_prompt(state)]))}

    async def asmall_execute(self, state: State) -> dict[str, Any]:
        """Do the same in an event loop."""
        if state["stage"] == 1 and "goals" in state:
            replies = await self.solver.abatch(goal_prompts(state), SIDE_BY_SIDE)
            return {"replies": [reply.text for reply in replies]}
        return {"replies": texts(await self.sampler.agenerate([solve_prompt(state)]))}

    def gate(self, state: State) -> dict[str, Any]:
        """Count equal strings."""
        found = [match[1] for reply in state["replies"] if (match := ANSWER.search(reply))]
        answer, count = Counter(found).most_common(1)[0]
        passed = count / len(state["replies"]) > TAU[state["stage"]]
        return {"answer": answer, "passed": passed, "stage": state["stage"] + (not passed)}

    async def agate(self, state: State) -> dict[str, Any]:
        """Do the same in an event loop."""
        return self.gate(state)

    def large_plan(self, state: State) -> dict[str, Any]:
        """Ask the large model for a guideline."""
        reply = self.large_planner.invoke(plan_prompt(state, "guideline"))
        return {"guideline": reply.text}

    async def alarge_plan(self, state: State) -> dict[str, Any]:
        """Do the same in an event loop."""
        reply = await self.large_planner.ainvoke(plan_prompt(state, "guideline"))
        return {"guideline": reply.text}

    def large_execute(self, state: State) -> dict[str, Any]:
        """Ask the large model for the solution."""
        return {"replies": [self.large_solver.invoke(solve_prompt(state)).text]}

    async def alarge_execute(self, state: State) -> dict[str, Any]:
        """Do the same in an event loop."""
        return {"replies": [(await self.large_solver.ainvoke(solve_prompt(state))).text]}


def plan_prompt(state: State, form: Literal["goal", "guideline"]) -> list[BaseMessage]:
    """Make the planner's turn."""
    return [HumanMessage(PROMPTS.planner(form, state["question"]))]


def solve_prompt(state: State, goal: str | None = None) -> list[BaseMessage]:
    """Make the executor's turn; stage 2 gets a goal too, as in the cascade."""
    if state["stage"] == 2 and goal is None:
        goal = state["goals"][0]
    plans = [Plan("goal", goal or ""), Plan("guideline", state.get("guideline") or "")]
    return [HumanMessage(PROMPTS.executor(state["question"], plans))]


def goal_prompts(state: State) -> list[Any]:
    """Make stage 1's turns, one per goal."""
    return [solve_prompt(state, goal) for goal in state["goals"]]


def texts(result: LLMResult) -> list[str]:
    """Take the samples' texts."""
    return [generation.text for generation in result.generations[0]]


def after_gate(state: State) -> Where:
    """Route by the gate's word and the stage that follows."""
    if state["passed"]:
        return "__end__"
    return "large_plan" if state["stage"] == 2 else "large_execute"


def naive_graph(steps: Steps, *, planned: bool, prefix: Literal["", "a"] = "") -> Any:
    """Compile the steps into a graph of five nodes, for `invoke` or (prefix "a") for `ainvoke`."""
    graph = StateGraph(State)
    for name in NODES:
        graph.add_node(name, getattr(steps, prefix + name))
    graph.add_edge(START, "small_plan" if planned else "small_execute")
    graph.add_edge("small_plan", "small_execute")
    graph.add_edge("small_execute", "gate")
    graph.add_edge("large_plan", "small_execute")
    graph.add_edge("large_execute", "gate")
    graph.add_conditional_edges("gate", after_gate)
    return graph.compile()


def bare(steps: Steps, state: State, *, planned: bool) -> State:
    """Take the same steps in plain Python."""
    changes: Any = state
    changes |= steps.small_plan(state) if planned else {}
    changes |= steps.small_execute(state)
    changes |= steps.gate(state)
    while (where := after_gate(state)) != END:
        if where == "large_plan":
            changes |= steps.large_plan(state)
            changes |= steps.small_execute(state)
        else:
            changes |= steps.large_execute(state)
        changes |= steps.gate(state)
    return state


async def abare(steps: Steps, state: State, *, planned: bool) -> State:
    """Do the same in an event loop."""
    changes: Any = state
    changes |= await steps.asmall_plan(state) if planned else {}
    changes |= await steps.asmall_execute(state)
    changes |= await steps.agate(state)
    while (where := after_gate(state)) != END:
        if where == "large_plan":
            changes |= await steps.alarge_plan(state)
            changes |= await steps.asmall_execute(state)
        else:
            changes |= await steps.alarge_execute(state)
        changes |= await steps.agate(state)
    return state
