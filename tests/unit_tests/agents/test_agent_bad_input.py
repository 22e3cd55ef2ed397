"""What an agent cannot work with is refused by name, before anything is asked or done."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langchain_core.tools import tool
from pydantic import BaseModel

from cope_graph import CopeContext, CopeMiddleware, create_cope_agent
from cope_graph.errors import CopeError, InputError
from tests.unit_tests.agents.shop import DONE, HELLO, LOOK, Shop, agent, large, small
from tests.unit_tests.conftest import Runner


def undescribed(at: str) -> str:
    return at


def untyped(at):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - the point
    """Look somewhere."""
    return at


def build(tools: list[Any], **options: Any) -> Any:
    return create_cope_agent(small(DONE), large(DONE), tools, **options)


def test_an_agent_without_tools_is_refused() -> None:
    with pytest.raises(InputError, match="needs tools"):
        build([])


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="Two tools are called 'look'"):
        build([Shop().tools[0], Shop().tools[0]])


def test_a_middlewares_tool_of_the_same_name_is_refused_too() -> None:
    class Looking(AgentMiddleware[Any, Any, Any]):
        tools = [tool(Shop().tools[0])]  # noqa: RUF012 - LangChain's own attribute

    with pytest.raises(InputError, match="Two tools are called 'look'"):
        build(Shop().tools, middleware=[Looking()])


@pytest.mark.parametrize("bad", [undescribed, "look", 7, {"type": "web_search"}, None])
def test_what_cannot_be_described_to_a_model_is_refused(bad: Any) -> None:
    with pytest.raises(InputError, match="is no tool that can be called"):
        build([bad])


@pytest.mark.parametrize(
    "rule",
    [
        {"irreversible": ["sendmail"]},
        {"free_text": {"sendmail": ["text"]}},
        {"canonical": {"sendmail": str}},
    ],
)
def test_a_rule_of_a_tool_that_there_is_not_is_refused_before_anything_is_paid(rule: Any) -> None:
    with pytest.raises(InputError, match="There is no tool 'sendmail'"):
        agent(small(DONE), large(), Shop(), **rule)


def test_a_rule_may_be_of_an_answers_form_or_a_pattern_without_tools() -> None:
    class Place(BaseModel):
        """Where it is."""

        where: str

    form = {"response_format": Place, "free_text": {"Place": ["where"]}}
    assert agent(small(DONE), large(), Shop(), irreversible=["delete_*"], **form)


def test_a_tool_without_types_takes_anything(both: Runner) -> None:
    graph = create_cope_agent(
        small(("untyped", {"at": 7}), DONE), large(DONE), [untyped], defaults=CopeContext(n=2)
    )
    assert both(graph, HELLO)["messages"][2].text == "7"


def test_an_empty_conversation_is_refused(both: Runner) -> None:
    cheap = small(DONE)
    with pytest.raises(InputError, match="There is no message"):
        both(agent(cheap, large(DONE), Shop()), {"messages": []})
    assert cheap.acts == []


def test_the_middleware_in_an_agent_without_tools_is_refused(both: Runner) -> None:
    cope = CopeMiddleware(small(DONE), large(DONE))
    with pytest.raises(InputError, match="There is no tool to call"):
        both(create_agent(cope.model, [], middleware=[cope]), HELLO)


def test_the_middleware_is_not_added_twice() -> None:
    cope = CopeMiddleware(small(DONE), large(DONE))
    with pytest.raises(InputError, match="adds CopeMiddleware itself"):
        build(Shop().tools, middleware=[cope])


@pytest.mark.parametrize(
    "setting",
    [
        {"max_steps": 0},
        {"budget_usd": "lots"},
        {"budget_tokens": -1},
        {"tool_timeout_s": 0},
        {"replan": "sometimes"},
        {"unagreed": "hope"},
        {"irreversible": "send_mail"},
        {"large_sees": 0},
        {"prices": {"small": "free"}},
    ],
)
def test_a_setting_that_means_nothing_is_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(CopeError):
        build(Shop().tools, **setting)


def test_a_conversation_that_an_agent_had_before_is_gone_on_with(
    both: Runner,
) -> None:
    shop, cheap = Shop(), small(LOOK, DONE)
    out = both(agent(cheap, large(DONE), shop), HELLO)
    again = both(agent(cheap, large(DONE), shop), {"messages": out["messages"]})
    assert shop.done == ["look box"]
    assert again["cope"]["steps"] == 1


def test_without_langchain_the_error_holds_the_install_line() -> None:
    code = (
        "import sys; sys.modules['langchain'] = None\n"
        "from cope_graph.errors import MissingPackageError\n"
        "import cope_graph\n"
        "for name in ('CopeMiddleware', 'create_cope_agent'):\n"
        "    try:\n"
        "        getattr(cope_graph, name)\n"
        "    except MissingPackageError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run(  # noqa: S603 - our own code, no shell
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout == "Agents need LangChain: pip install 'cope-graph[agents]'.\n" * 2
