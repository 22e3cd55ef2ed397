from __future__ import annotations

import builtins
from decimal import Decimal
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from cope_graph.errors import MissingKeyError, MissingPackageError, ModelNameError
from cope_graph.models.bound import bind
from cope_graph.models.local import LocalChatModel
from cope_graph.models.names import chat_model
from cope_graph.models.usage import Usage
from cope_graph.money.prices import FREE, Price
from tests.scripted import ScriptedChat


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for side in ("SMALL", "LARGE"):
        monkeypatch.delenv(f"COPE_{side}_API_KEY", raising=False)
        monkeypatch.delenv(f"COPE_{side}_BASE_URL", raising=False)


def test_each_side_has_its_own_server_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPE_SMALL_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("COPE_SMALL_API_KEY", "small-key")
    monkeypatch.setenv("OPENAI_API_KEY", "general-key")
    small, large = chat_model("openai:a", "small"), chat_model("openai:b", "large")
    assert isinstance(small, ChatOpenAI)
    assert isinstance(large, ChatOpenAI)
    assert (small.model_name, small.openai_api_base) == ("a", "http://127.0.0.1:1/v1")
    assert small.openai_api_key.get_secret_value() == "small-key"  # type: ignore[union-attr]
    assert large.openai_api_base is None
    assert large.openai_api_key.get_secret_value() == "general-key"  # type: ignore[union-attr]


def test_a_server_of_ones_own_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPE_LARGE_BASE_URL", "http://127.0.0.1:1/v1")
    assert isinstance(chat_model("openai:b", "large"), ChatOpenAI)


def test_no_key_is_one_sentence_with_the_fix() -> None:
    with pytest.raises(MissingKeyError, match="set COPE_LARGE_API_KEY or OPENAI_API_KEY"):
        chat_model("openai:gpt-4o", "large")


@pytest.mark.parametrize(
    "name", ["nonsense", "no-such-provider:x", "openai:", "", "  ", "local:", "local:none", 7, None]
)
def test_a_wrong_name_is_one_sentence(name: Any) -> None:
    with pytest.raises(ModelNameError) as caught:
        chat_model(name, "small")
    assert "\n" not in str(caught.value)


def test_a_missing_package_is_one_sentence_with_the_install_line() -> None:
    with pytest.raises(MissingPackageError, match="pip install"):
        chat_model("anthropic:claude-sonnet-4-5", "large")


def test_without_langchain_other_names_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_langchain(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("langchain.") or name == "langchain":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_langchain)
    with pytest.raises(MissingPackageError, match=r"pip install 'cope-graph\[agents\]'"):
        chat_model("mistral:x", "small")


def test_a_local_name_loads_nothing_yet() -> None:
    model = chat_model("local:smollm2-135m-instruct", "small")
    assert isinstance(model, LocalChatModel)
    bound = bind(model, "small", {})
    assert (bound.price, bound.takes_n, bound.window) == (FREE, True, 4096)


def test_the_users_price_goes_first_by_given_or_own_name() -> None:
    price = Price.of("1", "2")
    local = bind("local:smollm2-135m-instruct", "small", {"local:smollm2-135m-instruct": price})
    assert local.price == price
    own = bind(ScriptedChat(model_name="s", replies=[]), "small", {"s": price})
    assert own.price == price
    assert bind(ScriptedChat(model_name="t", replies=[]), "small", {"s": price}).price is None


def test_a_chat_model_stays_itself() -> None:
    model = ScriptedChat(replies=[])
    assert chat_model(model, "small") is model


def test_a_servers_address_is_known_and_holds_no_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "http://user:secret@127.0.0.1:1/v1?token=secret"
    own_object = ChatOpenAI(model="gpt-4o-mini", base_url=url, api_key=SecretStr("k"))
    assert bind(own_object, "small", {}).api_url == "http://127.0.0.1:1/v1"
    for wrong, sentence in ((url, "holds a password"), ("http://[::1/v1", "cannot be made with")):
        monkeypatch.setenv("COPE_SMALL_BASE_URL", wrong)
        with pytest.raises(ModelNameError, match=sentence) as caught:
            bind("openai:gpt-4o-mini", "small", {})
        assert "secret" not in str(caught.value)
    monkeypatch.delenv("COPE_SMALL_BASE_URL")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    own = bind("openai:gpt-4o-mini", "large", {})
    assert own.api_url is not None
    assert own.usd(Usage(1_000_000, 0), "gpt-4o-mini") == Decimal("0.15")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:2/v1")
    elsewhere = bind(ChatOpenAI(model="gpt-4o-mini"), "large", {})
    assert elsewhere.usd(Usage(1_000_000, 0), "gpt-4o-mini") is None
