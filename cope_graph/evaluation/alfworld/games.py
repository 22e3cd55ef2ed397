"""Games as data: a world in PDDL, and the grammar of what is said about it."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cope_graph.errors import InputError


@dataclass(frozen=True)
class Game:
    """One game.

    Attributes:
        id: Its name; ALFWorld's begin with the kind of task.
        domain: What can be done, in PDDL.
        grammar: Commands and observations, in TextWorld's TWL2.
        problem: The house and the goal, in PDDL.
    """

    id: str
    domain: str
    grammar: str
    problem: str

    @property
    def kind(self) -> str:
        """The kind of task, such as `pick_and_place_simple`."""
        return self.id.partition("-")[0]


def load_games(path: Path) -> list[Game]:
    """Load games from a file.

    Args:
        path: One game as ALFWorld makes it (`game.tw-pddl`), or JSON Lines, maybe with gzip
            (`.gz`), whose lines are objects with `task_id` and `game`.

    Raises:
        InputError: There is no such file, or something in it is no game.
    """
    if not path.is_file():
        msg = f"There is no file of games {path}."
        raise InputError(msg)
    try:
        if path.suffix == ".tw-pddl":
            return [_game(path.parent.name, json.loads(path.read_text("utf-8")))]
        # Only "\n" ends a line: a game may hold other line separators.
        rows = [json.loads(line) for line in _text(path).split("\n") if line.strip()]
        return [_game(str(row["task_id"]), row["game"]) for row in rows]
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        msg = (
            f"{path.name} holds something that is no game: one has 'pddl_domain', 'grammar' and "
            f"'pddl_problem', and in JSON Lines stands in 'game' beside 'task_id' ({error!r})."
        )
        raise InputError(msg) from error


def _text(path: Path) -> str:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")


def _game(name: str, data: dict[str, Any]) -> Game:
    texts = [data[key] for key in ("pddl_domain", "grammar", "pddl_problem")]
    if not all(isinstance(text, str) for text in texts):
        msg = f"{name}: not text"
        raise TypeError(msg)
    return Game(name, *texts)
