"""LangSmith data sets, from a server on this machine."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from langsmith import utils

from cope_graph import tasks
from cope_graph.errors import InputError, MissingKeyError
from cope_graph.evaluation.datasets import load
from cope_graph.evaluation.datasets.fields import recognise
from cope_graph.evaluation.datasets.langsmith_data import read_langsmith
from cope_graph.evaluation.datasets.raw import gold_text
from tests.loopback.langsmith_datasets import KEY, LangSmithDatasets

CHAT: Any = {"messages": [{"role": "user", "content": "What is 2 + 2?"}]}
READ_ONCE: Any = utils.get_env_var
SUMS: Any = [({"question": f"What is {at} + {at}?"}, {"answer": str(2 * at)}) for at in range(130)]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Point LangSmith's own settings at a server."""

    def at(url: str, key: str | None = KEY) -> None:
        for name in ("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("LANGSMITH_ENDPOINT", url)
        if key is not None:
            monkeypatch.setenv("LANGSMITH_API_KEY", key)
        READ_ONCE.cache_clear()

    yield at
    monkeypatch.undo()
    READ_ONCE.cache_clear()


def test_all_pages_are_read_the_oldest_example_first(ask: Any) -> None:
    with LangSmithDatasets({"sums": SUMS}) as server:
        ask(server.url)
        loaded = load("langsmith:sums", task=tasks.math(), limit=3)
    assert [item.gold for item in loaded.items] == ["0", "2", "4"]
    assert loaded.data["items"] == 130
    assert loaded.data["name"] == "langsmith:sums"
    assert len(server.pages) >= 2
    assert len({item.id for item in loaded.items}) == 3


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ({"question": "What is 2 + 2?"}, {"answer": "4"}),
        ({"Problem": "What is 2 + 2?", "hint": "add"}, {"gold": "4", "why": "so"}),
        ({"whatever": "What is 2 + 2?"}, {"result": "4"}),
        (CHAT, {"output": "4"}),
        (CHAT, {"messages": [{"role": "assistant", "content": "4"}]}),
        (CHAT, {"output": {"type": "ai", "content": "4"}}),
        ({"input": [[{"type": "human", "data": {"content": "What is 2 + 2?"}}]]}, {"output": "4"}),
    ],
)
def test_question_and_answer_are_found(inputs: Any, outputs: Any) -> None:
    with LangSmithDatasets({"one": [(inputs, outputs)]}) as server:
        (raw,) = read_langsmith("one", server.client())
    fields = recognise([raw], None, None, None)
    assert fields.question_of(raw) == "What is 2 + 2?"
    assert gold_text(raw, str(fields.gold)) == "4"
    assert raw.place.startswith("langsmith:one example ")
    assert str(raw.id) in raw.place


def test_a_chat_becomes_its_question(ask: Any) -> None:
    with LangSmithDatasets({"chat": [(CHAT, {"output": "4"})]}) as server:
        ask(server.url)
        (item,) = load("langsmith:chat").items
    assert (item.question, item.gold) == ("What is 2 + 2?", "4")


def test_a_chat_of_several_messages_is_refused(ask: Any) -> None:
    talk = {"messages": [{"role": "system", "content": "Be brief."}, CHAT["messages"][0]]}
    with LangSmithDatasets({"chat": [(talk, {"output": "4"})]}) as server:
        ask(server.url)
        with pytest.raises(InputError, match="not one user message alone"):
            load("langsmith:chat")


def test_an_example_without_outputs_is_unlabelled(ask: Any) -> None:
    rows: Any = [SUMS[1], ({"question": "What is left?"}, None)]
    with LangSmithDatasets({"sums": rows}) as server:
        ask(server.url)
        with pytest.raises(InputError, match=r"langsmith:sums example .* has no answer"):
            load("langsmith:sums")
        left = load("langsmith:sums", unlabelled="leave_out")
    assert left.excluded == {"without an answer": 1}


def test_tests_among_the_outputs_only_score(ask: Any) -> None:
    row: Any = ({"question": "Write f."}, {"tests": ["assert f(1) == 1"]})
    with LangSmithDatasets({"code": [row]}) as server:
        ask(server.url)
        (item,) = load("langsmith:code", task=tasks.code(sandbox=_NoSandbox())).items
    assert "tests" not in item.inputs
    assert item.hidden["tests"] == ["assert f(1) == 1"]


def test_an_unknown_name_is_one_sentence(ask: Any) -> None:
    with LangSmithDatasets({}) as server:
        ask(server.url)
        with pytest.raises(InputError, match="LangSmith has no data set 'nobody'"):
            load("langsmith:nobody")


def test_without_a_key_nothing_is_asked(ask: Any) -> None:
    ask("https://api.smith.langchain.com", key=None)
    with pytest.raises(MissingKeyError, match="set LANGSMITH_API_KEY"):
        load("langsmith:sums")


@pytest.mark.parametrize("status", [401, 500, 503])
def test_a_refusal_never_shows_the_key(ask: Any, status: int) -> None:
    with LangSmithDatasets({"sums": SUMS}) as server:
        server.refuses = None if status == 401 else status
        key = f"{KEY}_wrong"
        ask(server.url, key)
        with pytest.raises((InputError, MissingKeyError)) as caught:
            load("langsmith:sums")
    shown = "".join(traceback.format_exception(caught.value))
    assert KEY not in shown
    assert KEY[-6:] not in shown
    assert server.requests == 1


def test_a_server_that_is_not_there_is_said_at_once(ask: Any) -> None:
    with LangSmithDatasets({}) as server:
        pass
    ask(server.url)
    with pytest.raises(InputError, match="check the network and LANGSMITH_ENDPOINT"):
        load("langsmith:sums")


class _NoSandbox:
    name = "none"

    def run(self, program: str, *, stdin: str = "", limits: Any = None) -> Any:
        raise AssertionError(program, stdin, limits)
