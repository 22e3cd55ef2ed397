"""What tools take, of every kind that `bind_tools` takes."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import pytest
from langchain_core.tools import BaseTool, InjectedToolArg, StructuredTool, tool
from pydantic import BaseModel, Field, SecretStr, field_validator

from cope_graph.agents.signatures import signatures
from cope_graph.errors import InputError

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "default": 3}},
    "required": ["city"],
}


class Weather(BaseModel):
    """Look up the weather."""

    city: str
    days: int = 3


def weather(city: str, days: int = 3) -> str:
    """Look up the weather."""
    return f"{city} {days}"


KINDS: dict[str, Any] = {
    "tool": tool(weather),
    "function": weather,
    "class": Weather,
    "class as schema": StructuredTool.from_function(weather, args_schema=Weather),
    "schema of a server": StructuredTool(
        name="weather", description="d", args_schema=SCHEMA, func=weather
    ),
    "OpenAI's": {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}},
    "flat": {"name": "weather", "description": "d", "parameters": SCHEMA},
    "Anthropic's": {"name": "weather", "description": "d", "input_schema": SCHEMA},
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_of_tool_fills_in_defaults_and_refuses_what_does_not_fit(kind: Any) -> None:
    ((name, takes),) = signatures([kind]).items()
    assert name.lower() == "weather"
    assert takes({"city": "Rome"}) == {"city": "Rome", "days": 3}
    assert takes({"city": "Rome", "days": 3.0}) == {"city": "Rome", "days": 3}
    assert takes({"days": 3}) is None
    assert takes({"city": "Rome", "days": "many"}) is None


def test_what_a_model_of_pydantic_makes_of_a_value_is_what_counts() -> None:
    takes = signatures([weather])["weather"]
    assert takes({"city": "Rome", "days": "3", "invented": 1}) == {"city": "Rome", "days": 3}


def test_what_langchain_injects_is_not_asked_for() -> None:
    @tool
    def pay(amount: int, user: Annotated[str, InjectedToolArg]) -> str:
        """Pay."""
        return f"{amount} {user}"

    assert signatures([pay])["pay"]({"amount": 1}) == {"amount": 1}


def test_validators_of_the_schema_are_heeded() -> None:
    class Even(BaseModel):
        """Even."""

        n: int

        @field_validator("n")
        @classmethod
        def is_even(cls, n: int) -> int:
            if n % 2:
                msg = "odd"
                raise ValueError(msg)
            return n

    takes = signatures(
        [StructuredTool.from_function(abs, name="even", description="e", args_schema=Even)]
    )
    assert takes["even"]({"n": 2}) == {"n": 2}
    assert takes["even"]({"n": 3}) is None


def test_a_validator_that_breaks_makes_no_step_and_tells_nothing_private(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(BaseModel):
        """Broken."""

        n: str

        @field_validator("n")
        @classmethod
        def breaks(cls, n: str) -> str:
            raise KeyError(n)

    assert signatures([Broken])["Broken"]({"n": "secret"}) is None
    assert "KeyError" in caplog.text
    assert "secret" not in caplog.text


def test_defaults_that_are_made_anew_are_not_compared() -> None:
    class Order(BaseModel):
        """Order."""

        item: str
        tags: list[str] = Field(default_factory=list)
        key: str = Field(default_factory=lambda: uuid.uuid4().hex)

    takes = signatures([Order])["Order"]
    assert takes({"item": "a"}) == {"item": "a", "tags": []}
    assert takes({"item": "a", "key": "b"}) == {"item": "a", "tags": [], "key": "b"}


def test_a_secret_is_compared_as_the_model_wrote_it_and_not_as_stars() -> None:
    class Login(BaseModel):
        """Log in."""

        password: SecretStr

    takes = signatures([Login])["Login"]
    assert takes({"password": "a"}) == {"password": "a"}
    assert takes({"password": "b"}) == {"password": "b"}


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="Two tools are called 'weather'"):
        signatures([weather, tool(weather)])


@pytest.mark.parametrize(
    "bad",
    [
        3,
        "weather",
        {"type": "web_search"},
        lambda city: city,
        {"name": "a", "description": "b", "parameters": {"properties": {"x": {"anyOf": 3}}}},
        {"name": "a", "description": "b", "parameters": {"properties": ["x"]}},
    ],
)
def test_what_is_no_tool_is_refused_in_words(bad: Any) -> None:
    with pytest.raises(InputError, match="no tool that can be called"):
        signatures([bad])


def test_a_tool_without_arguments_takes_none() -> None:
    class Now(BaseTool):
        name: str = "now"
        description: str = "The time."

        def _run(self) -> str:
            return "noon"

    assert signatures([Now()])["now"]({}) == {}
