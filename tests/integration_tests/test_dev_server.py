"""The graph under the real ``langgraph dev``, asked by its SDK as Studio asks it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from langgraph_sdk.client import SyncLangGraphClient
from syrupy.assertion import SnapshotAssertion

from cope_graph import CopeContext, CopeOutput
from tests.integration_tests.dev_server import DevServer, dev_server
from tests.integration_tests.word_models import (
    EASY,
    FINAL_WORDS,
    HARD,
    KEY,
    LOCKED,
    SAMPLE_WORD,
    SURD,
    settings,
    word_server,
)
from tests.loopback.openai_server import OpenAIServer

pytestmark = pytest.mark.server

NODES = ["small_plan", "small_execute", "confidence_gate", "large_plan", "large_execute"]
TO_STAGE_3 = [*NODES[:4], "small_execute", "confidence_gate", "large_execute", "confidence_gate"]
BLOCKING = re.compile(r"synchronous blocking call|BlockingError")
"""What the server logs of a node that blocks its event loop."""


@dataclass(frozen=True)
class Served:
    """The dev server, the models behind it, and a client."""

    server: DevServer
    models: OpenAIServer
    client: SyncLangGraphClient

    @property
    def assistant(self) -> str:
        """The id of the assistant that Studio shows first."""
        (found,) = self.client.assistants.search(metadata={"created_by": "system"})
        return found["assistant_id"]

    def ask(self, question: str, assistant: str = "cope", **options: Any) -> dict[str, Any]:
        """One run without a thread; an error comes back under ``__error__``."""
        given = {"input": question_of(question), "raise_error": False, **options}
        out = self.client.runs.wait(None, assistant, **given)
        assert isinstance(out, dict)
        return out


def question_of(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    with (
        word_server() as models,
        dev_server(folder, settings(models)) as server,
        server.client() as client,
    ):
        yield Served(server, models, client)


def test_the_schemas_make_studios_form(served: Served, snapshot: SnapshotAssertion) -> None:
    schemas = served.client.assistants.get_schemas(served.assistant)
    form = schemas["context_schema"]
    assert form is not None
    assert set(form["properties"]) == set(CopeContext.model_fields)
    assert all(field["description"] for field in form["properties"].values())
    assert form["additionalProperties"] is False
    given, got = own_part(schemas["input_schema"]), own_part(schemas["output_schema"])
    assert {"input": given, "output": got, "context": form} == snapshot


def own_part(schema: dict[str, Any] | None) -> dict[str, Any]:
    """A schema without LangChain's messages, which change with its versions."""
    assert schema is not None
    messages = schema["properties"].pop("messages")
    assert messages["type"] == "array"
    own = {"Failure", "Ledger", "LedgerLine", "Totals", "Visit", "Vote"}
    definitions = {k: v for k, v in schema.get("$defs", {}).items() if k in own}
    return {**schema, "$defs": definitions}


def test_the_drawing_is_five_nodes_and_their_edges(served: Served) -> None:
    drawing = served.client.assistants.get_graph(served.assistant, xray=True)
    assert {node["id"] for node in drawing["nodes"]} == {"__start__", *NODES, "__end__"}
    edges = [(edge["source"], edge["target"], edge.get("data")) for edge in drawing["edges"]]
    assert sorted(edges, key=str) == sorted(
        [
            ("__start__", "small_plan", None),
            ("__start__", "small_execute", None),
            ("__start__", "large_plan", None),
            ("__start__", "large_execute", None),
            ("small_plan", "small_execute", None),
            ("small_execute", "confidence_gate", None),
            ("confidence_gate", "small_execute", "undecided"),
            ("confidence_gate", "large_plan", "escalate"),
            ("confidence_gate", "large_execute", "hand_over"),
            ("confidence_gate", "__end__", "accept"),
            ("large_plan", "small_execute", None),
            ("large_plan", "large_execute", None),
            ("large_execute", "confidence_gate", None),
        ],
        key=str,
    )


def test_a_run_gives_the_output_and_nothing_else(served: Served) -> None:
    out = served.ask(EASY)
    assert set(out) == set(CopeOutput.__annotations__)
    assert (out["answer"], out["stage"], out["confidence"]) == ("7", 1, 1.0)
    assert [message["type"] for message in out["messages"]] == ["human", "ai"]
    assert out["ledger"]["requests"] == 9


