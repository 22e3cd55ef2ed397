"""The embedded models for real: llama.cpp in this process, on loopback, behind a key."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_core.callbacks import get_usage_metadata_callback
from langchain_core.messages import BaseMessage, HumanMessage

from cope_graph import PLAN_FREE, create_cope, tasks
from cope_graph.models.local import LocalChatModel, local_chat_model
from cope_graph.models.pull import find

PLUMBING = "smollm2-135m-instruct"
QUESTION: list[BaseMessage] = [HumanMessage("Name a colour.")]

pytestmark = [
    pytest.mark.local_models,
    pytest.mark.skipif(
        find(PLUMBING) is None, reason=f"no model file: cope models pull {PLUMBING}"
    ),
]


@pytest.fixture(scope="module")
def model() -> LocalChatModel:
    return local_chat_model(PLUMBING).model_copy(update={"max_tokens": 12})


def both_ways(model: LocalChatModel, **options: Any) -> list[Any]:
    async def many() -> Any:
        return await model.agenerate([QUESTION], **options)

    return [model.generate([QUESTION], **options), asyncio.run(many())]


def test_n_samples_are_counted_once_and_exactly(model: LocalChatModel) -> None:
    for result in both_ways(model, n=8, logprobs=True):
        generations = result.generations[0]
        assert len({generation.text for generation in generations}) > 1
        tokens = sum(len(g.generation_info["logprobs"]["content"]) for g in generations)
        usages = [generation.message.usage_metadata for generation in generations]
        assert usages[0]["output_tokens"] == tokens
        assert usages[1:] == [None] * 7
        assert {g.message.response_metadata["model_name"] for g in generations} == {PLUMBING}


def test_our_count_of_one_sample_is_the_servers(model: LocalChatModel) -> None:
    for result in both_ways(model, logprobs=True, seed=3):
        generation = result.generations[0][0]
        counted = len(generation.generation_info["logprobs"]["content"])
        assert generation.message.usage_metadata["output_tokens"] == counted


def test_logprobs_stay_out_of_what_did_not_ask_for_them(model: LocalChatModel) -> None:
    for result in both_ways(model, n=2):
        assert all("logprobs" not in g.generation_info for g in result.generations[0])


def test_a_seed_repeats_the_samples(model: LocalChatModel) -> None:
    seeded = model.model_copy(update={"seed": 11})
    first, second = both_ways(seeded, n=4)
    assert [g.text for g in first.generations[0]] == [g.text for g in second.generations[0]]


def test_it_streams_with_usage(model: LocalChatModel) -> None:
    chunks = list(model.stream(QUESTION))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    assert len(chunks) > 3
    assert whole.usage_metadata
    assert whole.usage_metadata["output_tokens"] <= 12


def test_the_server_listens_on_loopback_behind_a_key(model: LocalChatModel) -> None:
    from cope_graph.models.engine import engine  # noqa: PLC0415

    running = engine(PLUMBING)
    assert running is engine(PLUMBING)
    url = running.client.openai_api_base
    assert url is not None
    assert url.startswith("http://127.0.0.1:")
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        assert httpx.post(f"{url}/chat/completions", json=body, headers=headers).status_code == 401
    key = running.client.openai_api_key.get_secret_value()  # type: ignore[union-attr]
    assert key not in repr(running) + repr(running.client) + repr(model)


def test_a_run_of_the_cascade_is_free_and_its_bill_the_callbacks(model: LocalChatModel) -> None:
    defaults = PLAN_FREE.model_copy(update={"n": 4, "last_resort": "abstain", "stages": (1,)})
    app: Any = create_cope(model, model, task=tasks.math(), defaults=defaults).compile()
    with get_usage_metadata_callback() as counted:
        out = app.invoke({"messages": [("user", "What is 1 + 1?")]})
    ledger = out["ledger"]
    assert (ledger["usd"], ledger["status"]) == ("0", "reported")
    assert counted.usage_metadata[PLUMBING]["output_tokens"] == ledger["output_tokens"]
    assert counted.usage_metadata[PLUMBING]["input_tokens"] == ledger["input_tokens"]


def test_a_question_longer_than_the_window_is_refused_before_any_call() -> None:
    app: Any = create_cope(f"local:{PLUMBING}", f"local:{PLUMBING}", task=tasks.math()).compile()
    with pytest.raises(Exception, match="reads 4096"):
        app.invoke({"messages": [("user", "many words " * 4000)]})


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to see the server start")
def test_ctrl_c_ends_the_process_at_once_and_leaves_nothing_running() -> None:
    command = [sys.executable, "-m", "cope_graph.cli.app", "solve", "Count to a thousand in words."]
    names = ["--small", f"local:{PLUMBING}", "--large", f"local:{PLUMBING}"]
    environment = {**os.environ, "LANGSMITH_TRACING": "false"}
    process = subprocess.Popen(  # noqa: S603
        [*command, *names],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # A test run started in the background ignores Ctrl-C, and so would its children.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    group = os.getpgid(process.pid)
    try:
        deadline = time.monotonic() + 60
        while not _listens(process.pid):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err.decode().strip() == "Interrupted."
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)


def _listens(pid: int) -> bool:
    """Tell whether a process has opened a listening TCP socket (Linux: state 0A)."""
    sockets = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.exists()}
    rows = [row.split() for row in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return any(row[3] == "0A" and f"socket:[{row[9]}]" in sockets for row in rows)
