"""Three ways to make eight requests side by side in a graph: plans, solutions, a vote, no more.

`whole` makes them in one node, `tasks` makes each a LangGraph task of that node, and `send` makes
each a node run of its own by `Send`. The clients and the prompts are those of `benchmarks.naive`.
"""

from __future__ import annotations

import operator
from typing import Annotated, Any, Final, Literal

from langgraph.func import task
from langgraph.graph import START, StateGraph
from langgraph.types import Send
from typing_extensions import TypedDict

from benchmarks.naive import SIDE_BY_SIDE, State, Steps, goal_prompts, solve_prompt

Way = Literal["whole", "tasks", "send"]
WAYS: Final[tuple[Way, ...]] = ("whole", "tasks", "send")


class Fan(TypedDict):
    """What the steps hand on; replies are put together in the order they are sent out."""

    question: str
    stage: int
    goals: list[str]
    replies: Annotated[list[str], operator.add]
    answer: str


class Solve(TypedDict):
    """What one `Send` carries."""

    prompt: Any


class FanOut:
    """The steps, each for `invoke` and (with an "a") for `ainvoke`."""

    def __init__(self, steps: Steps) -> None:
        """Use the clients of these."""
        self._steps = steps

    def plan(self, state: State) -> dict[str, Any]:
        """Ask for eight goals."""
        return self._steps.small_plan(state)

    async def aplan(self, state: State) -> dict[str, Any]:
        """Do the same in an event loop."""
        return await self._steps.asmall_plan(state)

    def whole(self, state: State) -> dict[str, Any]:
        """Ask eight times in one node."""
        replies = self._steps.solver.batch(goal_prompts(state), SIDE_BY_SIDE)
        return {"replies": [reply.text for reply in replies]}

    async def awhole(self, state: State) -> dict[str, Any]:
        """Do the same in an event loop."""
        replies = await self._steps.solver.abatch(goal_prompts(state), SIDE_BY_SIDE)
        return {"replies": [reply.text for reply in replies]}

    def tasks(self, state: State) -> dict[str, Any]:
        """Ask eight times, each time in a task."""

        @task
        def request(prompt: Any) -> str:
            return self._steps.solver.invoke(prompt).text

        futures = [request(prompt) for prompt in goal_prompts(state)]
        return {"replies": [future.result() for future in futures]}

    async def atasks(self, state: State) -> dict[str, Any]:
        """Do the same in an event loop."""

        @task
        async def request(prompt: Any) -> str:
            return (await self._steps.solver.ainvoke(prompt)).text

        futures = [request(prompt) for prompt in goal_prompts(state)]
        return {"replies": [await future for future in futures]}

    def send(self, state: Solve) -> dict[str, Any]:
        """Ask once, for one `Send`."""
        return {"replies": [self._steps.solver.invoke(state["prompt"]).text]}

    async def asend(self, state: Solve) -> dict[str, Any]:
        """Do the same in an event loop."""
        return {"replies": [(await self._steps.solver.ainvoke(state["prompt"])).text]}

    def gate(self, state: State) -> dict[str, Any]:
        """Count equal strings."""
        return {"answer": self._steps.gate(state)["answer"]}

    async def agate(self, state: State) -> dict[str, Any]:
        """Do the same in an event loop."""
        return self.gate(state)


def fan_out(steps: Steps, way: Way, prefix: Literal["", "a"]) -> StateGraph[Any, Any, Any, Any]:
    """Build the graph, for `invoke` or (prefix "a") for `ainvoke`."""
    fan = FanOut(steps)
    graph: StateGraph[Any, Any, Any, Any] = StateGraph(Fan)
    graph.add_node("plan", getattr(fan, f"{prefix}plan"))
    graph.add_node("solve", getattr(fan, prefix + way))
    graph.add_node("gate", getattr(fan, f"{prefix}gate"))
    graph.add_edge(START, "plan")
    if way == "send":
        graph.add_conditional_edges("plan", _fan, ["solve"])
    else:
        graph.add_edge("plan", "solve")
    graph.add_edge("solve", "gate")
    return graph


def _fan(state: State) -> list[Send]:
    return [Send("solve", {"prompt": solve_prompt(state, goal)}) for goal in state["goals"]]
