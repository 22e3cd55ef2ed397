"""Whatever models propose and tools do: what holds of every turn."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from cope_graph.errors import ModelCallError, NoAnswerError
from tests.unit_tests.agents.acting import ActingChat
from tests.unit_tests.agents.shop import DONE, HELLO, LOOK, OPEN, SEND, Shop, agent

DARK: Any = ("look", {"at": "dark"})
LOST: Any = ("fly", {"to": "the moon"})
FAILS = "fails"
PROPOSALS = st.sampled_from([LOOK, OPEN, SEND, [LOOK, SEND], DARK, LOST, DONE, "", FAILS])
SCRIPTS = st.lists(PROPOSALS, min_size=1, max_size=40)


def model(name: str, script: list[Any], said: list[Any]) -> ActingChat:
    """Give a model that deals a script, over and over, and what it dealt."""

    def policy(_: list[BaseMessage], index: int) -> Any:
        proposal = script[index % len(script)]
        if proposal == FAILS:
            raise ConnectionError
        said.append(proposal)
        return proposal

    return ActingChat(model_name=name, policy=policy)


def mails(proposals: list[Any]) -> int:
    return sum(SEND in (one if isinstance(one, list) else [one]) for one in proposals)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCRIPTS, SCRIPTS)
def test_every_turn_is_whole_and_sends_only_what_the_large_model_agreed_to(
    cheap: list[Any], dear: list[Any]
) -> None:
    shop = Shop()
    large_said: list[Any] = []
    models = model("small", cheap, []), model("large", dear, large_said)
    graph = agent(*models, shop, irreversible=["send_*"], max_steps=4)
    states: list[Any] = []
    with suppress(ModelCallError, NoAnswerError):  # all models down, or nothing that can be read
        for state in graph.stream(HELLO, stream_mode="values"):
            states.append(state)  # noqa: PERF402 - what came before an error counts
    last = states[-1]
    messages = last["messages"]
    calls = [c for m in messages if isinstance(m, AIMessage) for c in m.tool_calls]
    seen = [m for m in messages if isinstance(m, ToolMessage)]
    assert [m.tool_call_id for m in seen] == [call["id"] for call in calls]
    made = [m for m in seen if not m.text.startswith(("Not run", "Error: fly"))]
    assert len(shop.done) == len(made)
    assert sum(done.startswith("mail") for done in shop.done) <= mails(large_said)
    cope = last["cope"]
    assert cope["steps"] == cope["small"] + cope["guided"] + cope["large"] <= 4
