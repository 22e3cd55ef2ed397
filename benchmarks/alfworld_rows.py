"""Turns of ALFWorld summed up: success and cost beside the large policy's, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from random import Random
from typing import Final, TypeAlias

from benchmarks.alfworld_point import Turn

_RESAMPLES: Final = 2_000
Played: TypeAlias = "tuple[Turn, ...]"
"""What was played for one goal: by the cascade of whole turns, two at most."""
ByGame: TypeAlias = "dict[str, list[Played]]"
"""What a contender played, by game: once a seed."""


@dataclass(frozen=True)
class Sums:
    """Of one game.

    Attributes:
        played: How often.
        won: How often the goal was reached.
        commands: Those given.
        acts: Steps that the large model took itself.
        plans: Guidelines that it wrote.
        usd: Spent.
    """

    played: float
    won: float
    commands: float
    acts: float
    plans: float
    usd: float


@dataclass(frozen=True)
class Row:
    """A contender over all games; intervals are 95 % bootstrap intervals over games.

    Attributes:
        limit: Commands to spare beyond the expert's, `None` for 50 commands in all.
        correlation: Of the small policy's errors within a step.
        contender: Who played.
        tau: Thresholds of both votes, `None` without a vote.
        turns: Played.
        success: Share of them that reached the goal.
        success_interval: Of it.
        commands: Mean per turn.
        acts: Steps that the large model took itself, per turn.
        plans: Guidelines that it wrote, per turn.
        usd: Per thousand turns.
        of_success: Success over the large policy's.
        of_success_interval: Of it.
        of_usd: USD over the large policy's.
        of_usd_interval: Of it.
    """

    limit: int | None
    correlation: float
    contender: str
    tau: float | None
    turns: int
    success: float
    success_interval: tuple[float, float]
    commands: float
    acts: float
    plans: float
    usd: float
    of_success: float
    of_success_interval: tuple[float, float]
    of_usd: float
    of_usd_interval: tuple[float, float]


HEAD: Final = (
    "errors agree",
    "contender",
    "tau",
    "success",
    "commands",
    "large acts",
    "large plans",
    "USD / 1000",
    "/ large's success",
    "/ large's USD",
)


def folded(rows: Sequence[Row]) -> list[list[str]]:
    """Write rows of the table; those that differ in tau alone are one."""
    groups = [[*same] for _, same in groupby(rows, lambda row: replace(row, tau=None))]
    return [_cells(group[0], group[-1]) for group in groups]


def _cells(row: Row, last: Row) -> list[str]:
    taus = dict.fromkeys(f"{one.tau:g}" for one in (row, last) if one.tau is not None)
    return [
        f"{row.correlation:g}",
        row.contender,
        " to ".join(taus),
        _with(row.success, row.success_interval),
        f"{row.commands:.1f}",
        f"{row.acts:.2f}",
        f"{row.plans:.2f}",
        f"{row.usd:.2f}",
        _with(row.of_success, row.of_success_interval),
        _with(row.of_usd, row.of_usd_interval),
    ]


def summed(turns: Sequence[Played]) -> Sums:
    """Add up what was played in one game."""
    each = [turn for played in turns for turn in played]
    return Sums(
        played=len(turns),
        won=sum(played[-1].won for played in turns),
        commands=sum(len(turn.commands) for turn in each),
        acts=sum(turn.episode["large"] for turn in each),
        plans=sum(turn.episode["plans"] for turn in each),
        usd=sum(float(turn.episode["usd"] or "nan") for turn in each),
    )


def row(
    limit: int | None,
    correlation: float,
    contender: str,
    tau: float | None,
    games: tuple[ByGame, ByGame],
) -> Row:
    """Compare a contender with the large policy, game by game."""
    pairs = [(summed(games[0][name]), summed(games[1][name])) for name in games[0]]

    def ratio(over: Callable[[Sums], float], under: Callable[[Sums], float], side: int = 0) -> _Of:
        return _ratio([(over(pair[0]), under(pair[side])) for pair in pairs])

    success, of_success, of_usd = (
        ratio(lambda one: one.won, lambda one: one.played),
        ratio(lambda one: one.won, lambda one: one.won, 1),
        ratio(lambda one: one.usd, lambda one: one.usd, 1),
    )
    turns = sum(one.played for one, _ in pairs)
    means = {
        name: sum(getattr(one, name) for one, _ in pairs) / turns
        for name in ("commands", "acts", "plans", "usd")
    }
    return Row(
        limit,
        correlation,
        contender,
        tau,
        int(turns),
        *success,
        means["commands"],
        means["acts"],
        means["plans"],
        1000 * means["usd"],
        *of_success,
        *of_usd,
    )


_Of: TypeAlias = "tuple[float, tuple[float, float]]"


def _ratio(pairs: Sequence[tuple[float, float]]) -> _Of:
    """Give a ratio of sums over games, and its interval."""
    random = Random(0)  # noqa: S311 - a simulation
    drawn = sorted(
        _of(random.choices(pairs, k=len(pairs)))  # with replacement
        for _ in range(_RESAMPLES)
    )
    cut = round(0.025 * _RESAMPLES)
    return _of(pairs), (drawn[cut], drawn[-cut - 1])


def _of(pairs: Sequence[tuple[float, float]]) -> float:
    under = sum(one for _, one in pairs)
    return sum(one for one, _ in pairs) / under if under else float("nan")


def _with(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"
