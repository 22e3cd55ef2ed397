"""Which schema a reply is held to: read from a response format, and closed to what it does not say.

A free model adds no properties of its own to an object, but a model that is held to a schema may be
led into them, and not find out again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

from langchain_core.utils.function_calling import convert_to_json_schema
from pydantic import BaseModel
from typing_extensions import is_typeddict

from cope_graph.errors import InputError

_TYPES: Final = ("object", "array", "string", "number", "integer", "boolean", "null")
_ROOTS: Final = {"$ref", "allOf", "anyOf", "const", "enum", "oneOf", "properties"}
_MAPS: Final = {"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"}
_VALUES: Final = {"const", "default", "enum", "examples", "required"}
_OTHERS: Final = {"additionalProperties", "patternProperties", "unevaluatedProperties"}
_LOGIC: Final = {"allOf", "dependentSchemas", "if", "not"}
_UNIONS: Final = {"$ref", "anyOf", "oneOf"}
_LARGEST: Final = 2**53  # llguidance reads numbers as doubles
_FORMATS: Final = (
    *("date", "date-time", "duration", "email", "hostname"),
    *("ipv4", "ipv6", "time", "uri", "uuid"),
)


def schema_of(response_format: Any) -> dict[str, Any] | None:
    """Read the JSON schema of a response format; `None` for free text.

    Args:
        response_format: `{"type": "json_schema", "json_schema": {"schema": ...}}` or
            `{"type": "json_object"}` as OpenAI has them, a JSON schema, or a class: of pydantic
            or a `TypedDict`.

    Raises:
        InputError: It is none of these.
    """
    if response_format is None:
        return None
    if isinstance(response_format, dict):
        return _of_dict(response_format)
    try:
        if isinstance(response_format, type) and issubclass(response_format, BaseModel):
            return response_format.model_json_schema()
        if is_typeddict(response_format):
            return convert_to_json_schema(response_format)
    except Exception as error:  # pydantic and LangChain raise kinds of their own
        why = str(error).partition("\n")[0]
        msg = f"{response_format!r} has no JSON schema ({why}): write one, and pass that."
        raise InputError(msg) from error
    msg = (
        f"{response_format!r} has no JSON schema: pass a pydantic class, a TypedDict or a JSON "
        "schema."
    )
    raise InputError(msg)


def _of_dict(response_format: dict[str, Any]) -> dict[str, Any] | None:
    kind = response_format.get("type")
    if kind == "text":
        return None
    if kind == "json_object":
        return {"type": "object"}
    if kind == "json_schema":
        inner = response_format.get("json_schema", response_format)
        if isinstance(inner, dict) and isinstance(inner.get("schema"), dict):
            return dict(inner["schema"])
    kinds = kind if isinstance(kind, list) else [kind]
    if all(it in _TYPES for it in kinds) or (kind is None and _ROOTS & response_format.keys()):
        return response_format
    msg = (
        f"A response format of type {kind!r} is not known: use 'json_schema' with its schema, "
        "'json_object', 'text', or a JSON schema."
    )
    raise InputError(msg)


def narrowed(schema: dict[str, Any]) -> dict[str, Any]:
    """Close each object whose properties are listed, unless the schema says that there are others.

    What fits the result fits the schema too. A schema that combines objects stays open, since each
    part of it would rule out what the others ask for. Formats that nothing checks (`password`,
    `path`) are left out: to JSON schema, they are notes.

    Raises:
        InputError: A value to choose from is an integer that llguidance would round.
    """
    narrow = deepcopy(schema)
    parts = list(_parts(narrow))
    is_combined = any(
        _LOGIC & part.keys() or ("properties" in part and _UNIONS & part.keys()) for part in parts
    )
    for part in parts:
        json.loads(json.dumps([part.get("const"), part.get("enum")]), parse_int=_exact)
        if part.get("format") not in _FORMATS:
            part.pop("format", None)
        listed = part.get("properties")
        if not is_combined and isinstance(listed, dict) and not _OTHERS & part.keys():
            part["additionalProperties"] = not set(part.get("required", ())) <= listed.keys()
    return narrow


def _exact(digits: str) -> int:
    number = int(digits)
    if abs(number) > _LARGEST:
        msg = f"The schema names the integer {digits}, beyond 2^53: name it as a string."
        raise InputError(msg)
    return number


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """List a schema and those in it; a property may go by the name of a keyword."""
    if isinstance(schema, list):
        for part in schema:
            yield from _parts(part)
    elif isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            if key not in _VALUES:
                is_map = key in _MAPS and isinstance(value, dict)
                yield from _parts(list(value.values()) if is_map else value)
