"""TextWorld's environment for games in PDDL, with ALFWorld's names of things.

Loaded by `start` only: it needs the extra `alfworld`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from textworld import EnvInfos
from textworld.envs.pddl import PddlEnv

_MARK = "_bar_"
"""Stands before the coordinates in a thing's identifier."""


_IDLE: list[World] = []


def take() -> World:
    """Give a world that no game uses."""
    return _IDLE.pop() if _IDLE else World()


def give_back(world: World) -> None:
    """Keep a world for the next game.

    Each holds a planner that is loaded into the process, and unloading one crashes it (Fast
    Downward's clean-up frees what it still uses). So there are as many as games open at once.
    """
    _IDLE.append(world)


class World(PddlEnv):  # type: ignore[misc] # TextWorld has no types
    """One house in which commands are carried out.

    Not safe for threads, nor are two of them: TextWorld's parsers are shared.
    """

    def __init__(self) -> None:
        """Ask for the commands that are possible; a plan costs as much as 100, so none."""
        super().__init__(EnvInfos(won=True, admissible_commands=True))

    def load(self, filename_or_data: Any) -> None:
        """Read a game."""
        with _arguments_kept():
            super().load(filename_or_data)
        templates = {action.template for action in self._logic.actions.values()}
        self._logic.grammar = _Remembering(self._logic.grammar, templates)

    def reset(self) -> Any:
        """Begin."""
        with _arguments_kept():
            return super().reset()

    def plan(self) -> tuple[str, ...]:
        """Find commands that win from here, by a planner that sees the whole house."""
        return tuple(self._pddl_state.replan(self._entity_infos))

    def _get_entity_infos(self) -> Any:
        infos = super()._get_entity_infos()
        for identifier, name in names(infos).items():
            infos[identifier].name = name
        return infos


def names(identifiers: Iterable[str]) -> dict[str, str]:
    """Name things as ALFWorld does ("apple 2"), so that results can be compared.

    Things of a kind are numbered against the order of their identifiers. A sink's basin is a kind
    of its own. What has no coordinates keeps its name.
    """
    counts: Counter[str] = Counter()
    named = {}
    for identifier in sorted(identifiers, reverse=True):
        kind, mark, _ = identifier.partition(_MARK)
        if mark:
            kind += "basin" if "basin" in identifier else ""
            counts[kind] += 1
            named[identifier] = f"{kind} {counts[kind]}"
    return named


class _Remembering:
    """A grammar that words each command once.

    Commands depend on their arguments and on where receptacles stand, which no action changes.
    TextWorld parses every template anew at each step: 15 times the time of the step itself.
    """

    def __init__(self, grammar: Any, templates: set[str]) -> None:
        self._grammar = grammar
        self._templates = templates
        self._worded: dict[Any, str] = {}

    def derive(self, start: str, context: Mapping[str, Any]) -> str:
        if start not in self._templates:
            return str(self._grammar.derive(start, context))
        arguments = {slot.name: value.name for slot, value in context["mapping"].items()}
        key = (start, *sorted(arguments.items()))
        if key not in self._worded:
            self._worded[key] = str(self._grammar.derive(start, context))
        return self._worded[key]


@contextmanager
def _arguments_kept() -> Iterator[None]:
    # The translator sets sys.argv, and leaves it so.
    kept = sys.argv
    try:
        yield
    finally:
        sys.argv = kept
