"""What cannot be answered is refused before any model is called, by a sentence with the fix."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from cope_graph import PLAN_FREE, ChatCope, CopeContext, create_cope, tasks
from cope_graph.errors import InputError, ModelCallError, ModelNameError, NoAnswerError
from tests.scripted import ScriptedChat, says
from tests.unit_tests.conftest import Runner

IMAGE: dict[Any, Any] = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ([("user", "")], "The question is empty"),
        ([("user", " \n\t")], "The question is empty"),
        ([], "The last message must be the user's question"),
        ([AIMessage("hello")], "The last message must be the user's question"),
        ([("user", "q"), ("ai", "a")], "The last message must be the user's question"),
        ([HumanMessage([IMAGE])], "part of type 'image_url'; only text"),
        ([HumanMessage([{"type": "text", "text": "see"}, IMAGE])], "only text"),
        ([HumanMessage([IMAGE]), HumanMessage("and?")], "only text"),
        ([HumanMessage([{"type": "text", "text": " "}])], "The question is empty"),
    ],
)
@pytest.mark.parametrize("stages", [(1, 2, 3), (2, 3), (3,)])
def test_a_question_that_cannot_be_asked(
    both: Runner, messages: Any, sentence: str, stages: Any
) -> None:
    small, large = ScriptedChat(replies=[]), ScriptedChat(replies=[])
    graph = create_cope(small, large, task=tasks.math(), defaults=CopeContext(stages=stages))
    with pytest.raises(InputError, match=sentence):
        both(graph.compile(), {"messages": messages})
    assert small.calls == large.calls == []


def test_text_parts_are_text(both: Runner) -> None:
    small = ScriptedChat(replies=[says("3")] * 8)
    graph = create_cope(small, ScriptedChat(replies=[]), task=tasks.math(), defaults=PLAN_FREE)
    parts: list[Any] = [{"type": "text", "text": "How "}, {"type": "text", "text": "many?"}]
    assert both(graph.compile(), {"messages": [HumanMessage(parts)]})["answer"] == "3"
    assert "How many?" in small.prompts[0]


def test_braces_in_a_question_are_only_text(both: Runner) -> None:
    small = ScriptedChat(replies=[says("3")] * 8)
    graph = create_cope(small, ScriptedChat(replies=[]), task=tasks.math(), defaults=PLAN_FREE)
    question = r"What is {x} in \frac{1}{2} {question} {plan} {0}?"
    both(graph.compile(), {"messages": [("user", question)]})
    assert question in small.prompts[0]


@pytest.mark.parametrize(("side", "stages"), [("small", (1, 3)), ("large", (3,))])
def test_a_question_longer_than_a_known_window(both: Runner, side: str, stages: Any) -> None:
    windows: dict[str, Any] = {"small": None, "large": None} | {side: {"max_input_tokens": 100}}
    small = ScriptedChat(model_name="s", replies=[], profile=windows["small"])
    large = ScriptedChat(model_name="l", replies=[], profile=windows["large"])
    graph = create_cope(small, large, task=tasks.math(), defaults=CopeContext(stages=stages))
    with pytest.raises(InputError, match=rf"the {side} model {side[0]} reads 100"):
        both(graph.compile(), {"messages": [("user", "word " * 500)]})
    assert small.calls == large.calls == []


def test_a_model_that_returns_nothing_hands_over(both: Runner) -> None:
    small = ScriptedChat(replies=[""] * 24)
    large = ScriptedChat(replies=["", says("9")])
    out = both(
        create_cope(small, large, task=tasks.math()).compile(), {"messages": [("user", "q")]}
    )
    assert (out["answer"], out["stage"]) == ("9", 3)
    assert [visit["confidence"] for visit in out["visits"]] == [None, None, None]


def test_two_models_that_return_nothing_are_never_an_empty_success(both: Runner) -> None:
    small, large = ScriptedChat(replies=[""] * 24), ScriptedChat(replies=["", ""])
    with pytest.raises(ModelCallError, match="the reply is empty") as caught:
        both(create_cope(small, large, task=tasks.math()).compile(), {"messages": [("user", "q")]})
    assert caught.value.ledger is not None
    assert caught.value.ledger["requests"] == len(small.calls) + len(large.calls) == 5


def test_replies_without_an_answer_are_never_an_empty_success(both: Runner) -> None:
    small, large = ScriptedChat(replies=["?"] * 24), ScriptedChat(replies=["?", "?"])
    with pytest.raises(NoAnswerError):
        both(create_cope(small, large, task=tasks.math()).compile(), {"messages": [("user", "q")]})


def test_wrong_models_and_unknown_tasks_are_named_when_the_graph_is_built() -> None:
    with pytest.raises(ModelNameError, match="The small model is a int"):
        create_cope(3, ScriptedChat(replies=[]), task=tasks.math())  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"'math' is a str, not a Task: pass tasks\.math\(\)"):
        create_cope(ScriptedChat(replies=[]), ScriptedChat(replies=[]), task="math")  # type: ignore[arg-type]
    models = ScriptedChat(replies=[]), ScriptedChat(replies=[])
    with pytest.raises(InputError, match="is a dict, not a CopeContext: pass"):
        create_cope(*models, task=tasks.math(), defaults={"n": 4})  # type: ignore[arg-type]
    with pytest.raises(ModelNameError, match="nonsense"):
        ChatCope(small="nonsense", large="nonsense", task=tasks.math())


@pytest.mark.parametrize("wrong", ["loosen", "", None, True, ["any"]])
def test_overrides_are_one_of_two_words(wrong: Any) -> None:
    models = ScriptedChat(replies=[]), ScriptedChat(replies=[])
    with pytest.raises(InputError, match='overrides is "tighten" or "any", not '):
        create_cope(*models, task=tasks.math(), overrides=wrong)


def test_prices_are_read_when_the_graph_is_built(both: Runner) -> None:
    small, large = ScriptedChat(replies=[says("3")] * 8), ScriptedChat(replies=[])
    prices: Any = {"small": "1000000,1000000", "large": ("1", "2")}
    with pytest.raises(InputError, match=r"prices\['large'\] is \('1', '2'\), no Price"):
        create_cope(small, large, task=tasks.math(), prices=prices)
    graph = create_cope(
        small, large, task=tasks.math(), defaults=PLAN_FREE, prices={"small": "1000000,1000000"}
    )
    ledger = both(graph.compile(), {"messages": [("user", "q")]})["ledger"]
    assert ledger["usd"] == str(ledger["input_tokens"] + ledger["output_tokens"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n": 4}, r"no argument n: .* defaults=CopeContext\(n=\.\.\.\)"),
        ({"n": 4, "tau1": 1, "no": 1}, r"n, tau1, no: .*CopeContext\(n=\.\.\., tau1=\.\.\.\)"),
        ({"bugdet": None}, r"no argument bugdet: .*defaults=CopeContext"),
        ({"overrides": "any"}, "no argument overrides"),
    ],
)
def test_a_chat_model_takes_no_argument_that_it_would_ignore(
    options: dict[str, Any], sentence: str
) -> None:
    models: dict[str, Any] = {"small": ScriptedChat(replies=[]), "large": ScriptedChat(replies=[])}
    with pytest.raises(InputError, match=sentence):
        ChatCope(**models, task=tasks.math(), **options)
    assert ChatCope(**models, task=tasks.math(), tags=["a"], name="cope").tags == ["a"]


def test_a_chat_models_prices_may_be_written_and_are_read() -> None:
    models: dict[str, Any] = {"small": ScriptedChat(replies=[]), "large": ScriptedChat(replies=[])}
    ChatCope(**models, task=tasks.math(), prices={"small": "0.15,0.60"})
    wrong: list[Any] = [{"small": 3}, {"small": "cheap"}, [3]]
    for prices in wrong:
        with pytest.raises(InputError, match="price"):
            ChatCope(**models, task=tasks.math(), prices=prices)
