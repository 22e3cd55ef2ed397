"""What recorded requests cost: as billed, or at other prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import nan
from typing import Any

from cope_graph.errors import InputError
from cope_graph.evaluation.records import Header, Records
from cope_graph.models.usage import Usage
from cope_graph.money.lines import LedgerLine
from cope_graph.money.prices import Price, cost, listed_cost


@dataclass(frozen=True)
class Pricing:
    """Prices of one arm's requests.

    Attributes:
        models: Names by side.
        given: What-if prices, by side or model name; they replace what was billed.
        billed: The prices that the bill was made with, where it was not a listed one.
        voter: The arm's name, where another model stands in the large one's place.
    """

    models: Mapping[str, str]
    given: Mapping[str, Price] = field(default_factory=dict)
    billed: Mapping[str, Price] = field(default_factory=dict)
    voter: str | None = None

    def of(self, line: LedgerLine) -> tuple[float, float]:
        """Give a line's USD, and its prompt's part of them; NaN where they are not known.

        Raises:
            InputError: A price by the hour, of a request whose GPU time was not recorded.
        """
        if (price := self._find(line, self.given)) is not None:
            return _at(line, price)
        if line["usd"] is None:
            return nan, nan
        usd = float(line["usd"])
        # Only of a request for several samples it matters what its prompt cost.
        return usd, usd if line["samples"] <= 1 or not usd else usd * self._prompt_part(line)

    def _prompt_part(self, line: LedgerLine) -> float:
        """Tell which part of a line's USD its prompt cost, by the price that it was billed at."""
        prompt = Usage(line["input_tokens"], 0, line["cached_tokens"])
        if (price := self._find(line, self.billed)) is not None:
            part: Decimal | None = cost(prompt, price)
            total: Decimal | None = cost(_usage(line), price, line["gpu_seconds"])
        else:
            part = listed_cost(prompt, line["model"], None)
            total = listed_cost(_usage(line), line["model"], None)
        return float(part / total) if part is not None and total else nan

    def _find(self, line: LedgerLine, prices: Mapping[str, Price]) -> Price | None:
        if not prices:
            return None
        side = self._side(line)
        names = (side, self.models.get(side, side), line["model"])
        return next((prices[name] for name in names if name in prices), None)

    def _side(self, line: LedgerLine) -> str:
        if line["role"] == "judge" and "judge" in self.models:
            return "judge"
        if line["node"].startswith("small"):
            return "small"
        return self.voter or "large"


def pricing_of(header: Header, given: Mapping[str, Price] | None, voter: str | None) -> Pricing:
    """Make an arm's pricing.

    Args:
        header: Of the records.
        given: What-if prices.
        voter: The arm's name, where it is a voter's.
    """
    billed = {name: _read(parts) for name, parts in header["prices"].items()}
    return Pricing(header["models"], given or {}, billed, voter)


def check_names(records: Records, prices: Mapping[str, Price] | None) -> None:
    """Refuse a price of a model that is not in the records.

    Raises:
        InputError: There is one: a slip would leave the old price standing unnoticed.
    """
    models = records.header["models"]
    known = {"small", "large", "judge", *models, *models.values()}
    if not set(prices or {}) <= known:  # else no line has to be read
        known |= {line["model"] for row in records for line in row["lines"]}
    unknown = [name for name in prices or {} if name not in known]
    if unknown:
        msg = (
            f"There is a price for {unknown[0]!r:.60}, and no such model in {records.name}; there "
            f"is: {', '.join(sorted(known))}."
        )
        raise InputError(msg)


def _at(line: LedgerLine, price: Price) -> tuple[float, float]:
    if line["status"] == "unknown" and price.counts_tokens:
        return nan, nan
    worked = line["status"] == "unknown" or line["input_tokens"] + line["output_tokens"] > 0
    if price.gpu_hour and worked and not line["gpu_seconds"]:
        msg = (
            f"{line['model']} has a price by the hour, and the records do not say how long it "
            "worked: give one by tokens, as in '0.15,0.60'."
        )
        raise InputError(msg)
    usd = cost(_usage(line), price, line["gpu_seconds"])
    prompt = cost(Usage(line["input_tokens"], 0, line["cached_tokens"]), price)
    return float(usd), float(prompt)


def _usage(line: LedgerLine) -> Usage:
    return Usage(line["input_tokens"], line["output_tokens"], line["cached_tokens"])


def _read(parts: Mapping[str, Any]) -> Price:
    given = {name: Decimal(str(usd)) for name, usd in parts.items() if usd is not None}
    zero = Decimal(0)
    return Price(
        given.get("input", zero),
        given.get("output", zero),
        given.get("cached"),
        given.get("gpu_hour"),
    )
