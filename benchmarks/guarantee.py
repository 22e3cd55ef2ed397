"""Are calibrated thresholds kept promises? A simulation, recorded answers, and drift.

    python -m benchmarks.guarantee --data DIR --markdown

The simulation knows the truth; the recorded answers (DIR holds recorded/ and benchmarks/, and
prices.json or the folder above does) are split at random, calibrated on one part and read on the
other. No model is asked.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from statistics import fmean

import numpy as np

from benchmarks.guarantee_drift import watched
from benchmarks.guarantee_population import USD_LARGE, Population, grid, outcome, population, table
from benchmarks.guarantee_recorded import SETS, recorded_rows
from benchmarks.table import table as laid_out
from cope_graph.calibration import calibrate
from cope_graph.calibration.exact_share import exact_interval

MAX_LOSS, CONFIDENCE = 0.02, 0.9


@dataclass(frozen=True)
class Kept:
    """One way to pick thresholds, over all trials of a population.

    Attributes:
        broken: In how many trials the true loss is above the promised one.
        usd: Mean true cost, as a share of the large model's alone.
        accepting: Share of the trials whose thresholds accept anything.
    """

    broken: int
    usd: float
    accepting: float


def main() -> None:
    """Print the tables."""
    args = _arguments()
    print(_simulated(args))
    print(
        f"\n{args.trials} trials; promise: a loss of {MAX_LOSS:g} at most, kept in {CONFIDENCE:g}."
    )
    print("broken: trials with a true loss above that, and their 95 % interval.")
    print("cost: true mean, of the large model's alone.\n")
    if args.data:
        print(_recorded(args))
        print("\nMeans over splits; right and cost are of the part that was not calibrated on.\n")
    print(_drift(args))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, help="folder with recorded/")
    parser.add_argument("--trials", type=int, default=300, help="of the simulation")
    parser.add_argument("--splits", type=int, default=20, help="of the recorded answers")
    parser.add_argument("--seed", type=int, default=0, help="of everything")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    return parser.parse_args()


def _simulated(args: argparse.Namespace) -> str:
    make = partial(population, seed=args.seed, large=0.97)
    populations = (
        make("votes", skill=1.5, herd=0.5, plans=False),
        make("votes, a step just above", skill=1.0, herd=0.3, plans=False),
        make("votes, wrong ones agree", skill=1.0, herd=0.7, plans=False),
        make("plan stages", skill=1.0, herd=0.3, plans=True),
        make("plan stages, wrong ones agree", skill=1.0, herd=0.6, plans=True),
    )
    head = ["population", "items", "ours: broken", "naive grid: broken"]
    head += ["ours: cost", "naive: cost", "best possible", "ours accepts in"]
    rows = [
        _simulated_row(whole, items, args.trials) for whole in populations for items in (300, 1000)
    ]
    return laid_out([head, *rows], markdown=args.markdown)


def _simulated_row(whole: Population, items: int, trials: int) -> list[str]:
    truth = {taus: outcome(whole, *taus) for taus in grid(whole)}
    ours, naive = _kept(whole, items, trials, truth)
    best = min(usd for loss, usd in truth.values() if loss <= MAX_LOSS)
    return [
        whole.name,
        str(items),
        _share(ours.broken, trials),
        _share(naive.broken, trials),
        f"{ours.usd:.3f}",
        f"{naive.usd:.3f}",
        f"{min(best / USD_LARGE, 1):.3f}",
        f"{ours.accepting:.2f}",
    ]


Taus = tuple[float, float | None]


def _kept(
    whole: Population, items: int, trials: int, truth: dict[Taus, tuple[float, float]]
) -> tuple[Kept, Kept]:
    """Calibrate on each trial's own items, and pick by eye on the same."""
    ours: list[tuple[float, float, bool]] = []
    naive: list[tuple[float, float, bool]] = []
    for trial in range(trials):
        lot = np.random.default_rng([trial, items])
        index = lot.integers(len(whole.large), size=items)
        made = calibrate(
            table(whole, index), max_loss=MAX_LOSS, confidence=CONFIDENCE, seed=trial
        ).thresholds
        taus: Taus = (made.tau1, made.tau2)
        # Thresholds that accept nothing are the large model alone.
        ours.append((*truth[taus], True) if made.shown.certified else (0.0, USD_LARGE, False))
        seen = {one: outcome(whole, *one, index) for one in truth}
        fine = [one for one in seen if seen[one][0] <= MAX_LOSS]
        picked = min(fine, key=lambda one: seen[one][1]) if fine else None
        naive.append((*truth[picked], True) if picked else (0.0, USD_LARGE, False))
    return _summed(ours), _summed(naive)


def _summed(trials: Sequence[tuple[float, float, bool]]) -> Kept:
    return Kept(
        sum(loss > MAX_LOSS for loss, _, _ in trials),
        fmean(usd for _, usd, _ in trials) / USD_LARGE,
        fmean(accepts for _, _, accepts in trials),
    )


def _share(count: int, trials: int) -> str:
    low, high = exact_interval(count, trials, 0.05)
    return f"{count / trials:.1%} ({low:.1%} to {high:.1%})"


def _recorded(args: argparse.Namespace) -> str:
    head = ["questions", "picked by", "items", "right", "against gpt-4o", "cost", "certified in"]
    rows = [row for name in SETS for row in recorded_rows(args.data, name, args.splits, args.seed)]
    return laid_out([head, *rows], markdown=args.markdown, texts=2)


def _drift(args: argparse.Namespace) -> str:
    make = partial(population, "", args.seed, herd=0.5, plans=False, large=0.97)
    base = make(skill=1.5)
    kinds = {
        "nothing changes": base,
        "small model a little worse": make(skill=1.25),
        "small model worse": make(skill=1.0),
        "small model far worse": make(skill=0.5),
    }
    rows = [["gate", "items", "runs", "accepted at 7 of 8", "alarms", "z-test every 100", "delay"]]
    for items in (300, 1000):
        for name, after in kinds.items():
            same = after is base
            runs, trials = (2000, 200) if same else (2500, 20)
            found = watched(
                base, after, items=items, before=runs if same else 500, runs=runs, trials=trials
            )
            rate = float((after.confidence[0] > 0.75).mean())
            delay = "-" if same or found.delay == inf else f"{found.delay:.0f}"
            looked = f"{found.repeated:.3f}" if same else "-"
            alarms = f"{found.alarms:.3f}"
            rows.append([name, str(items), str(runs), f"{rate:.3f}", alarms, looked, delay])
    return laid_out(rows, markdown=args.markdown)


if __name__ == "__main__":
    main()
