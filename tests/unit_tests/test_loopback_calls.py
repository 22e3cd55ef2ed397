"""The loopback OpenAI server calls tools in OpenAI's wire format, as a real client reads it."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from tests.loopback.clients import chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply

ADD: Any = ("add", {"a": 1, "b": 2})
TOOL = {
    "type": "function",
    "function": {"name": "add", "parameters": {"type": "object", "properties": {}}},
}


def server(*calls: Any, **options: Any) -> OpenAIServer:
    def reply(_: Body) -> Reply:
        return Reply([None], calls=[list(calls)], **options)

    return OpenAIServer(reply)


@pytest.mark.parametrize("streaming", [False, True])
def test_a_client_reads_calls_whole_and_streamed(streaming: bool) -> None:
    with server(ADD, ("look", {})) as loopback:
        model = chat(loopback, streaming=streaming, stream_usage=True).bind_tools([TOOL])
        message = model.invoke("x")
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [
        ("add", {"a": 1, "b": 2}),
        ("look", {}),
    ]
    assert len({call["id"] for call in message.tool_calls}) == 2
    assert message.response_metadata["finish_reason"] == "tool_calls"
    # {"a": / 1, / "b": / 2} and {}, and a name each.
    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] == 7


def test_each_choice_has_calls_of_its_own() -> None:
    def reply(_: Body) -> Reply:
        return Reply([None], calls=[[("add", {"a": i})] for i in range(3)])

    with OpenAIServer(reply) as loopback:
        result = chat(loopback, n=3).generate([[HumanMessage("x")]])
    messages: list[Any] = [one.message for one in result.generations[0] if hasattr(one, "message")]
    assert [m.tool_calls[0]["args"] for m in messages] == [{"a": 0}, {"a": 1}, {"a": 2}]
    assert len({m.tool_calls[0]["id"] for m in messages}) == 3


def test_arguments_may_be_no_json() -> None:
    with server(("add", '{"a": ')) as loopback:
        message = chat(loopback).invoke("x")
    assert message.tool_calls == []
    assert message.invalid_tool_calls[0]["args"] == '{"a": '


def test_a_call_is_cut_at_the_limit_and_never_billed_beyond_it() -> None:
    with server(ADD, ADD) as loopback:
        message = chat(loopback, max_completion_tokens=3).invoke("x")
        assert message.response_metadata["finish_reason"] == "length"
        assert [call["args"] for call in message.invalid_tool_calls] == ['{"a": 1, ']
        assert loopback.billed["small"].completion_tokens == 3


def test_what_the_client_sends_of_tools_is_recorded() -> None:
    with OpenAIServer({"small": ["3"]}) as loopback:
        model = chat(loopback).bind_tools([TOOL], tool_choice="any")
        call: Any = {"name": "add", "args": {"a": 1}, "id": "c1", "type": "tool_call"}
        model.invoke(
            [
                HumanMessage("x"),
                AIMessage("", tool_calls=[call]),
                ToolMessage("3", tool_call_id="c1"),
            ]
        )
        (request,) = loopback.requests
    assert request.body["tools"] == [TOOL]
    assert request.body["tool_choice"] == "required"
    assert [m["role"] for m in request.body["messages"]] == ["user", "assistant", "tool"]
    assert request.body["messages"][1]["tool_calls"][0]["id"] == "c1"
