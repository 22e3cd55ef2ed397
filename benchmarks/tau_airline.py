"""The vote on an agent's step, replayed on recorded trials: does agreement predict success?

    python -m benchmarks.tau_airline --data DIR --markdown

DIR holds recorded/tau_airline_gpt4o_4trials.jsonl.gz: four trials of GPT-4o on the same tasks of
tau-bench's airline. Where trials of a task stand at the same point, their next steps are real
proposals for one step, and the step's gate votes on them. The user is simulated and says something
else in each trial, so there are three readings of "the same point", each looser than the one
before:

- same messages: all messages so far, to the letter. What a vote in a running agent would have.
- same calls and results: the calls of tools and what came back, whatever was said; `think` and
  `calculate` are left out. A step is the next call, or that none comes any more.
- same database: the calls that changed the database, whatever was looked up. A step is the next
  such call, or that none comes any more.

A trial is right when its reward is 1. Intervals are bootstrapped over tasks; fewer than ten tasks
have no AUROC. Nothing is asked of any model.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Final

from benchmarks.resampled import auroc, interval, shown
from benchmarks.table import table
from benchmarks.tau_steps import FORM, VIEWS, WRITES, Vote, canonical_of, votes
from cope_graph.agents.actions import decode
from cope_graph.agents.canonical_form import same_step

_TRIALS: Final = 4
_FEWEST: Final = 10  # tasks for an AUROC
_SAME: Final = same_step(FORM)

Pairs = list[tuple[float, float]]
"""Scores, and whether (or to what share) each is right."""


def by_success(vote: Vote) -> Pairs:
    """Score a vote by its agreement; right is the share of its trials that were rewarded."""
    return [(vote.agreement, fmean(vote.rewards))]


def by_company(vote: Vote) -> Pairs:
    """Score each trial by the share of trials that did as it did; right is its own reward."""
    together = [_company(vote.actions, action) for action in vote.actions]
    return [*zip(together, vote.rewards, strict=True)]


def by_gold(vote: Vote) -> Pairs:
    """Score a vote for a call that writes by its agreement; right is one of the gold actions."""
    answer = vote.verdict.answer
    action = None if answer is None else decode(answer)
    if action is None or not any(call.name in WRITES for call in action.calls):
        return []
    return [(vote.agreement, float(canonical_of(answer) in vote.gold))]


def singly_gold(vote: Vote) -> float:
    """Give the share of a vote's trials whose own action is one of the gold actions."""
    return fmean(canonical_of(action) in vote.gold for action in vote.actions)


def _company(actions: Sequence[str | None], mine: str | None) -> float:
    if mine is None:
        return 0.0
    alike = [action == mine or _SAME(action, mine) for action in actions if action is not None]
    return sum(alike) / len(actions)


def main() -> None:
    """Replay the votes and print the tables."""
    args = _arguments()
    with gzip.open(args.data / "recorded" / "tau_airline_gpt4o_4trials.jsonl.gz", "rt") as file:
        runs = [json.loads(line) for line in file]
    tasks = len({run["id"] for run in runs})
    rewarded = fmean(run["reward"] for run in runs)
    print(f"{tasks} tasks, {len(runs)} trials, {rewarded:.3f} rewarded\n")
    shares = [["same point", "steps", "replayed", "with all four", "votes"]]
    shares[0] += ["two or more agree", "of four: 4 agree", "3", "2", "1"]
    figures = [["same point", "votes", "tasks", "agreement -> success"]]
    figures[0] += ["company -> own success", "writes voted", "in gold"]
    figures[0] += ["one trial's in gold", "agreement -> gold"]
    rewards = [["same point, votes of four", "4 agree", "3", "2", "1"]]
    for name, view in VIEWS.items():
        cast = votes(runs, view)
        four = [vote for vote in cast if len(vote.actions) == _TRIALS]
        steps = sum(len(view(run["messages"])) for run in runs)
        shares.append(_shares(name, steps, cast, four))
        figures += [_figures(name, cast), _figures(f"{name}, votes of four", four)]
        rewards.append([name, *(_rewarded(four, count) for count in (4, 3, 2, 1))])
    print(table(shares, markdown=args.markdown))
    print("\nAUROC with 95 % intervals over tasks\n")
    print(table(figures, markdown=args.markdown))
    print("\nshare of trials rewarded, by agreement (votes)\n")
    print(table(rewards, markdown=args.markdown))


def _shares(name: str, steps: int, cast: Sequence[Vote], four: Sequence[Vote]) -> list[str]:
    """Say which proportion of all steps of all trials a vote could be held on."""
    counts = [sum(_count(vote) == count for vote in four) for count in (4, 3, 2, 1)]
    replayed = [sum(len(vote.actions) for vote in them) / steps for them in (cast, four)]
    some = sum(_count(vote) > 1 for vote in cast)
    shown_counts = map(str, [len(cast), some, *counts])
    return [name, str(steps), *(f"{share:.3f}" for share in replayed), *shown_counts]


def _count(vote: Vote) -> int:
    return round(vote.agreement * len(vote.actions))


def _figures(name: str, cast: Sequence[Vote]) -> list[str]:
    writes = [(right, singly_gold(vote)) for vote in cast for _, right in by_gold(vote)]
    return [
        name,
        str(len(cast)),
        str(len({vote.task for vote in cast})),
        _auroc(cast, by_success),
        _auroc(cast, by_company),
        str(len(writes)),
        *(f"{fmean(column):.3f}" for column in zip(*writes, strict=True)),
        *(() if writes else ("-", "-")),
        _auroc(cast, by_gold),
    ]


def _auroc(cast: Sequence[Vote], pairs: Callable[[Vote], Pairs]) -> str:
    by_task: dict[str, Pairs] = defaultdict(list)
    for vote in cast:
        by_task[vote.task] += pairs(vote)
    groups = [of for of in by_task.values() if of]
    if len(groups) < _FEWEST:
        return "-"
    return shown(auroc([pair for of in groups for pair in of]), interval(groups, auroc))


def _rewarded(four: Sequence[Vote], count: int) -> str:
    those = [fmean(vote.rewards) for vote in four if _count(vote) == count]
    return f"{fmean(those):.3f} ({len(those)})" if those else "-"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with recorded/")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    return parser.parse_args()


if __name__ == "__main__":
    main()
