"""The beginning of an episode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cope_graph.errors import InputError, MissingPackageError
from cope_graph.evaluation.alfworld.episode import ONE_AT_A_TIME, Episode
from cope_graph.evaluation.alfworld.games import Game

if TYPE_CHECKING:
    from cope_graph.evaluation.alfworld.world import World


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
        world = _world()
        try:
            world.load(
                {
                    "pddl_domain": game.domain,
                    "grammar": game.grammar,
                    "pddl_problem": game.problem,
                }
            )
            state = world.reset()
            return Episode(game.id, world, state, max_steps=max_steps)
        except InputError:
            world.close()
            raise
        except (Exception, SystemExit) as error:
            # The translator says by any error, or by exiting, that it cannot read a game.
            msg = f"The game {game.id!r} cannot be loaded ({error!r}): see that its file is whole."
            raise InputError(msg) from error


def _world() -> World:
    try:
        from cope_graph.evaluation.alfworld.world import World  # noqa: PLC0415 - an extra
    except ImportError as error:
        msg = f"ALFWorld's games need TextWorld ({error}): pip install 'cope-graph[alfworld]'"
        raise MissingPackageError(msg) from error
    return World()
