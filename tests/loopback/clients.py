"""The real clients, pointed at a loopback server."""

from typing import Any, Protocol

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration
from langchain_openai import ChatOpenAI
from openai import OpenAI
from pydantic import SecretStr

KEY = "test"


class Server(Protocol):
    """What both the thread and the process have."""

    @property
    def base_url(self) -> str:
        """What an OpenAI client takes as its base URL."""


def chat(server: Server, model: str = "small", **options: Any) -> ChatOpenAI:
    """A ChatOpenAI that asks ``server``, without retries unless ``options`` say so."""
    options = {"api_key": SecretStr(KEY), "max_retries": 0, **options}
    return ChatOpenAI(model=model, base_url=server.base_url, **options)


def sdk(server: Server) -> OpenAI:
    """OpenAI's own client for what ChatOpenAI hides; close it, or use it in a ``with``."""
    return OpenAI(base_url=server.base_url, api_key=KEY, max_retries=0)


def generate(model: ChatOpenAI, text: str = "x") -> tuple[list[AIMessage], dict[str, Any]]:
    """All choices of one request, and the usage that the server reported ({} for none)."""
    result = model.generate([[HumanMessage(text)]])
    messages = []
    for generation in result.generations[0]:
        if not isinstance(generation, ChatGeneration) or not isinstance(
            generation.message, AIMessage
        ):
            msg = f"An AI message was expected, not {generation!r}."
            raise TypeError(msg)
        messages.append(generation.message)
    return messages, dict((result.llm_output or {}).get("token_usage") or {})
