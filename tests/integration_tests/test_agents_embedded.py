"""An agent for real: the embedded pair, which has no calls of its own, looks up a note."""

from __future__ import annotations

import pytest
from langchain_core.callbacks import get_usage_metadata_callback
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import tool

from cope_graph import ChatCope, create_cope_agent
from cope_graph.models.pair import EMBEDDED, LARGE, SMALL
from cope_graph.models.pull import find

MISSING = [name for name in (SMALL, LARGE) if find(name.removeprefix("local:")) is None]
NOTE = "The key to the cellar is in the blue jar."

pytestmark = [
    pytest.mark.local_models,
    pytest.mark.skipif(bool(MISSING), reason="no model files: cope models pull"),
]


@pytest.mark.timeout(600)
def test_the_pair_looks_up_a_note_and_answers_from_it() -> None:
    looked: list[str] = []

    @tool
    def search(words: str) -> str:
        """Look up the notes of the house, such as: garden."""
        looked.append(words)
        return NOTE

    # tau 1 can't be exceeded: both models take part in each step.
    few = EMBEDDED.model_copy(update={"n": 2, "tau1": 1.0, "max_answer_tokens": 60, "seed": 1})
    agent = create_cope_agent(SMALL, LARGE, [search], defaults=few, max_steps=4)

    with get_usage_metadata_callback() as used:
        out = agent.invoke({"messages": [("user", "Where is the key to the cellar?")]})

    calls = [call for m in out["messages"] if isinstance(m, AIMessage) for call in m.tool_calls]
    results = [m for m in out["messages"] if isinstance(m, ToolMessage)]
    assert looked == [call["args"]["words"] for call in calls]
    assert [message.tool_call_id for message in results] == [call["id"] for call in calls]
    assert len(calls) >= 1
    assert "blue jar" in out["messages"][-1].text
    turn = out["cope"]
    assert (turn["large"], turn["stopped_by"]) == (turn["steps"], None)
    assert (turn["usd"], turn["requests"]) == ("0", 2 * turn["steps"])
    tokens = used.usage_metadata
    assert tokens.keys() == {name.removeprefix("local:") for name in (SMALL, LARGE)}
    assert turn["output_tokens"] == sum(one["output_tokens"] for one in tokens.values())
    assert all(one["output_tokens"] > 0 for one in tokens.values())


def test_a_reply_is_held_to_the_schema_of_the_tools() -> None:
    @tool
    def paint(colour: str, coats: int) -> str:
        """Paint the house."""
        return f"{colour} {coats}"

    few = EMBEDDED.model_copy(update={"n": 4, "tau1": 0.0, "max_answer_tokens": 60, "seed": 1})
    chat = ChatCope(small=SMALL, large=LARGE, defaults=few)

    reply = chat.bind_tools([paint], tool_choice="paint").invoke("Tell me a story about a dog.")

    # The model would rather tell one: it can only paint.
    [call] = reply.tool_calls
    assert (call["name"], set(call["args"])) == ("paint", {"colour", "coats"})
    assert isinstance(call["args"]["coats"], int)


def test_a_schema_whose_parts_refer_to_each_other_holds_too() -> None:
    part = {
        "type": "object",
        "properties": {
            "name": {"enum": ["wheel", "axle"]},
            "of": {"type": "array", "items": {"$ref": "#/$defs/Part"}, "maxItems": 1},
        },
        "required": ["name"],
        "additionalProperties": False,
    }
    build = {
        "name": "build",
        "description": "Build a part.",
        "parameters": {
            "type": "object",
            "properties": {"part": {"$ref": "#/$defs/Part"}},
            "required": ["part"],
            "$defs": {"Part": part},
        },
    }
    few = EMBEDDED.model_copy(update={"n": 2, "tau1": 0.0, "max_answer_tokens": 60, "seed": 1})
    chat = ChatCope(small=SMALL, large=LARGE, defaults=few)

    reply = chat.bind_tools([{"type": "function", "function": build}], tool_choice="any").invoke(
        "Build a saddle."
    )

    [call] = reply.tool_calls
    assert (call["name"], call["args"].keys() == {"part"}) == ("build", True)
    assert call["args"]["part"]["name"] in {"wheel", "axle"}
