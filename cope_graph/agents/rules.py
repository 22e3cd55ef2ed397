"""What a user says of an agent's steps: when two are the same, and who may decide which."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, ToolMessage

from cope_graph.agents.alike import same_words
from cope_graph.agents.canonical_form import Own
from cope_graph.errors import InputError


@dataclass(frozen=True)
class StepRules:
    """The rules of an agent's steps.

    Attributes:
        free_text: Arguments that are compared by their words, by tool.
        canonical: A form of the user's own of a tool's arguments, by tool: equal texts are equal
            calls.
        in_order: Whether the order of calls made side by side counts.
        equal: Whether two final answers are the same.
        irreversible: Names of tools, or patterns such as `"delete_*"`, that are never called on
            the small model's vote: the large model decides each such step itself.
        large_sees: What of the conversation the large model gets: all (`None`), the system
            message, the first question and the last so many messages, or what a function makes of
            it.
    """

    free_text: Mapping[str, Collection[str]] = field(default_factory=dict)
    canonical: Mapping[str, Own] = field(default_factory=dict)
    in_order: bool = False
    equal: Callable[[str, str], bool] = same_words
    irreversible: Sequence[str] = ()
    large_sees: int | Callable[[Sequence[BaseMessage]], Sequence[BaseMessage]] | None = None

    def __post_init__(self) -> None:
        """Refuse what would not mean what it looks like.

        Raises:
            InputError: The tools are one text, or a number of messages is below 1.
        """
        if isinstance(self.irreversible, str):
            msg = f"irreversible is one text: pass [{self.irreversible!r}]."
            raise InputError(msg)
        if isinstance(self.large_sees, int) and self.large_sees < 1:
            msg = "large_sees is a number of messages, at least 1; None shows all of them."
            raise InputError(msg)

    def is_irreversible(self, tool: str) -> bool:
        """Tell whether only the large model may decide to call a tool."""
        return any(fnmatchcase(tool, pattern) for pattern in self.irreversible)

    def condensed(self, messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
        """Give what of a conversation the large model gets."""
        if self.large_sees is None:
            return messages
        if callable(self.large_sees):
            return self.large_sees(messages)
        return _last(messages, self.large_sees)


def _last(messages: Sequence[BaseMessage], most: int) -> Sequence[BaseMessage]:
    """Keep system messages, the first question, and the last messages that belong together."""
    start = max(len(messages) - most, 0)
    while start > 0 and isinstance(messages[start], ToolMessage):
        start -= 1  # a result means nothing without its call
    first = next((m for m in messages if isinstance(m, HumanMessage)), None)
    kept = [m for m in messages[:start] if isinstance(m, SystemMessage) or m is first]
    return [*kept, *messages[start:]]
