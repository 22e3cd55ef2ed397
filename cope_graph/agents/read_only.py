"""Whether an agent's tools only read, so that it may run n times for one answer.

Nothing in LangChain says of a tool that it changes the world, so a tool is taken to do so unless
the caller, or its MCP server, says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langgraph.pregel import Pregel

from cope_graph.agents.inside import look_into
from cope_graph.errors import InputError

_AGAIN: Final = (
    "It may be run again (a retry, a resumed run), so what they do could be done twice",
    "It runs for every sample, so what they do would be done several times",
)


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
    inside = look_into(agent)
    unknown = dict.fromkeys(
        tool.name for tool in inside.tools if not (tool.name in allowed or _hinted(tool))
    )
    if unknown:
        others = sorted(name for name in allowed if isinstance(name, str))
        names = ", ".join(repr(name) for name in [*others, *unknown])
        msg = (
            f"The {side} executor has tools that are not known to only read: {', '.join(unknown)}. "
            f"{_AGAIN[side == 'small']}: pass "
            f"create_cope(read_only_tools=[{names}]) if they change nothing, else vote on single "
            "actions (create_cope_agent), where a tool runs once."
        )
        raise InputError(msg)
    if inside.closed:
        msg = (
            f"The {side} executor has nodes that cannot be looked into: "
            f"{', '.join(inside.closed)}. Pass create_cope(read_only_tools=True) if all it does "
            "only reads."
        )
        raise InputError(msg)


def _hinted(tool: BaseTool) -> bool:
    """Tell whether an MCP server says that a tool only reads.

    langchain-mcp-adapters puts the tool's annotations into its metadata, name by name.
    """
    return (tool.metadata or {}).get("readOnlyHint") is True
