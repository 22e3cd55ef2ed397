"""Arguments held to a JSON schema, with the schema's defaults filled in.

What the schema says of types, names, choices, bounds and parts is checked. What is not known here
(patterns, formats, conditions) passes: the tool itself says so when it is called. Patterns above
all are left out, since a model could make one run forever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from cope_graph.agents.json_values import same_value

_MOST_STEPS: Final = 100_000  # of one look at a value: a schema may refer to itself
_MOST_DEPTH: Final = 100
_MISSING: Final = object()
_LISTS: Final = ("allOf", "anyOf", "oneOf", "required", "enum")


class UnfitError(ValueError):
    """A value does not fit its schema."""


def check_schema(schema: Any) -> None:
    """Find a schema that `fill` could not read.

    Raises:
        TypeError: A part has the wrong type.
    """
    if isinstance(schema, list):
        for part in schema:
            check_schema(part)
    if not isinstance(schema, Mapping):
        return
    for name in _LISTS:
        if not isinstance(schema.get(name, []), list | tuple):
            msg = f"{name} of its schema is no list"
            raise TypeError(msg)
    if not isinstance(schema.get("properties", {}), Mapping):
        msg = "properties of its schema is no object"
        raise TypeError(msg)
    for name in ("allOf", "anyOf", "oneOf", "items", "additionalProperties"):
        check_schema(schema.get(name))
    for name in ("properties", "$defs", "definitions"):
        check_schema([*(schema.get(name) or {}).values()])


def fill(schema: Mapping[str, Any], args: Mapping[str, Any]) -> dict[str, Any]:
    """Give the arguments as the schema means them.

    An argument that may be left out equals its default then, and `null` equals leaving it out,
    unless the schema has another default and allows `null` too.

    Args:
        schema: Of an object, as `check_schema` takes it; references are looked up in itself.
        args: Plain values.

    Raises:
        UnfitError: The arguments do not fit.
    """
    return dict(_Filling(schema).of(schema, dict(args), _MOST_DEPTH))


class _Filling:
    """One look at a value, and what is left of its steps; without any, all else passes."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._steps = _MOST_STEPS

    def of(self, schema: Any, value: Any, depth: int) -> Any:
        self._steps -= 1
        if schema is False:
            _unfit(value, "expected")
        if not isinstance(schema, Mapping) or min(depth, self._steps) <= 0:
            return value
        _check(schema, value)
        for part in self._parts(schema):
            value = self.of(part, value, depth - 1)
        for name in ("anyOf", "oneOf"):
            if name in schema:
                value = self._first(schema[name], value, depth - 1)
        if isinstance(value, dict):
            return self._object(schema, value, depth - 1)
        if isinstance(value, list):
            items = schema.get("items", True)
            return [self.of(items, item, depth - 1) for item in value]
        return value

    def _parts(self, schema: Mapping[str, Any]) -> list[Any]:
        referred = [_looked_up(schema["$ref"], self._root)] if "$ref" in schema else []
        return [*schema.get("allOf", ()), *referred]

    def _first(self, branches: Any, value: Any, depth: int) -> Any:
        for branch in branches:
            try:
                return self.of(branch, value, depth)
            except UnfitError:
                continue
        return _unfit(value, "any of the forms")

    def _object(self, schema: Mapping[str, Any], value: dict[str, Any], depth: int) -> Any:
        known = schema.get("properties", {})
        required = schema.get("required", ())
        filled: dict[str, Any] = {}
        for name, part in known.items():
            given = value.get(name, _MISSING)
            if name not in required:
                given = _or_default(part, given)
            if given is not _MISSING:
                filled[name] = self.of(part, given, depth)
        if any(name not in value for name in required):
            _unfit(value, f"an object with {', '.join(map(str, required))}")
        others = {name: part for name, part in value.items() if name not in known}
        more = True if "patternProperties" in schema else schema.get("additionalProperties", True)
        return filled | {name: self.of(more, part, depth) for name, part in others.items()}


def _looked_up(reference: Any, root: Mapping[str, Any]) -> Any:
    """Follow a reference into the schema; one that leads elsewhere says nothing here."""
    found: Any = root
    for name in str(reference).removeprefix("#").strip("/").split("/"):
        key = name.replace("~1", "/").replace("~0", "~")
        found = found.get(key, True) if isinstance(found, Mapping) and key else found
    return found


def _or_default(schema: Any, given: Any) -> Any:
    default = schema.get("default") if isinstance(schema, Mapping) else None
    if given is None and default is not None and _allows_null(schema):
        return None
    if given is not _MISSING and given is not None:
        return given
    return _MISSING if default is None else default


def _allows_null(schema: Any) -> bool:
    if not isinstance(schema, Mapping):
        return False
    kinds = schema.get("type", ())
    forms = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return "null" in ([kinds] if isinstance(kinds, str) else kinds) or any(map(_allows_null, forms))


def _check(schema: Mapping[str, Any], value: Any) -> None:
    kinds = schema.get("type", ())
    wanted = [kinds] if isinstance(kinds, str) else [*kinds]
    if wanted and not any(_KINDS.get(kind, _anything)(value) for kind in wanted):
        _unfit(value, " or ".join(wanted))
    choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if choices is not None and not any(same_value(value, choice) for choice in choices):
        _unfit(value, "one of the choices")
    for name, holds in _BOUNDS.items():
        bound = schema.get(name)
        if _is_number(bound) and not holds(value, bound):
            _unfit(value, f"within {name} {bound}")


def _unfit(value: Any, wanted: str) -> Any:
    msg = f"{type(value).__name__} is not {wanted}"
    raise UnfitError(msg)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return _is_number(value) and value == int(value)


def _anything(_: Any) -> bool:
    return True


_KINDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": _is_integer,
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
_BOUNDS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "minimum": lambda value, bound: not _is_number(value) or value >= bound,
    "maximum": lambda value, bound: not _is_number(value) or value <= bound,
    "exclusiveMinimum": lambda value, bound: not _is_number(value) or value > bound,
    "exclusiveMaximum": lambda value, bound: not _is_number(value) or value < bound,
    "minLength": lambda value, bound: not isinstance(value, str) or len(value) >= bound,
    "maxLength": lambda value, bound: not isinstance(value, str) or len(value) <= bound,
    "minItems": lambda value, bound: not isinstance(value, list) or len(value) >= bound,
    "maxItems": lambda value, bound: not isinstance(value, list) or len(value) <= bound,
}
