"""A quorum of small models in sequence, else gpt-4o: recorded answers, chosen and read apart.

    python -m benchmarks.quorum --data DIR --markdown

DIR holds benchmarks/ and recorded/; prices.json stands there or in the folder above. Candidates are
all sequences of up to 4 models that are cheaper than the large one, cheapest first. On one half of
the questions the sequence of the highest accuracy is chosen among those whose cost there is within
the limit (of equals the cheapest); it is read on the other half. That is done on several seeded
splits, both ways round. `hindsight` is what choosing and reading on the same questions would claim.
The bar: five small models answer, and four must agree, else the large one answers. Nothing is asked
of any model.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.quorum_answers import Floats, Ints, read
from benchmarks.router import AGREE, LARGE
from benchmarks.router import SMALL as FIVE
from benchmarks.sequences import Played, play, sequences
from benchmarks.table import table

LONGEST: Final = 4
RESAMPLES: Final = 2000


@dataclass(frozen=True)
class Aim:
    """A set, and what the quorum is aimed at.

    Attributes:
        name: Of the set in the data.
        title: For people.
        quorum: How many of the sequence must agree.
        points: Accuracy above the large model's, in points.
        share: Cost at most, as a share of the large model's.
    """

    name: str
    title: str
    quorum: int
    points: float
    share: float


AIMS: Final = (
    Aim("gsm", "GSM8K", 2, 0.0, 0.12),
    Aim("crux", "CRUXEval", 3, -0.3, 0.65),
    Aim("math_l5", "MATH level 5", 2, 5.0, 0.50),
)


@dataclass(frozen=True)
class Read:
    """A way to answer, by question: means over the splits in which the question was read.

    Attributes:
        right: Share of right answers.
        usd: Mean cost.
        large_usd: Mean cost of the large model alone.
        gained: `right` less the large model's.
    """

    right: Floats
    usd: Floats
    large_usd: Floats
    gained: Floats

    @property
    def share(self) -> float:
        """Cost as a share of the large model's."""
        return float(self.usd.sum() / self.large_usd.sum())


def main() -> None:
    """Choose and read on every set, and print the table."""
    args = _arguments()
    head = ["questions", "quorum", "way", "accuracy", "against gpt-4o, points (95 %)"]
    head += ["cost share (95 %)", "accepted", "aim", "reached"]
    rows = [row for aim in AIMS for row in _rows(aim, args)]
    print(table([head, *rows], markdown=args.markdown, texts=1))
    print(
        f"\n{args.splits} splits, each read both ways round; intervals: percentile bootstrap over "
        "the questions of their means over the splits."
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with recorded/")
    parser.add_argument("--seed", type=int, default=0, help="of splits and resamples")
    parser.add_argument("--splits", type=int, default=20, help="how many")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    return parser.parse_args()


def _rows(aim: Aim, args: argparse.Namespace) -> Iterator[list[str]]:
    recorded = read(args.data, aim.name)
    large = recorded.models.index(LARGE)
    listed = [*sequences(recorded, large, aim.quorum, LONGEST)]
    played = [play(recorded, one, large, aim.quorum) for one in listed]
    base = Played(recorded.right[large], recorded.usd[large], np.zeros(len(recorded.usd[0]), bool))
    five = play(recorded, [recorded.models.index(name) for name in FIVE], large, AGREE)
    everyone = np.arange(len(base.usd))
    best = chosen(played, base, everyone, aim.share)
    apart = splits(played, base, aim, args.splits, args.seed)
    ways = {
        f"{aim.quorum} of up to {LONGEST}, chosen apart": apart,
        f"the same with hindsight: {', '.join(recorded.models[i] for i in listed[best])}": [
            (everyone, played[best])
        ],
        f"bar: {AGREE} of 5": [(everyone, five)],
        "gpt-4o alone": [(everyone, base)],
    }
    for way, parts in ways.items():
        yield _row(aim, way, parts, base, args.seed, counts=way.endswith("apart"))


def splits(
    played: Sequence[Played], base: Played, aim: Aim, count: int, seed: int
) -> list[tuple[Ints, Played]]:
    """Choose on one half of the questions and read on the other, both ways round.

    Returns:
        The questions read, and the sequence that was chosen on the others.
    """
    draws = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        one, other = np.array_split(draws.permutation(len(base.usd)), 2)
        for choose, reads in ((one, other), (other, one)):
            found.append((reads, played[chosen(played, base, choose, aim.share)]))
    return found


def chosen(played: Sequence[Played], base: Played, rows: Ints, share: float) -> int:
    """Choose the most accurate sequence within the limit on cost, of equals the cheapest."""
    most = share * base.usd[rows].sum()
    figures = [(one.right[rows].sum(), -one.usd[rows].sum()) for one in played]
    within = [index for index, (_, usd) in enumerate(figures) if -usd <= most]
    if not within:
        msg = f"no sequence costs at most {share} of the large model: raise the limit."
        raise ValueError(msg)
    return max(within, key=figures.__getitem__)


def _row(  # noqa: PLR0913 - what a row is made of
    aim: Aim,
    way: str,
    parts: Sequence[tuple[Ints, Played]],
    base: Played,
    seed: int,
    *,
    counts: bool,
) -> list[str]:
    told = means(parts, base)
    low, high = interval(told, seed)
    points = 100 * told.gained.mean()
    accepted = np.mean([one.accepted[rows].mean() for rows, one in parts])
    reached = points >= aim.points and told.share <= aim.share
    return [
        aim.title,
        str(aim.quorum),
        way,
        f"{100 * told.right.mean():.1f}",
        f"{points:+.1f} ({low[0]:+.1f} to {high[0]:+.1f})",
        f"{told.share:.3f} ({low[1]:.3f} to {high[1]:.3f})",
        f"{accepted:.2f}",
        f"{aim.points:+.1f} at {aim.share:.2f}" if counts else "",
        ("yes" if reached else "no") if counts else "",
    ]


def means(parts: Sequence[tuple[Ints, Played]], base: Played) -> Read:
    """Average over the parts in which each question was read."""
    count, right, usd = (np.zeros(len(base.usd)) for _ in range(3))
    for rows, one in parts:
        count[rows] += 1
        right[rows] += one.right[rows]
        usd[rows] += one.usd[rows]
    return Read(right / count, usd / count, base.usd, right / count - base.right)


def interval(told: Read, seed: int) -> tuple[Floats, Floats]:
    """Give 95 % intervals of the points gained and of the cost share."""
    draws = np.random.default_rng(seed)
    count = len(told.usd)
    found = np.empty((RESAMPLES, 2))
    for index in range(RESAMPLES):
        rows = draws.integers(0, count, count)
        found[index] = (
            100 * told.gained[rows].mean(),
            told.usd[rows].sum() / told.large_usd[rows].sum(),
        )
    low, high = np.percentile(found, [2.5, 97.5], axis=0)
    return low, high


if __name__ == "__main__":
    main()
