"""A bench in a process of its own, for its parent to kill it.

    python -m tests.integration_tests.killed_bench LIFE

LIFE is a `Life` as JSON. The process prints "held" when its scorer waits for ever.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from cope_graph import CopeContext, Price, tasks
from cope_graph.evaluation.bench import Bench, run_bench
from cope_graph.evaluation.datasets.items import Item
from tests.integration_tests.holding import hold
from tests.loopback.clients import chat

_ROOT: Final = Path(__file__).resolve().parents[2]
SETTINGS: Final = CopeContext(n=3, seed=7, max_plan_tokens=50, max_answer_tokens=50)
PRICES: Final = {
    "small": Price.of("0.15", "0.60"),
    "large": Price.of("2.50", "10.00"),
    "voter:tiny": Price.of("0.05", "0.10"),
    "voter:mid": Price.of("0.50", "1.00"),
}
VOTERS: Final = ("tiny", "mid")


@dataclass(frozen=True)
class Life:
    """What a process does until it is killed.

    Attributes:
        base_url: Of the models' server.
        out: The file of records.
        items: How many.
        concurrency: Items side by side.
        small: The small model's name; the server knows its suffixes.
        hold: At which call the scorer waits for ever, `None` for never.
    """

    base_url: str
    out: str
    items: int = 5
    concurrency: int = 3
    small: str = "small"
    hold: int | None = None

    def bench(self, **changes: Any) -> Bench:
        """Make the bench."""
        calls = count()

        def right(item: Item, answer: str) -> bool:
            if next(calls) == self.hold:
                hold()
            return bool(float(answer) == float(item.gold or 0))

        own = {"default_headers": {"Connection": "close"}}
        given: dict[str, Any] = {
            "items": items(self.items),
            "small": chat(self, self.small, **own),
            "large": chat(self, "large", **own),
            "task": tasks.math(),
            "right": right,
            "settings": SETTINGS,
            "voters": {name: chat(self, name, **own) for name in VOTERS},
            "prices": PRICES,
            "concurrency": self.concurrency,
        }
        return Bench(**{**given, **changes})

    def live(self, **changes: Any) -> None:
        """Run it to its end, unless it is held."""
        asyncio.run(run_bench(self.bench(**changes), Path(self.out)))


def items(many: int) -> list[Item]:
    """Make questions whose answers are 0, 1 or 2."""
    return [Item(f"item {i}", f"Question {i}: how many?", str(i % 3)) for i in range(many)]


@contextmanager
def process(life: Life) -> Iterator[subprocess.Popen[str]]:
    """Run a life in a process of its own, which is killed when the `with` ends."""
    command = [sys.executable, "-m", __spec__.name, json.dumps(asdict(life))]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, cwd=_ROOT, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            yield child
        finally:
            child.kill()


if __name__ == "__main__":
    Life(**json.loads(sys.argv[1])).live()
