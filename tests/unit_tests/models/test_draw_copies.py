"""A model is copied once for all requests with the same settings."""

from __future__ import annotations

from langchain_core.messages import HumanMessage

from cope_graph.models import draw as drawing
from cope_graph.models.bound import Bound, bind
from cope_graph.models.draw import draw
from cope_graph.models.exchange import Request
from tests.scripted import ScriptedChat


def ask(model: Bound, **settings: float | None) -> None:
    request = Request((HumanMessage("x"),), **settings)  # type: ignore[arg-type]
    draw(model, (request,), {}, [[]])


def test_same_settings_share_a_copy() -> None:
    chat = ScriptedChat(replies=["a"] * 4)
    model = bind(chat, "small", {})
    for temperature in (0.8, 0.8, 0.4, None):
        ask(model, temperature=temperature)
    assert len(model.copies) == 3
    assert [call["temperature"] for call in chat.calls] == [0.8, 0.8, 0.4, None]
    assert chat.temperature is None


def test_a_seed_per_run_does_not_pile_up_copies() -> None:
    limit = drawing._MOST_COPIES
    chat = ScriptedChat(replies=["a"] * 3 * limit)
    model = bind(chat, "small", {})
    for seed in range(3 * limit):
        ask(model, seed=seed)
        assert len(model.copies) <= limit
    assert [call["seed"] for call in chat.calls] == list(range(3 * limit))


def test_two_graphs_of_one_model_share_nothing() -> None:
    chat = ScriptedChat(replies=["a"])
    first, second = bind(chat, "small", {}), bind(chat, "small", {})
    ask(first)
    assert first.copies
    assert not second.copies
