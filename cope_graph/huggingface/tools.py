"""Tools for models that only write text: whether a template shows them, and a call by force."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cope_graph.errors import InputError, ModelLoadError


def check_tools(
    render: Callable[[list[dict[str, Any]] | None], str], tools: list[dict[str, Any]], model: str
) -> str:
    """Render a prompt with tools, and make sure that the chat template shows them.

    Args:
        render: Renders the prompt with these tools, or with `None`.
        tools: In the format of OpenAI.
        model: Its name, for the error.

    Raises:
        ModelLoadError: The template refuses tools, or leaves them out.
    """
    without = render(None)
    try:
        prompt = render(tools)
    except Exception as error:  # a template raises whatever its author wrote
        raise ModelLoadError(_no_tools(model, f"refuses them ({error})")) from error
    if prompt == without:
        raise ModelLoadError(_no_tools(model, "leaves them out"))
    return prompt


def _no_tools(model: str, why: str) -> str:
    return (
        f"{model} takes no tools: its chat template {why}. Use a model whose template has tools, "
        "such as Qwen2.5-Instruct, or ask without tools."
    )


def forced_schema(tools: Sequence[dict[str, Any]], choice: Any) -> dict[str, Any] | None:
    """Give the JSON schema of a call, to hold a reply to; `None` when none is demanded.

    Args:
        tools: In the format of OpenAI.
        choice: LangChain's or OpenAI's `tool_choice`: `"any"`, `"required"` or `True` for one of
            them, a name, or `{"type": "function", "function": {"name": ...}}`.

    Raises:
        InputError: No such tool, or no such choice.
    """
    functions = [tool["function"] for tool in tools]
    names = [function["name"] for function in functions]
    if isinstance(choice, dict):
        function = choice.get("function")
        choice = function.get("name", choice) if isinstance(function, dict) else choice
    if choice in names:
        functions = [functions[names.index(choice)]]
    elif choice in (None, False, "auto", "none"):
        return None
    elif choice not in (True, "any", "required") or not names:
        known = ", ".join(names) or "there are none"
        msg = f"tool_choice={choice!r} is none of the tools ({known}): name one, or 'any'."
        raise InputError(msg)
    return {"anyOf": [_call(place, function) for place, function in enumerate(functions)]}


def _call(place: int, function: dict[str, Any]) -> dict[str, Any]:
    """Give the schema of a call of one tool; `place` is its own among the others."""
    # Some tools list properties alone; anything but an object would fit those.
    arguments = {**(function.get("parameters") or {"properties": {}}), "type": "object"}
    return {
        "type": "object",
        "properties": {
            "name": {"const": function["name"]},
            "arguments": _moved(arguments, f"#/anyOf/{place}/properties/arguments"),
        },
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


def _moved(schema: Any, root: str) -> Any:
    """Copy a schema that is no longer the whole of it: its references begin at `root`."""
    if isinstance(schema, list):
        return [_moved(part, root) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: root + part.removeprefix("#")
        if key == "$ref" and isinstance(part, str) and part.startswith("#")
        else _moved(part, root)
        for key, part in schema.items()
    }
