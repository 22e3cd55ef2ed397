"""Whether an agent's tools only read, so that it may run n times for one answer.

Nothing in LangChain says of a tool that it changes the world, so a tool is taken to do so unless
the caller, or its MCP server, says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

from langchain_core.runnables import Runnable, RunnableSequence
from langchain_core.tools import BaseTool
from langgraph.prebuilt import ToolNode
from langgraph.pregel import Pregel

from cope_graph.errors import InputError

_THEIR_OWN: Final = ("langchain.agents.", "langgraph.prebuilt.")
"""Where nodes come from that ask the model, and run no tool themselves."""


def names_of(given: object) -> frozenset[str] | Literal[True]:
    """Read `read_only_tools`.

    Raises:
        InputError: It is no list of tools or of their names, nor `True`.
    """
    if given is True:
        return True
    if isinstance(given, str) or not isinstance(given, Sequence | set | frozenset):
        msg = (
            f"read_only_tools is {given!r:.60}: pass a list of tools or of their names, as in "
            "read_only_tools=['search'], or True where all that an executor does only reads."
        )
        raise InputError(msg)
    return frozenset(map(_name, given))


def _name(tool: object) -> str:
    name = tool if isinstance(tool, str) else getattr(tool, "name", getattr(tool, "__name__", None))
    if isinstance(name, str) and name:
        return name
    msg = f"read_only_tools holds {tool!r:.60}, which is no tool and no name of one."
    raise InputError(msg)


def check_read_only(
    agent: Runnable[Any, Any], side: str, allowed: frozenset[str] | Literal[True]
) -> None:
    """Refuse an agent that may do more than read.

    What it cannot see: tools that a middleware adds while the agent runs, what a middleware does
    itself, and tools that a model's provider runs (those given to it as a dict).

    Args:
        agent: It.
        side: Whose executor it is.
        allowed: Names of tools that only read, or `True` for all it does.

    Raises:
        InputError: It has other tools, or does what cannot be looked into.
    """
    if allowed is True:
        return
    if not isinstance(agent, Pregel):
        msg = (
            f"The {side} executor is a {type(agent).__name__}, whose tools cannot be listed: pass "
            "a compiled agent, or create_cope(read_only_tools=True) if all it does only reads."
        )
        raise InputError(msg)
    tools, closed = _look_into(agent)
    unknown = [name for name, tool in tools.items() if not (name in allowed or _hinted(tool))]
    if unknown:
        others = sorted(name for name in allowed if isinstance(name, str))
        names = ", ".join(repr(name) for name in [*others, *unknown])
        msg = (
            f"The {side} executor has tools that are not known to only read: {', '.join(unknown)}. "
            "It runs for every sample, so what they do would be done several times: pass "
            f"create_cope(read_only_tools=[{names}]) if they change nothing, else vote on single "
            "actions (create_cope_agent), where a tool runs once."
        )
        raise InputError(msg)
    if closed:
        msg = (
            f"The {side} executor has nodes that cannot be looked into: {', '.join(closed)}. Pass "
            "create_cope(read_only_tools=True) if all it does only reads."
        )
        raise InputError(msg)


def _hinted(tool: BaseTool) -> bool:
    """Tell whether an MCP server says that a tool only reads.

    langchain-mcp-adapters puts the tool's annotations into its metadata, name by name.
    """
    return (tool.metadata or {}).get("readOnlyHint") is True


def _look_into(agent: Pregel[Any, Any, Any, Any]) -> tuple[dict[str, BaseTool], list[str]]:
    """List an agent's tools, those of graphs inside it too, and the nodes of other code."""
    tools: dict[str, BaseTool] = {}
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
                    _add(tools, part)
                elif not (isinstance(part, Pregel) or _is_their_own(part)):
                    closed.append(f"{path}|{name}".strip("|"))
    return tools, list(dict.fromkeys(closed))


def _add(tools: dict[str, BaseTool], node: ToolNode) -> None:
    for name, tool in node.tools_by_name.items():
        # Of two tools of one name, the one without a hint counts.
        if name not in tools or not _hinted(tool):
            tools[name] = tool


def _parts(runnable: Any) -> Iterator[Any]:
    steps = runnable.steps if isinstance(runnable, RunnableSequence) else [runnable]
    for step in steps:
        if step is runnable:
            yield step
        else:
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
