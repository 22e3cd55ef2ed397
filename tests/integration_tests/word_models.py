"""A small and a large model on one loopback server that behave by a word in the question."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Final

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tests.loopback.clients import chat
from tests.loopback.completions import Bill
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import ApiError, Body, Reply

KEY: Final = "sk-planted-8f1e5c"
"""The key of both models: it may stand in no trace, log, error or checkpoint."""

EASY: Final = "An easy one: what is 3 + 4?"
"""All samples of the small model agree on 7: stage 1 accepts."""
HARD: Final = "A hard one: what is 6 * 7?"
"""No two samples of the small model agree; stage 3 answers 42."""
SURD: Final = "A surd: what is the sine of 45 degrees?"
"""The samples agree in value, not in spelling: the worker process has to compare them."""
LOCKED: Final = "A locked one: what is 1 + 1?"
"""The models refuse the key, and repeat it."""

FINAL_WORDS: Final = "Some final words. The answer is 42."
SAMPLE_WORD: Final = "Sample"
"""Every reply of the small model starts with it."""

_SPELLINGS: Final = (r"\frac{\sqrt{2}}{2}", r"\frac{1}{\sqrt{2}}")
_REFUSED: Final = ApiError(401, f"Incorrect API key provided: {KEY}.", "invalid_request_error")


def by_word() -> Callable[[Body], Reply]:
    """Make the models; each call of this function makes new ones."""
    numbers = itertools.count(1)

    def reply(body: Body) -> Reply:
        question = body["messages"][-1]["content"]
        if LOCKED in question:
            return Reply((), error=_REFUSED)
        if body["model"] == "large":
            return Reply([FINAL_WORDS], cached_tokens=5, reasoning_tokens=3)
        answers = (_answer(question, next(numbers)) for _ in range(body.get("n") or 1))
        texts = [f"{SAMPLE_WORD} words. The answer is {answer}." for answer in answers]
        return Reply(texts, cached_tokens=2, reasoning_tokens=1)

    return reply


def _answer(question: str, number: int) -> str:
    if HARD in question:
        return str(number)
    return _SPELLINGS[number % 2] if SURD in question else "7"


def word_server() -> OpenAIServer:
    """Make the server; enter it with ``with``."""
    return OpenAIServer(by_word(), api_key=KEY)


def settings(server: OpenAIServer) -> dict[str, str]:
    """Give the environment that names both models of ``server``."""
    sides = ("SMALL", "LARGE")
    named = {f"COPE_{side}": f"openai:{side.lower()}" for side in sides}
    urls = {f"COPE_{side}_BASE_URL": server.base_url for side in sides}
    return {**named, **urls, **{f"COPE_{side}_API_KEY": KEY for side in sides}}


def pair(server: OpenAIServer) -> tuple[ChatOpenAI, ChatOpenAI]:
    """Make the small and the large model as chat models, for any number of event loops.

    They keep no connections: a kept one belongs to one loop, and is never closed.
    """
    own = {"api_key": SecretStr(KEY), "default_headers": {"Connection": "close"}}
    return chat(server, "small", **own), chat(server, "large", **own)


def use(server: OpenAIServer, environment: pytest.MonkeyPatch) -> tuple[str, str]:
    """Point the names of this process at ``server``; returns the small and the large one."""
    for name, value in settings(server).items():
        environment.setenv(name, value)
    return "openai:small", "openai:large"


def as_usage(bill: Bill) -> dict[str, Any]:
    """Write a bill as LangChain writes usage."""
    return {
        "input_tokens": bill.prompt_tokens,
        "output_tokens": bill.completion_tokens,
        "total_tokens": bill.prompt_tokens + bill.completion_tokens,
        "input_token_details": {"cache_read": bill.cached_tokens},
        "output_token_details": {"reasoning": bill.reasoning_tokens},
    }


def billed_usage(server: OpenAIServer) -> dict[str, dict[str, Any]]:
    """What the server billed so far, by model, as LangChain writes usage."""
    return {model: as_usage(bill) for model, bill in server.billed.items()}
