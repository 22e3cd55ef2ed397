"""Policies for ALFWorld that err at stated rates: they know an expert's next command.

Their errors are wrong, yet possible commands, so that a game goes on from there. All draws come
from seeds by text: equal arguments give equal proposals in any process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random
from typing import Final

CORRELATIONS: Final = (0.0, 0.5, 1.0)
"""Of two proposals' errors at one step: independent, half, full."""


def difficulty(seed: int, game: str, step: int) -> float:
    """Draw how hard a step is, evenly from 0 to 1: the same for all policies.

    Args:
        seed: Of the whole simulation.
        game: The game's id.
        step: Steps taken so far.
    """
    return Random(f"difficulty|{seed}|{game}|{step}").random()  # noqa: S311 - a simulation


def small_rate(hardness: float) -> float:
    """Give the small policy's rate of errors: d^4, so 0.2 on average over even difficulties d.

    Most steps are easy and a few are hard: it is below 0.07 at every second step, and above 0.65 at
    every tenth.
    """
    return hardness**4


def large_rate(_hardness: float) -> float:
    """Give the large policy's rate of errors: 0.05 at every step."""
    return 0.05


@dataclass(frozen=True)
class ScriptedPolicy:
    """Proposes the expert's command, or errs.

    At a step there is one common draw, and one of each proposal's own. A proposal takes the common
    one with probability sqrt(correlation), so two proposals both do with probability correlation:
    that is then the correlation of their errors, and each still errs at the rate. The common error
    is one command, so a vote can be fooled; errors of its own are drawn apart.

    Attributes:
        name: Policies of different names draw apart.
        rate: The rate of errors by difficulty.
        correlation: Of two proposals' errors at one step, 0 to 1.
        seed: Of the whole simulation.
    """

    name: str
    rate: Callable[[float], float]
    correlation: float
    seed: int

    def proposals(
        self, game: str, step: int, right: str, possible: Sequence[str], n: int
    ) -> list[str]:
        """Propose n commands; the first of more are the same.

        Args:
            game: The game's id.
            step: Steps taken so far.
            right: The expert's command.
            possible: The commands that are possible, one other than `right` among them.
            n: How many.
        """
        rate = self.rate(difficulty(self.seed, game, step))
        wrong = [command for command in possible if command != right]
        random = Random(f"{self.name}|{self.seed}|{game}|{step}")  # noqa: S311 - a simulation
        shared = _draw(random, rate, right, wrong)
        taken = sqrt(self.correlation)
        # Each draws the same numbers whatever comes of them, so that correlations can be compared.
        pairs = [(random.random(), _draw(random, rate, right, wrong)) for _ in range(n)]
        return [shared if share < taken else own for share, own in pairs]


def _draw(random: Random, rate: float, right: str, wrong: Sequence[str]) -> str:
    errs, mistake = random.random() < rate, random.choice(wrong)
    return mistake if errs else right
