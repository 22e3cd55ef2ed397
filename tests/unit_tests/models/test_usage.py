from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from cope_graph.models.bound import bind
from cope_graph.models.exchange import reply_of
from cope_graph.models.one_bill import uses_responses
from cope_graph.models.usage import usage_of


def generation(text: str = "a", **given: Any) -> ChatGeneration:
    message = AIMessage(text, response_metadata=given.pop("metadata", {}))
    message.usage_metadata = given.pop("usage", None)
    return ChatGeneration(message=message)


@pytest.mark.parametrize(
    "usage",
    [
        {"input_tokens": 10, "output_tokens": 2, "input_token_details": {"cache_read": 64}},
        {"input_tokens": -1, "output_tokens": 2},
        {"input_tokens": 10},
        {"input_tokens": None, "output_tokens": 2},
        {"input_tokens": 10, "output_tokens": 2, "input_token_details": {"cache_read": -5}},
    ],
)
def test_a_report_that_cannot_be_true_is_an_estimate_and_never_negative(usage: Any) -> None:
    got = usage_of([HumanMessage("q")], [generation(usage=usage)])
    assert got.status == "estimated"
    assert min(got.input_tokens, got.output_tokens, got.cached_tokens) >= 0
    assert got.cached_tokens <= got.input_tokens


def test_details_that_are_not_given_are_0() -> None:
    usage: Any = {"input_tokens": 10, "output_tokens": 2, "input_token_details": None}
    got = usage_of([], [generation(usage=usage)])
    assert (got.status, got.cached_tokens, got.reasoning_tokens) == ("reported", 0, 0)


@pytest.mark.parametrize(
    "metadata",
    [
        {"finish_reason": "length"},
        {"stop_reason": "max_tokens"},
        {"stopReason": "max_tokens"},
        {"finish_reason": "MAX_TOKENS"},
        {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
    ],
)
def test_every_providers_word_for_a_cut_reply_is_known(metadata: dict[str, Any]) -> None:
    assert reply_of(generation(metadata=metadata))["cut"]


def test_a_lone_surrogate_is_replaced() -> None:
    assert reply_of(generation("a\ud83db"))["text"] == "a?b"


def test_the_responses_api_draws_one_by_one_and_takes_no_seed() -> None:
    for given in ({"use_responses_api": True}, {"reasoning": {"effort": "low"}}):
        chat = ChatOpenAI(model="m", api_key=SecretStr("k"), **given)
        assert uses_responses(chat)
        bound = bind(chat, "small", {})
        assert not bound.takes_n
        assert "seed" not in bound.settable
