"""Models of langchain-huggingface that ask a loopback server, and the ways to call a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_huggingface import ChatHuggingFace, HuggingFaceEndpoint

from tests.loopback.clients import KEY, Server

QUESTION: Final[Any] = {"messages": [("user", "What is 6 * 7?")]}
WAYS: Final = ["invoke", "ainvoke", "stream", "astream"]


@pytest.fixture
def no_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the machine's own token, and ask servers though the machine be offline."""
    for name in ("HF_TOKEN", "HUGGINGFACEHUB_API_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


def bare(**settings: Any) -> HuggingFaceEndpoint:
    """Make an endpoint; mypy takes its constructor for one that wants every field."""
    return HuggingFaceEndpoint(**settings)


def endpoint(server: Server, name: str = "small", **settings: Any) -> ChatHuggingFace:
    """Make an endpoint's chat model that asks a server of one's own, whose key it sends."""
    own = {"endpoint_url": server.base_url, "server_kwargs": {"token": KEY}, **settings}
    return ChatHuggingFace(llm=bare(**own), model_kwargs={"model": name})


async def use(model: BaseChatModel, way: str) -> Any:
    """Call a model in one of the ways there are; a stream is put together."""
    match way:
        case "invoke":
            return model.invoke("Hi")
        case "ainvoke":
            return await model.ainvoke("Hi")
        case "stream":
            chunks: list[Any] = list(model.stream("Hi"))
        case _:
            chunks = [chunk async for chunk in model.astream("Hi")]
    whole = AIMessageChunk(content="")
    for chunk in chunks:
        whole += chunk
    return whole


async def run(graph: Any, way: str) -> Any:
    """Run a graph in one of the ways there are; its model streams in the last two."""
    match way:
        case "invoke":
            return graph.invoke(QUESTION)
        case "ainvoke":
            return await graph.ainvoke(QUESTION)
        case "stream":
            events = list(graph.stream(QUESTION, stream_mode=["messages", "values"]))
        case _:
            stream = graph.astream(QUESTION, stream_mode=["messages", "values"])
            events = [event async for event in stream]
    return [value for mode, value in events if mode == "values"][-1]
