"""The most a request can cost is never less than what it does cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from cope_graph.models.bound import Bound, bind
from cope_graph.models.exchange import Request
from cope_graph.models.worst import plan_tokens, prompt_tokens, worst_case
from cope_graph.money.amount import Amount
from cope_graph.money.prices import Price
from tests.loopback.completions import prompt_tokens as counted_by_server
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Reply
from tests.scripted import ScriptedChat
from tests.unit_tests.models.drawing import PRICE, Drawer, ask, bound, lines


def scripted(price: Price | None = None, **fields: Any) -> Bound:
    chat = ScriptedChat(replies=[], **fields)
    return bind(chat, "small", {} if price is None else {"small": price})


_any_text = st.text(st.characters(codec=None, exclude_categories=()))


@given(st.lists(_any_text, max_size=5))
def test_no_tokenizer_makes_more_of_a_prompt(texts: list[str]) -> None:
    bound = prompt_tokens(scripted(), [HumanMessage(text) for text in texts])
    # One token a byte is the most that any makes, and what is no text is sent as U+FFFD.
    sent = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
    assert bound >= sum(len(text.encode()) for text in sent) + len(texts)
    body = {"messages": [{"content": text} for text in texts]}
    assert bound >= counted_by_server(body)


@pytest.mark.parametrize("text", ["a b", "\U0001d518" * 50, "word " * 2000])
def test_a_servers_own_count_is_within_the_bound(drawer: Drawer, text: str) -> None:
    request = ask(text, k=2, max_tokens=5)
    with OpenAIServer(lambda _: Reply(["a b c d e f g"])) as server:
        model = bound(server, price=PRICE)
        (line,) = lines(drawer(model, [request]))
        billed = server.billed["m"]
    worst = worst_case(model, request)
    assert billed.completion_tokens == 10
    assert worst.tokens is not None
    assert billed.prompt_tokens + billed.completion_tokens <= worst.tokens
    assert worst.usd is not None
    assert Decimal(line["usd"] or "NaN") <= worst.usd


@pytest.mark.parametrize(
    "message",
    [
        HumanMessage([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]),
        AIMessage("", tool_calls=[{"name": "look", "args": {"at": "x" * 500}, "id": "1"}]),
        SystemMessage("short", name="n" * 500),
    ],
    ids=["parts", "tool calls", "name"],
)
def test_what_a_message_holds_beside_its_text_counts_too(message: BaseMessage) -> None:
    least = 6 if isinstance(message, HumanMessage) else 500
    assert prompt_tokens(scripted(), [message]) >= prompt_tokens(scripted(), []) + least


def test_a_models_own_tokenizer_is_used() -> None:
    model = scripted(custom_get_token_ids=lambda text: [1] * len(text.split()))
    fixed = prompt_tokens(model, [HumanMessage("")])
    assert prompt_tokens(model, [HumanMessage("three long words")]) == fixed + 3
    assert plan_tokens(model, 100) < plan_tokens(scripted(), 100)


@given(st.integers(1, 64), st.integers(1, 10_000))
def test_each_sample_may_be_as_long_as_it_is_let(k: int, most: int) -> None:
    model, one = scripted(PRICE), Request((HumanMessage("q"),), k=1, max_tokens=1)
    prompt = prompt_tokens(model, one.messages)
    worst = worst_case(model, Request(one.messages, k=k, max_tokens=most))
    usd = (prompt * PRICE.input + k * most * PRICE.output) / 1_000_000
    assert worst == Amount(usd, prompt + k * most)


def test_the_models_own_limit_holds_where_the_request_has_none() -> None:
    model = scripted(PRICE, max_tokens=11)
    assert worst_case(model, ask()) == worst_case(model, ask(max_tokens=11))
    assert worst_case(model, ask(max_tokens=3)) != worst_case(model, ask())


def test_without_a_limit_or_a_price_nothing_is_made_up() -> None:
    assert worst_case(scripted(PRICE), ask()) == Amount()
    unpriced = worst_case(scripted(), ask(max_tokens=5))
    assert unpriced.usd is None
    assert unpriced.tokens is not None


def test_by_the_hour_the_time_limit_is_the_most() -> None:
    model = scripted(Price.per_gpu_hour("1.20"))
    assert worst_case(model, ask(max_tokens=5), 7200).usd == Decimal("2.40")
    assert worst_case(model, ask(max_tokens=5)).usd is None


def test_a_plan_that_is_not_written_yet_counts() -> None:
    model = scripted(PRICE)
    without, with_plan = (worst_case(model, ask(max_tokens=5), extra_prompt=n) for n in (0, 40))
    assert without.tokens is not None
    assert with_plan.tokens == without.tokens + 40