def test_comparing_answers_by_value_blocks_no_event_loop(served: Served) -> None:
    out = served.ask(SURD)
    assert (out["stage"], out["confidence"], out["accepted"]) == (1, 1.0, True)
    assert BLOCKING.findall(served.server.log) == []


def test_an_assistant_holds_settings_of_its_own(served: Served) -> None:
    own = {"n": 3, "tau1": 1.0, "tau2": 0.9}
    assistant = served.client.assistants.create("cope", context=own, name="strict")
    out = served.ask(EASY, assistant["assistant_id"])
    seen = [(visit["samples"], visit["threshold"]) for visit in out["visits"]]
    assert seen == [(3, 1.0), (3, 0.9)]
    assert [visit["decision"] for visit in out["visits"]] == ["escalate", "accept"]


def test_a_runs_context_goes_before_the_graphs(served: Served) -> None:
    out = served.ask(EASY, context={"n": 2, "stages": [1, 3], "small_plan": "none"})
    assert (out["ledger"]["requests"], out["visits"][0]["samples"]) == (1, 2)


def test_updates_show_each_node_as_it_ends(served: Served) -> None:
    parts = list(
        served.client.runs.stream(None, "cope", input=question_of(HARD), stream_mode="updates")
    )
    updates = [part.data for part in parts if part.event == "updates"]
    assert [name for update in updates for name in update] == TO_STAGE_3
    assert not [part for part in parts if part.event == "error"]
    last = updates[-1]["confidence_gate"]
    assert (last["answer"], last["stage"]) == ("42", 3)
    assert [visit["stage"] for visit in last["visits"]] == [1, 2, 3]


def test_on_a_thread_the_updates_show_each_request_that_is_kept(served: Served) -> None:
    thread = served.client.threads.create()["thread_id"]
    parts = list(
        served.client.runs.stream(thread, "cope", input=question_of(HARD), stream_mode="updates")
    )
    names = [name for part in parts if part.event == "updates" for name in part.data]
    assert [name for name in names if name != "request"] == TO_STAGE_3
    assert names.count("request") == 12
    kept = [part.data["request"] for part in parts if "request" in part.data]
    assert [(len(one["lines"]), one["failure"]) for one in kept] == [(1, None)] * 12


def test_only_the_tokens_of_stage_3_are_streamed(served: Served) -> None:
    parts = list(
        served.client.runs.stream(
            None, "cope", input=question_of(HARD), stream_mode="messages-tuple"
        )
    )
    pieces = [part.data for part in parts if part.event == "messages"]
    tokens = [m["content"] for m, meta in pieces if meta["langgraph_node"] == "large_execute"]
    assert "".join(tokens) == FINAL_WORDS
    assert len(tokens) > len(FINAL_WORDS.split())
    assert SAMPLE_WORD not in "".join(message["content"] for message, _ in pieces)


def test_the_streamed_answer_is_one_message(served: Served) -> None:
    parts = served.client.runs.stream(
        None, "cope", input=question_of(HARD), stream_mode=["messages-tuple", "values"]
    )
    seen = list(parts)
    streamed = {part.data[0]["id"] for part in seen if part.event == "messages"}
    values = [part.data for part in seen if part.event == "values"]
    assert streamed == {values[-1]["messages"][-1]["id"]}


def test_two_turns_on_one_thread_share_the_conversation_alone(served: Served) -> None:
    thread = served.client.threads.create()["thread_id"]
    first, second = (
        served.client.runs.wait(thread, "cope", input=question_of(text)) for text in (HARD, EASY)
    )
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["stage"], len(first["visits"]), first["ledger"]["requests"]) == (3, 3, 12)
    assert (second["stage"], len(second["visits"]), second["ledger"]["requests"]) == (1, 1, 9)
    assert [message["type"] for message in second["messages"]] == ["human", "ai"] * 2
    state = served.client.threads.get_state(thread)["values"]
    assert isinstance(state, dict)
    assert (state["goal"], state["guideline"]) == (None, None)
    assert len(state["samples"]) == len(state["goals"]) == 8
    asked = served.models.requests[-1].body["messages"]
    assert [message["role"] for message in asked] == ["user", "assistant", "user"]
    assert asked[1]["content"] == FINAL_WORDS


