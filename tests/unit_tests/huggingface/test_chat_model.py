"""The chat model as an object: what traces, copies and other processes get of it."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from cope_graph.errors import ModelFileError
from cope_graph.huggingface.chat import ChatTransformers
from cope_graph.huggingface.loaded import Loaded
from tests.unit_tests.huggingface.watched import chat_of


def test_traces_know_the_provider_the_model_and_the_temperature(loaded: Loaded) -> None:
    params = chat_of(loaded, temperature=0.5)._get_ls_params(stop=["x"])

    assert params["ls_provider"] == "huggingface"
    assert params["ls_model_name"] == loaded.name
    assert (params["ls_temperature"], params["ls_max_tokens"]) == (0.5, 20)
    assert params["ls_stop"] == ["x"]


def test_nothing_is_loaded_before_the_first_call() -> None:
    chat = ChatTransformers(model="org/never-there")

    with pytest.raises(ModelFileError, match="cope models pull huggingface:org/never-there"):
        chat.invoke("Hi")


def test_a_chat_model_goes_through_pickle(folder: Path) -> None:
    chat = ChatTransformers(model=str(folder), device="cpu", dtype="float32", max_tokens=5)

    again = pickle.loads(pickle.dumps(chat))  # noqa: S301 - our own bytes

    assert again == chat
    assert again.load() is chat.load()


def test_a_copy_serves_the_same_loaded_model(loaded: Loaded) -> None:
    chat = chat_of(loaded)

    other = chat.model_copy(update={"max_tokens": 2})

    assert other.load() is chat.load()
    assert other.invoke("Hi").usage_metadata["output_tokens"] == 2  # type: ignore[index]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_no_copy_doubles_the_weights(
    loaded: Loaded, copied: Callable[[ChatTransformers], ChatTransformers]
) -> None:
    chat = chat_of(loaded)

    assert copied(chat).load() is chat.load()
