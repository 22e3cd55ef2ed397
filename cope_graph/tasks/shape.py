"""What an object has to look like: a schema of pydantic, and how a reply is read by it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, TypeAdapter, ValidationError

from cope_graph.errors import InputError
from cope_graph.json_objects import objects_in
from cope_graph.tasks.as_written import as_written
from cope_graph.tasks.described import described, has_set_of_objects

logger = logging.getLogger("cope_graph")

_WANTED: Final = "pass a pydantic class, a dataclass or a TypedDict with a type for each field"


@dataclass(frozen=True)
class Shape:
    """A schema.

    Attributes:
        name: Of the class.
        adapter: Reads and writes its objects.
        schema: As JSON schema, without references at its top.
    """

    name: str
    adapter: TypeAdapter[Any]
    schema: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """The fields by their names in JSON."""
        return tuple(self.schema["properties"])

    def read(self, reply: str) -> str | None:
        """Read the object in a reply: the last one that fits.

        Returns:
            Its JSON by pydantic, keys sorted. Where reading that would give another object (a
            secret is written as stars), it is the JSON of the reply. `None` without an object.
        """
        for written, found in objects_in(reply):
            value = self._validated(written)
            if value is not None and self._is_meant(value, found):
                return self._written(value) or _text(found)
        return None

    def fields(self, answer: str) -> Mapping[str, Any] | None:
        """Give the fields of an answer as values to compare, by their names in JSON.

        These are Python's; a text that the schema names (`Literal`, `enum`) is a `Written`.
        """
        value = self._validated(answer)
        if value is None:
            return None
        try:
            found = self._dumped(value, "python")
        except Exception:  # noqa: BLE001 - the user's serializers raise anything
            found = json.loads(answer)
        return as_written(found, self.schema)

    def _validated(self, written: str) -> Any:
        try:
            return self.adapter.validate_json(written)
        except ValidationError:
            return None
        except Exception as error:  # noqa: BLE001 - so do the user's validators
            # One sample must not end a run that has paid for others. It may quote private text.
            logger.warning("a validator of %s raised %s", self.name, type(error).__name__)
            return None

    def _is_meant(self, value: Any, found: Mapping[str, Any]) -> bool:
        """Tell an object of defaults alone from one that is wrapped in a key of the model's own."""
        own = found.keys() & {*self.names}
        return not found or bool(value.model_fields_set if isinstance(value, BaseModel) else own)

    def _dumped(self, value: Any, mode: Literal["json", "python"]) -> Any:
        # Without computed fields: a schema may refuse to read them.
        return self.adapter.dump_python(
            value, mode=mode, by_alias=True, round_trip=True, warnings=False
        )

    def _written(self, value: Any) -> str | None:
        """Write an object; `None` when reading it gives another one."""
        try:
            text = _text(_in_order(self._dumped(value, "python"), self._dumped(value, "json")))
            return text if self.adapter.validate_json(text) == value else None
        except Exception:  # noqa: BLE001 - as above
            return None


def _in_order(value: Any, written: Any) -> Any:
    """Sort what was a set: its order is that of one process."""
    match value:
        case AbstractSet():
            return sorted(written, key=_text)
        case Mapping():
            pairs = zip(written.items(), value.values(), strict=True)
            return {name: _in_order(part, it) for (name, it), part in pairs}
        case list() | tuple():
            return [_in_order(part, it) for part, it in zip(value, written, strict=True)]
        case _:
            return written


def shape_of(schema: Any) -> Shape:
    """Make the shape of a schema.

    Args:
        schema: A pydantic class, a dataclass or a `TypedDict`.

    Raises:
        InputError: pydantic cannot build it, it describes no object with named fields, or its
            objects cannot be written as they are read, or compared.
    """
    name = getattr(schema, "__name__", f"{schema!r:.60}")
    try:
        adapter = TypeAdapter(schema)
        read, written = described(adapter, "validation"), described(adapter, "serialization")
        _text(read)
    except Exception as error:
        why = str(error).partition("\n")[0].rstrip(".")[:200]
        msg = f"{name} is no schema that pydantic can build ({why}): {_WANTED}."
        raise InputError(msg) from error
    if read.get("type") != "object" or not read.get("properties"):
        msg = f"{name} describes no object with named fields: {_WANTED}."
        raise InputError(msg)
    for field in read["properties"]:
        if field not in written.get("properties", ()):
            msg = f"{name} reads {field!r} and does not write it: give it one alias, no exclude."
            raise InputError(msg)
    if has_set_of_objects(read):
        msg = f"{name} has a set of objects, which cannot be compared: make it a list."
        raise InputError(msg)
    return Shape(name, adapter, read)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
