"""A user's `HuggingFacePipeline`: its model and tokenizer serve the sampler, as it is set up."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import HumanMessage
from langchain_huggingface import ChatHuggingFace, HuggingFaceEmbeddings, HuggingFacePipeline
from transformers import pipeline

from cope_graph import ChatCope, CopeContext, create_cope, tasks
from cope_graph.errors import ModelNameError
from cope_graph.huggingface.chat import ChatTransformers
from cope_graph.models.bound import bind
from cope_graph.models.names import chat_model
from cope_graph.money.prices import FREE
from tests.integration_tests.hugging_face import QUESTION
from tests.scripted import ScriptedChat
from tests.tiny_model import make_tiny_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("tiny"))


def pipe(folder: Path, **pipeline_kwargs: Any) -> HuggingFacePipeline:
    return HuggingFacePipeline.from_model_id(
        str(folder), "text-generation", pipeline_kwargs=pipeline_kwargs
    )


def served(model: Any) -> ChatTransformers:
    chat = chat_model(model, "small")
    assert isinstance(chat, ChatTransformers)
    return chat


def settings(chat: ChatTransformers) -> dict[str, Any]:
    names = ("temperature", "top_p", "top_k", "repetition_penalty", "max_tokens", "seed", "stop")
    return {name: getattr(chat, name) for name in names}


def test_its_own_model_and_tokenizer_serve(folder: Path) -> None:
    llm = pipe(folder)
    for model in (llm, ChatHuggingFace(llm=llm, tokenizer=llm.pipeline.tokenizer)):
        loaded = served(model).load()
        assert loaded.model is llm.pipeline.model
        assert loaded.tokenizer is llm.pipeline.tokenizer


def test_the_tokenizer_of_the_chat_model_comes_first(folder: Path) -> None:
    llm = pipe(folder)
    chat = ChatHuggingFace(llm=llm)  # which loads one of its own
    assert served(chat).load().tokenizer is chat.tokenizer is not llm.pipeline.tokenizer


def test_it_draws_n_in_a_request_for_free_and_knows_its_window(folder: Path) -> None:
    bound = bind(ChatHuggingFace(llm=pipe(folder)), "small", {})
    assert (bound.takes_n, bound.price, bound.window) == (True, FREE, 2048)
    assert (bound.name, bound.api_url) == (str(folder), None)


def test_a_pipelines_settings_are_carried_over(folder: Path) -> None:
    own = {"do_sample": True, "temperature": 0.6, "top_p": 0.9, "top_k": 7}
    chat = served(pipe(folder, **own, max_new_tokens=17, repetition_penalty=1.2))
    assert settings(chat) == {
        "temperature": 0.6,
        "top_p": 0.9,
        "top_k": 7,
        "repetition_penalty": 1.2,
        "max_tokens": 17,
        "seed": None,
        "stop": None,
    }


@pytest.mark.parametrize(
    ("own", "temperature"),
    [
        ({}, 0.7),  # what a pipeline does that nobody has set up
        ({"temperature": 0.3}, 0.3),
        ({"do_sample": False}, 0.0),
        ({"do_sample": False, "temperature": 0.3}, 0.0),
        ({"do_sample": True}, 0.7),
    ],
)
def test_a_pipeline_that_does_not_sample_is_greedy(
    folder: Path, own: dict[str, Any], temperature: float
) -> None:
    assert served(pipe(folder, **own)).temperature == temperature


def test_settings_of_a_pipeline_made_by_hand_are_carried_over(folder: Path) -> None:
    made = pipeline(
        "text-generation", str(folder), do_sample=True, top_k=5, max_new_tokens=9, stop_sequence="x"
    )
    chat = served(HuggingFacePipeline(pipeline=made, pipeline_kwargs={"max_new_tokens": 11}))
    assert (chat.top_k, chat.max_tokens, chat.stop) == (5, 11, ["x"])
    # Nobody chose a pipeline's default of 256 tokens.
    assert served(pipe(folder)).max_tokens == ChatTransformers(model="any").max_tokens


def test_settings_of_the_chat_model_come_first(folder: Path) -> None:
    chat = ChatHuggingFace(
        llm=pipe(folder, do_sample=False, max_new_tokens=17),
        temperature=0.5,
        top_p=0.8,
        max_tokens=23,
        seed=3,
        stop_sequences="END",
    )
    wanted = {"temperature": 0.5, "top_p": 0.8, "max_tokens": 23, "seed": 3, "stop": ["END"]}
    assert settings(served(chat)).items() >= wanted.items()


def test_what_the_sampler_has_no_setting_for_is_named(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    llm = pipe(folder, num_beams=2, no_repeat_ngram_size=3, max_new_tokens=5, do_sample=False)
    with caplog.at_level(logging.WARNING, "cope_graph"):
        served(llm)
    assert caplog.messages == [
        f"{folder}: settings not carried over: no_repeat_ngram_size, num_beams"
    ]


def test_it_says_what_the_pipeline_says(folder: Path) -> None:
    llm = pipe(folder, do_sample=False, max_new_tokens=12)
    chat = ChatHuggingFace(llm=llm)
    prompt = chat._to_chat_prompt([HumanMessage("Hi")])
    plain = llm.pipeline(prompt, return_full_text=False)[0]["generated_text"]
    assert plain
    assert served(chat).invoke("Hi").text == plain


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
async def test_the_cascade_runs_on_it(folder: Path, way: str) -> None:
    llm = pipe(folder, max_new_tokens=8)
    large = ScriptedChat(replies=["The plan.", "The answer is 42."])
    graph = create_cope(llm, large, task=tasks.math(), defaults=CopeContext(n=4)).compile()
    out = graph.invoke(QUESTION) if way == "invoke" else await graph.ainvoke(QUESTION)
    assert (out["answer"], out["stage"]) == ("42", 3)
    own = [line for line in out["ledger"]["lines"] if line["model"] == str(folder)]
    assert {(line["status"], line["usd"]) for line in own} == {("reported", "0")}
    assert all(0 < line["output_tokens"] <= 8 * line["samples"] for line in own)


def test_chat_cope_takes_a_pipeline(folder: Path) -> None:
    large = ScriptedChat(replies=["The answer is 42."])
    llm, only_large = pipe(folder), CopeContext(stages=(3,))
    model = ChatCope(small=llm, large=large, task=tasks.math(), defaults=only_large)
    assert model.invoke("What is 6 * 7?").text == "The answer is 42."


def of(task: str, model: Any) -> HuggingFacePipeline:
    return HuggingFacePipeline(pipeline=SimpleNamespace(task=task, model=model, tokenizer=None))


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (of("summarization", SimpleNamespace(name_or_path="m")), "for summarization"),
        (of("text-generation", SimpleNamespace(name_or_path="m")), "which is no torch model"),
        (FakeListLLM(responses=[]), "is a FakeListLLM, not a chat model"),
        (HuggingFaceEmbeddings.model_construct(), "is a HuggingFaceEmbeddings, not a chat model"),
    ],
)
def test_what_cannot_serve_is_one_sentence(model: Any, told: str) -> None:
    with pytest.raises(ModelNameError, match=told) as caught:
        chat_model(model, "small")
    assert "\n" not in str(caught.value)


def test_an_encoder_decoder_cannot_serve(folder: Path) -> None:
    llm = pipe(folder)
    llm.pipeline.model.config.is_encoder_decoder = True
    with pytest.raises(ModelNameError, match="an encoder-decoder"):
        chat_model(llm, "small")


@pytest.mark.parametrize(
    ("model", "absent"),
    [
        ("ScriptedChat(replies=[])", {"langchain_huggingface", "huggingface_hub", "torch"}),
        ("hugging_face.bare(endpoint_url='http://127.0.0.1:1')", {"cope_graph.huggingface.chat"}),
    ],
)
def test_what_a_model_has_no_use_for_is_not_imported(model: str, absent: set[str]) -> None:
    about = "from tests.integration_tests import hugging_face" if "bare" in model else ""
    code = (
        f"import sys\nfrom tests.scripted import ScriptedChat\n{about}\n"
        f"from cope_graph.models.names import chat_model\nchat_model({model}, 'small')\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - our own code, no shell
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert not absent & set(done.stdout.split())
