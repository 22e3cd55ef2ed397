"""JSON by schema: the reply is constrained to it while it is written, then read."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_json_schema
from pydantic import BaseModel

from cope_graph.errors import InputError
from cope_graph.models.parsing import parsed_by


def structured(
    chat: BaseChatModel, schema: Any, method: str, *, include_raw: bool
) -> Runnable[Any, Any]:
    """Make a chat model give what a schema describes.

    Args:
        chat: It has to take `response_format`.
        schema: A pydantic class, a TypedDict or a JSON schema.
        method: `"json_schema"`, or `"json_mode"` for any object.
        include_raw: Whether to give `raw`, `parsed` and `parsing_error`.

    Raises:
        InputError: There is no such method.
    """
    parser: Any = JsonOutputParser()
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        parser = PydanticOutputParser(pydantic_object=schema)
    if method == "json_schema":
        described = convert_to_json_schema(schema)
        named = {"name": described.get("title", "answer"), "schema": described}
        wanted: dict[str, Any] = {"type": "json_schema", "json_schema": named}
    elif method == "json_mode":
        wanted = {"type": "json_object"}
    else:
        msg = f"method={method!r}: choose 'json_schema', 'function_calling' or 'json_mode'."
        raise InputError(msg)
    asked: Runnable[Any, Any] = chat.bind(response_format=wanted)
    return parsed_by(asked, parser, include_raw=include_raw)
