"""What cascades would have made of recorded answers: agreement of small models, then gpt-4o.

    python -m benchmarks.recorded_cascades --data DIR --markdown

DIR holds benchmarks/ and recorded/; prices.json stands there or in the folder above. The voters
are chosen by price alone (`five_cheapest`). Everything is computed by the replay that `cope replay`
uses, and nothing is asked of any model. Then votes of one model's samples (`recorded_votes`).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path as File

import numpy as np
from numpy.typing import NDArray

from benchmarks import recorded_votes
from benchmarks.recorded_answers import Prices, five_cheapest, read, read_prices, records_of
from benchmarks.table import table
from cope_graph.evaluation.arms import VOTER
from cope_graph.evaluation.replaying.agreement import agreement
from cope_graph.evaluation.replaying.cells import interval, number, percent, usd
from cope_graph.evaluation.replaying.figures import figures
from cope_graph.evaluation.replaying.methods import LARGE, Path, Step
from cope_graph.evaluation.replaying.methods import Method as Way
from cope_graph.evaluation.replaying.outcomes import Outcome
from cope_graph.evaluation.replaying.replay import Replay, replay
from cope_graph.evaluation.replaying.summary import Method
from cope_graph.evaluation.replaying.walk import Outcomes, Thresholds, Walk, walk

SETS = {"gsm": "GSM8K", "math_l5": "MATH level 5", "crux": "CRUXEval"}
_LAST = Step("plan_free", 3)
# The gates here know without a threshold: how many agree is counted, not a share.
_ANY = Thresholds(0.5, 0.5, strict=True)


def main() -> None:
    """Print a table for each set."""
    args = _arguments()
    prices = read_prices(args.data, args.prices)
    shown = partial(table, markdown=args.markdown)
    for name, title in SETS.items():
        voters, methods = compared(args.data, name, prices, seed=args.seed)
        print(f"{title}. Voters: {', '.join(voters)}.\n")
        print(shown([HEAD, *map(cells, methods)]), "\n")
    for title, rows in recorded_votes.tables(args.data, prices, seed=args.seed):
        print(f"{title}\n\n{shown(rows)}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=File, required=True, help="folder with recorded/")
    parser.add_argument("--prices", type=File, help="JSON with prices; unset: prices.json")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    return parser.parse_args()


def compared(
    data: File, name: str, prices: Prices, *, seed: int
) -> tuple[tuple[str, ...], tuple[Method, ...]]:
    """Compare all ways to answer one set.

    Returns:
        The voters in order, and the methods.
    """
    asked = read(data / "benchmarks" / f"{name}.jsonl")
    answered = read(data / "recorded" / f"{name}_greedy_answers.jsonl.gz")
    voters = five_cheapest(answered, prices)
    records = records_of(name, asked, answered, voters)
    given = {side: prices.of(model) for side, model in records.header["models"].items()}
    run = replay(records, n=1, prices=given)
    return voters, figures(walks(run), baseline=LARGE.name, seed=seed)


def walks(run: Replay) -> dict[Way, Walk]:
    """Send all items through the large model alone, and through every agreement of voters.

    "k of m" asks m models side by side and accepts where k agree; "in turn" asks them one after
    another, until k agree or no k can any more: the same answers for less.
    """
    outcomes = dict(run.at(1))
    found: dict[Way, Walk] = {LARGE: _walked(LARGE, outcomes)}
    for voter in run.voters:
        alone = Path(f"{voter} alone", "One small model.", (Step(f"{VOTER}{voter}", 3),))
        found[alone] = _walked(alone, outcomes)
    for m in range(2, len(run.voters) + 1):
        for k in range(m // 2 + 1, m + 1):
            for path in (_at_once(run, k, m, outcomes), _in_turn(run, k, m, outcomes)):
                found[path] = _walked(path, outcomes)
    return found


def _walked(path: Path, outcomes: Outcomes) -> Walk:
    found = walk(path, outcomes, _ANY)
    if not isinstance(found, Walk):
        msg = f"the records hold no {found.step} of {path.name}"
        raise TypeError(msg)
    return found


def _at_once(run: Replay, k: int, m: int, outcomes: dict[tuple[str, int, bool], Outcome]) -> Path:
    step = Step(f"{k} of {m}", 1, "tau1")
    outcomes[step.arm, 1, False] = _votes(run, k, m)
    return Path(f"{k} of {m} agree", "Small models side by side.", (step, _LAST))


def _in_turn(run: Replay, k: int, m: int, outcomes: dict[tuple[str, int, bool], Outcome]) -> Path:
    """Make a step of each voter, which nobody asks where it can change nothing any more."""
    steps: list[Step] = []
    open_yet = np.ones(len(run.items), np.bool_)
    for count, voter in enumerate(run.voters[:m], 1):
        asked = run.sheets[f"{VOTER}{voter}", 3].full.bill
        votes = _votes(run, k, count)
        # Those before were paid in the steps before.
        bill = replace(
            votes.bill,
            usd=np.where(open_yet[:, None], asked.usd, 0.0),
            tokens=np.where(open_yet[:, None], asked.tokens, 0.0),
        )
        step = Step(f"{k} of {count}, up to {m}", 1, "tau1")
        outcomes[step.arm, 1, False] = replace(votes, bill=bill, samples=open_yet.astype(float))
        steps.append(step)
        open_yet = _leaders(votes, count) + m - count >= k
    name = f"{k} of {m} agree, in turn"
    return Path(name, "Small models one after another.", (*steps, _LAST))


def _leaders(votes: Outcome, count: int) -> NDArray[np.float64]:
    """Count how many agree, (items,)."""
    leaders: NDArray[np.float64] = np.round(np.nan_to_num(votes.confidence) * count)
    return leaders


def _votes(run: Replay, k: int, count: int) -> Outcome:
    """Let the first voters vote; an answer passes where k of them gave it."""
    found = agreement(run.sheets, run.voters[:count])
    assert found is not None  # all answers are in classes
    return replace(found, passes=(_leaders(found, count) >= k).astype(np.int8))


HEAD = (
    "method",
    "right, %",
    "less gpt-4o's, points",
    "share of gpt-4o's cost",
    "USD/1000",
    "asks gpt-4o, %",
    "right where not, %",
    "replies",
)


def cells(method: Method) -> Sequence[str]:
    """Make a row of the table."""
    resolved: Mapping[int, object] = method.resolved
    small = method.resolved.get(1)
    # A model alone stands in the large one's place, but is not it.
    asks = method.resolved[3].items if 3 in resolved and method.large_tokens else 0.0
    return (
        method.name,
        interval(method.accuracy),
        interval(method.difference, sign="+"),
        number(method.share, 3),
        usd(method.usd),
        percent(asks),
        percent(small.accuracy if small else None),
        number(method.samples, 2),
    )


if __name__ == "__main__":
    main()
