from __future__ import annotations

from typing import Any

import pytest

from cope_graph.errors import InputError, ModelLoadError
from cope_graph.huggingface.tools import check_tools, forced_schema


def tool(name: str, **parameters: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


ADD = tool("add", type="object", properties={"a": {"type": "integer"}}, required=["a"])
NOW: dict[str, Any] = {"type": "function", "function": {"name": "now"}}
TOOLS = [ADD, NOW]


def test_a_template_that_shows_tools_gives_the_prompt_with_them() -> None:
    prompt = check_tools(lambda tools: f"tools: {tools}", [ADD], "tiny")

    assert prompt == f"tools: {[ADD]}"


def test_a_template_that_leaves_tools_out_is_refused_by_the_name_of_the_model() -> None:
    with pytest.raises(ModelLoadError, match=r"tiny takes no tools.*leaves them out.*Qwen2\.5"):
        check_tools(lambda _tools: "prompt", [ADD], "tiny")


def test_a_template_that_raises_at_tools_is_refused_with_its_own_words() -> None:
    def render(tools: list[dict[str, Any]] | None) -> str:
        if tools:
            raise ValueError("Tools are not supported")  # noqa: EM101, TRY003
        return "prompt"

    with pytest.raises(ModelLoadError, match=r"refuses them \(Tools are not supported\)"):
        check_tools(render, [ADD], "tiny")


def test_a_template_that_fails_without_tools_too_is_not_blamed_on_the_tools() -> None:
    def render(_tools: list[dict[str, Any]] | None) -> str:
        raise ValueError("no system messages")  # noqa: EM101, TRY003

    with pytest.raises(ValueError, match="no system messages"):
        check_tools(render, [ADD], "tiny")


@pytest.mark.parametrize("choice", [None, False, "auto", "none"])
def test_no_call_is_demanded_where_the_model_may_choose(choice: object) -> None:
    assert forced_schema(TOOLS, choice) is None


@pytest.mark.parametrize("choice", [True, "any", "required"])
def test_any_call_will_do_where_one_is_required(choice: object) -> None:
    assert _named(forced_schema(TOOLS, choice)) == ["add", "now"]


@pytest.mark.parametrize(
    "choice", ["now", {"type": "function", "function": {"name": "now"}}], ids=["name", "openai"]
)
def test_a_named_tool_is_the_only_one(choice: object) -> None:
    schema = forced_schema(TOOLS, choice)

    assert schema == {
        "anyOf": [
            {
                "type": "object",
                "properties": {
                    "name": {"const": "now"},
                    "arguments": {"type": "object", "properties": {}},
                },
                "required": ["name", "arguments"],
                "additionalProperties": False,
            }
        ]
    }


def test_a_tool_that_is_called_any_goes_before_the_word() -> None:
    assert _named(forced_schema([*TOOLS, tool("any")], "any")) == ["any"]


@pytest.mark.parametrize(
    "choice",
    ["subtract", {"type": "function", "function": {"name": "subtract"}}, {"type": "x"}, 7],
)
def test_a_choice_that_is_no_tool_names_those_there_are(choice: object) -> None:
    with pytest.raises(InputError, match=r"none of the tools \(add, now\): name one, or 'any'"):
        forced_schema(TOOLS, choice)


def test_a_call_cannot_be_demanded_without_tools() -> None:
    with pytest.raises(InputError, match="there are none"):
        forced_schema([], "any")


def test_references_of_a_tool_lead_to_its_own_definitions() -> None:
    node = {"type": "object", "properties": {"kids": {"items": {"$ref": "#/$defs/Node"}}}}
    tree = tool("tree", **{"$defs": {"Node": node}, "$ref": "#/$defs/Node"})

    schema = forced_schema([ADD, tree], "any")

    root = "#/anyOf/1/properties/arguments/$defs/Node"
    assert schema is not None
    arguments = schema["anyOf"][1]["properties"]["arguments"]
    assert arguments["$ref"] == root
    assert arguments["$defs"]["Node"]["properties"]["kids"]["items"] == {"$ref": root}
    assert tree["function"]["parameters"]["$ref"] == "#/$defs/Node"


def _named(schema: dict[str, Any] | None) -> list[str]:
    assert schema is not None
    return [call["properties"]["name"]["const"] for call in schema["anyOf"]]
