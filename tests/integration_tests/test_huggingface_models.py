"""`huggingface:` models for real: torch in this process, on screen, in the server, in the graph.

The small models are made here; the real one is a GGUF file of the embedded models.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import get_usage_metadata_callback
from langchain_core.messages import BaseMessage, HumanMessage

from cope_graph import CopeContext, create_cope, tasks
from cope_graph.huggingface.chat import ChatTransformers
from cope_graph.huggingface.engine import engine_of
from cope_graph.models.pull import find
from tests.integration_tests.dev_server import DevServer, dev_server
from tests.processes import soon
from tests.tiny_model import make_tiny_model
from tests.unit_tests.conftest import _ainvoke, _invoke

REAL = "smollm2-135m-instruct"
QUESTION = "What is 6 times 7?"
ASKED: dict[str, Any] = {"messages": [("user", QUESTION)]}
FREE: dict[str, Any] = {"messages": [{"role": "user", "content": QUESTION}]}
needs_real = pytest.mark.skipif(
    find(REAL) is None, reason=f"no model file: cope models pull {REAL}"
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that answers 42 to all questions."""
    return make_tiny_model(tmp_path_factory.mktemp("tiny"), says="The answer is \\boxed{42}.")


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random model whose replies end at the token limit alone."""
    folder = tmp_path_factory.mktemp("endless")
    return make_tiny_model(folder, ends=False, max_position_embeddings=100_000)


def cope(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own command, no shell
        [sys.executable, "-m", "cope_graph.cli.app", *arguments],
        env={**os.environ, "LANGSMITH_TRACING": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def test_cope_solve_answers_with_a_model_of_a_folder(tiny: Path) -> None:
    name = f"huggingface:{tiny}"
    process = cope("solve", QUESTION, "--small", name, "--large", name, "--json")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    answer = json.loads(out)
    assert (answer["answer"], answer["stage"], answer["confidence"]) == ("42", 1, 1.0)
    assert (answer["ledger"]["usd"], answer["ledger"]["status"]) == ("0", "reported")
    assert answer["ledger"]["requests"] == 9


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to see torch loaded")
def test_ctrl_c_ends_a_generation_at_once(endless: Path) -> None:
    name = f"huggingface:{endless}"
    process = cope(
        *("solve", QUESTION, "--small", name, "--large", name, "--no-plans"),
        *("--max-answer-tokens", "90000"),
        # A test run started in the background ignores Ctrl-C, and so would its children.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert soon(lambda: "libtorch" in _maps(process.pid), within=60)
        time.sleep(4)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, err
    assert err.decode().strip() == "Interrupted."


def _maps(pid: int) -> str:
    return Path(f"/proc/{pid}/maps").read_text()


@pytest.mark.parametrize("run", [_invoke, _ainvoke])
def test_the_bill_is_what_the_callbacks_count(tiny: Path, run: Any) -> None:
    small = ChatTransformers(model=str(tiny))
    graph = create_cope(small, small, task=tasks.math()).compile()
    with get_usage_metadata_callback() as counted:
        out = run(graph, ASKED)
    ledger, usage = out["ledger"], counted.usage_metadata[str(tiny)]
    assert (out["answer"], ledger["usd"], ledger["status"]) == ("42", "0", "reported")
    assert (ledger["input_tokens"], ledger["output_tokens"]) == (
        usage["input_tokens"],
        usage["output_tokens"],
    )


def test_many_runs_at_once_share_one_model(tiny: Path) -> None:
    small = ChatTransformers(model=str(tiny))
    graph: Any = create_cope(small, small, task=tasks.math()).compile()

    async def runs() -> list[Any]:
        return await asyncio.gather(*(graph.ainvoke(ASKED) for _ in range(32)))

    outs = [*asyncio.run(runs()), *graph.batch([ASKED] * 16)]
    assert [out["answer"] for out in outs] == ["42"] * 48
    assert {out["ledger"]["requests"] for out in outs} == {9}


def test_a_run_whose_deadline_is_up_ends_the_generation(endless: Path) -> None:
    small = ChatTransformers(model=str(endless), max_tokens=90_000)
    context = CopeContext(n=4, small_plan="none", stages=(1,), deadline_s=1.5)
    graph: Any = create_cope(small, small, task=tasks.math(), defaults=context).compile()
    engine = engine_of(small.load())
    for run in (_invoke, _ainvoke):
        with pytest.raises(Exception, match="time"):
            run(graph, ASKED)
        assert soon(lambda: not engine._batch.samples and not engine._jobs, within=10)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Iterator[DevServer]:
    name = f"huggingface:{tiny}"
    environment = {"COPE_SMALL": name, "COPE_LARGE": name}
    with dev_server(tmp_path_factory.mktemp("server"), environment) as running:
        yield running


@pytest.mark.server
def test_langgraph_dev_serves_it_and_its_loop_is_not_blocked(server: DevServer) -> None:
    with server.client() as client:
        outs = [client.runs.wait(None, "cope", input=FREE) for _ in range(2)]
    assert [out["answer"] for out in outs] == ["42", "42"]  # type: ignore[call-overload]
    assert not re.search("synchronous blocking call|BlockingError", server.log)


@pytest.fixture(scope="module")
def real() -> ChatTransformers:
    return ChatTransformers(model=str(find(REAL)), dtype="float32", max_tokens=24)


@needs_real
@pytest.mark.local_models
def test_a_real_models_greedy_tokens_are_those_of_generate(real: ChatTransformers) -> None:
    import torch  # noqa: PLC0415 - heavy

    loaded = real.load()
    prompts = ["Name a colour.", "What is 17 + 25? Think step by step.", "Say hello in French."]
    messages: list[list[BaseMessage]] = [[HumanMessage(prompt)] for prompt in prompts]
    result = real.generate(messages, n=2, temperature=0.0)
    for prompt, generations in zip(prompts, result.generations, strict=True):
        ids = loaded.tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}],
            add_generation_prompt=True,
            return_tensors="pt",
            return_dict=True,
        )
        with torch.inference_mode():
            whole = loaded.model.generate(**ids, max_new_tokens=24, do_sample=False)
        tokens = whole[0, ids["input_ids"].shape[1] :]
        text = loaded.tokenizer.decode(tokens, skip_special_tokens=True)
        assert [generation.text for generation in generations] == [text, text]


@needs_real
@pytest.mark.local_models
def test_a_real_models_seeded_samples_repeat_among_others(real: ChatTransformers) -> None:
    seeded = real.model_copy(update={"seed": 3, "temperature": 0.8})
    prompt: list[BaseMessage] = [HumanMessage("Name an animal.")]
    alone = [one.text for one in seeded.generate([prompt], n=8).generations[0]]

    async def crowded() -> Any:
        other: list[BaseMessage] = [HumanMessage("What is a noun?")]
        return await seeded.agenerate([prompt, other, other], n=8)

    among = [one.text for one in asyncio.run(crowded()).generations[0]]
    assert alone == among
    assert len(set(alone)) > 1
