"""What tools take: a call's arguments as the tool would get them, or nothing where it would not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from cope_graph.agents.fill import UnfitError, check_schema, fill
from cope_graph.agents.json_values import plain
from cope_graph.errors import InputError

if TYPE_CHECKING:
    from pydantic import BaseModel

logger = logging.getLogger("cope_graph")

Taken: TypeAlias = Callable[[Mapping[str, Any]], "Mapping[str, Any] | None"]
"""From arguments as written to arguments as the tool gets them; `None` when they are invalid."""


def signatures(tools: Sequence[Any]) -> dict[str, Taken]:
    """Learn from tools which calls they take.

    Args:
        tools: LangChain tools, functions, pydantic classes, or dictionaries with a JSON schema as
            `bind_tools` takes them.

    Returns:
        By name of the tool.

    Raises:
        InputError: There are two tools of one name, or one is none of these.
    """
    learnt: dict[str, Taken] = {}
    for tool in tools:
        name, takes = _signature(tool)
        if name in learnt:
            msg = f"Two tools are called {name!r}: give each a name of its own."
            raise InputError(msg)
        learnt[name] = takes
    return learnt


def _signature(tool: Any) -> tuple[str, Taken]:
    from langchain_core.tools import BaseTool, StructuredTool  # noqa: PLC0415 - heavy
    from langchain_core.utils.function_calling import convert_to_openai_tool  # noqa: PLC0415
    from pydantic import BaseModel  # noqa: PLC0415 - heavy

    try:
        if isinstance(tool, type) and issubclass(tool, BaseModel):
            return convert_to_openai_tool(tool)["function"]["name"], partial(_by_model, tool)
        if callable(tool) and not isinstance(tool, BaseTool):
            tool = StructuredTool.from_function(tool)
        if isinstance(tool, BaseTool):
            return tool.name, _takes(_schema_of(tool))
        function = convert_to_openai_tool(tool)["function"]
        return function["name"], _takes(function.get("parameters") or {})
    except Exception as error:
        what = str(error).partition("\n")[0].rstrip(".")[:200]
        msg = (
            f"{tool!r:.80} is no tool that can be called ({what}): pass a LangChain tool, a "
            "function with a docstring, a pydantic class or a dictionary with a JSON schema."
        )
        raise InputError(msg) from error


def _schema_of(tool: Any) -> Any:
    """Give what a model may pass to a tool: its schema without what LangChain injects."""
    shown, whole = tool.tool_call_schema, tool.get_input_schema()
    if isinstance(shown, dict) or not hasattr(whole, "model_fields"):
        return shown
    # The part that models are shown has lost the class's validators: the whole is stricter.
    same = getattr(shown, "model_fields", {}).keys() == whole.model_fields.keys()
    return whole if same else shown


def _takes(schema: Any) -> Taken:
    if isinstance(schema, dict):
        check_schema(schema)
        return partial(_by_schema, schema)
    if hasattr(schema, "model_validate"):
        return partial(_by_model, schema)
    return _takes(schema.schema())  # pydantic's first version


def _by_schema(schema: Mapping[str, Any], args: Mapping[str, Any]) -> Mapping[str, Any] | None:
    try:
        return fill(schema, args)
    except UnfitError:
        return None


def _by_model(model: type[BaseModel], args: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Read arguments as LangChain does: what the model makes of them is what the tool gets."""
    from pydantic import ValidationError  # noqa: PLC0415 - heavy

    try:
        value = model.model_validate(dict(args))
    except ValidationError:
        return None
    except Exception as error:  # noqa: BLE001 - the user's validators raise anything
        # One proposal must not end a run that has paid for others. It may quote private text.
        logger.warning("a validator of %s raised %s", model.__name__, type(error).__name__)
        return None
    try:
        read = _dumped(value)
        if model.model_validate(read) != value:
            return args  # it writes less than it read: a secret is stars
        return plain(_shared(model, args, read))  # type: ignore[no-any-return]
    except Exception:  # noqa: BLE001 - what cannot be written is compared as the model wrote it
        return args


def _shared(
    model: type[BaseModel], args: Mapping[str, Any], read: dict[str, Any]
) -> dict[str, Any]:
    """Leave out defaults that are made anew each time (an id, the time): no two calls share one."""
    if all(field.default_factory is None for field in model.model_fields.values()):
        return read
    other = _dumped(model.model_validate(dict(args)))
    return {name: part for name, part in read.items() if part == other.get(name)}


def _dumped(value: BaseModel) -> dict[str, Any]:
    return value.model_dump(mode="json", by_alias=True, round_trip=True, warnings=False)
