"""ChatCope gives objects: of a class, with the raw message beside, or an error that says why."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel
from typing_extensions import TypedDict

from cope_graph import PLAN_FREE, ChatCope, tasks
from cope_graph.errors import InputError, ModelCallError, NoAnswerError
from tests.scripted import ScriptedChat, says
from tests.unit_tests.conftest import Runner
from tests.unit_tests.routing.graphs import router

FREE = PLAN_FREE.model_copy(update={"n": 3})


class Person(BaseModel):
    name: str
    why: str = ""


class Named(TypedDict):
    name: str


@dataclasses.dataclass
class Called:
    name: str


def cope(small: list[str], large: list[str], **settings: Any) -> ChatCope:
    return ChatCope(
        small=ScriptedChat(model_name="s", replies=small),
        large=ScriptedChat(model_name="l", replies=large),
        task=tasks.math(),
        defaults=FREE.model_copy(update=settings),
    )


def wrote(name: str, why: str = "") -> str:
    return json.dumps({"name": name, "why": why})


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (Person, Person(name="Ada")),
        (Named, {"name": "Ada"}),
        (Called, Called("Ada")),
    ],
    ids=["pydantic", "typed dict", "dataclass"],
)
def test_it_gives_an_object_of_the_class(both: Runner, schema: Any, expected: Any) -> None:
    reply = '{"name": "Ada"}'
    chain: Any = cope([reply] * 3, []).with_structured_output(schema)
    assert both(chain, "Who?") == expected


def test_it_stands_in_a_chain_and_takes_messages(run: Runner) -> None:
    chain: Any = ChatPromptTemplate.from_messages([("user", "{who}?")]) | cope(
        [wrote("Ada")] * 3, []
    ).with_structured_output(Person)
    person: Any = run(chain, {"who": "Who"})
    assert person == Person(name="Ada")
    model = cope([wrote("Ada")] * 3, []).with_structured_output(Person, method="json_schema")
    assert model.invoke([HumanMessage("Who?")]) == Person(name="Ada")


def test_the_samples_vote_on_the_fields_but_those_that_are_left_out(both: Runner) -> None:
    replies = [wrote("Ada", "a"), wrote("ADA", "b"), wrote("ada", "c")]
    chain: Any = cope(replies, []).with_structured_output(Person, unvoted=["why"])
    person: Any = both(chain, "Who?")
    assert person == Person(name="Ada", why="a")
    chain = cope(replies, [wrote("Bob")]).with_structured_output(Person)
    person = both(chain, "Who?")
    assert person == Person(name="Bob")


def test_a_router_is_left_out_as_its_documentation_says(both: Runner) -> None:
    small = ScriptedChat(model_name="s", replies=['{"name": "Ada"}'] * 8)
    large = ScriptedChat(model_name="l", replies=[])
    defaults = PLAN_FREE.model_copy(update={"stages": (1, 2, 3)})
    chat = ChatCope(
        small=small, large=large, task=tasks.math(), defaults=defaults, router=router(0.0)
    )
    asked = chat.with_structured_output(Person, include_raw=True)
    raw = both(asked, "Who?")["raw"]
    assert raw.response_metadata["cope"]["route"] is None
    assert (raw.response_metadata["cope"]["stage"], large.calls) == (1, [])
    assert "A `router` is left out" in (ChatCope.with_structured_output.__doc__ or "")


def test_the_model_itself_keeps_its_task() -> None:
    model = cope([*[wrote("Ada")] * 3, *[says("7")] * 3], [])
    assert model.with_structured_output(Person).invoke("Who?") == Person(name="Ada")
    assert model.invoke("3 + 4?").response_metadata["cope"]["answer"] == "7"
    assert model.task is not None
    assert model.task.name == "math"


def test_include_raw_gives_the_message_beside(both: Runner) -> None:
    chain: Any = cope([wrote("Ada")] * 3, []).with_structured_output(Person, include_raw=True)
    out = both(chain, "Who?")
    assert (out["parsed"], out["parsing_error"]) == (Person(name="Ada"), None)
    assert out["raw"].response_metadata["cope"]["confidence"] == 1.0


def test_no_object_is_an_error_that_carries_the_bill(both: Runner) -> None:
    chain: Any = cope(["no"] * 3, ['{"name": 5}']).with_structured_output(Person)
    with pytest.raises(NoAnswerError, match="structured answer that can be read") as error:
        both(chain, "Who?")
    assert error.value.ledger is not None
    assert error.value.ledger["requests"] == 2


def test_include_raw_gives_that_error_beside_and_says_so_in_the_message(both: Runner) -> None:
    model = cope(["no"] * 3, ['{"name": 5}'])
    chain: Any = model.with_structured_output(Person, include_raw=True)
    out = both(chain, "Who?")
    error = out["parsing_error"]
    assert out["parsed"] is None
    assert isinstance(error, NoAnswerError)
    assert error.ledger is not None
    assert error.ledger["requests"] == 2
    assert out["raw"].text == str(error)


@pytest.mark.parametrize("include_raw", [False, True])
def test_a_run_that_abstains_has_no_object(both: Runner, include_raw: bool) -> None:
    model = cope([wrote("A"), wrote("B"), "no"], [], stages=(1,), last_resort="abstain")
    chain: Any = model.with_structured_output(Person, include_raw=include_raw)
    if not include_raw:
        with pytest.raises(NoAnswerError, match="abstained: 1 of 3 samples agree") as error:
            both(chain, "Who?")
        assert error.value.ledger is not None
        return
    out = both(chain, "Who?")
    assert out["parsed"] is None
    assert str(out["parsing_error"]).startswith("abstained: ")
    assert out["parsing_error"].ledger["requests"] == 1


@pytest.mark.parametrize("include_raw", [False, True])
def test_models_that_fail_are_an_error_and_no_parsing_error(
    both: Runner, include_raw: bool
) -> None:
    chain: Any = cope([], [], retries=0).with_structured_output(Person, include_raw=include_raw)
    with pytest.raises(ModelCallError):
        both(chain, "Who?")


def test_a_stream_ends_with_the_object() -> None:
    chain = cope([wrote("Ada")] * 6, []).with_structured_output(Person)
    assert list(chain.stream("Who?")) == [Person(name="Ada")]

    async def parts() -> list[Any]:
        return [part async for part in chain.astream("Who?")]

    assert asyncio.run(parts()) == [Person(name="Ada")]


@pytest.mark.parametrize(
    ("schema", "options", "why"),
    [
        (Person, {"method": "function_calling"}, "method='function_calling': ChatCope votes"),
        (Person, {"method": "json_mode"}, "method='json_mode': ChatCope votes on objects"),
        (Person, {"strict": True, "tools": []}, "does not take strict, tools: leave it out"),
        (Person, {"unvoted": ["age"]}, "Person has no field 'age'"),
        ({"type": "object"}, {}, "pass a pydantic class, a dataclass or a TypedDict"),
        (int, {}, "int describes no object with named fields"),
    ],
)
def test_what_it_cannot_give_is_refused_at_once(
    schema: Any, options: dict[str, Any], why: str
) -> None:
    with pytest.raises(InputError, match=why):
        cope([], []).with_structured_output(schema, **options)
