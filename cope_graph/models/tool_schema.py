"""What a reply may be, where tools are offered in words: as a JSON schema, by the tool choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

_FREE: Final = {"auto", "none"}
_MUST: Final = {"any", "required"}

Tool = Mapping[str, Any]
"""In OpenAI's format."""


def on_offer(tools: Sequence[Tool], choice: Any) -> tuple[Tool, ...]:
    """Give the tools that a reply may call.

    Args:
        tools: All of them.
        choice: What LangChain's `bind_tools` takes: a tool's name, "any" or "required" for one of
            them, "none" for an answer, or an object of a provider's that says the same.
    """
    wanted = _wanted(choice)
    if wanted == "none":
        return ()
    if wanted in _FREE | _MUST:
        return tuple(tools)
    named = tuple(tool for tool in tools if name_of(tool) == wanted)
    # A tool that there is not: the agent is told so once another one is called in its place.
    return named or tuple(tools)


def may_answer(choice: Any) -> bool:
    """Tell whether a reply may be an answer."""
    return _wanted(choice) in _FREE


def name_of(tool: Tool) -> str:
    """Give the name of a tool."""
    return str(tool.get("function", tool).get("name"))


def parameters_of(tool: Tool) -> Tool:
    """Give the JSON schema of a tool's arguments."""
    found: Tool = tool.get("function", tool).get("parameters") or {}
    return found


def step_schema(tools: Sequence[Tool], *, answers: bool) -> dict[str, Any]:
    """Hold a reply to one call of a tool that there is, or to an answer.

    Args:
        tools: Those that may be called.
        answers: Whether an answer may be given.
    """
    steps, definitions = [], {}
    for index, tool in enumerate(tools):
        arguments = _closed(parameters_of(tool))
        if _refers(arguments):
            # Its references are by place, and the place is another one here.
            key = f"arguments{index}"
            definitions[key] = _moved(arguments, f"#/$defs/{key}")
            arguments = {"$ref": f"#/$defs/{key}"}
        steps.append(_object(tool={"const": name_of(tool)}, arguments=arguments))
    if answers:
        steps.append(_object(answer={"type": "string", "minLength": 1}))
    whole = {"title": "step", "anyOf": steps}
    return {**whole, "$defs": definitions} if definitions else whole


def _wanted(choice: Any) -> str:
    match choice:
        case None | False:
            return "auto"
        case True:
            return "any"
        case {"function": {"name": str() as name}} | {"name": str() as name}:
            return name
        case {"type": str() as kind} | str(kind):
            return kind
        case _:
            return "auto"


def _closed(parameters: Tool) -> dict[str, Any]:
    """Let a model that is held to a schema not be led into arguments that it does not name."""
    if {"anyOf", "allOf", "oneOf", "$ref"} & parameters.keys():
        return {"type": "object", **parameters}
    return {"type": "object", "properties": {}, "additionalProperties": False, **parameters}


def _refers(schema: Any) -> bool:
    if isinstance(schema, Mapping):
        return _is_reference(schema) or any(map(_refers, schema.values()))
    return isinstance(schema, list | tuple) and any(map(_refers, schema))


def _moved(schema: Any, place: str) -> Any:
    if isinstance(schema, list | tuple):
        return [_moved(part, place) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    moved = {name: _moved(part, place) for name, part in schema.items()}
    return {**moved, "$ref": place + schema["$ref"][1:]} if _is_reference(schema) else moved


def _is_reference(schema: Mapping[str, Any]) -> bool:
    target = schema.get("$ref")
    return isinstance(target, str) and target.startswith("#")


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
