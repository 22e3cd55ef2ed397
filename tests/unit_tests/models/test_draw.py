"""k samples for one bill: real ChatOpenAI clients on a real loopback server."""

from __future__ import annotations

from typing import Any

import pytest

from cope_graph.models.bound import bind
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import ApiError, Reply
from tests.scripted import ScriptedChat
from tests.unit_tests.models.drawing import Drawer, ask, bound, failures, kinds, lines, texts


def test_n_samples_are_one_request_and_one_bill(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["a b", "c", "d"]}) as server:
        drawn = drawer(bound(server), [ask(k=3)])
        billed = server.billed["m"]
    assert texts(drawn) == [["a b", "c", "d"]]
    (line,) = lines(drawn)
    assert (billed.requests, line["status"], line["samples"]) == (1, "reported", 3)
    assert (line["input_tokens"], line["output_tokens"]) == (
        billed.prompt_tokens,
        billed.completion_tokens,
    )


def test_a_line_says_on_whose_account_it_is(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["a"]}) as server:
        (line,) = lines(drawer(bound(server), [ask()]))
    keys = ("node", "stage", "role", "model", "error")
    assert [line[key] for key in keys] == ["small_execute", 1, "execute", "m", None]  # type: ignore[literal-required]


def test_different_prompts_go_side_by_side_and_keep_their_order(drawer: Drawer) -> None:
    def reply(body: dict[str, Any]) -> Reply:
        return Reply([f"re {body['messages'][-1]['content']}"], delay_s=1)

    with OpenAIServer(reply) as server:
        drawn = drawer(bound(server), [ask(str(i)) for i in range(8)])
        assert server.traffic.max_in_flight == 8
    assert texts(drawn) == [[f"re {i}"] for i in range(8)]


def test_a_server_that_refuses_n_is_asked_one_by_one_side_by_side(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["a", "b", "c", "d"]}, delay_s=0.5) as server:
        drawn = drawer(bound(server, "m-refuse-n"), [ask(k=4)])
        assert server.traffic.max_in_flight == 4
        billed = server.billed["m-refuse-n"]
    assert sorted(texts(drawn)[0]) == ["a", "b", "c", "d"]
    refused, *answered = lines(drawn)
    assert (refused["error"], refused["output_tokens"]) == ("takes one sample a request", 0)
    assert sum(line["output_tokens"] for line in answered) == billed.completion_tokens
    assert failures(drawn) == []


def test_a_models_own_n_buys_no_more_than_the_schedule(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["a", "b", "c", "d"]}) as server:
        drawn = drawer(bound(server, n=4), [ask(), ask(k=2)])
        assert [len(group) for group in texts(drawn)] == [1, 2]
        assert sorted(request.body.get("n", 1) for request in server.requests) == [1, 2]


def test_one_that_fails_takes_no_other_with_it(drawer: Drawer) -> None:
    def reply(body: dict[str, Any]) -> Reply:
        if body["messages"][-1]["content"] == "5":
            return Reply([], error=ApiError(500, "down", "server_error"), delay_s=0.3)
        return Reply(["fine"])

    with OpenAIServer(reply) as server:
        drawn = drawer(bound(server), [ask(str(i)) for i in range(8)])
        billed = server.billed["m"]
    assert texts(drawn) == [[] if i == 5 else ["fine"] for i in range(8)]
    assert [group[0]["failure"] is None for group in drawn] == [i != 5 for i in range(8)]
    statuses = [line["status"] for line in lines(drawn)]
    assert (statuses.count("reported"), statuses.count("unknown")) == (7, 1)
    assert sum(line["output_tokens"] for line in lines(drawn)) == billed.completion_tokens


def test_a_server_that_ignores_n_is_asked_again_for_the_rest(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["a", "b", "c", "d"]}) as server:
        drawn = drawer(bound(server, "m-ignore-n"), [ask(k=4, seed=7)])
        assert sorted(request.body["seed"] for request in server.requests) == [7, 8, 9, 10]
    assert sorted(texts(drawn)[0]) == ["a", "b", "c", "d"]
    assert len(drawn[0]) == len(lines(drawn)) == 4


def test_a_model_that_draws_one_at_a_time_is_asked_k_times(drawer: Drawer) -> None:
    class OneAtATime(ScriptedChat):
        takes_n = False

    model = OneAtATime(replies=["a", "b", "c"])
    drawn = drawer(bind(model, "small", {}), [ask(k=3)])
    assert sorted(texts(drawn)[0]) == ["a", "b", "c"]
    assert [call["n"] for call in model.calls] == [1, 1, 1]


def test_no_usage_is_an_estimate_and_says_so(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["one two three"]}) as server:
        (line,) = lines(drawer(bound(server, "m-nousage"), [ask()]))
    assert line["status"] == "estimated"
    assert line["input_tokens"] > 0
    assert line["output_tokens"] > 0


def test_cached_and_reasoning_tokens_are_read(drawer: Drawer) -> None:
    with OpenAIServer(lambda _: Reply(["a"], cached_tokens=2, reasoning_tokens=5)) as server:
        (line,) = lines(drawer(bound(server), [ask()]))
    assert (line["cached_tokens"], line["reasoning_tokens"]) == (2, 5)


def test_a_reply_at_the_token_limit_is_marked(drawer: Drawer) -> None:
    for name, cut in (("m-length", True), ("m", False)):
        with OpenAIServer({"m": ["a"]}) as server:
            assert drawer(bound(server, name), [ask()])[0][0]["replies"][0]["cut"] is cut


def test_a_streaming_model_still_draws_n_samples(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["a", "b"]}) as server:
        drawn = drawer(bound(server, streaming=True), [ask(k=2)])
    assert texts(drawn) == [["a", "b"]]


@pytest.mark.parametrize("suffix", ["-empty", "-null"])
def test_replies_that_are_all_empty_are_a_failure_and_are_paid_for(
    drawer: Drawer, suffix: str
) -> None:
    with OpenAIServer({"m": ["a"]}) as server:
        drawn = drawer(bound(server, f"m{suffix}"), [ask(k=2)])
        billed = server.billed[f"m{suffix}"]
    assert [reply["error"] for reply in drawn[0][0]["replies"]] == ["the reply is empty"] * 2
    assert kinds(drawn) == ["empty"]
    (line,) = lines(drawn)
    assert (line["status"], line["input_tokens"]) == ("reported", billed.prompt_tokens)


def test_one_empty_reply_of_several_is_lost_and_the_others_are_not(drawer: Drawer) -> None:
    with OpenAIServer({"m": ["a", " \n", "b"]}) as server:
        drawn = drawer(bound(server), [ask(k=3)])
    assert ["error" in reply for reply in drawn[0][0]["replies"]] == [False, True, False]
    assert failures(drawn) == []
