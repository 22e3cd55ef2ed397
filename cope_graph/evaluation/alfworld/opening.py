"""The beginning of an episode."""

from __future__ import annotations

from types import ModuleType

from cope_graph.errors import InputError, MissingPackageError
from cope_graph.evaluation.alfworld.episode import ONE_AT_A_TIME, Episode
from cope_graph.evaluation.alfworld.games import Game


def start(game: Game, *, max_steps: int = 50) -> Episode:
    """Begin a game; takes a second or two.

    Args:
        game: It. Its grammar is run as Python: load only games you trust.
        max_steps: Commands after which it is over; 50 is usual for ALFWorld.

    Raises:
        InputError: It cannot be loaded, or `max_steps` is below 1.
        MissingPackageError: TextWorld is not installed.
    """
    if max_steps < 1:
        msg = f"max_steps is 1 or more, not {max_steps}."
        raise InputError(msg)
    with ONE_AT_A_TIME:
        worlds = _worlds()
        world = worlds.take()
        try:
            world.load(_as_textworld(game))
            state = world.reset()
            return Episode(game.id, world, state, max_steps=max_steps, free=worlds.give_back)
        except InputError:
            worlds.give_back(world)
            raise
        except (Exception, SystemExit) as error:
            # The translator says by any error, or by exiting, that it cannot read a game. The world
            # may be half made: it is left.
            msg = f"The game {game.id!r} cannot be loaded ({error!r}): see that its file is whole."
            raise InputError(msg) from error


def _as_textworld(game: Game) -> dict[str, str]:
    return {"pddl_domain": game.domain, "grammar": game.grammar, "pddl_problem": game.problem}


def _worlds() -> ModuleType:
    try:
        from cope_graph.evaluation.alfworld import world  # noqa: PLC0415 - an extra
    except ImportError as error:
        msg = f"ALFWorld's games need TextWorld ({error}): pip install 'cope-graph[alfworld]'"
        raise MissingPackageError(msg) from error
    return world
