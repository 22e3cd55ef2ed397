"""The cascade beside what else agents are made of: prompts, memory, streams, answers of a form."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    ModelRetryMiddleware,
    SummarizationMiddleware,
    ToolRetryMiddleware,
    dynamic_prompt,
    wrap_model_call,
)
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain.tools import ToolRuntime
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessageChunk
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command, interrupt
from pydantic import BaseModel
from typing_extensions import TypedDict

from cope_graph import CopeContext, CopeMiddleware, create_cope_agent
from cope_graph.errors import InputError
from tests.unit_tests.agents.shop import (
    DONE,
    HELLO,
    LOOK,
    OPEN,
    SEND,
    THREAD,
    Shop,
    acting,
    agent,
    large,
    small,
    torn,
)
from tests.unit_tests.conftest import Runner


class Place(BaseModel):
    """Where it is."""

    where: str
    sure: bool = True


BOX: Any = ("Place", {"where": "box"})


def test_an_agents_prompt_reaches_every_proposal(both: Runner) -> None:
    @dynamic_prompt
    def pirate(request: Any) -> str:
        return f"Speak like a pirate; {len(request.messages)} messages so far."

    cheap = small(LOOK, DONE)
    both(agent(cheap, large(DONE), Shop(), middleware=[pirate]), HELLO)
    told = [messages[0].text for messages in cheap.acts]
    assert told == [f"Speak like a pirate; {n} messages so far." for n in [1] * 4 + [3] * 4]


def test_a_system_prompt_comes_first(both: Runner) -> None:
    cheap = small(LOOK, DONE)
    both(agent(cheap, large(DONE), Shop(), system_prompt="Be brief."), HELLO)
    assert {(m[0].type, m[0].text) for m in cheap.acts} == {("system", "Be brief.")}


def test_a_summary_takes_the_place_of_old_messages(both: Runner) -> None:
    def looks(messages: Any, _: int) -> Any:
        return DONE if any("look shelf" in m.text for m in messages) else LOOK

    summary = SummarizationMiddleware(
        FakeListChatModel(responses=["They will look shelf."]),
        trigger=("messages", 4),
        keep=("messages", 2),
    )
    shop = Shop()
    cheap = small(LOOK)
    cheap = cheap.model_copy(update={"policy": looks})
    out = both(agent(cheap, large(DONE), shop, middleware=[summary]), HELLO)
    assert out["messages"][-1].text == DONE
    assert out["cope"]["steps"] == len(shop.done) + 1


def test_a_store_is_the_tools_to_use(both: Runner) -> None:
    def note(text: str, runtime: ToolRuntime) -> str:
        """Write something down."""
        assert runtime.store is not None
        runtime.store.put(("notes",), "1", {"text": text})
        return "noted"

    store = InMemoryStore()
    models = small(("note", {"text": "box"}), DONE), large(DONE)
    both(create_cope_agent(*models, [note], store=store, defaults=CopeContext(n=2)), HELLO)
    found = store.get(("notes",), "1")
    assert found is not None
    assert found.value == {"text": "box"}


@pytest.mark.parametrize("form", [Place, ToolStrategy(Place)])
def test_a_final_answer_of_a_form_is_voted_on_like_a_call(both: Runner, form: Any) -> None:
    unsure = torn(LOOK, BOX)
    out = both(agent(unsure, large(LOOK, BOX), Shop(), response_format=form), HELLO)
    assert out["structured_response"] == Place(where="box")
    assert (out["cope"]["steps"], out["cope"]["large"]) == (2, 2)


def test_answers_of_a_form_that_say_the_same_are_one_vote() -> None:
    # What a form's default says may be left out.
    policies: list[Any] = [BOX, ("Place", {"sure": True, "where": "box"})]

    def policy(_: Any, index: int) -> Any:
        return policies[index % 2]

    cheap = small(BOX).model_copy(update={"policy": policy})
    out = agent(cheap, large(DONE), Shop(), response_format=Place).invoke(HELLO)
    assert out["structured_response"] == Place(where="box")
    assert out["cope"]["small"] == 1


def test_a_form_that_only_a_provider_holds_to_is_refused(both: Runner) -> None:
    graph = agent(small(DONE), large(DONE), Shop(), response_format=ProviderStrategy(Place))
    with pytest.raises(InputError, match="ToolStrategy"):
        both(graph, HELLO)


def test_a_stream_shows_each_chosen_step_as_one_message_and_no_draft() -> None:
    graph = agent(torn(LOOK, "no"), large(OPEN, DONE), Shop())
    shown = [m for m, _ in graph.stream(HELLO, stream_mode="messages")]
    assert [(m.type, m.text) for m in shown] == [
        ("ai", ""),
        ("tool", "You see the shelf."),
        ("ai", DONE),
    ]
    assert not any(isinstance(m, AIMessageChunk) for m in shown)


def test_a_stream_in_an_event_loop_shows_the_same() -> None:
    async def shown() -> list[str]:
        graph = agent(torn(LOOK, "no"), large(OPEN, DONE), Shop())
        return [m.type async for m, _ in graph.astream(HELLO, stream_mode="messages")]

    assert asyncio.run(shown()) == ["ai", "tool", "ai"]


def test_updates_show_the_nodes_of_the_agent_alone() -> None:
    graph = agent(small(LOOK, DONE), large(DONE), Shop(), checkpointer=InMemorySaver())
    nodes = [
        node for update in graph.stream(HELLO, THREAD, stream_mode="updates") for node in update
    ]
    assert set(nodes) == {
        "CopeMiddleware.before_agent",
        "CopeMiddleware.before_model",
        "CopeMiddleware.after_model",
        "model",
        "tools",
    }


def test_a_tool_that_asks_a_person_pauses_the_agent(both: Runner) -> None:
    def ask(question: str) -> str:
        """Ask the user."""
        return str(interrupt(question))

    cheap = small(("ask", {"question": "Which key?"}), DONE)
    graph = create_cope_agent(
        cheap,
        large(DONE),
        [ask],
        defaults=CopeContext(n=2),
        checkpointer=InMemorySaver(),
        tool_timeout_s=30,
    )
    paused = both(graph, HELLO, THREAD)
    assert paused["__interrupt__"][0].value == "Which key?"
    out = both(graph, Command(resume="the red one"), THREAD)
    assert [m.text for m in out["messages"] if m.type == "tool"] == ["the red one"]
    assert len(cheap.acts) == 4


def setting(**settings: Any) -> AgentMiddleware[Any, Any, Any]:
    @wrap_model_call
    def sets(request: Any, handler: Callable[[Any], Any]) -> Any:
        return handler(request.override(**settings))

    return sets


def test_settings_for_one_model_are_refused() -> None:
    graph = agent(
        small(DONE), large(DONE), Shop(), middleware=[setting(model_settings={"top_k": 1})]
    )
    with pytest.raises(InputError, match="sets top_k for the model"):
        graph.invoke(HELLO)


def test_a_middleware_behind_the_cascade_is_found_out() -> None:
    cope = CopeMiddleware(small(DONE), large(DONE), defaults=CopeContext(n=2))
    behind = setting(model=small("mine"))
    graph: Any = create_agent(cope.model, Shop().tools, middleware=[cope, behind])
    with pytest.raises(InputError, match="Put CopeMiddleware last"):
        graph.invoke(HELLO)


def test_a_named_agent_signs_its_steps() -> None:
    out = agent(small(LOOK, DONE), large(DONE), Shop(), name="finder").invoke(HELLO)
    assert [m.name for m in out["messages"] if m.type == "ai"] == ["finder", "finder"]


def flaky(shop: Shop) -> Any:
    def ring() -> str:
        """Ring the bell."""
        shop.done.append("ring")
        if len(shop.done) == 1:
            msg = "no power"
            raise OSError(msg)
        return "rung"

    return ring


def test_a_tool_can_be_tried_again_before_the_agent_sees_its_error(both: Runner) -> None:
    shop, again = Shop(), ToolRetryMiddleware(max_retries=2, initial_delay=0)
    out = both(
        create_cope_agent(
            small(("ring", {}), DONE),
            large(DONE),
            [flaky(shop)],
            middleware=[again],
            defaults=CopeContext(n=2),
        ),
        HELLO,
    )
    assert shop.done == ["ring", "ring"]
    assert (out["messages"][2].text, out["cope"]["surprises"]) == ("rung", 0)


def test_a_tool_that_is_not_on_offer_at_a_step_breaks_no_rule(both: Runner) -> None:
    class OnlyLook(AgentMiddleware[Any, Any, Any]):
        def wrap_model_call(self, request: Any, handler: Any) -> Any:
            return handler(request.override(tools=request.tools[:1]))

        async def awrap_model_call(self, request: Any, handler: Any) -> Any:
            return await handler(request.override(tools=request.tools[:1]))

    rules = {"free_text": {"send_mail": ["text"]}, "canonical": {"send_mail": str}}
    shop = Shop()

    out = both(agent(small(LOOK, DONE), large(), shop, middleware=[OnlyLook()], **rules), HELLO)

    assert (shop.done, out["cope"]["small"]) == (["look box"], 2)


def test_the_middleware_alone_observes_a_tools_error_too(both: Runner) -> None:
    shop = Shop()
    cope = CopeMiddleware(small(("ring", {}), DONE), large(DONE), defaults=CopeContext(n=2))
    out = both(create_agent(cope.model, [flaky(shop)], middleware=[cope]), HELLO)
    assert out["messages"][2].text == "ring failed: OSError: no power"


def test_a_call_that_cannot_be_undone_is_not_tried_again(both: Runner) -> None:
    sent: list[str] = []

    def send_mail(to: str, text: str) -> str:
        """Send a mail."""
        sent.append(f"{to} {text}")
        msg = "sent, but there was no receipt"
        raise ConnectionError(msg)

    again = ToolRetryMiddleware(max_retries=2, initial_delay=0, jitter=False)
    decider = large(SEND, DONE)
    sender = create_cope_agent(
        small(SEND, DONE), decider, [send_mail], middleware=[again], irreversible=["send_*"]
    )

    out = both(sender, HELLO)

    assert (len(sent), out["messages"][-1].text) == (1, DONE)


def test_a_step_that_is_tried_again_is_billed_with_the_try_that_failed(both: Runner) -> None:
    cheap = acting(lambda _, index: "" if index < 8 else DONE, "small")  # both stages
    again = ModelRetryMiddleware(max_retries=1, initial_delay=0, jitter=False)

    out = both(agent(cheap, large(""), Shop(), middleware=[again]), HELLO)

    assert out["cope"]["requests"] == len(cheap.acts) + 2  # a plan and an act of the large model
    assert (out["cope"]["steps"], out["messages"][-1].text) == (1, DONE)


def test_a_step_that_a_middleware_takes_twice_is_billed_twice_and_counts_once() -> None:
    @wrap_model_call
    def twice(request: Any, handler: Any) -> Any:
        handler(request)
        return handler(request)

    cheap = small(LOOK, DONE)

    out = agent(cheap, large(), Shop(), middleware=[twice]).invoke(HELLO)

    assert (out["cope"]["steps"], out["cope"]["requests"], len(cheap.acts)) == (2, 16, 16)


@pytest.mark.parametrize("saver", [None, InMemorySaver])
def test_a_step_whose_models_all_failed_can_be_tried_again(both: Runner, saver: Any) -> None:
    asked = []

    def policy(*_: Any) -> Any:
        asked.append(1)
        if len(asked) <= 5:
            raise ConnectionError
        return DONE

    models = acting(policy, "small"), acting(policy, "large")
    again = ModelRetryMiddleware(max_retries=1, initial_delay=0)
    settings: Any = {"middleware": [again], "checkpointer": saver and saver()}
    plain = CopeContext(n=4, small_plan="none", stages=(1, 3), retries=0)
    out = both(agent(*models, Shop(), defaults=plain, **settings), HELLO, THREAD)
    assert out["messages"][-1].text == DONE
    assert out["cope"]["steps"] == 1


def test_a_runs_context_is_the_agents_and_no_setting_of_a_step(both: Runner) -> None:
    @dynamic_prompt
    def greet(request: Any) -> str:
        return f"You work for {request.runtime.context['user']}."

    class Who(TypedDict):
        user: str
        cope: dict[str, Any]

    cheap = small(LOOK, DONE)
    graph = agent(cheap, large(DONE), Shop(), middleware=[greet], context_schema=Who)
    both(graph, HELLO, context={"user": "Ann", "cope": {"n": 64}})
    assert [m[0].text for m in cheap.acts] == ["You work for Ann."] * 8
