"""Calls of tools in OpenAI's wire format, whole and in the parts of a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from tests.loopback.tokens import tokens_of

Asked: TypeAlias = "tuple[str, Mapping[str, Any] | str]"
"""A tool's name and its arguments; a text is sent as it is, for arguments that are no JSON."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool."""

    id: str
    name: str
    arguments: tuple[str, ...]
    """Their JSON, by token."""

    @property
    def tokens(self) -> int:
        """What it is billed: its name is one."""
        return 1 + len(self.arguments)

    def wire(self) -> dict[str, Any]:
        """Give it as the whole answer holds it."""
        return self._part(self.name, "".join(self.arguments))

    def parts(self, index: int) -> Iterator[dict[str, Any]]:
        """Give it as a stream holds it: first its name, then its arguments, a token each."""
        yield {"index": index, **self._part(self.name, "")}
        for token in self.arguments:
            yield {"index": index, "function": {"arguments": token}}

    def _part(self, name: str, arguments: str) -> dict[str, Any]:
        function = {"name": name, "arguments": arguments}
        return {"id": self.id, "type": "function", "function": function}


def calls_of(asked: Sequence[Asked], prefix: str) -> list[Call]:
    """Make calls whose ids begin with a prefix."""
    return [
        Call(f"{prefix}_{i}", name, tokens_of(args if isinstance(args, str) else json.dumps(args)))
        for i, (name, args) in enumerate(asked)
    ]


def cut(calls: Sequence[Call], tokens: int) -> list[Call]:
    """Cut calls to so many tokens; the arguments of the last one may then be no JSON."""
    kept = []
    for call in calls:
        if tokens < 1:
            break
        kept.append(replace(call, arguments=call.arguments[: tokens - 1]))
        tokens -= call.tokens
    return kept
