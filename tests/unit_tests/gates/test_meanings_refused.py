"""Agreement by meaning: embeddings that may cost money, and settings that make no sense."""

from __future__ import annotations

import math
from typing import Any

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.language_models import FakeListChatModel

from cope_graph.errors import InputError
from cope_graph.gates import meaning
from cope_graph.gates.asking import AskingGate
from cope_graph.gates.vectors import _ONE_AT_A_TIME as ONE_AT_A_TIME
from cope_graph.gates.vectors import by_vectors
from cope_graph.gates.verdict import Question
from tests.unit_tests.gates.closeness import Angles, answered

Q = Question("q")
FAR = {"a": 0.0, "b": 20.0}


def test_embeddings_that_may_cost_money_are_refused() -> None:
    embeddings = DeterministicFakeEmbedding(size=3)
    with pytest.raises(InputError, match=r"DeterministicFakeEmbedding may cost .*free=True"):
        meaning(embeddings)
    assert not isinstance(meaning(embeddings, free=True), AskingGate)


def stand_in(name: str, module: str) -> Embeddings:
    """Make embeddings of a class with a name and a home; its own are heavy."""
    kind = type(name, (DeterministicFakeEmbedding,), {"__module__": module})
    return kind(size=3)  # type: ignore[no-any-return]


def test_hugging_faces_embeddings_in_this_process_are_free() -> None:
    home = "langchain_huggingface.embeddings.huggingface"
    local = stand_in("HuggingFaceEmbeddings", home)
    assert not isinstance(meaning(local), AskingGate)
    of_ones_own = type("Mine", (type(local),), {"__module__": "mine"})(size=3)
    assert not isinstance(meaning(of_ones_own), AskingGate)


@pytest.mark.parametrize("local", [True, False])
def test_embeddings_in_this_process_are_made_by_one_thread_at_a_time(local: bool) -> None:
    held = []

    class Watched(Angles):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            held.append(ONE_AT_A_TIME.locked())
            return super().embed_documents(texts)

    gates = [by_vectors(Watched(FAR), 0.9, 10, local=local) for _ in range(2)]
    for gate in gates:
        gate(Q, answered("a", "b"))
    assert held == [local, local]
    assert not ONE_AT_A_TIME.locked()


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("HuggingFaceEndpointEmbeddings", "langchain_huggingface.embeddings.huggingface_endpoint"),
        ("HuggingFaceEmbeddings", "langchain_huggingface_endpoints"),
        ("HuggingFaceEmbeddings", "mine"),
    ],
)
def test_what_is_only_called_alike_is_not_taken_for_free(name: str, module: str) -> None:
    with pytest.raises(InputError, match="free=True"):
        meaning(stand_in(name, module))


@pytest.mark.parametrize("similarity", [0, -0.5, 1.01, math.nan, math.inf, "0.9"])
def test_a_similarity_that_is_no_cosine_is_refused(similarity: Any) -> None:
    with pytest.raises(InputError, match="similarity is a cosine above 0 and up to 1"):
        meaning(Angles(FAR), similarity=similarity, free=True)


@pytest.mark.parametrize("longest", [0, -1, 1.5, "9", True])
def test_a_length_that_is_none_is_refused(longest: Any) -> None:
    with pytest.raises(InputError, match="longest is a whole number of characters above 0"):
        meaning(Angles(FAR), longest=longest, free=True)


@pytest.mark.parametrize("settings", [{"similarity": 0.9}, {"longest": 10}, {"free": True}])
@pytest.mark.parametrize("by", [None, "openai:m", FakeListChatModel(responses=["x"])])
def test_a_judge_has_no_settings_of_embeddings(by: Any, settings: Any) -> None:
    with pytest.raises(InputError, match="are for embeddings"):
        meaning(by, **settings)


def test_embeddings_have_no_settings_of_a_judge() -> None:
    with pytest.raises(InputError, match="max_tokens is a judge's"):
        meaning(Angles(FAR), max_tokens=5, free=True)  # type: ignore[call-overload]


@pytest.mark.parametrize("by", ["", "  ", 0, object, [], str.__eq__])
def test_what_neither_embeds_nor_judges_is_refused(by: Any) -> None:
    with pytest.raises(InputError, match="takes embeddings, a chat model, a model's name or None"):
        meaning(by)


@pytest.mark.parametrize("max_tokens", [0, -1, 1.5, True, "9"])
def test_a_judges_limit_that_is_none_is_refused(max_tokens: Any) -> None:
    with pytest.raises(InputError, match="max_tokens of a judge is a whole number above 0"):
        meaning(max_tokens=max_tokens)
