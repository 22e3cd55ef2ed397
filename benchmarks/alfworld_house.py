"""A game of ALFWorld whose states are computed once, however many policies pass through them.

Beginning a game anew takes about a second and a command hundredths, so thousands of episodes would
take hours. What a command leads to depends on the state alone, so each is carried out once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from cope_graph.evaluation.alfworld import Episode, Game, call_of
from cope_graph.evaluation.alfworld.repair import repaired

if TYPE_CHECKING:
    from cope_graph.evaluation.alfworld.world import World

_RESET: Final = 5
"""What beginning anew costs, in commands."""


@dataclass(frozen=True)
class State:
    """What a house can be like.

    Attributes:
        key: The same for the same facts.
        possible: The commands that are possible, sorted.
        won: Whether the goal is reached.
    """

    key: bytes
    possible: tuple[str, ...]
    won: bool


@dataclass(frozen=True)
class Seat:
    """A point of an episode.

    Attributes:
        state: Of the house.
        plan: The expert's commands from here, as `Episode.plan` gives them.
        place: Where the player is, `None` in the middle of the room.
    """

    state: State
    plan: tuple[str, ...]
    place: str | None

    @property
    def right(self) -> str:
        """The expert's command; any where nothing wins any more."""
        return (self.plan or self.state.possible)[0]


class House:
    """One game; `close` frees it.

    Attributes:
        name: The game's id.
        question: As `Episode.question`.
        start: Where episodes begin.
    """

    def __init__(self, game: Game) -> None:
        """Load the game; takes a second or two."""
        from cope_graph.evaluation.alfworld.world import take  # noqa: PLC0415 - an extra

        _translate_once()
        self.name, self._world = game.id, take()
        texts = {"pddl_domain": game.domain, "grammar": game.grammar}
        self._world.load({**texts, "pddl_problem": game.problem})
        self._edges: dict[bytes, dict[str, tuple[str, State]]] = {}
        self._plans: dict[bytes, tuple[str, ...]] = {}
        first = self._world.reset()
        self.question = Episode(game.id, self._world, first, max_steps=1, free=_keep).question
        self._first = self._at = _state(first)
        self.start = Seat(self._first, self._planned(self._first), None)

    @property
    def states(self) -> int:
        """How many states were left so far."""
        return len(self._edges)

    def move(self, seat: Seat, command: str) -> tuple[str, Seat]:
        """Carry out a possible command; gives what is observed, and where it leads."""
        known = self._edges.setdefault(seat.state.key, {})
        if command not in known:
            self._go_to(seat.state)
            known[command] = self._do(command)
        observation, state = known[command]
        plan: tuple[str, ...] | None = seat.plan[1:]
        if not seat.plan or command != seat.plan[0]:
            plan = repaired(seat.plan, command, seat.place, state.possible)
        if state.won:
            plan = ()
        went = command.removeprefix("go to ") if command.startswith("go to ") else seat.place
        return observation, Seat(state, self._planned(state) if plan is None else plan, went)

    def after(self, commands: list[str]) -> Seat:
        """Give the point that commands lead to from the start."""
        seat = self.start
        for command in commands:
            _, seat = self.move(seat, command)
        return seat

    def close(self) -> None:
        """Free the world for the next game."""
        from cope_graph.evaluation.alfworld.world import give_back  # noqa: PLC0415 - an extra

        give_back(self._world)

    def _planned(self, state: State) -> tuple[str, ...]:
        if state.key not in self._plans:
            self._go_to(state)
            self._plans[state.key] = self._world.plan()
        return self._plans[state.key]

    def _do(self, command: str) -> tuple[str, State]:
        result, _, _ = self._world.step(command)
        self._at = _state(result)
        return result.feedback.strip(), self._at

    def _go_to(self, state: State) -> None:
        way = self._way(self._at.key, state.key)
        anew = self._way(self._first.key, state.key)
        if way is None or (anew is not None and len(way) > len(anew) + _RESET):
            assert anew is not None, "a state that no known command leads to"
            self._world.reset()
            self._at, way = self._first, anew
        for command in way:
            self._do(command)
        assert self._at.key == state.key, "the same command led elsewhere"

    def _way(self, here: bytes, there: bytes) -> list[str] | None:
        """Find the shortest way over commands that were carried out before."""
        ways: dict[bytes, list[str]] = {here: []}
        ahead = deque([here])
        while ahead and there not in ways:
            key = ahead.popleft()
            for command, (_, state) in self._edges.get(key, {}).items():
                if state.key not in ways:
                    ways[state.key] = [*ways[key], command]
                    ahead.append(state.key)
        return ways.get(there)


def _translate_once() -> None:
    """Let the translator remember: each reset reads the same game anew, which takes a second."""
    import fast_downward  # noqa: PLC0415 - an extra

    if not hasattr(fast_downward.pddl2sas, "cache_info"):
        fast_downward.pddl2sas = lru_cache(maxsize=4)(fast_downward.pddl2sas)


def _state(result: Any) -> State:
    facts = "\n".join(sorted(map(str, result["_facts"])))
    possible = tuple(command for command in result["admissible_commands"] if call_of(command))
    return State(blake2b(facts.encode(), digest_size=16).digest(), possible, bool(result["won"]))


def _keep(_: World) -> None:
    """Leave a world as it is."""
