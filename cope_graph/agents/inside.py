"""What a compiled agent is made of: its tools, and nodes that nobody can look into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.runnables import RunnableSequence
from langchain_core.tools import BaseTool
from langgraph.prebuilt import ToolNode
from langgraph.pregel import Pregel

_THEIR_OWN: Final = ("langchain.agents.", "langgraph.prebuilt.")
"""Where nodes come from that ask the model, and run no tool themselves."""


@dataclass(frozen=True)
class Inside:
    """What is inside an agent.

    Attributes:
        tools: Those of its tool nodes, of graphs inside it too; a name may come twice.
        closed: The nodes of other code, by path.
    """

    tools: tuple[BaseTool, ...]
    closed: tuple[str, ...]


def look_into(agent: Pregel[Any, Any, Any, Any]) -> Inside:
    """List what an agent is made of.

    What it cannot see: tools that a middleware adds while the agent runs, what a middleware does
    itself, and tools that a model's provider runs (those given to it as a dict).
    """
    tools: list[BaseTool] = []
    closed: list[str] = []
    for path, graph in [("", agent), *agent.get_subgraphs(recurse=True)]:
        if not isinstance(graph, Pregel):  # such as one on a server
            closed.append(path)
            continue
        for name, node in graph.nodes.items():
            if name == "__start__":
                continue
            for part in _parts(node.bound):
                if isinstance(part, ToolNode):
                    tools += part.tools_by_name.values()
                elif not (isinstance(part, Pregel) or _is_their_own(part)):
                    closed.append(f"{path}|{name}".strip("|"))
    return Inside(tuple(tools), tuple(dict.fromkeys(closed)))


def _parts(runnable: Any) -> Iterator[Any]:
    if not isinstance(runnable, RunnableSequence):
        yield runnable
        return
    for step in runnable.steps:
        yield from _parts(step)


def _is_their_own(part: Any) -> bool:
    """Tell a node that LangChain makes: the model, or a middleware's hook."""
    functions = [getattr(part, name, None) for name in ("func", "afunc")]
    found = [function for function in functions if function is not None]
    return bool(found) and all(map(_is_of_langchain, found))


def _is_of_langchain(function: Any) -> bool:
    owner = getattr(function, "__self__", None)
    kinds = type(owner).__mro__ if owner is not None else (function,)
    return any(str(getattr(kind, "__module__", "")).startswith(_THEIR_OWN) for kind in kinds)
