"""The graph that `langgraph dev` serves: what the operator's environment sets, and refuses."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cope_graph.calibration import calibrate
from cope_graph.cascade import create_cope
from cope_graph.context import CopeContext
from cope_graph.errors import (
    BudgetError,
    InputError,
    SandboxSetupError,
    ThresholdsError,
    UnknownPriceError,
)
from cope_graph.models.pair import LARGE, SMALL
from cope_graph.sandbox.choose import code_runner
from tests.loopback.clients import KEY
from tests.loopback.openai_server import OpenAIServer
from tests.scripted import says
from tests.unit_tests.calibration.outcomes import table
from tests.unit_tests.conftest import Runner
from tests.unit_tests.money.spending import all_at_once

ASK: dict[str, Any] = {"messages": [("user", "How many?")]}
LIMITED = '{"max_plan_tokens": 20, "max_answer_tokens": 20}'
PRICED = {"COPE_SMALL_PRICE": "1,1", "COPE_LARGE_PRICE": "2,2"}
Load = Callable[..., Any]


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    texts = {name: [says("3")] for name in ("small-model", "other-model", "third-model")}
    texts["large-model"] = [says("9")]
    with OpenAIServer(texts) as server:
        yield server


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, server: OpenAIServer) -> Iterator[Load]:
    """Import the module anew under an environment, as the server does; give its graph."""

    def loaded(**environment: str) -> Any:
        for side in ("SMALL", "LARGE"):
            monkeypatch.setenv(f"COPE_{side}", f"openai:{side.lower()}-model")
            monkeypatch.setenv(f"COPE_{side}_BASE_URL", server.base_url)
            monkeypatch.setenv(f"COPE_{side}_API_KEY", KEY)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        sys.modules.pop("cope_graph.studio", None)
        return importlib.import_module("cope_graph.studio").graph

    yield loaded
    sys.modules.pop("cope_graph.studio", None)


def test_without_settings_the_graph_is_the_papers(load: Load, both: Runner) -> None:
    out = both(load(), ASK)
    assert (out["answer"], out["visits"][0]["samples"], out["ledger"]["requests"]) == ("3", 8, 9)


@pytest.mark.parametrize("settings", ["", "{}"])
def test_empty_settings_are_none(load: Load, settings: str) -> None:
    assert load(COPE_SETTINGS=settings, COPE_BUDGET_USD="", COPE_BUDGET_TOKENS="").name == "cope"


def test_settings_are_the_operators_and_a_client_may_only_tighten_them(
    load: Load, both: Runner, server: OpenAIServer
) -> None:
    graph = load(COPE_SETTINGS='{"n": 3, "small_plan": "none", "stages": [1, 3]}')
    with pytest.raises(InputError, match="n may be 3 at most, not 4"):
        both(graph, ASK, context={"n": 4})
    assert server.requests == []
    assert both(graph, ASK, context={"n": 2})["visits"][0]["samples"] == 2


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ('{"n": 0}', "n: "),
        ('{"stages": [3, 1]}', "stages: "),
        ('{"samples": 3}', "samples: "),
        ('{"budget_usd": "cheap"}', "budget_usd: "),
        ("[]", "settings: "),
        ("null", "settings: "),
        ("n=3", "Invalid JSON"),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_name_when_the_server_starts(
    load: Load, settings: str, name: str
) -> None:
    with pytest.raises(InputError, match=f"COPE_SETTINGS does not fit: .*{name}"):
        load(COPE_SETTINGS=settings)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("COPE_BUDGET_USD", "cheap", "COPE_BUDGET_USD: .*usd is a number of 0 or more, not 'che"),
        ("COPE_BUDGET_USD", "-1", "COPE_BUDGET_USD: .*usd is a number of 0 or more"),
        ("COPE_BUDGET_USD", "nan", "usd is a number of 0 or more"),
        ("COPE_BUDGET_TOKENS", "many", "COPE_BUDGET_TOKENS is a whole number, not 'many'"),
        ("COPE_BUDGET_TOKENS", "-1", "COPE_BUDGET_TOKENS is a whole number"),
        ("COPE_BUDGET_TOKENS", "1.5", "COPE_BUDGET_TOKENS is a whole number"),
        ("COPE_SMALL_PRICE", "cheap", "COPE_SMALL_PRICE: .*price 'cheap'"),
        ("COPE_LARGE_PRICE", "x/h", "COPE_LARGE_PRICE: .*price 'x' of a GPU hour"),
    ],
)
def test_a_limit_or_price_that_is_no_number_is_refused_when_the_server_starts(
    load: Load, name: str, value: str, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        load(**{name: value})


def test_a_budget_in_usd_needs_prices_when_the_server_starts(load: Load) -> None:
    with pytest.raises(UnknownPriceError, match="The small model small-model has no") as caught:
        load(COPE_BUDGET_USD="1.00", COPE_SETTINGS=LIMITED)
    assert "COPE_SMALL_PRICE and COPE_LARGE_PRICE as INPUT,OUTPUT" in str(caught.value)
    assert load(COPE_BUDGET_USD="1.00", COPE_SETTINGS=LIMITED, **PRICED).name == "cope"


@pytest.mark.parametrize("limit", [{"COPE_BUDGET_USD": "1"}, {"COPE_BUDGET_TOKENS": "100000"}])
def test_a_budget_needs_a_limit_on_every_reply_when_the_server_starts(
    load: Load, limit: dict[str, str]
) -> None:
    with pytest.raises(BudgetError, match="no limit on its replies") as caught:
        load(**limit, **PRICED)
    told = re.search("COPE_SETTINGS='(.*)'", str(caught.value))
    assert told is not None
    assert load(COPE_SETTINGS=told[1], **limit, **PRICED).name == "cope"


@pytest.mark.parametrize("limit", [{"COPE_BUDGET_USD": "0"}, {"COPE_BUDGET_TOKENS": "1"}])
def test_a_budget_that_is_too_small_asks_no_model(
    load: Load, both: Runner, server: OpenAIServer, limit: dict[str, str]
) -> None:
    graph = load(COPE_SETTINGS=LIMITED, **PRICED, **limit)
    with pytest.raises(BudgetError, match="stopped before it had an answer"):
        both(graph, ASK)
    assert server.requests == []


def test_a_budget_is_shared_by_all_runs_of_the_server(
    load: Load, both: Runner, server: OpenAIServer
) -> None:
    settings = '{"small_plan": "none", "stages": [1], "max_answer_tokens": 20}'
    outs = all_at_once(both, load(COPE_SETTINGS=settings, COPE_BUDGET_TOKENS="2000"), 30)
    stopped = [out for out in outs if isinstance(out, BudgetError)]
    assert 0 < len(stopped) < 30
    assert {out["answer"] for out in outs if out not in stopped} == {"3"}
    billed = server.billed["small-model"]
    assert 0 < billed.prompt_tokens + billed.completion_tokens <= 2000


@pytest.mark.parametrize("task", ["", "math"])
def test_math_is_served_unless_another_task_is_set(load: Load, task: str) -> None:
    form = load(COPE_TASK=task).get_input_jsonschema()
    assert set(form["properties"]) == {"messages"}


def test_code_is_served_with_its_tests_as_a_field_of_the_form(load: Load, both: Runner) -> None:
    try:
        code_runner()
    except SandboxSetupError as error:
        pytest.skip(str(error))
    with OpenAIServer({"small-model": ["```python\nx = 3\n```"]}) as server:
        alone = '{"n": 1, "small_plan": "none", "stages": [1]}'
        graph = load(COPE_TASK="code", COPE_SETTINGS=alone, COPE_SMALL_BASE_URL=server.base_url)
        field = graph.get_input_jsonschema()["properties"]["tests"]
        out = both(graph, {**ASK, "tests": ["assert x == 3"]})
    assert (field["title"], field["type"]) == ("Tests", "array")
    assert (out["accepted"], out["answer"]) == (True, "x = 3\n")
    assert "assert x == 3" in server.requests[0].body["messages"][-1]["content"]


def test_a_choice_is_served_with_its_options_as_a_field_of_the_form(
    load: Load, both: Runner
) -> None:
    with OpenAIServer({"small-model": ["Answer: B"]}) as server:
        alone = '{"n": 1, "small_plan": "none", "stages": [1]}'
        graph = load(COPE_TASK="choice", COPE_SETTINGS=alone, COPE_SMALL_BASE_URL=server.base_url)
        field = graph.get_input_jsonschema()["properties"]["options"]
        out = both(graph, {**ASK, "options": ["one", "two"]})
        with pytest.raises(InputError, match="The choice task needs 'options' with each question"):
            both(graph, ASK)
    assert field == {"title": "Options", "type": "array", "items": {"type": "string"}}
    assert out["answer"] == "two"


@pytest.mark.parametrize("task", ["short_answer", "open-ended"])
def test_other_families_are_served_with_messages_alone(load: Load, both: Runner, task: str) -> None:
    graph = load(COPE_TASK=task, COPE_SETTINGS='{"n": 2, "small_plan": "none", "stages": [1]}')
    assert set(graph.get_input_jsonschema()["properties"]) == {"messages"}
    assert both(graph, ASK)["answer"] == ("3" if task == "short_answer" else says("3"))


@pytest.mark.parametrize(("task", "most"), [("open_ended", 1024), ("short_answer", 320)])
def test_the_embedded_pair_is_served_with_the_reply_limit_of_its_family(
    load: Load, monkeypatch: pytest.MonkeyPatch, task: str, most: int
) -> None:
    seen: list[int | None] = []

    def built(*models: str, defaults: CopeContext, **rest: Any) -> Any:
        seen.append(defaults.max_answer_tokens)
        return create_cope(*models, defaults=defaults, **rest)

    monkeypatch.setattr("cope_graph.cascade.create_cope", built)
    load(COPE_TASK=task, COPE_SMALL="", COPE_LARGE="")
    assert seen == [most]


def test_a_task_that_is_none_is_refused_when_the_server_starts(load: Load) -> None:
    with pytest.raises(
        InputError, match="COPE_TASK: There is no task 'poem'; there is: math, code"
    ):
        load(COPE_TASK="poem")


def test_several_small_models_vote_one_after_another(load: Load, both: Runner) -> None:
    names = ", ".join(f"openai:{name}-model" for name in ("small", "other", "third"))
    prices = {"COPE_SMALL_PRICE": "1,1; 2,2; 3,3", "COPE_LARGE_PRICE": "4,4"}
    graph = load(COPE_SMALL=names, COPE_SETTINGS='{"quorum": 2}', **prices)
    out = both(graph, ASK)
    assert (out["answer"], out["visits"][-1]["model"]) == ("3", "small-model, other-model")
    assert out["reason"] == "2 of 2 samples agree; a quorum of 2 is met"
    per_million = {"small-model": 1, "other-model": 2}
    for line in out["ledger"]["lines"]:
        tokens = line["input_tokens"] + line["output_tokens"]
        usd = per_million[line["model"]] * tokens / 1e6
        assert float(line["usd"]) == pytest.approx(usd)
    assert len(out["ledger"]["lines"]) == 4  # a plan and an answer of each


def calibrated(path: Path, **schedule: Any) -> str:
    made = calibrate(table(400), max_loss=0.1).thresholds
    named = {"small": ("small-model",), "large": "large-model", **schedule}
    replace(made, schedule=replace(made.schedule, **named)).save(path)
    return str(path)


def test_thresholds_are_the_operators_and_no_client_changes_them(
    load: Load, both: Runner, tmp_path: Path
) -> None:
    graph = load(COPE_THRESHOLDS=calibrated(tmp_path / "t.json"))
    out = both(graph, ASK)
    assert (out["answer"], out["ledger"]["requests"]) == ("3", 1)  # a schedule without plans
    assert out["p_correct"] > 0.8
    with pytest.raises(ThresholdsError, match="The run's context changes"):
        both(graph, ASK, context={"tau1": 1.0})


def test_thresholds_that_do_not_fit_name_their_variable(load: Load, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"COPE_THRESHOLDS: .*none.json cannot be read"):
        load(COPE_THRESHOLDS=str(tmp_path / "none.json"))
    other = calibrated(tmp_path / "other.json", large="another")
    with pytest.raises(ThresholdsError, match=r"COPE_THRESHOLDS: .*large was another and is large"):
        load(COPE_THRESHOLDS=other)
    fits = calibrated(tmp_path / "t.json")
    with pytest.raises(ThresholdsError, match=r"COPE_THRESHOLDS: .*n was 8 and is 4"):
        load(COPE_THRESHOLDS=fits, COPE_SETTINGS='{"n": 4}')


def test_the_presets_own_stages_yield_to_thresholds(load: Load, tmp_path: Path) -> None:
    names = {"small": (SMALL.removeprefix("local:"),), "large": LARGE.removeprefix("local:")}
    path = calibrated(tmp_path / "t.json", stages=(1, 3), small_plan="goal", **names)
    assert load(COPE_SMALL="", COPE_LARGE="", COPE_THRESHOLDS=path).name == "cope"
