"""What the models of a cascade answer, and which of their requests are never answered."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from tests.loopback.completions import Bill, Completion
from tests.loopback.replies import Body, Reply, wanted_choices

SEED: Final = 7
"""Sample i is drawn with this seed plus i, by which it is known here."""

TEMPERATURES: Final[dict[str, Any]] = {
    "temperature_small_plan": 0.1,
    "temperature_stage1": 0.2,
    "temperature_large_plan": 0.3,
    "temperature_stage2": 0.4,
    "temperature_stage3": 0.5,
}
"""A temperature for each step, by which it is known here."""

STEPS: Final = {
    0.1: "small_plan",
    0.2: "small_execute 1",
    0.3: "large_plan",
    0.4: "small_execute 2",
    0.5: "large_execute",
}
OTHER: Final = "other"
"""A step at another temperature, which is sure of its answer."""
UNSURE: Final = ["3", "3", "3", "3", "4", "4", "4", "5"]
_FOR_EVER_S: Final = 3600.0

Held = Callable[[str, int], bool]
"""Whether a step's request is never answered, by the index of its first sample."""


def nobody(_step: str, _index: int) -> bool:
    return False


class Upstream:
    """Answers so that a run goes through all three stages: a reply function of the server.

    Each request is told from the others by its step and seed. What is held is billed, as a
    provider would that answered into the void.
    """

    def __init__(self) -> None:
        self.held: Held = nobody
        self.asked: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        """Of those asked, the ones that were held."""
        self.lost_bills: dict[str, Bill] = {}
        """What they cost, by model."""

    def __call__(self, body: Body) -> Reply:
        step, index = STEPS.get(body["temperature"], OTHER), body["seed"] - SEED
        # The same question twice is the same request: its prompt counts too.
        key = json.dumps([step, index, body.get("n", 1), body["messages"]])
        self.asked[key] += 1
        texts = [_text(step, index + i) for i in range(wanted_choices(body))]
        if not self.held(step, index):
            return Reply(texts)
        reply = Reply(texts, delay_s=_FOR_EVER_S)
        self.lost[key] += 1
        model = body["model"]
        bill = self.lost_bills.get(model, Bill()) + Completion(body, reply, 0).bill
        self.lost_bills[model] = bill
        return reply

    @property
    def answered(self) -> int:
        """How many requests were answered."""
        return self.asked.total() - self.lost.total()


def _text(step: str, index: int) -> str:
    match step:
        case "small_plan":
            return f"Find quantity {index}."
        case "large_plan":
            return "First count, then add."
        case "large_execute":
            return "I counted and added. The answer is 42."
    return f"Some thought. The answer is {6 if step == OTHER else UNSURE[index]}."
