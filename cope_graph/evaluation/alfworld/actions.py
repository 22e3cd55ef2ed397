"""What can be done in a house: tools with arguments on one side, commands in words on the other."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

_ARTICLE = re.compile(r"(?:the|an?)\s+")
PLACE: Final = "a piece of furniture or a device, with its number: 'cabinet 2'"
ITEM: Final = "a thing, with its number: 'apple 1'"


@dataclass(frozen=True)
class Action:
    """A tool.

    Attributes:
        name: It.
        does: What the model is told.
        arguments: A description by name.
        wordings: The command; games of different years have different ones.
    """

    name: str
    does: str
    arguments: Mapping[str, str]
    wordings: tuple[str, ...]


ACTIONS: Final = (
    Action("go_to", "Go to a place.", {"place": PLACE}, ("go to {place}",)),
    Action("open", "Open the place you are at.", {"place": PLACE}, ("open {place}",)),
    Action("close", "Close the place you are at.", {"place": PLACE}, ("close {place}",)),
    Action(
        "take",
        "Pick up an item from the place you are at. You can carry one.",
        {"item": ITEM, "place": PLACE},
        ("take {item} from {place}",),
    ),
    Action(
        "put",
        "Put the item you carry in or on the place you are at.",
        {"item": ITEM, "place": PLACE},
        ("put {item} in/on {place}", "move {item} to {place}"),
    ),
    Action(
        "heat",
        "Heat the item you carry with the microwave you are at.",
        {"item": ITEM, "place": PLACE},
        ("heat {item} with {place}",),
    ),
    Action(
        "cool",
        "Cool the item you carry with the fridge you are at.",
        {"item": ITEM, "place": PLACE},
        ("cool {item} with {place}",),
    ),
    Action(
        "clean",
        "Clean the item you carry with the sink basin you are at.",
        {"item": ITEM, "place": PLACE},
        ("clean {item} with {place}",),
    ),
    Action(
        "slice",
        "Slice an item at the place you are at with the knife you carry.",
        {"item": ITEM, "knife": ITEM},
        ("slice {item} with {knife}",),
    ),
    Action("use", "Switch an item on or off, such as a lamp.", {"item": ITEM}, ("use {item}",)),
    Action(
        "examine",
        "Look closely at an item or a place.",
        {"thing": "an item or a place, with its number"},
        ("examine {thing}",),
    ),
    Action("inventory", "See what you carry.", {}, ("inventory",)),
    Action("look", "See where you are.", {}, ("look",)),
)
_BY_NAME: Final = {action.name: action for action in ACTIONS}


def canonical(arguments: Mapping[str, object]) -> dict[str, str]:
    """Bring arguments to one form: small letters, single spaces, no article.

    Two calls of a tool do the same when these are equal, as a vote over calls needs it.
    """
    return {name: _plain(str(value)) for name, value in arguments.items()}


def command_of(name: str, arguments: Mapping[str, object], possible: Collection[str]) -> str:
    """Word a call as a command: in a wording that is possible, else in the first.

    Args:
        name: One of `ACTIONS`.
        arguments: All of its arguments.
        possible: The commands that are possible now.
    """
    values = canonical(arguments)
    worded = [wording.format_map(values) for wording in _BY_NAME[name].wordings]
    return next((command for command in worded if command in possible), worded[0])


def call_of(command: str) -> tuple[str, dict[str, str]] | None:
    """Give the tool and the arguments of a command, `None` when there is no tool for it."""
    for action in ACTIONS:
        for wording in action.wordings:
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>.+)", wording)
            if found := re.fullmatch(pattern, command):
                return action.name, found.groupdict()
    return None


def _plain(text: str) -> str:
    words = " ".join(text.lower().split())
    return _ARTICLE.sub("", words, count=1) if _ARTICLE.match(words) else words
