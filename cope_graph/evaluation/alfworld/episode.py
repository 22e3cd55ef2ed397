"""One game that is played: what was said and done so far, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, Self

from cope_graph.errors import InputError
from cope_graph.evaluation.alfworld.repair import repaired

if TYPE_CHECKING:
    from cope_graph.evaluation.alfworld.world import World

NOTHING: Final = "Nothing happens."
"""What is observed after a command that is not possible."""

ONE_AT_A_TIME: Final = RLock()
"""TextWorld's parsers and translator are shared by all games of a process."""

_TASK = "Your task is to: "
_NO_COMMANDS = {"help"}
"""Possible in newer games, without a part in them."""


@dataclass(frozen=True)
class Step:
    """What a command led to.

    Attributes:
        command: It.
        observation: What is observed.
        done: Whether the episode is over.
        won: Whether the goal is reached.
    """

    command: str
    observation: str
    done: bool
    won: bool


@dataclass(frozen=True)
class Outcome:
    """How an episode stands, or ended.

    Attributes:
        id: The game's.
        won: Whether the goal is reached.
        done: Whether it is over: won, or out of steps.
        steps: Commands given, those that were not possible among them.
        invalid: Commands that were not possible.
    """

    id: str
    won: bool
    done: bool
    steps: int
    invalid: int


class Episode:
    """One game from its beginning; `start` makes it.

    Calls may come from several threads: each is carried out as a whole, one after another. They
    block for hundredths of seconds (`step`) or seconds (`plan`).

    Attributes:
        goal: What is to be done.
        room: What is seen at first.
        possible: The commands that are possible now, sorted.
        history: All steps so far.
    """

    def __init__(
        self, name: str, world: World, state: Any, *, max_steps: int, free: Callable[[World], None]
    ) -> None:
        """Take a world that was just reset, to be freed in the end.

        Raises:
            InputError: It states no task.
        """
        self._id, self._world, self._max_steps, self._free = name, world, max_steps, free
        parts = [part.strip() for part in state.feedback.split("\n\n")]
        tasks = [part.removeprefix(_TASK) for part in parts if part.startswith(_TASK)]
        if not tasks:
            msg = f"The game {name!r} states no task: its introduction lacks '{_TASK}'."
            raise InputError(msg)
        self.goal = tasks[0]
        # The first part greets.
        self.room = "\n\n".join(part for part in parts[1:] if not part.startswith(_TASK))
        self.history: tuple[Step, ...] = ()
        self._plan: tuple[str, ...] | None = None
        self._place: str | None = None
        self._closed = False
        self._see(state)

    @property
    def question(self) -> str:
        """The room and the task, as an agent is told them."""
        return f"{self.room}\n\n{_TASK}{self.goal}"

    @property
    def outcome(self) -> Outcome:
        """How it stands."""
        invalid = sum(step.observation == NOTHING for step in self.history)
        steps = len(self.history)
        return Outcome(self._id, self._won, self._won or steps >= self._max_steps, steps, invalid)

    def step(self, command: str) -> Step:
        """Give a command; one that is not possible costs a step too.

        Raises:
            InputError: The episode is over, or closed.
        """
        with ONE_AT_A_TIME:
            self._check_open()
            if self.outcome.done:
                how = "won" if self._won else f"out of its {self._max_steps} steps"
                msg = f"The episode is over ({how}): start the game anew."
                raise InputError(msg)
            state, _, _ = self._world.step(command)
            observation = state.feedback.strip()
            self._see(state)
            self._move_on(command, observation)
            done = self._won or len(self.history) + 1 >= self._max_steps
            step = Step(command, observation, done, self._won)
            self.history += (step,)
            return step

    def plan(self) -> tuple[str, ...]:
        """Give commands that win from here; empty when it is won, or cannot be won any more.

        It is the rest of the last plan, with what leads back to it after another action, or one
        of TextWorld's planner, which knows what no player sees and may take seconds.

        Raises:
            InputError: The episode is closed.
        """
        with ONE_AT_A_TIME:
            self._check_open()
            if self._plan is None:
                self._plan = () if self._won else self._world.plan()
            return self._plan

    def close(self) -> None:
        """Free the game; a second time does nothing."""
        with ONE_AT_A_TIME:
            if not self._closed:
                self._closed = True
                self._free(self._world)

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            msg = "The episode is closed: start the game anew."
            raise InputError(msg)

    def _move_on(self, command: str, observation: str) -> None:
        if observation == NOTHING:
            return
        if self._plan and command.strip() == self._plan[0]:
            self._plan = self._plan[1:]
        elif self._plan is not None:
            self._plan = repaired(self._plan, command.strip(), self._place, self.possible)
        if command.strip().startswith("go to "):
            self._place = command.strip().removeprefix("go to ")

    def _see(self, state: Any) -> None:
        self._won = bool(state["won"])
        self.possible = tuple(
            command for command in state["admissible_commands"] if command not in _NO_COMMANDS
        )
