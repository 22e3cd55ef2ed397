"""A schema of pydantic as JSON schema for models: they read it, and are held to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind
from pydantic_core import core_schema

Mode = Literal["validation", "serialization"]


class _ForModels(GenerateJsonSchema):
    """JSON schema that a model reads, and is held to: no noise, and nothing few servers know."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {  # noqa: RUF012 - as in its base
        "skipped-choice",
        "non-serializable-default",
    }

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Leave titles out that say what the name says."""
        del schema
        return False

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> dict[str, Any]:
        """Ask for a number: the pattern of its text looks ahead, which grammars cannot."""
        built = super().decimal_schema(schema)
        kinds = built.get("anyOf", [built])
        return next((kind for kind in kinds if kind.get("type") == "number"), built)


def described(adapter: TypeAdapter[Any], mode: Mode) -> dict[str, Any]:
    """Describe a schema, without a reference at its top.

    Args:
        adapter: Of the schema.
        mode: As its objects are read, or as they are written.
    """
    whole = adapter.json_schema(mode=mode, schema_generator=_ForModels)
    own = {name: part for name, part in whole.items() if name != "$ref"}
    return {**own, **resolved(whole, whole)}


def resolved(part: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference: that of a class which holds itself, or of a `RootModel`."""
    while "$ref" in part:
        part = whole["$defs"][part["$ref"].rpartition("/")[2]]
    return part


def has_set_of_objects(schema: Mapping[str, Any]) -> bool:
    """Tell whether there is one: pydantic gives no Python values of it that can be compared."""
    return any(_is_set_of_objects(part, schema) for part in _parts(schema))


def _is_set_of_objects(part: Mapping[str, Any], whole: Mapping[str, Any]) -> bool:
    if part.get("uniqueItems") is not True or not isinstance(part.get("items"), dict):
        return False
    items = part["items"]
    kinds = [resolved(it, whole) for it in items.get("anyOf", items.get("oneOf", [items]))]
    return any(kind.get("type") == "object" for kind in kinds)


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from _parts(part)
