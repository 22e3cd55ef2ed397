"""No figure of a report is NaN or infinite: a page that shows such a thing tells nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from cope_graph.errors import InputError
from cope_graph.evaluation.replaying.summary import Summary


def check_finite(summary: Summary) -> None:
    """Look through all figures.

    Raises:
        InputError: One is NaN or infinite; the message says where it stands.
    """
    for place, value in _figures("summary", summary):
        if not math.isfinite(value):
            msg = f"{place} is {value}, which no page can show: give None for what is not known."
            raise InputError(msg)


def _figures(place: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, float):
        yield place, value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _figures(f"{place}.{field.name}", getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _figures(f"{place}[{key!r}]", one)
    elif isinstance(value, tuple | list):
        for index, one in enumerate(value):
            yield from _figures(f"{place}[{index}]", one)
