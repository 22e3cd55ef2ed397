"""The bills of one stage as arrays, and what is left of them with fewer samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cope_graph.evaluation.replaying.repricing import Pricing
from cope_graph.money.lines import LedgerLine, Role

ROLES: Final[tuple[Role, ...]] = ("plan", "execute", "judge")
"""The last axis of a bill."""
LARGE_NODES: Final = ("large_plan", "large_execute")
SMALL_NODES: Final = ("small_plan", "small_execute")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Bill:
    """What a stage cost, item by item.

    Attributes:
        usd: (items, roles) float, NaN where a price is unknown.
        tokens: (items, roles) float, prompts and replies.
        large: (items,) float, those of them that the large model read and wrote.
    """

    usd: Floats
    tokens: Floats
    large: Floats

    def __add__(self, other: Bill) -> Bill:
        """Add two bills item by item."""
        return Bill(self.usd + other.usd, self.tokens + other.tokens, self.large + other.large)


@dataclass(frozen=True, eq=False)
class BillLines:
    """All requests of a stage, each an entry of every array.

    Attributes:
        item: (lines,) int, the index of the item.
        role: (lines,) int, the index in `ROLES`.
        prompt: (lines,) float, tokens.
        reply: (lines,) float, tokens of all samples.
        usd: (lines,) float; NaN where it is not known.
        usd_prompt: (lines,) float, its part for the prompt; NaN where that is not known.
        start: (lines,) int, the index of the first sample that it brought; -1 for a request that
            does not depend on n: of the large model, a judge, or one that failed.
        samples: (lines,) int, how many it brought, 1 at least.
        large: (lines,) bool, whether the large model was asked.
    """

    item: Ints
    role: Ints
    prompt: Floats
    reply: Floats
    usd: Floats
    usd_prompt: Floats
    start: Ints
    samples: Ints
    large: NDArray[np.bool_]

    @classmethod
    def of(
        cls, bills: Sequence[Iterable[LedgerLine]], pricing: Pricing, *, voter: bool = False
    ) -> BillLines:
        """Read lines.

        Args:
            bills: Each item's lines of one stage.
            pricing: What they cost.
            voter: Whether another model stands in the large one's place.

        Raises:
            InputError: A line cannot be priced as asked.
        """
        found: list[tuple[int, int, int, int, float, float, int, int, bool]] = []
        for index, lines in enumerate(bills):
            came: Counter[Role] = Counter()
            for line in lines:
                role, samples, start = line["role"], line["samples"], -1
                if line["node"] in SMALL_NODES and line["error"] is None and samples > 0:
                    start = came[role]
                    came[role] += samples
                usd, prompt = pricing.of(line)
                tokens = line["input_tokens"], line["output_tokens"]
                large = not voter and line["node"] in LARGE_NODES
                place = index, ROLES.index(role)
                found.append((*place, *tokens, usd, prompt, start, max(samples, 1), large))
        kinds = (np.int64, np.int64, float, float, float, float, np.int64, np.int64, bool)
        columns = zip(*found, strict=True) if found else ((),) * len(kinds)
        return cls(*(np.array(c, k) for c, k in zip(columns, kinds, strict=True)))

    def at(self, n: int | None, due: Ints) -> Bill:
        """Add up, with no more than the requests for n samples.

        The first n requests for one sample each stay. Of a request for several samples the prompt
        stays, and n' of n parts of its reply: an estimate, since replies differ in length. What
        failed stays: nobody knows which sample it was for.

        Args:
            n: Samples of the stage; `None` for all.
            due: (items,) int, how many samples were asked for: from there on all lines stay.
        """
        items = len(due)
        whole = self.start < 0
        kept = np.clip((np.inf if n is None else n) - self.start, 0, self.samples) / self.samples
        whole |= True if n is None else n >= due[self.item]
        part = np.where(whole, 1.0, kept)
        any_of_it = part > 0
        tokens = self.prompt * any_of_it + self.reply * part
        rest = self.usd_prompt + (self.usd - self.usd_prompt) * part
        usd = np.where(part == 1, self.usd, np.where(any_of_it, rest, 0.0))
        cell = self.item * len(ROLES) + self.role

        def total(values: Floats) -> Floats:
            size = items * len(ROLES)
            sums: Floats = np.bincount(cell, weights=values, minlength=size).astype(float)
            return sums.reshape(items, len(ROLES))

        return Bill(total(usd), total(tokens), total(tokens * self.large).sum(axis=1))
