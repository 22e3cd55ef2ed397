"""The loopback OpenAI server's misbehaviours, as real clients see them."""

import time
from typing import Any

import openai
import pytest
from pydantic import SecretStr

from tests.loopback.clients import chat, generate, sdk
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply

SCRIPT = {"small": ["answer number one"]}


@pytest.mark.parametrize(
    ("suffix", "error"),
    [
        ("500", openai.InternalServerError),
        ("429", openai.RateLimitError),
        ("401", openai.AuthenticationError),
    ],
)
def test_errors_by_suffix(suffix: str, error: type[openai.APIStatusError]) -> None:
    with OpenAIServer(SCRIPT) as server:
        with pytest.raises(error) as caught:
            chat(server, f"small-{suffix}").invoke("x")
        assert isinstance(caught.value.body, dict)
        assert set(caught.value.body) == {"message", "type", "param", "code"}
        assert (server.billed, server.count) == ({}, 1)


def test_retries_without_waiting() -> None:
    with OpenAIServer(SCRIPT) as server:
        start = time.monotonic()
        with pytest.raises(openai.InternalServerError):
            chat(server, "small-500", max_retries=2).invoke("x")
        assert server.count == 3
        assert time.monotonic() - start < 1


def test_wrong_key() -> None:
    with OpenAIServer(SCRIPT, api_key="right") as server:
        with pytest.raises(openai.AuthenticationError, match="Incorrect API key"):
            chat(server).invoke("x")
        assert chat(server, api_key=SecretStr("right")).invoke("x").text == "answer number one"
        assert (server.count, len(server.requests)) == (2, 1)


def test_no_usage_is_billed_all_the_same() -> None:
    with OpenAIServer(SCRIPT) as server:
        messages, usage = generate(chat(server, "small-nousage", n=8))
        assert (len(messages), usage) == (8, {})
        assert server.billed["small-nousage"].completion_tokens == 24


def test_models_without_n() -> None:
    with OpenAIServer(SCRIPT) as server:
        messages, usage = generate(chat(server, "small-ignore-n", n=8))
        assert (len(messages), usage["completion_tokens"]) == (1, 3)
        assert chat(server, "small-refuse-n").invoke("x").text
        with pytest.raises(openai.BadRequestError, match="n > 1"):
            generate(chat(server, "small-refuse-n", n=2))


def test_suffixes_add_up() -> None:
    with OpenAIServer(SCRIPT) as server:
        message = chat(server, "small-empty-length").invoke("x")
        assert message.text == ""
        assert message.response_metadata["finish_reason"] == "length"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("suffix", ["empty", "null", "nochoices", "nousage"])
def test_wire_shapes_by_suffix(suffix: str, *, stream: bool) -> None:
    with OpenAIServer(SCRIPT) as server, sdk(server) as client:
        asked: Any = {"messages": [{"role": "user", "content": "x"}], "stream": stream}
        if stream:
            asked["stream_options"] = {"include_usage": True}
        answer = client.chat.completions.create(model=f"small-{suffix}", **asked)
        parts = list(answer) if stream else [answer]
        choices = [choice for part in parts for choice in part.choices]
        contents = [(choice.delta if stream else choice.message).content for choice in choices]
        assert "".join(c or "" for c in contents) == (SCRIPT["small"][0] * (suffix == "nousage"))
        assert (contents == []) == (suffix == "nochoices")
        assert ("" in contents) == (suffix == "empty" or (stream and suffix == "nousage"))
        assert (parts[-1].usage is None) == (suffix == "nousage")


def test_html_page() -> None:
    with OpenAIServer(SCRIPT) as server:
        with sdk(server) as client:
            page = client.chat.completions.with_raw_response.create(
                model="small-html", messages=[{"role": "user", "content": "x"}]
            )
        assert page.headers["content-type"] == "text/html"
        assert page.text.startswith("<!DOCTYPE html>")
        with pytest.raises(ValueError, match="<!DOCTYPE html>"):
            chat(server, "small-html").invoke("x")
        assert server.billed == {}


def test_leaving_a_paced_stream_is_noticed() -> None:
    with OpenAIServer(lambda _: Reply(["word " * 1000], pace_s=0.01)) as server:
        with sdk(server) as client:
            stream = client.chat.completions.create(
                model="small", messages=[{"role": "user", "content": "x"}], stream=True
            )
            next(iter(stream))
            stream.close()
        deadline = time.monotonic() + 5
        while not server.traffic.dropped and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (server.traffic.dropped, server.traffic.in_flight) == (1, 0)


def test_a_failing_reply_function_is_loud() -> None:
    def broken(_: Body) -> list[str]:
        msg = "script ended"
        raise LookupError(msg)

    def ask() -> None:
        with OpenAIServer(broken) as server, pytest.raises(openai.InternalServerError):
            chat(server).invoke("x")

    with pytest.raises(LookupError, match="script ended"):
        ask()
