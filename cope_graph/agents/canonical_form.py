"""When two proposed steps are the same: the form that the vote of an agent's step compares.

The paper votes on actions of a game, which are texts. Ours votes on calls of tools by what the tool
would get: names as they are; arguments by value, without regard to the order of their names, with
the tool's defaults; ids, paths and addresses to the letter, free text by its words.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from cope_graph.agents.actions import Action, as_json, decode, encode, read_action
from cope_graph.agents.alike import same_words, tidy, words
from cope_graph.agents.json_values import NotPlainError, by_value, plain, written
from cope_graph.errors import InputError

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

    from cope_graph.agents.signatures import Taken

logger = logging.getLogger("cope_graph")

Own: TypeAlias = Callable[[Mapping[str, Any]], str]
"""A user's form of the arguments of a tool: equal texts are equal calls."""


@dataclass(frozen=True)
class Form:
    """What makes steps the same.

    Attributes:
        tools: What each tool takes, by name (`signatures`); a call of any other tool, or of one
            with arguments that it does not take, is no step. `None`: nothing is known of the tools.
        free_text: Arguments that are compared by their words, by tool.
        own: A form of the user's own, by tool, of the arguments that the tool gets.
        in_order: Whether the order of calls side by side counts.
    """

    tools: Mapping[str, Taken] | None = None
    free_text: Mapping[str, Collection[str]] = field(default_factory=dict)
    own: Mapping[str, Own] = field(default_factory=dict)
    in_order: bool = False

    def __post_init__(self) -> None:
        """Find names that mean nothing before anything is paid.

        Raises:
            InputError: `free_text` has a text where a list belongs, or there is no such tool.
        """
        for tool, names in self.free_text.items():
            if isinstance(names, str):
                msg = f"free_text of {tool!r} is a text: pass a list of arguments, [{names!r}]."
                raise InputError(msg)
        if self.tools is None:
            return
        for tool in [*self.free_text, *self.own]:
            if tool not in self.tools:
                there = ", ".join(self.tools) or "none"
                msg = f"There is no tool {tool!r} to compare calls of; the tools are: {there}."
                raise InputError(msg)


PLAIN_FORM = Form()
"""Of agents of whose tools nothing is known."""


def canonical(action: Action, form: Form = PLAIN_FORM) -> str | None:
    """Give the text that all steps which are the same have in common.

    It is the JSON of a step, which `decode` reads, and the canonical text of that step is itself
    (but for tools with an `own` form).

    Example:
        >>> canonical(Action((ToolCall("add", {"b": 2.0, "a": 1}),)))
        '{"calls":[{"args":{"a":1,"b":2},"name":"add"}]}'

    Returns:
        The text, `None` for what is no step: no calls and no answer, an unknown tool, arguments
        that it does not take, or arguments beyond the bounds of `plain`.
    """
    try:
        step = as_json(action)
        if "answer" in step:
            said = words(step["answer"])
            return written({"answer": said}) if said else None
        calls = [_call(call["name"], call["args"], form) for call in step["calls"]]
    except NotPlainError:
        return None
    known = [call for call in calls if call is not None]
    if len(known) < len(calls):
        return None
    return written({"calls": known if form.in_order else sorted(known, key=written)})


def same_step(
    form: Form = PLAIN_FORM, equal: Callable[[str, str], bool] = same_words
) -> Callable[[str, str], bool]:
    """Make the equality of a vote on steps, for `vote` and `group`.

    Args:
        form: What makes calls the same.
        equal: The task's equality, for final answers.

    Returns:
        Whether two steps in the form of `encode` are the same. What is no step equals nothing.
    """

    @lru_cache(maxsize=1024)
    def read(text: str) -> tuple[str | None, str | None]:
        action = decode(text)
        if action is None:
            return None, None
        return action.answer, canonical(action, form)

    def same(one: str, other: str) -> bool:
        (answer, calls), (other_answer, other_calls) = read(one), read(other)
        if answer is not None and other_answer is not None:
            return equal(answer, other_answer)
        return calls is not None and calls == other_calls

    return same


def proposal(message: AIMessage, form: Form = PLAIN_FORM) -> str | None:
    """Read a model's reply as what the vote counts: the `answer` of a sample.

    Returns:
        The step as `encode` writes it, with the arguments as the model wrote them; `None` for what
        is no step, which then counts as a sample without an answer.
    """
    action = read_action(message)
    if action is None or canonical(action, form) is None:
        return None
    return encode(action)


def _call(name: str, args: dict[str, Any], form: Form) -> dict[str, Any] | None:
    if form.tools is None:
        # What is null is as good as left out, where no schema says otherwise.
        args = {key: part for key, part in args.items() if part is not None}
    else:
        takes = form.tools.get(name)
        taken = None if takes is None else takes(args)
        if taken is None:
            return None
        args = plain(taken)
    if name in form.own:
        return _by_user(name, args, form.own[name])
    free = form.free_text.get(name, ())
    said = {key: _value(part, words if key in free else tidy) for key, part in args.items()}
    return {"name": name, "args": said}


def _by_user(name: str, args: Mapping[str, Any], own: Own) -> dict[str, Any] | None:
    try:
        return {"name": name, "args": {"own": plain(str(own(args)))}}
    except Exception as error:  # noqa: BLE001 - the user's function raises anything
        # One proposal must not end a run that has paid for others. It may quote private text.
        logger.warning("the form of %s raised %s", name, type(error).__name__)
        return None


def _value(value: Any, text: Callable[[str], str]) -> Any:
    match value:
        case str():
            return text(value)
        case bool() | None:
            return value
        case int() | float():
            return by_value(value)
        case list():
            return [_value(item, text) for item in value]
        case _:
            return {name: _value(part, text) for name, part in value.items()}
