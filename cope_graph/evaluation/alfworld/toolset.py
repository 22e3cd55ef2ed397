"""An episode as tools of an agent.

One tool for each kind of action, not one that takes a command in words: a vote over tool calls
compares names and arguments, which are numbered nouns here ("apple 1"), while one action has many
wordings; a schema keeps a small model to the verbs that exist; and games of different years, whose
commands differ, have the same tools.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool, ToolException
from pydantic import Field, create_model

from cope_graph.errors import InputError
from cope_graph.evaluation.alfworld.actions import ACTIONS, Action, call_of, command_of
from cope_graph.evaluation.alfworld.episode import Episode


def game_tools(episode: Episode, *, show_possible: bool = False) -> list[BaseTool]:
    """Make the tools of one episode.

    Every call that reaches the game costs a step. A call after the end is answered by an error
    message and costs nothing. Asynchronous calls run in a thread.

    Args:
        episode: What they act on: they are of no use for another.
        show_possible: Add to each observation the calls that are possible next. Agents are
            usually compared without it; small models need it.
    """
    return [_tool(action, episode, show_possible=show_possible) for action in ACTIONS]


def shown(episode: Episode) -> str:
    """List the calls that are possible, a line each."""
    calls = [call for command in episode.possible if (call := call_of(command))]
    lines = [f"{name}({_written(arguments)})" for name, arguments in calls]
    return "\n".join(["You can:", *lines])


def _written(arguments: dict[str, str]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def _tool(action: Action, episode: Episode, *, show_possible: bool) -> BaseTool:
    fields: dict[str, Any] = {
        name: (str, Field(description=description))
        for name, description in action.arguments.items()
    }

    # LangGraph reads the annotations of a tool's function, and a partial has none.
    def act(**arguments: str) -> str:
        return _act(action.name, episode, arguments, show_possible=show_possible)

    return StructuredTool.from_function(
        func=act,
        name=action.name,
        description=action.does,
        args_schema=create_model(action.name, **fields),
        handle_tool_error=True,
    )


def _act(name: str, episode: Episode, arguments: Mapping[str, str], *, show_possible: bool) -> str:
    try:
        step = episode.step(command_of(name, arguments, episode.possible))
    except InputError as error:
        raise ToolException(str(error)) from error
    if step.won:
        return f"{step.observation}\nThe task is done."
    if step.done:
        return f"{step.observation}\nThe task is not done, and there are no steps left."
    return f"{step.observation}\n{shown(episode)}" if show_possible else step.observation
