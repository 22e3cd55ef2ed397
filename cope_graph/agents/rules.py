"""What a user says of an agent's steps: when two are the same, and who may decide which."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Final

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, ToolMessage

from cope_graph.agents.alike import same_words
from cope_graph.agents.canonical_form import Form, Own
from cope_graph.errors import InputError

_WILD: Final = set("*?[")


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
            message, the first question, the last one and the last so many messages, or what a
            function makes of it.
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

    def form(self, known: Form) -> Form:
        """Give what makes steps the same where these tools are on offer, be it not all of them."""
        there = known.tools or {}
        return replace(
            known,
            free_text={tool: names for tool, names in self.free_text.items() if tool in there},
            own={tool: own for tool, own in self.canonical.items() if tool in there},
            in_order=self.in_order,
        )

    def check_names(self, tools: Collection[str]) -> None:
        """Refuse rules of tools that an agent has not: they would hold nothing.

        Raises:
            InputError: There is no such tool. Patterns may match none.
        """
        named = [name for name in self.irreversible if not _WILD & set(name)]
        for tool in [*named, *self.free_text, *self.canonical]:
            if tool not in tools:
                msg = f"There is no tool {tool!r} to hold to a rule; there are: {', '.join(tools)}."
                raise InputError(msg)

    def condensed(self, messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
        """Give what of a conversation the large model gets."""
        if self.large_sees is None:
            return messages
        if callable(self.large_sees):
            return self.large_sees(messages)
        return _last(messages, self.large_sees)


def _last(messages: Sequence[BaseMessage], most: int) -> Sequence[BaseMessage]:
    """Keep system messages, the first and last question, and the last messages that belong."""
    start = max(len(messages) - most, 0)
    while start > 0 and isinstance(messages[start], ToolMessage):
        start -= 1  # a result means nothing without its call
    asked = [m for m in messages if isinstance(m, HumanMessage)]
    # The last one is what the turn is about, however long that is.
    ends = {id(m) for m in (*asked[:1], *asked[-1:])}
    kept = [m for m in messages[:start] if isinstance(m, SystemMessage) or id(m) in ends]
    return [*kept, *messages[start:]]
