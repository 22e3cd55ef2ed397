"""The loopback OpenAI server's misbehaviours, as real clients see them."""

import time
import unicodedata
from typing import Any

import openai
import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tests.loopback.clients import chat, generate, sdk
from tests.loopback.completions import Bill
from tests.loopback.faults import SURROGATE_PREFIX, UNICODE_PREFIX
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply
from tests.loopback.tokens import tokens_of

SCRIPT = {"small": ["answer number one"]}
TEXT = SCRIPT["small"][0]


def ask(model: ChatOpenAI, *, stream: bool, text: str = "x") -> str:
    return (
        "".join(chunk.text for chunk in model.stream(text)) if stream else model.invoke(text).text
    )


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("suffix", "error", "retry"),
    [
        ("500", openai.InternalServerError, {"retry-after-ms": "1"}),
        ("503", openai.InternalServerError, {"retry-after-ms": "1"}),
        ("429", openai.RateLimitError, {"retry-after-ms": "1"}),
        ("429after30", openai.RateLimitError, {"retry-after": "30"}),
        ("401", openai.AuthenticationError, {}),
    ],
)
def test_errors_by_suffix(
    suffix: str, error: type[openai.APIStatusError], retry: dict[str, str], *, stream: bool
) -> None:
    with OpenAIServer(SCRIPT) as server:
        for _ in range(2):
            with pytest.raises(error) as caught:
                ask(chat(server, f"small-{suffix}"), stream=stream)
        assert caught.value.status_code == int(suffix[:3])
        assert isinstance(caught.value.body, dict)
        assert set(caught.value.body) == {"message", "type", "param", "code"}
        headers = caught.value.response.headers
        assert {name: headers[name] for name in headers if name.startswith("retry-")} == retry
        assert (server.billed, server.unreported, server.count) == ({}, {}, 2)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("suffix", "error", "retry"),
    [
        ("429once", openai.RateLimitError, ("retry-after", "1")),
        ("500once", openai.InternalServerError, ("retry-after-ms", "1")),
    ],
)
def test_the_first_request_of_a_name_fails(
    suffix: str, error: type[openai.APIStatusError], retry: tuple[str, str], *, stream: bool
) -> None:
    with OpenAIServer({"small": ["a", "b"]}) as server, OpenAIServer(SCRIPT) as other:
        for one, name in ((server, ""), (server, "-length"), (other, "")):
            with pytest.raises(error) as caught:
                ask(chat(one, f"small{name}-{suffix}"), stream=stream)
            assert retry in caught.value.response.headers.items()
        # what was refused has dealt no text of the script and costs nothing
        texts = [ask(chat(server, f"small-{suffix}"), stream=stream) for _ in range(2)]
        assert texts == ["a", "b"]
        assert server.billed == {f"small-{suffix}": Bill(2, 2, 2)}


def test_errors_of_the_first_request_come_before_lasting_ones() -> None:
    with OpenAIServer(SCRIPT) as server:
        model = chat(server, "small-429once-500")
        for error in (openai.RateLimitError, openai.InternalServerError):
            with pytest.raises(error):
                model.invoke("x")


def test_the_client_waits_as_told_and_succeeds() -> None:
    with OpenAIServer(SCRIPT) as server:
        start = time.monotonic()
        assert chat(server, "small-429once", max_retries=1).invoke("x").text == TEXT
        assert 1 <= time.monotonic() - start < 5
        start = time.monotonic()
        assert chat(server, "small-500once", max_retries=1).invoke("x").text == TEXT
        assert time.monotonic() - start < 1
        assert server.count == 4


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


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("suffix", "prefix"), [("unicode", UNICODE_PREFIX), ("surrogate", SURROGATE_PREFIX)]
)
def test_strange_characters_arrive_whole(suffix: str, prefix: str, *, stream: bool) -> None:
    with OpenAIServer(SCRIPT) as server:
        model = chat(server, f"small-{suffix}", stream_usage=True, logprobs=True)
        assert ask(model, stream=stream) == prefix + TEXT
        tokens = len(tokens_of(prefix + TEXT))
        assert server.billed == {f"small-{suffix}": Bill(1, 1, tokens)}
        assert server.unreported == {}


def test_a_surrogate_is_escaped_in_the_json() -> None:
    with OpenAIServer(SCRIPT) as server, sdk(server) as client:
        raw = client.chat.completions.with_raw_response.create(
            model="small-surrogate", messages=[{"role": "user", "content": "x"}]
        )
        assert b'"\\ud800 answer number one"' in raw.content


def test_the_unicode_prefix_is_a_mix_without_nul() -> None:
    assert "\0" not in UNICODE_PREFIX
    assert any(ord(c) > 0xFFFF for c in UNICODE_PREFIX)
    kinds = {unicodedata.category(c) for c in UNICODE_PREFIX}
    assert {"Mn", "Cf", "Zl"} <= kinds
    assert {"R", "AL"} <= {unicodedata.bidirectional(c) for c in UNICODE_PREFIX}


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_of_100_kilobytes(*, stream: bool) -> None:
    prompt = "word " * 20_000
    with OpenAIServer(SCRIPT) as server:
        assert ask(chat(server, stream_usage=True), stream=stream, text=prompt) == TEXT
        assert server.requests[0].body["messages"][0]["content"] == prompt
        assert server.billed == {"small": Bill(1, 20_000, 3)}


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
