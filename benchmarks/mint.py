"""An agent cascade on recorded runs: the small model first, the large one where the task failed.

    python -m benchmarks.mint --data DIR --markdown

DIR holds recorded/mint_runs.jsonl.gz, and prices.json beside it or one folder up; two folders (the
two halves) are put together. The environment's word is the gate: a run that it calls failed is run
again, from its start, by the large model. Cost is tokens at list prices, relative to the large
model alone. Nothing is asked of any model.

GPT-4 was recorded with a budget of five turns only, so that is the large model's; the small model's
is `--turns`. The bars (85.1 % at 0.715, 88.8 % at 0.316) are of all 134 ALFWorld games: 114 and 119
of them succeed.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from benchmarks.resampled import interval, shown
from benchmarks.table import table
from cope_graph.gates.decide import decide
from cope_graph.gates.verdict import Verdict

_LARGE: Final = "gpt-4-0613"
_LARGE_TURNS: Final = 5
_SMALL: Final = {
    "Llama-3-8B": ("Meta-Llama-3-8B-Instruct", "Meta-Llama-3-8B-Instruct"),
    # No provider lists CodeActAgent: the price of open models of its size.
    "CodeActAgent-Mistral-7B": ("CodeActAgent-Mistral-7b-v0.1", "open 4.1b-8b (together)"),
}
"""Name in the table: name in the record, entry in prices.json."""
_BARS: Final = {"Llama-3-8B": (0.851, 0.715), "CodeActAgent-Mistral-7B": (0.888, 0.316)}
"""Success and cost on the 134 games of both halves."""
_GAMES: Final = 134


@dataclass(frozen=True)
class Episode:
    """One run.

    Attributes:
        success: What the environment says of it.
        usd: Its tokens at list price.
    """

    success: bool
    usd: float


@dataclass(frozen=True)
class Pair:
    """A task, run by both models.

    Attributes:
        small: The small model's run.
        large: The large model's.
    """

    small: Episode
    large: Episode


@dataclass(frozen=True)
class Outcome:
    """What a way of running tasks comes to.

    Attributes:
        success: Share of tasks.
        cost: Relative to the large model alone.
    """

    success: float
    cost: float


def cascade(pair: Pair) -> tuple[Episode, bool]:
    """Run a task through the cascade.

    Returns:
        What became of it, both models paid where both ran, and whether the large one did.
    """
    verdict = Verdict(None, 0, "", "", passes=pair.small.success)
    decision, _ = decide(verdict, None, n=1, missing=(), onward="hand_over")
    if decision == "accept":
        return pair.small, False
    return Episode(pair.large.success, pair.small.usd + pair.large.usd), True


def outcome(episodes: Sequence[Episode], pairs: Sequence[Pair]) -> Outcome:
    """Sum up: costs are added before they are divided, as a bill is."""
    alone = sum(pair.large.usd for pair in pairs)
    return Outcome(fmean(one.success for one in episodes), sum(one.usd for one in episodes) / alone)


def pairs_of(
    runs: Iterable[Sequence[Any]],
    small: tuple[str, tuple[float, float]],
    large: tuple[str, tuple[float, float]],
    turns: int,
) -> dict[str, list[Pair]]:
    """Put the runs of two models on the same tasks together, by task set.

    Args:
        runs: As recorded: task set, task, model, most turns, success, turns, prompt and completion
            tokens, and more.
        small: Its name, and USD per million tokens in and out.
        large: The same of the large one.
        turns: The small one's budget.
    """
    wanted = {(small[0], turns): small[1], (large[0], _LARGE_TURNS): large[1]}
    found: dict[tuple[str, str], dict[str, Episode]] = defaultdict(dict)
    for family, task, model, most, success, _, read, written, *_ in runs:
        if (price := wanted.get((model, most))) is not None:
            usd = (read * price[0] + written * price[1]) / 1e6
            found[family, task][model] = Episode(bool(success), usd)
    pairs: dict[str, list[Pair]] = defaultdict(list)
    for (family, _), by_model in sorted(found.items()):
        if len(by_model) == len(wanted):
            pairs[family].append(Pair(by_model[small[0]], by_model[large[0]]))
    return pairs


def main() -> None:
    """Replay both pairs of models and print the tables."""
    args = _arguments()
    runs = [run for folder in args.data for run in _lines(folder)]
    prices = _prices(args.data[0])
    large = (_LARGE, prices[_LARGE])
    head = ["small -> GPT-4", "tasks", "small alone", "large alone", "cascade"]
    head += ["large model's runs", "cost"]
    rows = [[*head, "cost, small free", "bar of 134 games"]]
    by_set = [head]
    by_turns = [[head[0], "small model's turns", *head[1:]]]
    for name, (recorded, entry) in _SMALL.items():
        small = (recorded, prices[entry])
        pairs = pairs_of(runs, small, large, args.turns)
        free = pairs_of(runs, (recorded, (0, 0)), large, args.turns)["alfworld"]
        bar = "{:.3f} at {:.3f}".format(*_BARS[name])
        rows.append([*_row(name, pairs["alfworld"]), f"{_outcome(free).cost:.3f}", bar])
        by_set += [_row(f"{name}, {family}", of) for family, of in sorted(pairs.items())]
        by_set.append(_row(f"{name}, all", [one for of in pairs.values() for one in of]))
        for turns in range(1, _LARGE_TURNS + 1):
            figures = _row(name, pairs_of(runs, small, large, turns)["alfworld"])
            by_turns.append([name, str(turns), *figures[1:]])
    print(_said(args.turns, int(rows[1][1]), prices))
    print(table(rows, markdown=args.markdown))
    print(f"\nby task set, {args.turns} turns\n")
    print(table(by_set, markdown=args.markdown))
    print("\nALFWorld by the small model's budget of turns\n")
    print(table(by_turns, markdown=args.markdown))


def _said(turns: int, games: int, prices: Mapping[str, tuple[float, float]]) -> str:
    paid = [*(entry for _, entry in _SMALL.values()), _LARGE]
    listed = "; ".join(f"{entry} {prices[entry][0]}/{prices[entry][1]}" for entry in paid)
    said = f"ALFWorld, {turns} turns, USD per million tokens in/out: {listed}.\n"
    if games == _GAMES:
        return said
    return f"{said}These are {games} games: their figures are the bar of this part of the games.\n"


def _outcome(pairs: Sequence[Pair]) -> Outcome:
    return outcome([cascade(pair)[0] for pair in pairs], pairs)


def _row(name: str, pairs: Sequence[Pair]) -> list[str]:
    single = [[(cascade(pair)[0], pair)] for pair in pairs]
    of_all = _outcome(pairs)
    success = interval(single, lambda rows: fmean(one.success for one, _ in rows))
    cost = interval(
        single, lambda rows: outcome([one for one, _ in rows], [pair for _, pair in rows]).cost
    )
    return [
        name,
        str(len(pairs)),
        f"{fmean(pair.small.success for pair in pairs):.3f}",
        f"{fmean(pair.large.success for pair in pairs):.3f}",
        shown(of_all.success, success),
        f"{fmean(cascade(pair)[1] for pair in pairs):.3f}",
        shown(of_all.cost, cost),
    ]


def _lines(folder: Path) -> list[Any]:
    with gzip.open(folder / "recorded" / "mint_runs.jsonl.gz", "rt") as file:
        return [json.loads(line) for line in file]


def _prices(folder: Path) -> Mapping[str, tuple[float, float]]:
    beside = folder / "prices.json"
    path = beside if beside.is_file() else folder.resolve().parent / "prices.json"
    return {
        name: (price[0], price[1]) for name, price in json.loads(path.read_text())["prices"].items()
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--data", type=Path, nargs="+", required=True, help="folders with recorded/"
    )
    parser.add_argument("--turns", type=int, default=5, choices=range(1, 6), help="small model's")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    return parser.parse_args()


if __name__ == "__main__":
    main()
