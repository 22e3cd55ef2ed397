"""From a name to a chat model; each side has its own server and key."""

from __future__ import annotations

import os
from typing import Literal

from langchain_core.language_models import BaseChatModel, BaseLLM
from pydantic import SecretStr

from cope_graph.errors import MissingKeyError, MissingPackageError, ModelNameError

Side = Literal["small", "large", "judge"]


def chat_model(model: str | BaseChatModel | BaseLLM, side: Side) -> BaseChatModel:
    """Turn a name into a chat model; a chat model is returned as it is.

    Objects of langchain-huggingface are made ready: the model of a `HuggingFacePipeline`, alone or
    in a `ChatHuggingFace`, draws its samples here, with its own settings; a `HuggingFaceEndpoint`
    is asked as a chat model, so its server needs a chat route (`/v1/chat/completions`, which
    text-generation-inference and the Hub's inference have).

    Names: `openai:NAME` (any OpenAI-compatible server: `COPE_SMALL_BASE_URL`,
    `COPE_SMALL_API_KEY`, the same with `LARGE` and `JUDGE`; else `OPENAI_API_KEY` is the key),
    `local:NAME` (an embedded model, see `cope models list`), `huggingface:org/name[@revision]` (a
    model of the Hub, or a folder, in this process through torch), and every name of LangChain's
    `init_chat_model`, such as `anthropic:claude-sonnet-4-5`.

    Args:
        model: A chat model, another model of langchain-huggingface, or a name.
        side: Whose settings to read from the environment.

    Raises:
        ModelNameError: No such model, or not a chat model.
        MissingPackageError: The provider's package is not installed.
        MissingKeyError: The provider needs a key and has none.
    """
    if isinstance(model, (BaseChatModel, BaseLLM)) and _is_of_hugging_face(model):
        from cope_graph.huggingface.unwrap import unwrapped  # noqa: PLC0415

        return unwrapped(model, side)
    if isinstance(model, BaseChatModel):
        return model
    if not isinstance(model, str) or not model.strip():
        msg = (
            f"The {side} model is {_shown(model)}, not a chat model or a name. "
            "Pass a LangChain chat model or a name such as 'openai:gpt-4o-mini'."
        )
        raise ModelNameError(msg)
    provider, _, name = model.strip().partition(":")
    if provider == "local":
        return _local(name)
    if provider == "huggingface":
        return _huggingface(name)
    if provider == "openai":
        return _openai(name, side)
    return _by_langchain(model.strip(), side)


def _is_of_hugging_face(model: BaseChatModel | BaseLLM) -> bool:
    """Tell by its class's home, since the package may not be imported here, or be missing."""
    homes = {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
    return "langchain_huggingface" in homes


def _shown(model: object) -> str:
    return "an empty name" if isinstance(model, str) else f"a {type(model).__name__}"


def _local(name: str) -> BaseChatModel:
    from cope_graph.models.local import local_chat_model  # noqa: PLC0415

    return local_chat_model(name)


def _huggingface(name: str) -> BaseChatModel:
    from cope_graph.huggingface.chat import transformers_chat_model  # noqa: PLC0415

    return transformers_chat_model(name)


def _openai(name: str, side: Side) -> BaseChatModel:
    try:
        from langchain_openai import ChatOpenAI  # noqa: PLC0415
    except ImportError as error:
        msg = f"openai:{name} needs langchain-openai: pip install langchain-openai"
        raise MissingPackageError(msg) from error
    if not name:
        msg = f"The {side} model 'openai:' has no name: write 'openai:NAME'."
        raise ModelNameError(msg)
    prefix = f"COPE_{side.upper()}"
    base_url = os.environ.get(f"{prefix}_BASE_URL") or os.environ.get("OPENAI_BASE_URL") or None
    key = os.environ.get(f"{prefix}_API_KEY") or os.environ.get("OPENAI_API_KEY")
    if not key and not base_url:
        msg = f"openai:{name} needs a key: set {prefix}_API_KEY or OPENAI_API_KEY."
        raise MissingKeyError(msg)
    if base_url and "@" in base_url:
        msg = f"{prefix}_BASE_URL holds a password, which traces would show: use {prefix}_API_KEY."
        raise ModelNameError(msg)
    # A server of the user's own often has no key, but the client insists on one.
    try:
        return ChatOpenAI(model=name, base_url=base_url, api_key=SecretStr(key or "none"))
    except Exception as error:  # the HTTP client has exceptions of its own
        msg = f"openai:{name} cannot be made with {prefix}_BASE_URL: {_first_line(error)}"
        raise ModelNameError(msg) from error


def _by_langchain(model: str, side: Side) -> BaseChatModel:
    try:
        from langchain.chat_models import init_chat_model  # noqa: PLC0415
    except ImportError as error:
        msg = f"The model name {model!r} needs langchain: pip install 'cope-graph[agents]'"
        raise MissingPackageError(msg) from error
    try:
        return init_chat_model(model)
    except ImportError as error:
        msg = f"The {side} model {model!r} needs another package: {_first_line(error)}"
        raise MissingPackageError(msg) from error
    except Exception as error:  # each provider has exceptions of its own
        what = _first_line(error)
        if any(word in what.lower() for word in ("api_key", "api key", "credential")):
            msg = f"The {side} model {model!r} needs a key: {what}"
            raise MissingKeyError(msg) from error
        msg = (
            f"There is no {side} model {model!r} ({what}): write 'openai:NAME', 'local:NAME' or "
            "another 'provider:NAME' of LangChain's init_chat_model."
        )
        raise ModelNameError(msg) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
