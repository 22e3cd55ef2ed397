"""Lists of small models that cannot vote together, and schedules that cannot reach their quorum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda

from cope_graph import (
    PLAN_FREE,
    ChatCope,
    CopeContext,
    Price,
    create_cope,
    create_cope_agent,
    tasks,
)
from cope_graph.environment import models_set, prices_set
from cope_graph.errors import CopeError, InputError, NoLogProbsError
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.routing import RoutingRecord, fit_router
from cope_graph.tasks.task import Task
from tests.loopback.clients import chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply
from tests.scripted import ScriptedChat, says
from tests.tool_caller import ToolCaller
from tests.unit_tests.conftest import Runner

ASK: dict[str, Any] = {"messages": [("user", "How many?")]}


def voter(name: str, *replies: str) -> ScriptedChat:
    return ScriptedChat(model_name=name, replies=list(replies))


def cope(small: Any, large: Any = None, **given: Any) -> Any:
    return create_cope(small, large or voter("large"), **{"task": tasks.math(), **given})


@pytest.mark.parametrize(
    ("small", "said"),
    [
        ([], "small lists 0 models: pass one model itself, or list two or more"),
        (["one"], "small lists 1 model: pass one model itself"),
        ([voter("a"), voter("b"), voter("a")], "small lists a twice.*list different models"),
        ([voter("a"), 3], "The small model is a int, not a chat model"),
        ([voter("a"), voter("large")], "The large model large is also listed in small.*leave it"),
    ],
)
def test_a_list_that_cannot_vote_is_refused(small: list[Any], said: str) -> None:
    with pytest.raises(CopeError, match=said):
        cope(small)


def test_one_object_is_one_model_and_two_without_a_name_are_two() -> None:
    one, other = (FakeListChatModel(responses=["x"]) for _ in range(2))
    with pytest.raises(InputError, match="lists FakeListChatModel twice"):
        cope([one, other, one])
    cope([one, other])  # they have no name to tell them apart by


@pytest.fixture
def servers() -> Iterator[list[OpenAIServer]]:
    with OpenAIServer() as one, OpenAIServer() as other:
        yield [one, other]


def test_the_same_name_on_another_server_is_another_model(servers: list[OpenAIServer]) -> None:
    one, other = servers
    cope([chat(one, "a"), chat(other, "a")])
    with pytest.raises(InputError, match="lists a twice"):
        cope([chat(one, "a"), chat(one, "a", temperature=0.1)])


@pytest.mark.parametrize(
    ("small", "settings", "said"),
    [
        (["a", "b", "c"], {"n": 8}, "n=8 samples cannot be shared evenly by 3 small.*n=3"),
        (["a", "b", "c"], {"quorum": 4}, "n=3 samples cannot reach a quorum of 4.*to 3 at most"),
        (["a", "b"], {"early_stop": "beta-binomial"}, "of one model, and small lists 2: use"),
        (["a"], {"quorum": 9}, "n=8 samples cannot reach a quorum of 9"),
    ],
)
def test_a_schedule_that_cannot_be_drawn_or_reach_its_quorum_is_refused(
    small: list[str], settings: dict[str, Any], said: str
) -> None:
    models = [voter(name) for name in small]
    given = models if len(models) > 1 else models[0]
    with pytest.raises(InputError, match=said):
        cope(given, defaults=CopeContext(**settings))


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"n": 2}, "n=2 samples cannot be shared evenly by 4 small models"),
        ({"quorum": 5}, "n=4 samples cannot reach a quorum of 5"),
        ({"quorum": 1}, "quorum may be 2 at least, not 1"),
        ({"quorum": None}, "quorum may be 2 at least, not left out"),
        ({"n": 8}, "n may be 4 at most, not 8"),
    ],
)
def test_a_run_that_asks_for_such_a_schedule_is_refused_before_it_asks_anybody(
    both: Runner, context: dict[str, Any], said: str
) -> None:
    small = [voter(name) for name in "abcd"]
    defaults = PLAN_FREE.model_copy(update={"quorum": 2})
    graph = cope(small, defaults=defaults).compile()
    with pytest.raises(InputError, match=said):
        both(graph, ASK, context=context)
    assert not any(model.calls for model in small)


def test_a_run_may_raise_the_quorum(both: Runner) -> None:
    small = [voter(name, says("7")) for name in "abcd"]
    defaults = PLAN_FREE.model_copy(update={"quorum": 2})
    out = both(cope(small, defaults=defaults).compile(), ASK, context={"quorum": 3})
    assert out["reason"] == "3 of 3 samples agree; a quorum of 3 is met"


@pytest.mark.parametrize(("quorum", "fits"), [(6, False), (7, True)])
def test_a_runs_quorum_asks_for_no_less_than_the_thresholds_it_replaces(
    both: Runner, quorum: int, fits: bool
) -> None:
    defaults = CopeContext(small_plan="none", stages=(1, 3), tau1=0.75, tau2=0.5)
    small = voter("a", *[says("7")] * 8)
    graph = cope(small, defaults=defaults).compile()
    if fits:
        assert both(graph, ASK, context={"quorum": quorum})["accepted"]
        return
    with pytest.raises(InputError, match="quorum may be 7 at least, not 6"):
        both(graph, ASK, context={"quorum": quorum})


def test_one_price_for_several_models_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"prices\['small'\].*\{'a': Price.of.*'b': Price.of"):
        cope([voter("a"), voter("b")], prices={"small": Price.of(1, 1)})


def test_an_agent_cannot_execute_in_place_of_several() -> None:
    agent: Any = RunnableLambda(lambda given: given)
    with pytest.raises(InputError, match="small lists 2: pass one model as small, or leave"):
        cope([voter("a"), voter("b")], small_executor=agent, read_only_tools=True)


def test_every_voter_has_to_give_log_probabilities_where_the_gate_reads_them(
    servers: list[OpenAIServer],
) -> None:
    class Closed(FakeListChatModel):
        """A model of a package that cannot be asked for them."""

    Closed.__module__ = "langchain_closed"
    small = [chat(servers[0], "a"), Closed(responses=["x"])]
    with pytest.raises(NoLogProbsError, match="The small model Closed cannot be asked"):
        cope(small, task=tasks.open_ended())


def test_a_voter_that_turns_out_to_give_none_is_named(both: Runner) -> None:
    def says_how_sure(body: Body) -> Reply:
        return Reply([says("3")], logprobs=(-0.5,) if body["model"] == "a" else None)

    with OpenAIServer(says_how_sure) as server:
        own = {"default_headers": {"Connection": "close"}}
        small = [chat(server, name, **own) for name in "ab"]
        graph = cope(small, task=tasks.open_ended(), defaults=PLAN_FREE).compile()
        with pytest.raises(NoLogProbsError, match="The small model b was asked"):
            both(graph, ASK)


def test_a_quorum_of_scores_is_refused() -> None:
    with pytest.raises(InputError, match="scores samples, so none can agree: leave quorum out"):
        cope(voter("a"), task=tasks.open_ended(scorer=_Scorer()), defaults=CopeContext(quorum=2))


class _Scorer:
    def log_probs(self, _messages: Any, answers: Any) -> list[Any]:
        return [{"tokens": 1, "mean": -1.0, "tail": -1.0, "window": -1.0} for _ in answers]


def test_a_gate_that_turns_out_to_give_scores_is_refused_with_the_bill(both: Runner) -> None:
    def scores(_question: Question, _samples: Any) -> Verdict:
        return Verdict(0.9, 0, "3", "a score")

    task = tasks.math()
    own = Task(task.name, task.prompts, task.read, scores)
    defaults = PLAN_FREE.model_copy(update={"quorum": 1, "n": 1})
    graph = cope(voter("a", says("3")), task=own, defaults=defaults).compile()
    with pytest.raises(InputError, match="counts no equal answers") as caught:
        both(graph, ASK)
    assert len(caught.value.ledger["lines"]) == 1  # type: ignore[index]


def test_a_gate_that_knows_needs_no_quorum(both: Runner) -> None:
    def knows(_question: Question, samples: Any) -> Verdict:
        return Verdict(None, 0, samples[0]["answer"], "it is", passes=True, preferred=(0,))

    task = tasks.math()
    own = Task(task.name, task.prompts, task.read, knows)
    defaults = PLAN_FREE.model_copy(update={"quorum": 2})
    small = [voter("a", says("3")), voter("b")]
    assert both(cope(small, task=own, defaults=defaults).compile(), ASK)["accepted"]


def test_a_router_sends_hard_questions_past_all_voters(both: Runner) -> None:
    texts = [(f"short {i}", True) if i % 2 else (f"long {'^ ' * 30}{i}", False) for i in range(99)]
    records = [
        RoutingRecord(text, accepted, 0.001, usd_stage3=None if accepted else 0.002)
        for text, accepted in texts
    ]
    small = [voter(name, says("7")) for name in "abc"]
    defaults = PLAN_FREE.model_copy(update={"quorum": 2})
    large = voter("large", says("42"))
    graph = cope(small, large, defaults=defaults, router=fit_router(records)).compile()
    hard = {"messages": [("user", f"long {'^ ' * 30}7")]}
    assert (both(graph, hard)["answer"], [len(m.calls) for m in small]) == ("42", [0, 0, 0])
    assert both(graph, {"messages": [("user", "short 7")]})["answer"] == "7"


def test_an_agents_steps_are_taken_by_a_quorum() -> None:
    def look() -> str:
        """Look."""
        return "seen"

    small = [ToolCaller(model_name=name, lines=["done"]) for name in "abc"]
    large = ToolCaller(model_name="large", lines=[])
    defaults = PLAN_FREE.model_copy(update={"quorum": 2})
    agent = create_cope_agent(small, large, [look], defaults=defaults)
    out = agent.invoke({"messages": [("user", "Look.")]})
    assert out["messages"][-1].text == "done"
    assert [len(model.calls) for model in small] == [1, 1, 0]


def test_a_chat_model_with_a_list_shows_no_model_in_its_repr() -> None:
    small = [voter("planted-a"), voter("planted-b")]
    assert "planted" not in repr(ChatCope(small=small, large=voter("l"), task=tasks.math()))


def test_the_environment_names_several_models_and_their_prices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COPE_SMALL", "openai:a, openai:b")
    monkeypatch.setenv("COPE_SMALL_PRICE", "0.15,0.60; 1.2/h")
    monkeypatch.setenv("COPE_LARGE_PRICE", "2,8")
    assert models_set()[0] == ["openai:a", "openai:b"]
    assert prices_set() == {
        "openai:a": Price.of("0.15", "0.60"),
        "openai:b": Price.per_gpu_hour("1.2"),
        "large": Price.of(2, 8),
    }


def test_too_few_prices_in_the_environment_are_refused_by_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COPE_SMALL", "openai:a,openai:b")
    monkeypatch.setenv("COPE_SMALL_PRICE", "0.15,0.60")
    with pytest.raises(InputError, match=r"COPE_SMALL_PRICE: .* is 1 price for 2 models"):
        prices_set()
