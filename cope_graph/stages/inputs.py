"""What a task asks for beside the messages: input keys of the graph, and their check."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, NotRequired, Required, cast, get_origin, get_type_hints

from langgraph.channels import EphemeralValue
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from cope_graph.context import describe
from cope_graph.errors import InputError
from cope_graph.state import CopeInput, CopeState
from cope_graph.tasks.task import Task


def input_schema(task: Task) -> type[CopeInput]:
    """Give the graph's input schema: the messages, and what the task asks for.

    Raises:
        InputError: The task asks for a key that the graph has for itself.
    """
    schema: type[CopeInput] = _with(
        CopeInput, {name: NotRequired[kind] for name, kind in _asked(task).items()}
    )
    return schema


def state_schema(task: Task) -> type[CopeState]:
    """Give the graph's state schema.

    An input lives until the first node has read it: a later turn of the thread that brings none
    must not find that of an earlier one. What a run was given stands in `inputs`.
    """
    asked = {name: Annotated[kind | None, EphemeralValue] for name, kind in _asked(task).items()}
    schema: type[CopeState] = _with(
        CopeState, {name: NotRequired[kind] for name, kind in asked.items()}
    )
    return schema


def inputs_of(task: Task, given: Mapping[str, Any]) -> dict[str, Any]:
    """Pick a run's inputs from what the graph was called with."""
    return {name: given[name] for name in _asked(task) if given.get(name) is not None}


def check_inputs(task: Task, inputs: Mapping[str, Any]) -> None:
    """Refuse inputs that are not what the task asks for.

    Raises:
        InputError: A value is of another shape, its key is none of the task's, or one that the
            task marks as `Required` is missing.
    """
    try:
        _adapter(task.inputs).validate_python(dict(inputs), strict=True)
    except ValidationError as error:
        missing = [
            str(one["loc"][0])
            for one in error.errors()
            if one["type"] == "missing" and len(one["loc"]) == 1
        ]
        msg = f"The {task.name} task cannot use its input ({describe(error)})."
        if missing:
            given = ", ".join(f"{name!r}: ..." for name in ("messages", *missing))
            msg = f"The {task.name} task needs {missing[0]!r} with each question: pass {{{given}}}."
        raise InputError(msg) from error


def _asked(task: Task) -> dict[str, Any]:
    asked = {} if task.inputs is None else _hints(task.inputs)
    if taken := sorted(asked.keys() & _hints(CopeState).keys()):
        msg = f"The {task.name} task asks for {taken[0]!r}, a key of the graph's own: rename it."
        raise InputError(msg)
    return asked


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _with(schema: type, more: dict[str, Any]) -> Any:
    if not more:
        return schema
    hints = get_type_hints(schema, include_extras=True)
    return TypedDict(schema.__name__, {**hints, **more})  # type: ignore[operator]


@cache
def _adapter(inputs: type | None) -> TypeAdapter[Any]:
    hints = {} if inputs is None else get_type_hints(inputs, include_extras=True)
    keys = {
        name: kind if get_origin(kind) is Required else NotRequired[kind]
        for name, kind in hints.items()
    }
    kind = cast("Any", TypedDict)("Inputs", keys)
    kind.__pydantic_config__ = {"extra": "forbid"}
    return TypeAdapter(kind)
