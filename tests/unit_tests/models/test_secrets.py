"""A model's keys are known, so that nothing it says of itself shows them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from pydantic import Field, SecretBytes, SecretStr

from cope_graph.models.bound import bind
from cope_graph.models.one_bill import one_bill
from cope_graph.models.secrets import secrets_of
from tests.loopback.clients import chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import ApiError, Body, Reply
from tests.scripted import ScriptedChat
from tests.unit_tests.models.drawing import Drawer, ask, bound, failures, kinds, lines

KEY = "sk-planted-5d1c77"
_HEADERS = {
    "Authorization": "Bearer planted-bearer",
    "X-Key": "planted-header",
    "Accept": "a/b",
}


class Keyed(ScriptedChat):
    """Has keys in fields of every kind."""

    replies: list[str] = Field(default_factory=list)
    key: SecretStr = SecretStr("planted-text")
    token: SecretBytes = SecretBytes(b"planted-bytes")
    short: SecretStr = SecretStr("none")
    endpoint: str = "https://me:planted%2Fpassword@example.org/v1"
    page: str = "https://example.org/[not-an-address"
    default_headers: dict[str, str] = Field(default_factory=lambda: dict(_HEADERS))


def test_keys_are_found_in_secret_fields_headers_and_addresses() -> None:
    found = secrets_of(Keyed())
    planted = {"planted-text", "planted-bytes", "planted-bearer", "planted-header"}
    assert planted <= set(found)
    assert {"planted%2Fpassword", "planted/password"} <= set(found)


def test_a_word_too_short_to_be_a_key_is_left_alone() -> None:
    model = bind(Keyed(), "small", {})
    assert not {"none", "a/b", ""} & set(model.secrets)
    assert model.without_secrets("none of a/b") == "none of a/b"


def test_a_key_that_holds_another_one_is_blacked_out_as_a_whole() -> None:
    model = bind(Keyed(key=SecretStr("planted-text-and-more")), "small", {})
    assert model.without_secrets("key planted-text-and-more.") == "key ***."


def test_a_model_without_keys_has_none() -> None:
    assert secrets_of(ScriptedChat(replies=[])) == ()


def test_no_repr_shows_a_key() -> None:
    model = bind(Keyed(), "small", {})
    assert "planted" not in repr(model)


def echoing(before: str, status: int = 500) -> Any:
    """Make a server that says what it was sent, as some proxies do."""

    def reply(_: Body) -> Reply:
        return Reply((), error=ApiError(status, f"{before}Bearer {KEY} was sent", "server_error"))

    return reply


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("before", ["", "x" * 266])
def test_a_server_that_echoes_the_key_puts_it_in_no_failure(
    drawer: Drawer, status: int, before: str
) -> None:
    with OpenAIServer(echoing(before, status), api_key=KEY) as server:
        drawn = drawer(bound(server, api_key=SecretStr(KEY)), [ask()])
    assert kinds(drawn) == ["broken" if status == 500 else "refused"]
    said = json.dumps([failures(drawn), lines(drawn), drawn])
    assert before in said
    assert not any(KEY[:i] in said for i in range(6, len(KEY) + 1))
    if not before:
        assert "Bearer *** was sent" in said


def test_a_key_in_a_header_of_the_users_own_is_one_too(drawer: Drawer) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Connection": "close"}
    with OpenAIServer(echoing(""), api_key=KEY) as server:
        drawn = drawer(bound(server, default_headers=headers), [ask()])
    assert kinds(drawn) == ["broken"]
    assert KEY not in json.dumps(drawn)


def test_an_address_with_a_password_is_shown_without_it(drawer: Drawer) -> None:
    with OpenAIServer() as server:
        url = server.base_url.replace("http://", f"http://me:{KEY}@")
    model = bind(ChatOpenAI(model="m", base_url=url, api_key=SecretStr("k")), "small", {})
    assert KEY in model.secrets
    drawn = drawer(model, [ask()])
    assert kinds(drawn) == ["unreachable"]
    assert KEY not in json.dumps(drawn) + repr(model)


async def test_an_error_that_callbacks_see_holds_no_key() -> None:
    with OpenAIServer(echoing(""), api_key=KEY) as server:
        model = one_bill(chat(server, api_key=SecretStr(KEY)))
        for way in ("invoke", "ainvoke"):
            with pytest.raises(Exception, match=r"Bearer \*\*\* was sent") as caught:
                await _ask(model, way)
            seen: Any = caught.value
            assert KEY not in f"{seen!r} {seen.args} {vars(seen)} {seen.response.text}"


async def _ask(model: Any, way: str) -> None:
    if way == "invoke":
        model.invoke([HumanMessage("x")])
    else:
        await model.ainvoke([HumanMessage("x")])
