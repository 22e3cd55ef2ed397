"""A model is copied once for all requests with the same settings."""

from __future__ import annotations

from typing import Any

from cope_graph.models import configure
from cope_graph.models.bound import Bound, bind
from cope_graph.models.configure import configured, copied
from tests.loopback.openai_server import OpenAIServer
from tests.scripted import ScriptedChat
from tests.unit_tests.models.drawing import Drawer, ask, bound, texts


def draw_one(drawer: Drawer, model: Bound, **settings: Any) -> None:
    assert texts(drawer(model, [ask(**settings)])) == [["a"]]


def test_same_settings_share_a_copy(drawer: Drawer) -> None:
    chat = ScriptedChat(replies=["a"] * 4)
    model = bind(chat, "small", {})
    for temperature in (0.8, 0.8, 0.4, None):
        draw_one(drawer, model, temperature=temperature)
    assert len(model.desk.copies) == 3
    assert [call["temperature"] for call in chat.calls] == [0.8, 0.8, 0.4, None]
    assert chat.temperature is None


def test_a_seed_per_run_does_not_pile_up_copies() -> None:
    limit = configure._MOST_COPIES
    model = bind(ScriptedChat(replies=[]), "small", {})
    for seed in range(3 * limit):
        assert getattr(configured(model, ask(seed=seed)), "seed", None) == seed
        assert len(model.desk.copies) <= limit


def test_two_graphs_of_one_model_share_nothing(drawer: Drawer) -> None:
    chat = ScriptedChat(replies=["a"])
    first, second = bind(chat, "small", {}), bind(chat, "small", {})
    draw_one(drawer, first)
    assert first.desk.copies
    assert not second.desk.copies


def test_what_a_model_has_no_field_for_is_left_out() -> None:
    class Plain(ScriptedChat):
        pass

    model = bind(Plain(replies=[]), "small", {})
    copy = copied(model, ask(temperature=0.3, max_tokens=9))
    assert isinstance(copy, Plain)
    assert (copy.temperature, copy.max_tokens, copy.seed, copy.cache) == (0.3, 9, None, False)
    assert not hasattr(copy, "stream_usage")


def test_each_event_loop_has_connections_of_its_own() -> None:
    with OpenAIServer({"m": ["a"]}) as server:
        model = bound(server)
        for _ in range(3):  # a loop of its own each time, as `asyncio.run` makes it
            draw_one(Drawer(is_async=True), model)
        assert len(model.desks) == 1, "those of loops that ended are let go"
