"""What a game of ALFWorld takes: seconds of CPU to begin, per step, per plan.

    python -m benchmarks.alfworld_speed --data DIR --markdown

DIR holds benchmarks/alfworld_valid_unseen_games.jsonl.gz; without it three small games are played.
Each is played to the end by the expert's plan, which is made once; for
two things of a kind that may take many minutes (see `--without`).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import fmean
from typing import TypeVar

from benchmarks.table import table
from cope_graph.evaluation.alfworld import Game, load_games, small_games, start

T = TypeVar("T")
_GAMES = "alfworld_valid_unseen_games.jsonl.gz"


def main() -> None:
    """Play the games and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, help="folder with benchmarks/")
    parser.add_argument("--games", type=int, default=None, help="the first so many only")
    parser.add_argument("--without", nargs="*", default=[], help="ids, or parts, of games to skip")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    args = parser.parse_args()
    games = load_games(args.data / "benchmarks" / _GAMES) if args.data else small_games()
    taken: dict[str, list[float]] = {"begin": [], "step": [], "plan": []}
    games = [game for game in games if not any(part in game.id for part in args.without)]
    won = [_play(game, taken) for game in games[: args.games]]
    rows = [[name, str(len(each)), *_seconds(each)] for name, each in taken.items()]
    print(table([["", "times", "mean, s", "longest, s"], *rows], markdown=args.markdown))
    peak = getrusage(RUSAGE_SELF).ru_maxrss // 1024
    print(f"\n{sum(won)} of {len(won)} games won; the process took {peak} MiB at most")


def _play(game: Game, taken: dict[str, list[float]]) -> bool:
    with _timed(taken["begin"], lambda: start(game)) as episode:
        for command in _timed(taken["plan"], episode.plan):
            _timed(taken["step"], partial(episode.step, command))
        return episode.outcome.won


def _timed(taken: list[float], call: Callable[[], T]) -> T:
    began = time.process_time()
    result = call()
    taken.append(time.process_time() - began)
    return result


def _seconds(each: list[float]) -> list[str]:
    return [f"{fmean(each):.4f}", f"{max(each):.4f}"]


if __name__ == "__main__":
    main()
