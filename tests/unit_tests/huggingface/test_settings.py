"""A request's settings go over the chat model's, and both over what the makers advise."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from transformers import GenerationConfig

from cope_graph.errors import InputError
from cope_graph.huggingface.loaded import Loaded
from cope_graph.huggingface.sampling import Sampling
from cope_graph.huggingface.settings import Settings, settings_of
from tests.unit_tests.huggingface.watched import chat_of

OWN: dict[str, Any] = {"n": 1, "max_tokens": 100}


def made(own: dict[str, Any], asked: dict[str, Any], **advised: Any) -> Settings:
    make: Any = GenerationConfig  # which is not typed
    return settings_of({**OWN, **own}, asked, SimpleNamespace(generation_config=make(**advised)))


def test_nothing_asked_and_nothing_advised_is_greedy() -> None:
    settings = made({}, {})

    assert settings.sampling == Sampling()
    assert (settings.n, settings.max_tokens, settings.seed, settings.stop) == (1, 100, None, ())


def test_the_makers_advice_holds_where_nothing_is_asked() -> None:
    advice = {
        "temperature": 0.7,
        "top_k": 20,
        "top_p": 0.8,
        "min_p": 0.1,
        "repetition_penalty": 1.1,
    }

    assert made({}, {}, do_sample=True, **advice).sampling == Sampling(**advice)  # type: ignore[arg-type]


def test_a_model_that_is_advised_to_be_greedy_is() -> None:
    assert made({}, {}, do_sample=False, temperature=0.7).sampling.temperature == 0
    assert made({}, {}, temperature=0.7).sampling.temperature == 0  # as `generate` does


def test_sampling_without_a_temperature_is_at_one() -> None:
    assert made({}, {}, do_sample=True).sampling.temperature == 1


@pytest.mark.parametrize(
    ("name", "advised", "own", "asked"),
    [
        ("temperature", 0.9, 0.5, 0.2),
        ("temperature", 0.9, 0.5, 0),
        ("top_k", 50, 10, 5),
        ("top_k", 50, 10, 0),
        ("top_p", 0.9, 0.5, 1.0),
        ("repetition_penalty", 1.3, 1.2, 1.0),
    ],
)
def test_a_request_goes_over_the_chat_model_and_that_over_the_makers(
    name: str, advised: float, own: float, asked: float
) -> None:
    advice = {"do_sample": True, name: advised}
    seen = [
        getattr(made(mine, given, **advice).sampling, name)
        for mine, given in (({}, {}), ({name: own}, {}), ({name: own}, {name: asked}))
    ]

    assert seen == [advised, own, asked]


def test_none_leaves_a_value_to_the_one_below() -> None:
    settings = made({"seed": 3, "stop": ["a"]}, {"seed": None, "stop": None, "max_tokens": None})

    assert (settings.seed, settings.stop, settings.max_tokens) == (3, ("a",), 100)


def test_one_stop_may_come_as_a_text() -> None:
    assert made({}, {"stop": "end"}).stop == ("end",)


BAD = [
    ("n", 0),
    ("n", -1),
    ("n", 1.5),
    ("n", True),
    ("max_tokens", 0),
    ("max_tokens", "many"),
    ("seed", "s"),
    ("seed", 1.0),
    ("temperature", -0.1),
    ("temperature", float("nan")),
    ("temperature", "hot"),
    ("top_k", -1),
    ("top_k", 2.5),
    ("top_p", 0),
    ("top_p", 1.1),
    ("top_p", "0.9"),
    ("top_p", float("nan")),
    ("min_p", -0.1),
    ("min_p", 2),
    ("repetition_penalty", 0),
    ("repetition_penalty", "1.1"),
    ("stop", [""]),
    ("stop", ["a", 3]),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_value_that_cannot_be_is_named(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=rf"^{name} is .*it has to be"):
        made({}, {name: value})


@pytest.mark.parametrize(("name", "value"), [("n", 0), ("top_k", 2.5), ("stop", ["a", 3])])
def test_a_bad_request_is_refused_by_the_chat_model_itself(
    loaded: Loaded, name: str, value: Any
) -> None:
    """In the engine's thread it would break the requests of others."""
    chat = chat_of(loaded, max_tokens=3)

    with pytest.raises(InputError, match=f"^{name} is "):
        chat.bind(**{name: value}).invoke("Hi")
    assert chat.invoke("Hi").response_metadata["finish_reason"] in {"stop", "length"}
