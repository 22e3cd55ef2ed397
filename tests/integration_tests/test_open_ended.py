"""Open-ended questions with real clients: perplexity from the wire, from torch, from llama.cpp."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_openai.chat_models.base import BaseChatOpenAI

from cope_graph import PLAN_FREE, ChatCope, ChatTransformers, CopeContext, create_cope, gates, tasks
from cope_graph.errors import InputError, NoLogProbsError
from cope_graph.models.pair import SMALL
from tests.loopback.clients import chat
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import Body, Reply
from tests.tiny_model import make_tiny_model
from tests.unit_tests.huggingface.watched import plain_log_probs

ASK: dict[str, Any] = {"messages": [("user", "Why is the sky blue?")]}
FOUR = PLAN_FREE.model_copy(update={"n": 4, "tau1": 0.8})
TEXTS = ["It is blue.", "Light is scattered.", "Because.", "No idea at all."]

both = pytest.mark.parametrize("is_async", [False, True])


def run(graph: Any, is_async: bool) -> dict[str, Any]:
    out: dict[str, Any] = asyncio.run(graph.ainvoke(ASK)) if is_async else graph.invoke(ASK)
    return out


def replies(*logs: float, large: str = "Rayleigh scattering.") -> Any:
    def reply(body: Body) -> Reply:
        if body["model"].startswith("large"):
            return Reply([large])
        return Reply(TEXTS, logprobs=logs)

    return reply


@both
def test_the_surest_reply_is_the_answer_and_its_perplexity_is_that_of_the_wire(
    *, is_async: bool
) -> None:
    with OpenAIServer(replies(-0.9, -0.2, -0.4, -1.5)) as server:
        graph: Any = create_cope(
            chat(server, "small"), chat(server, "large"), task=tasks.open_ended(), defaults=FOUR
        ).compile()
        out = run(graph, is_async)

    assert (out["answer"], out["stage"], out["accepted"]) == (TEXTS[1], 1, True)
    assert out["confidence"] == pytest.approx(math.exp(-0.2), rel=1e-4)
    assert len(server.requests) == 1
    assert server.requests[0].body["logprobs"] is True


@both
def test_a_stage_above_the_threshold_escalates_and_the_large_model_needs_no_log_probs(
    *, is_async: bool
) -> None:
    with OpenAIServer(replies(-0.9, -0.3, -0.4, -1.5)) as server:
        graph: Any = create_cope(
            chat(server, "small"), chat(server, "large"), task=tasks.open_ended(), defaults=FOUR
        ).compile()
        out = run(graph, is_async)

    assert (out["answer"], out["stage"], out["confidence"]) == ("Rayleigh scattering.", 3, None)
    assert out["visits"][0]["reason"] == (
        "the lowest perplexity of 4 samples is 1.35 (0.74); > 0.8 is not met"
    )
    assert "logprobs" not in server.requests[1].body


def test_stage_2_follows_the_goal_of_the_surest_reply() -> None:
    def reply(body: Body) -> Reply:
        asked = body["messages"][-1]["content"]
        if "What does this message ask for?" in asked:
            return Reply([f"The reply explains {i}." for i in range(4)])
        if body["model"] == "large":
            return Reply(["First name the light."])
        if "First name the light." in asked:
            return Reply(TEXTS, logprobs=[-0.05, -0.1, -0.1, -0.1])
        sure = -0.3 if "explains 2." in asked else -1.0
        return Reply(["It is."], logprobs=[sure])

    with OpenAIServer(reply) as server:
        small, large = chat(server, "small"), chat(server, "large")
        defaults = CopeContext(n=4, tau1=0.9)
        graph: Any = create_cope(small, large, task=tasks.open_ended(), defaults=defaults).compile()
        out = graph.invoke(ASK)

    assert (out["stage"], out["answer"]) == (2, TEXTS[0])
    asked = server.requests[-1].body["messages"][-1]["content"]
    assert "explains 2." in asked
    assert "First name the light." in asked


@both
def test_a_server_without_log_probs_is_refused_at_the_first_call_with_the_fix_and_the_bill(
    *, is_async: bool
) -> None:
    def reply(_: Body) -> Reply:
        return Reply(TEXTS, logprobs=None)

    with OpenAIServer(reply) as server:
        graph: Any = create_cope(
            chat(server, "small"), chat(server, "large"), task=tasks.open_ended(), defaults=FOUR
        ).compile()
        with pytest.raises(
            NoLogProbsError, match="asked for log-probabilities and gives none: take"
        ) as caught:
            run(graph, is_async)

    assert caught.value.ledger is not None
    assert caught.value.ledger["input_tokens"] == server.billed["small"].prompt_tokens
    assert "large" not in server.billed


@pytest.mark.parametrize("kind", ["package", "responses", "cascade"])
def test_a_model_that_cannot_give_them_is_refused_when_the_graph_is_built(kind: str) -> None:
    with OpenAIServer(replies(-0.1)) as server:
        large = chat(server, "large")
        models: dict[str, Any] = {
            "package": FakeListChatModel(responses=["x"]),
            "responses": chat(server, "small", use_responses_api=True),
            "cascade": ChatCope(small=large, large=large, task=tasks.math()),
        }
        with pytest.raises(NoLogProbsError, match="cannot be asked for log-probabilities"):
            create_cope(models[kind], large, task=tasks.open_ended())
        with pytest.raises(NoLogProbsError, match="judge them"):
            create_cope(models[kind], large, task=tasks.open_ended(signal="tail"))


def test_log_probs_for_fewer_tokens_than_the_text_make_a_sample_without_an_answer() -> None:
    with OpenAIServer(replies(-0.01, math.nan, -0.01, -0.01)) as server:
        small, large = chat(server, "small"), chat(server, "large")
        graph: Any = create_cope(small, large, task=tasks.open_ended(), defaults=FOUR).compile()
        steps = list(graph.stream(ASK, stream_mode="updates"))

    samples = steps[0]["small_execute"]["samples"]
    assert [s.get("error") for s in samples].count("log-probs for fewer tokens than the text") == 1
    assert samples[1]["answer"] is None


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ChatTransformers:
    folder = make_tiny_model(tmp_path_factory.mktemp("tiny"), says="A quick fox jumps over it.")
    return ChatTransformers(model=str(folder), device="cpu", dtype="float32", max_tokens=12, seed=5)


@both
def test_a_later_wave_without_log_probs_loses_its_own_samples_alone(*, is_async: bool) -> None:
    waves = iter([(-0.9, -0.8), None])

    def reply(body: Body) -> Reply:
        if body["model"] == "large":
            return Reply(["Scattering."])
        return Reply(TEXTS[: body["n"]], logprobs=next(waves))

    with OpenAIServer(reply) as server:
        graph: Any = create_cope(
            chat(server, "small"),
            chat(server, "large"),
            task=tasks.open_ended(),
            defaults=FOUR.model_copy(update={"wave": 2}),
        ).compile()
        out = run(graph, is_async)

    assert (out["answer"], out["stage"]) == ("Scattering.", 3)
    assert out["visits"][-2]["confidence"] == pytest.approx(math.exp(-0.8))


def test_perplexity_from_torch_is_that_of_an_independent_pass(tiny: ChatTransformers) -> None:
    graph: Any = create_cope(
        tiny,
        FakeListChatModel(responses=["Scattering."]),
        task=tasks.open_ended(),
        defaults=FOUR.model_copy(update={"tau1": 0.0, "temperature_stage1": 1.0}),
    ).compile()
    steps = list(graph.stream(ASK, stream_mode="updates"))

    samples = steps[0]["small_execute"]["samples"]
    prompt = tasks.OPEN_ENDED_PROMPTS.executor("Why is the sky blue?")
    loaded = tiny.load()
    ids = loaded.tokens_of(f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n")
    assert {sample["text"] for sample in samples} >= {"A quick fox jumps over it."}
    for sample in samples:
        if sample["text"] == "A quick fox jumps over it.":
            own = plain_log_probs(loaded.model, ids, loaded.tokens_of(sample["text"]))
            assert sample["log_probs"]["tokens"] == len(own)
            assert sample["log_probs"]["mean"] == pytest.approx(sum(own) / len(own), rel=1e-4)


@both
def test_another_model_scores_the_replies_of_one_without_log_probs(
    tiny: ChatTransformers, *, is_async: bool
) -> None:
    small = FakeListChatModel(responses=TEXTS)
    large = FakeListChatModel(responses=["Scattering."])
    graph: Any = create_cope(
        small,
        large,
        task=tasks.open_ended(scorer=tiny),
        defaults=FOUR.model_copy(update={"tau1": 0.0}),
    ).compile()
    out = run(graph, is_async)

    loaded = tiny.load()
    asked = "<|im_start|>user\nWhy is the sky blue?<|im_end|>\n<|im_start|>assistant\n"
    found = {
        text: sum(own) / len(own)
        for text in TEXTS
        for own in [plain_log_probs(loaded.model, loaded.tokens_of(asked), loaded.tokens_of(text))]
    }
    assert out["answer"] == max(found, key=lambda text: found[text])
    assert out["confidence"] == pytest.approx(math.exp(max(found.values())), rel=1e-4)


@pytest.mark.local_models
def test_perplexity_from_llama_cpp_is_that_of_its_raw_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bodies: list[Any] = []
    read = BaseChatOpenAI._create_chat_result

    def recorded(chat: BaseChatOpenAI, response: Any, *rest: Any) -> Any:
        bodies.append(response if isinstance(response, dict) else response.model_dump())
        return read(chat, response, *rest)

    # Of the same answer: asked once more, llama.cpp goes on from the prompt it has kept, and its
    # quantized sums come out otherwise.
    monkeypatch.setattr(BaseChatOpenAI, "_create_chat_result", recorded)
    graph: Any = create_cope(
        SMALL,
        FakeListChatModel(responses=["Scattering."]),
        task=tasks.open_ended(),
        defaults=FOUR.model_copy(
            update={"n": 2, "tau1": 0.0, "max_answer_tokens": 24, "temperature_stage1": 0.0}
        ),
    ).compile()
    out = graph.invoke({"messages": [("user", "Say hello in three words.")]})

    found = {}
    for choice in bodies[0]["choices"]:
        tokens = choice["logprobs"]["content"]
        # An end mark has no text, and is none of the reply's.
        own = [token["logprob"] for token in tokens if token["bytes"]]
        found[choice["message"]["content"]] = math.exp(-sum(own) / len(own))
    assert len(bodies) == 1
    assert out["stage"] == 1
    assert 1 / out["confidence"] == pytest.approx(found[out["messages"][-1].text], rel=1e-4)


def test_a_gate_beside_a_signal_is_refused() -> None:
    with pytest.raises(InputError, match="leave them out"):
        tasks.open_ended(gate=gates.perplexity(), signal="tail")