def test_a_runs_context_goes_before_its_assistants_and_never_beyond_the_graphs(
    served: Served,
) -> None:
    assistant = served.client.assistants.create("cope", context={"n": 3, "tau1": 0.9})
    out = served.ask(EASY, assistant["assistant_id"], context={"n": 5})
    assert (out["visits"][0]["samples"], out["visits"][0]["threshold"]) == (5, 0.9)
    error = served.ask(EASY, context={"n": 9, "tau1": 0.1})["__error__"]
    assert error["error"] == "InputError"
    assert "n may be 8 at most, not 9; tau1 may be 0.75 at least, not 0.1" in error["message"]


@pytest.mark.parametrize(
    ("context", "field", "why"),
    [
        ({"n": 0}, "n", "greater than or equal to 1"),
        ({"tau1": 7}, "tau1", "less than or equal to 1"),
        ({"stages": [3, 1]}, "stages", "in order"),
    ],
    ids=str,
)
def test_a_context_out_of_bounds_is_a_typed_error(
    served: Served, context: dict[str, Any], field: str, why: str
) -> None:
    before = served.models.count
    error = served.ask(EASY, context=context)["__error__"]
    assert error["error"] in {"InputError", "ValidationError"}
    assert re.search(rf"\b{field}\b", error["message"])
    assert why in error["message"]
    assert served.models.count == before


def test_an_assistant_out_of_bounds_fails_its_runs(served: Served) -> None:
    assistant = served.client.assistants.create("cope", context={"n": 65})["assistant_id"]
    with pytest.raises(Exception, match=r"less than or equal to 64"):
        served.client.runs.wait(None, assistant, input=question_of(EASY))


def test_the_server_drops_context_fields_that_are_not_in_the_form(served: Served) -> None:
    # It does so before the graph is called; the graph itself would refuse them.
    out = served.ask(EASY, context={"tau": 0.1, "n": 2})
    assert (out["visits"][0]["threshold"], out["visits"][0]["samples"]) == (0.75, 2)


def test_an_empty_question_is_a_typed_error_on_every_way(served: Served) -> None:
    before, client = served.models.count, served.client
    expected = {"error": "InputError", "message": "The question is empty."}
    thread = client.threads.create()["thread_id"]
    with pytest.raises(Exception, match=r"^InputError: The question is empty\.$"):
        client.runs.wait(thread, "cope", input=question_of("  "))
    assert client.threads.get(thread)["status"] == "error"
    assert [run["status"] for run in client.runs.list(thread)] == ["error"]
    parts = client.runs.stream(None, "cope", input=question_of(""), stream_mode="updates")
    assert [part.data for part in parts if part.event == "error"] == [expected]
    assert served.models.count == before


def test_a_thread_goes_on_after_an_error(served: Served) -> None:
    thread = served.client.threads.create()["thread_id"]
    for question, key in ((LOCKED, "__error__"), (EASY, "answer")):
        out = served.client.runs.wait(
            thread, "cope", input=question_of(question), raise_error=False
        )
        assert key in out
    assert served.client.threads.get(thread)["status"] == "idle"


def test_neither_errors_nor_logs_nor_files_hold_a_key(served: Served) -> None:
    error = served.ask(LOCKED)["__error__"]
    assert error["error"] == "ModelCallError"
    for side in ("small", "large"):  # the small model's failure leads on to the large one
        assert f"The {side} model {side} refused the key" in error["message"]
    assert KEY not in error["message"]
    assert served.ask(HARD)["stage"] == 3
    log = served.server.log
    assert "Background run succeeded" in log
    assert KEY not in log
    assert BLOCKING.findall(log) == []
    files = [path for path in served.server.folder.rglob("*") if path.is_file()]
    assert [path.name for path in files if KEY.encode() in path.read_bytes()] == []


def test_the_embedded_pair_is_served_before_its_files_are_there(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder, cache = (tmp_path_factory.mktemp(name) for name in ("embedded", "cache"))
    with dev_server(folder, {"COPE_CACHE_DIR": str(cache)}) as server, server.client() as client:
        (assistant,) = client.assistants.search(graph_id="cope")
        schemas = client.assistants.get_schemas(assistant["assistant_id"])
        assert schemas["context_schema"] is not None
        with pytest.raises(Exception, match=r"^ModelFileError: .*cope models pull"):
            client.runs.wait(None, "cope", input=question_of(EASY))
        assert list(cache.iterdir()) == []
        assert BLOCKING.findall(server.log) == []
