"""Which texts of an object its schema names one by one: they count as equal as they are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from cope_graph.tasks.described import resolved

_BRANCHES: Final = ("anyOf", "oneOf", "allOf")


@dataclass(frozen=True)
class Written:
    """A text of an `enum` or a `const`, or the name of a property: "A" is not "a" there.

    Attributes:
        text: As it is written.
    """

    text: str


def as_written(fields: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Mark the texts in an object that its schema names, at any depth.

    Where a value may be one of several kinds, it is of all of them: a text that one of them names
    is marked.

    Args:
        fields: Values of Python by name, as pydantic gives them.
        schema: Of the object, as JSON schema.

    Returns:
        The fields with `Written` for such texts, and for the names within the values.
    """
    kinds = list(_kinds([schema], schema, []))
    return {name: _marked(value, _under(name, kinds), schema) for name, value in fields.items()}


def _marked(value: Any, schemas: Iterable[Any], whole: Mapping[str, Any]) -> Any:
    kinds = list(_kinds(schemas, whole, []))
    match value:
        case str() if type(value) is str:
            return Written(value) if any(value in _named(kind) for kind in kinds) else value
        case Mapping():
            return {
                _name(name, kinds, whole): _marked(part, _under(name, kinds), whole)
                for name, part in value.items()
            }
        case AbstractSet():
            return frozenset(_marked(part, _items(0, kinds), whole) for part in value)
        case list() | tuple():
            return [_marked(part, _items(i, kinds), whole) for i, part in enumerate(value)]
        case _:
            return value


def _kinds(
    schemas: Iterable[Any], whole: Mapping[str, Any], seen: list[Any]
) -> Iterator[Mapping[str, Any]]:
    """List the kinds a value may be of; a class may hold itself."""
    for part in schemas:
        if not isinstance(part, Mapping) or any(part is one for one in seen):
            continue
        seen.append(part)
        kind = resolved(part, whole)
        yield kind
        yield from _kinds(chain.from_iterable(kind.get(it, ()) for it in _BRANCHES), whole, seen)


def _named(kind: Mapping[str, Any]) -> Sequence[Any]:
    return [*kind.get("enum", ()), *([kind["const"]] if "const" in kind else ())]


def _name(name: Any, kinds: Sequence[Mapping[str, Any]], whole: Mapping[str, Any]) -> Any:
    """Mark a name; those of a dictionary may be texts like any other."""
    if any(name in kind.get("properties", ()) for kind in kinds):
        return Written(name)
    return _marked(name, [kind.get("propertyNames") for kind in kinds], whole)


def _under(name: Any, kinds: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [
        kind.get("properties", {}).get(name, kind.get("additionalProperties")) for kind in kinds
    ]


def _items(index: int, kinds: Sequence[Mapping[str, Any]]) -> list[Any]:
    firsts = [kind.get("prefixItems", ()) for kind in kinds]
    return [
        first[index] if index < len(first) else kind.get("items")
        for first, kind in zip(firsts, kinds, strict=True)
    ]
