"""Models that say the same to the same request, hold or refuse some, and count what was asked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any, Final
from zlib import crc32

from cope_graph.evaluation.records import Records
from tests.loopback.completions import Bill, Completion
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import ApiError, Body, Reply, wanted_choices
from tests.loopback.suffixes import behaviours

_FOR_EVER_S: Final = 3600.0
_KEY: Final = ApiError(401, "No such key.", "invalid_request_error", "invalid_api_key")

Text = Callable[[str, int], str]
"""From a model's name and a number that the request and the sample give to a reply."""


def sums(model: str, number: int) -> str:
    """Say one of three numbers; another model spells them otherwise."""
    value = number % 3
    return f"A reply. The answer is {value if model == 'small' else f'{value}.0'}."


class Dealer:
    """A reply function of the server."""

    def __init__(self, text: Text = sums) -> None:
        self.text = text
        self.asked: Counter[str] = Counter()
        """Requests that were not refused."""
        self.lost: Counter[str] = Counter()
        """Of those, the ones that were never answered."""
        self._lost_bills: dict[str, Bill] = {}
        self.answers_left: int | None = None
        """How many requests are still answered; those after them are held."""
        self.closed: Collection[str] = ()
        """Models that refuse the key."""
        self.refused: dict[str, ApiError] = {}
        """Refusals by a word of the question."""

    def __call__(self, body: Body) -> Reply:
        """Answer, hold or refuse."""
        model, seed = behaviours(body["model"])[0], body.get("seed") or 0
        if model in self.closed:
            return Reply((), error=_KEY)
        prompt = json.dumps(body["messages"])
        for word, error in self.refused.items():
            if word in prompt:
                return Reply((), error=error)
        key = json.dumps([body["model"], seed, body.get("n", 1), body["temperature"], prompt])
        self.asked[key] += 1
        numbers = [
            crc32(json.dumps([model, seed + i, prompt]).encode())
            for i in range(wanted_choices(body))
        ]
        texts = [self.text(model, number) for number in numbers]
        if self.answers_left is None or self.answers_left > 0:
            self.answers_left = None if self.answers_left is None else self.answers_left - 1
            return Reply(texts, cached_tokens=2, reasoning_tokens=1)
        reply = Reply(texts, delay_s=_FOR_EVER_S)
        self.lost[key] += 1
        bill = Completion(body, reply, 0).bill
        self._lost_bills[body["model"]] = self._lost_bills.get(body["model"], Bill()) + bill
        return reply

    def due(self, server: OpenAIServer) -> dict[str, tuple[int, int]]:
        """Tell what the server billed for what it answered: tokens in and out by model."""
        lost = self._lost_bills
        return {
            model: (
                bill.prompt_tokens - lost.get(model, Bill()).prompt_tokens,
                bill.completion_tokens - lost.get(model, Bill()).completion_tokens,
            )
            for model, bill in server.billed.items()
        }


def paid(records: Records) -> dict[str, tuple[int, int]]:
    """Add up what records say: tokens in and out by model."""
    found: dict[str, tuple[int, int]] = {}
    for line in (line for row in records for line in row["lines"]):
        tokens = line["input_tokens"], line["output_tokens"]
        if not any(tokens):  # a refusal, which bills nothing
            continue
        before = found.get(line["model"], (0, 0))
        found[line["model"]] = before[0] + tokens[0], before[1] + tokens[1]
    return found


def timeless(records: Records) -> list[Any]:
    """Give the rows without what differs from time to time: seconds, and who came first."""
    rows = json.loads(json.dumps(sorted(records, key=lambda row: (row["item"], row["arm"]))))
    for row in rows:
        for stage in row["stages"]:
            del stage["seconds"]
        for line in row["lines"]:
            del line["seconds"]
        row["lines"].sort(key=json.dumps)
    return list(rows)
