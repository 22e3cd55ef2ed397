"""What an agent's tools may do to it, and what it must not do: nothing crashes, nothing is sent."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from cope_graph import CopeContext, create_cope_agent
from tests.unit_tests.agents.acting import Proposal
from tests.unit_tests.agents.shop import (
    DONE,
    HELLO,
    LOOK,
    OPEN,
    SEND,
    Shop,
    acting,
    agent,
    large,
    small,
    torn,
)
from tests.unit_tests.conftest import Runner

MAIL = "mail ann: The key is in the box."


def seen(out: Any) -> list[tuple[str, str]]:
    return [(m.status, m.text) for m in out["messages"] if m.type == "tool"]


def down(*_: Any) -> Proposal:
    msg = "the large model is down"
    raise ConnectionError(msg)


def test_a_tool_that_raises_is_observed_and_surprises(both: Runner) -> None:
    shop = Shop()
    out = both(agent(small(("look", {"at": "dark"}), DONE), large(DONE), shop), HELLO)
    assert seen(out) == [("error", "look failed: ValueError: it is dark")]
    assert (out["cope"]["surprises"], out["messages"][-1].text) == (1, DONE)
    assert shop.done == ["look dark"]


def test_a_tool_that_hangs_is_observed_and_surprises(both: Runner) -> None:
    go_on = threading.Event()

    def wait(hours: int) -> str:
        """Wait."""
        go_on.wait(20)
        return f"{hours}"

    shop = Shop()
    model = small(("wait", {"hours": 1}), DONE)
    graph = create_cope_agent(
        model, large(DONE), [*shop.tools, wait], defaults=CopeContext(n=2), tool_timeout_s=0.05
    )
    threading.Timer(1.0, go_on.set).start()
    out = both(graph, HELLO)
    assert "wait gave no result within 0.05 s" in seen(out)[0][1]
    assert (out["cope"]["surprises"], out["messages"][-1].text) == (1, DONE)


@pytest.mark.parametrize("call", [("fly", {}), ("look", {"on": "box"}), ("look", {})])
def test_a_call_that_no_tool_takes_never_wins_a_vote(both: Runner, call: Any) -> None:
    shop = Shop()
    out = both(agent(small(call, call), large(LOOK, DONE), shop), HELLO)
    assert shop.done == ["look box"]
    assert out["cope"]["large"] == 2


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("fly", {}), "fly is not a valid tool"),
        (("look", {}), "Error invoking tool 'look'"),
    ],
)
def test_a_large_models_call_that_no_tool_takes_is_told_to_it(
    both: Runner, call: Any, said: str
) -> None:
    shop = Shop()
    out = both(agent(small(call, DONE), large(call, DONE), shop), HELLO)
    ((status, text),) = seen(out)
    assert (status, said in text) == ("error", True)
    assert (shop.done, out["messages"][-1].text) == ([], DONE)
    assert out["cope"]["surprises"] == 1


def garbled(*valid: Any) -> AIMessage:
    bad: Any = {"name": "look", "args": '{"at": ', "id": "bad", "type": "invalid_tool_call"}
    calls: Any = [
        {"name": n, "args": a, "id": f"v{i}", "type": "tool_call"} for i, (n, a) in enumerate(valid)
    ]
    return AIMessage(
        "", tool_calls=calls, invalid_tool_calls=[{**bad, "type": "invalid_tool_call"}]
    )


def test_a_call_that_cannot_be_read_is_told_to_the_model(both: Runner) -> None:
    shop = Shop()
    out = both(agent(small(garbled(), DONE), large(garbled(), DONE), shop), HELLO)
    assert [status for status, _ in seen(out)] == ["error"]
    assert "malformed" in seen(out)[0][1]
    assert out["messages"][-1].text == DONE


def test_half_a_step_is_not_run(both: Runner) -> None:
    shop = Shop()
    half = garbled(SEND)
    out = both(agent(small(half, DONE), large(half, DONE), shop), HELLO)
    assert shop.done == []
    assert ("error", "Not run: another call of this step could not be read.") in seen(out)
    assert out["messages"][-1].text == DONE


def test_an_irreversible_call_is_the_large_models_to_decide(both: Runner) -> None:
    shop, expensive = Shop(), large(SEND, DONE)
    out = both(
        agent(small(SEND, DONE), expensive, shop, irreversible=["send_*"], max_steps=4), HELLO
    )
    assert shop.done == [MAIL]
    assert (out["cope"]["large"], out["cope"]["small"]) == (1, 1)


def test_the_large_model_can_refuse_an_irreversible_call(both: Runner) -> None:
    shop = Shop()
    out = both(
        agent(small(SEND, DONE), large(LOOK, DONE), shop, irreversible=["send_mail"], max_steps=4),
        HELLO,
    )
    assert shop.done == ["look box"]
    assert out["cope"]["stopped_by"] is None


def test_without_the_large_model_an_irreversible_call_is_not_made(both: Runner) -> None:
    shop = Shop()
    graph = agent(
        small(LOOK, SEND), acting(down, "large"), shop, irreversible=["send_*"], max_steps=4
    )
    out = both(graph, HELLO)
    assert shop.done == ["look box"]
    assert out["messages"][-1].text.startswith("Stopped: send_mail cannot be undone")
    assert "It was not made." in out["messages"][-1].text
    assert seen(out)[-1] == (
        "error",
        "Not run: send_mail cannot be undone, and its call was not agreed to.",
    )
    assert (out["cope"]["steps"], out["cope"]["unaccepted"]) == (2, 1)


def test_what_is_beside_an_irreversible_call_is_not_made_either(both: Runner) -> None:
    shop = Shop()
    graph = agent(
        small([LOOK, SEND]), acting(down, "large"), shop, irreversible=["send_*"], max_steps=4
    )
    both(graph, HELLO)
    assert shop.done == []


def test_other_calls_are_made_on_the_best_there_is(both: Runner) -> None:
    shop = Shop()
    out = both(agent(torn(LOOK, DONE), acting(down, "large"), shop, max_steps=1), HELLO)
    assert shop.done == ["look box"]
    assert out["cope"]["unaccepted"] == 1


def test_a_conversation_goes_on_after_a_call_that_was_not_made(both: Runner) -> None:
    """Every call has its answer, as providers demand it."""
    shop = Shop()
    graph = agent(
        small([LOOK, SEND]), acting(down, "large"), shop, irreversible=["send_*"], max_steps=4
    )
    messages = both(graph, HELLO)["messages"]
    calls = [c["id"] for m in messages if isinstance(m, AIMessage) for c in m.tool_calls]
    assert [m.tool_call_id for m in messages if m.type == "tool"] == calls
    assert len(calls) == 2


def test_a_tool_whose_name_only_looks_alike_is_not_held_back() -> None:
    shop = Shop()
    out = agent(small(LOOK, DONE), large(OPEN), shop, irreversible=["lo?", "LOO*"]).invoke(HELLO)
    assert (shop.done, out["cope"]["large"]) == (["look box"], 0)
