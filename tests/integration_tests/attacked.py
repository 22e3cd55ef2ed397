"""A dev server with an operator's limits, and a server of somebody who tries to get around them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
from langgraph_sdk.client import SyncLangGraphClient
from langgraph_sdk.errors import LangGraphError

from tests.integration_tests.dev_server import DevServer, dev_server
from tests.integration_tests.word_models import EASY, settings, word_server
from tests.loopback.openai_server import OpenAIServer

T = TypeVar("T")
R = TypeVar("R")

LIMITS: Final[dict[str, Any]] = {
    "n": 4,
    "tau1": 0.75,
    "tau2": 0.5,
    "budget_usd": "0.02",
    "budget_tokens": 50_000,
    "max_plan_tokens": 64,
    "max_answer_tokens": 128,
    "deadline_s": 60,
    "timeout_s": 20,
    "retries": 0,
    "last_resort": "abstain",
}
"""What the operator allows one run."""

SMALL_PRICE: Final = 1
LARGE_PRICE: Final = 10
"""USD per million tokens, in and out."""


def question(text: str = EASY) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


@dataclass(frozen=True)
class Attacked:
    """The dev server, the operator's models behind it, and an attacker's model server."""

    server: DevServer
    models: OpenAIServer
    attacker: OpenAIServer
    client: SyncLangGraphClient
    limits: dict[str, Any]
    budget_usd: str

    def run(self, thread: str | None = None, **options: Any) -> dict[str, Any]:
        """One run; what goes wrong comes back under ``__error__``, as ``{"error", "message"}``."""
        assistant = options.pop("assistant", "cope")
        given = {"input": question(), "raise_error": False, **options}
        try:
            out = self.client.runs.wait(thread, assistant, **given)
        except (LangGraphError, httpx.HTTPStatusError) as error:
            return {"__error__": {"error": type(error).__name__, "message": str(error)}}
        assert isinstance(out, dict)
        return out

    def thread(self) -> str:
        """A thread with one finished run."""
        made: str = self.client.threads.create()["thread_id"]
        assert self.run(made)["answer"] == "7"
        return made

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """What the SDK would not send."""
        with httpx.Client(base_url=self.server.url, timeout=60, trust_env=False) as client:
            return client.post(path, json=body, headers=headers)

    @property
    def spent_usd(self) -> Decimal:
        """What the operator's models have billed."""
        price = {"small": SMALL_PRICE, "large": LARGE_PRICE}
        billed = self.models.billed
        tokens = {name: b.prompt_tokens + b.completion_tokens for name, b in billed.items()}
        return sum((Decimal(price[m] * t) for m, t in tokens.items()), Decimal(0)) / 1_000_000

    def check_limits(self) -> None:
        """Assert that nobody was asked but the operator's models, and for no more than allowed."""
        assert self.attacker.traffic.max_in_flight == self.attacker.count == 0
        bodies = [request.body for request in self.models.requests]
        assert {body["model"] for body in bodies} <= {"small", "large"}
        assert max((body.get("n") or 1 for body in bodies), default=1) <= self.limits["n"]
        longest = max((body["max_completion_tokens"] for body in bodies), default=1)
        assert longest <= self.limits["max_answer_tokens"]
        assert self.spent_usd <= Decimal(self.budget_usd)

    def check_honest_client(self) -> None:
        """Assert that the next honest client gets its answer, by the operator's thresholds."""
        out = self.run()
        assert (out["answer"], out["accepted"]) == ("7", True)
        seen = [(visit["samples"], visit["threshold"]) for visit in out["visits"]]
        assert seen == [(self.limits["n"], self.limits["tau1"])]


@contextlib.contextmanager
def attacked(folder: Path, *, budget_usd: str = "1", **limits: Any) -> Iterator[Attacked]:
    """Serve with ``LIMITS`` and these."""
    limits = {**LIMITS, **limits}
    operators = {
        "COPE_SETTINGS": json.dumps(limits),
        "COPE_BUDGET_USD": budget_usd,
        "COPE_SMALL_PRICE": f"{SMALL_PRICE},{SMALL_PRICE}",
        "COPE_LARGE_PRICE": f"{LARGE_PRICE},{LARGE_PRICE}",
    }
    with (
        word_server() as models,
        OpenAIServer(api_key=None) as attacker,
        dev_server(folder, {**settings(models), **operators}) as server,
        server.client() as client,
    ):
        yield Attacked(server, models, attacker, client, limits, budget_usd)


def side_by_side(function: Callable[[T], R], cases: Iterable[T]) -> list[tuple[T, R]]:
    """Try all cases at once, since the dev server lets every run wait for a second."""
    cases = list(cases)
    with ThreadPoolExecutor(10) as pool:
        return list(zip(cases, pool.map(function, cases), strict=True))


def error_of(out: dict[str, Any]) -> tuple[str, str]:
    """Give the kind and the message of a run's error; both are empty when there is none."""
    error = out.get("__error__") or {"error": "", "message": ""}
    return error["error"], error["message"]
