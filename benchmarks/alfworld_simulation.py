"""COPE at every step of ALFWorld, with scripted policies: success, large calls, USD.

    python -m benchmarks.alfworld_simulation --data DIR --markdown [--json FILE]

DIR holds benchmarks/alfworld_valid_unseen_games.jsonl.gz; without it three small games are played.

Policies know the expert's next command and err at stated rates (`benchmarks.alfworld_policies`):
the small one by a difficulty drawn for each step, 0.2 on average, its errors correlated within a
step; the large one at 0.05. An error is a wrong, possible command, from which a turn goes on; so
success depends on how many commands there are: the expert's and a few to spare (`--spare`), or
ALFWorld's 50. A guideline does not help the small policy (`--effect 0`): what it does to a real
model cannot be known here, and this is the least. Tokens are characters by four of the texts that
are really sent, tools included; a step is 40 tokens and a guideline 60; prices are gpt-4o-mini's
and gpt-4o's. The first stage has no plan. Both thresholds are tau.

Decisions are the package's; with `--check N`, N games of every kind of cascade are played by the
real agent too, and have to come out the same, with every accepted call run once.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.alfworld_agent import by_agent, same
from benchmarks.alfworld_house import House
from benchmarks.alfworld_policies import CORRELATIONS
from benchmarks.alfworld_rows import HEAD, ByGame, Played, Row, folded, row
from benchmarks.alfworld_setting import Policies, Table
from benchmarks.alfworld_turns import alone, by_cope
from benchmarks.table import table
from cope_graph import CopeContext
from cope_graph.agents.described_tools import described_tools
from cope_graph.agents.replan import Replan
from cope_graph.evaluation.alfworld import Game, game_tools, load_games, small_games, start

_GAMES = "alfworld_valid_unseen_games.jsonl.gz"
_ALL: Final = 50
"""Commands that ALFWorld usually allows."""
LARGE: Final = "large alone"


@dataclass(frozen=True)
class Cascade:
    """A kind of cascade.

    Attributes:
        name: In the table.
        stages: Its stages.
        replan: When its guideline is written.
    """

    name: str
    stages: tuple[Any, ...]
    replan: Replan

    def settings(self, n: int, tau: float) -> CopeContext:
        """Give the settings of a step."""
        stages = self.stages
        return CopeContext(n=n, small_plan="none", tau1=tau, tau2=tau, stages=stages)


CASCADES: Final = (
    Cascade("COPE, every_step", (1, 2, 3), "every_step"),
    Cascade("COPE, surprise", (1, 2, 3), "surprise"),
    Cascade("plan-free (1, 3)", (1, 3), "surprise"),
)

Play = Callable[[Table, Policies], Played]


def contenders(n: int, taus: Sequence[float]) -> dict[tuple[str, float | None], Play]:
    """Say how each contender plays for one goal."""

    def episodes(board: Table, policies: Policies) -> Played:
        first = alone(board, policies, "small")
        return (first,) if first.won else (first, alone(board, policies, "large"))

    def cascade(kind: Cascade, tau: float) -> Play:
        settings = kind.settings(n, tau)
        return lambda board, policies: (by_cope(board, policies, settings, kind.replan),)

    plain: dict[tuple[str, float | None], Play] = {
        ("small alone", None): lambda board, policies: (alone(board, policies, "small"),),
        (LARGE, None): lambda board, policies: (alone(board, policies, "large"),),
        ("whole turns: small, then large", None): episodes,
    }
    return plain | {(kind.name, tau): cascade(kind, tau) for kind in CASCADES for tau in taus}


@dataclass(frozen=True)
class Plan:
    """What is simulated.

    Attributes:
        n: Proposals in a vote.
        taus: Thresholds.
        seeds: One for each turn of a kind in a game.
        effect: Share of the small policy's errors that a guideline prevents.
        spare: Commands beyond the expert's; `None` for 50 in all.
        check: Games that the real agent plays too.
    """

    n: int
    taus: tuple[float, ...]
    seeds: tuple[int, ...]
    effect: float
    spare: tuple[int | None, ...]
    check: int


Key = tuple[int | None, float, str, float | None]


def simulate(games: Sequence[Game], plan: Plan) -> Iterator[Row]:
    """Play all games, and compare each contender with the large policy."""
    played: dict[Key, ByGame] = {}
    ways = contenders(plan.n, plan.taus)
    with start(games[0]) as episode:
        tools = tuple(described_tools(game_tools(episode)))
    for number, game in enumerate(games):
        house = House(game)
        for spare in plan.spare:
            limit = _ALL if spare is None else min(len(house.start.plan) + spare, _ALL)
            board = Table(house, tools, limit)
            for correlation in CORRELATIONS:
                each = [Policies(seed, correlation, plan.effect) for seed in plan.seeds]
                for (name, tau), play in ways.items():
                    by_game = played.setdefault((spare, correlation, name, tau), {})
                    by_game[game.id] = [play(board, policies) for policies in each]
                if number < plan.check:
                    check(game, board, each[0], plan)
        house.close()
        print(f"{number + 1} of {len(games)} games, {time.process_time():.0f} s", file=sys.stderr)
    for (spare, correlation, name, tau), by_game in played.items():
        large = played[spare, correlation, LARGE, None]
        yield row(spare, correlation, name, tau, (by_game, large))


def check(game: Game, board: Table, policies: Policies, plan: Plan) -> None:
    """Play the cascades by the real agent, and compare."""
    for kind in CASCADES:
        for tau in plan.taus:
            settings = kind.settings(plan.n, tau)
            ours = by_cope(board, policies, settings, kind.replan)
            real = by_agent(game, board, policies, settings, kind.replan)
            assert same(ours, real), (kind, tau, ours, real)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder with benchmarks/")
    parser.add_argument("--games", type=int, help="so many only, evenly from all")
    parser.add_argument("--n", type=int, default=8, help="proposals in a vote")
    parser.add_argument("--taus", type=float, nargs="+", default=[0.5, 0.7, 0.8, 0.9])
    parser.add_argument("--turns", type=int, default=3, help="of each kind in each game")
    parser.add_argument("--seed", type=int, default=0, help="of the first of these turns")
    parser.add_argument("--effect", type=float, default=0.0, help="errors that a plan prevents")
    parser.add_argument(
        "--spare", type=int, nargs="+", default=[2], help="commands beyond the expert's"
    )
    parser.add_argument("--check", type=int, default=2, help="games the real agent plays too")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    games = load_games(args.data / "benchmarks" / _GAMES) if args.data else small_games()
    wanted = min(args.games or len(games), len(games))
    games = [games[i * len(games) // wanted] for i in range(wanted)]
    spare, seeds = (*args.spare, None), tuple(range(args.seed, args.seed + args.turns))
    plan = Plan(args.n, tuple(args.taus), seeds, args.effect, spare, args.check)
    rows = list(simulate(games, plan))
    for limit in spare:
        commands = f"{_ALL} commands" if limit is None else f"the expert's commands and {limit}"
        print(f"\n{len(games)} games, {args.turns} turns in each, {commands}\n")
        shown = folded([one for one in rows if one.limit == limit])
        print(table([HEAD, *shown], markdown=args.markdown, texts=2))
    if args.json:
        told = {**asdict(plan), "games": len(games), "rows": [asdict(one) for one in rows]}
        args.json.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
