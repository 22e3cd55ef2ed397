"""A person decides on calls: LangChain's HumanInTheLoopMiddleware in front of the cascade."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import ValidationError

from tests.unit_tests.agents.acting import ActingChat
from tests.unit_tests.agents.shop import (
    DONE,
    HELLO,
    LOOK,
    SEND,
    THREAD,
    Shop,
    agent,
    large,
    small,
)
from tests.unit_tests.conftest import Runner

MAIL = "mail ann: The key is in the box."
CORRECTED = {"name": "send_mail", "args": {"to": "bob", "text": "It is in the box."}}


def reviewed(shop: Shop, cheap: ActingChat, mode: Any = "batched", **options: Any) -> Any:
    review = HumanInTheLoopMiddleware({"send_mail": True}, interrupt_mode=mode)
    saver = InMemorySaver()
    return agent(cheap, large(SEND, DONE), shop, middleware=[review], checkpointer=saver, **options)


def answer(*decisions: dict[str, Any]) -> Any:
    return Command(resume={"decisions": list(decisions)})


def test_a_person_is_asked_before_the_call_is_made(both: Runner) -> None:
    shop = Shop()
    graph = reviewed(shop, small(SEND, DONE))
    paused = both(graph, HELLO, THREAD)
    (asked,) = paused["__interrupt__"]
    assert asked.value["action_requests"][0]["name"] == "send_mail"
    assert shop.done == []


@pytest.mark.parametrize(
    ("decision", "done"),
    [
        ({"type": "approve"}, [MAIL]),
        ({"type": "edit", "edited_action": CORRECTED}, ["mail bob: It is in the box."]),
        ({"type": "reject", "message": "Not now."}, []),
    ],
)
def test_a_persons_word_is_heeded_and_the_vote_is_not_taken_again(
    both: Runner, decision: dict[str, Any], done: list[str]
) -> None:
    shop, cheap = Shop(), small(SEND, DONE)
    graph = reviewed(shop, cheap)
    both(graph, HELLO, THREAD)
    asked = len(cheap.acts)
    out = both(graph, answer(decision), THREAD)
    assert shop.done == done
    assert (asked, len(cheap.acts)) == (4, 8)
    assert (out["messages"][-1].text, out["cope"]["steps"]) == (DONE, 2)


def test_a_persons_no_is_a_surprise(both: Runner) -> None:
    graph = reviewed(Shop(), small(SEND, DONE))
    both(graph, HELLO, THREAD)
    out = both(graph, answer({"type": "reject"}), THREAD)
    assert out["cope"]["surprises"] == 1


NONSENSE = ["what?", 7, {"decisions": []}, {"decisions": [{"type": "perhaps"}]}]


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_is_an_error_and_the_same_question_can_be_answered_again(
    both: Runner, nonsense: Any
) -> None:
    shop, cheap = Shop(), small(SEND, DONE)
    graph = reviewed(shop, cheap, "per_call")
    both(graph, HELLO, THREAD)
    with pytest.raises(ValidationError):
        both(graph, Command(resume=nonsense), THREAD)
    assert shop.done == []
    out = both(graph, Command(resume={"type": "approve"}), THREAD)
    assert (shop.done, out["messages"][-1].text) == ([MAIL], DONE)
    assert len(cheap.acts) == 8


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_to_one_question_for_all_calls_is_taken_back_by_hand(
    both: Runner, nonsense: Any
) -> None:
    """LangChain keeps such an answer: the step before it is written once more to be asked again."""
    shop, cheap = Shop(), small(SEND, DONE)
    graph = reviewed(shop, cheap, "batched")
    both(graph, HELLO, THREAD)
    with pytest.raises((ValueError, TypeError)):
        both(graph, Command(resume=nonsense), THREAD)
    assert shop.done == []
    graph.update_state(THREAD, None, as_node="CopeMiddleware.after_model")
    assert len(both(graph, None, THREAD)["__interrupt__"]) == 1
    out = both(graph, answer({"type": "approve"}), THREAD)
    assert (shop.done, out["messages"][-1].text) == ([MAIL], DONE)
    assert len(cheap.acts) == 8


def test_calls_that_need_nobodys_word_are_made_while_a_person_is_asked(both: Runner) -> None:
    shop = Shop()
    graph = reviewed(shop, small([LOOK, SEND], DONE), "per_call")
    paused = both(graph, HELLO, THREAD)
    assert len(paused["__interrupt__"]) == 1
    both(graph, Command(resume={"type": "approve"}), THREAD)
    assert sorted(shop.done) == ["look box", MAIL]


def down(*_: Any) -> Any:
    raise ConnectionError


def without_the_large_model(shop: Shop, cheap: ActingChat, **options: Any) -> Any:
    settings: Any = {"irreversible": ["send_*"], "checkpointer": InMemorySaver(), **options}
    return agent(cheap, ActingChat(model_name="large", policy=down), shop, **settings)


def test_a_person_is_not_asked_about_a_call_that_will_not_be_made(both: Runner) -> None:
    shop, review = Shop(), HumanInTheLoopMiddleware({"send_mail": True})
    out = both(without_the_large_model(shop, small(SEND, DONE), middleware=[review]), HELLO, THREAD)
    assert "__interrupt__" not in out
    assert shop.done == []
    assert out["messages"][-1].text.startswith("Stopped: send_mail cannot be undone")


@pytest.mark.parametrize(
    ("word", "done", "last"), [("approve", [MAIL], DONE), ("reject", [], "Stopped: send_mail")]
)
def test_a_person_agrees_in_the_large_models_place(
    both: Runner, word: str, done: list[str], last: str
) -> None:
    shop, cheap = Shop(), small(SEND, DONE)
    graph = without_the_large_model(shop, cheap, unagreed="ask")
    (asked,) = both(graph, HELLO, THREAD)["__interrupt__"]
    assert asked.value["action_requests"][0]["args"]["to"] == "ann"
    assert "the large model did not agree" in asked.value["action_requests"][0]["description"]
    assert shop.done == []
    out = both(graph, answer({"type": word}), THREAD)
    assert shop.done == done
    assert out["messages"][-1].text.startswith(last)
    # Two stages of the first step are not voted on again; the second takes one.
    assert len(cheap.acts) == 8 + 4 * (out["cope"]["steps"] - 1)


@pytest.mark.parametrize("nonsense", [*NONSENSE, {"decisions": [None]}, {"decisions": 7}])
def test_nonsense_to_that_question_is_asked_again(both: Runner, nonsense: Any) -> None:
    shop = Shop()
    graph = without_the_large_model(shop, small(SEND, DONE), unagreed="ask")
    both(graph, HELLO, THREAD)
    (again,) = both(graph, Command(resume=nonsense), THREAD)["__interrupt__"]
    assert "That was no answer" in again.value["action_requests"][0]["description"]
    assert shop.done == []
    both(graph, answer({"type": "approve"}), THREAD)
    assert shop.done == [MAIL]


def test_one_no_among_several_calls_stops_them_all(both: Runner) -> None:
    shop = Shop()
    graph = without_the_large_model(shop, small([SEND, SEND, LOOK], DONE), unagreed="ask")
    (asked,) = both(graph, HELLO, THREAD)["__interrupt__"]
    assert len(asked.value["action_requests"]) == 2
    both(graph, answer({"type": "approve"}, {"type": "reject"}), THREAD)
    assert shop.done == []


def test_nobody_is_asked_where_the_large_model_agrees(both: Runner) -> None:
    shop = Shop()
    graph = agent(
        small(SEND, DONE),
        large(SEND, DONE),
        shop,
        irreversible=["send_*"],
        unagreed="ask",
        checkpointer=InMemorySaver(),
    )
    assert both(graph, HELLO, THREAD)["messages"][-1].text == DONE
    assert shop.done == [MAIL]
