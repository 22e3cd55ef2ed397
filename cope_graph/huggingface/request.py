"""From messages and settings to an engine's job, and from its samples to a chat result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult

from cope_graph.errors import RequestRefusedError
from cope_graph.huggingface.calls import read_calls
from cope_graph.huggingface.engine import engine_of
from cope_graph.huggingface.job import Job
from cope_graph.huggingface.loaded import Loaded
from cope_graph.huggingface.narrow import schema_of
from cope_graph.huggingface.prompt import prompt_tokens
from cope_graph.huggingface.sample import Reader, Sample
from cope_graph.huggingface.settings import Settings
from cope_graph.huggingface.tools import forced_schema
from cope_graph.models.progress import Progress


@dataclass(frozen=True)
class Request:
    """A request that is ready to be made.

    Attributes:
        loaded: The model.
        job: What it is asked for.
        settings: What of.
    """

    loaded: Loaded
    job: Job
    settings: Settings

    def submit(self) -> None:
        """Make it.

        Raises:
            RequestRefusedError: It does not fit into the memory.
        """
        engine_of(self.loaded).submit(self.job)

    def result(self) -> ChatResult:
        """Give its samples, with the usage of the whole request on the first."""
        generations = [self._generation(sample) for sample in self.job.samples]
        spent = self.usage
        generations[0].message.usage_metadata = spent  # type: ignore[attr-defined]
        words = {
            "prompt_tokens": spent["input_tokens"],
            "completion_tokens": spent["output_tokens"],
            "total_tokens": spent["total_tokens"],
        }
        output = {"model_name": self.loaded.name, "token_usage": words}
        return ChatResult(generations=generations, llm_output=output)

    @property
    def usage(self) -> UsageMetadata:
        """Tokens so far: the prompt once, if it was read; with those that ended samples."""
        prompt = len(self.job.tokens) if self.job.is_read else 0
        reply = sum(len(sample.tokens) for sample in self.job.samples)
        return {"input_tokens": prompt, "output_tokens": reply, "total_tokens": prompt + reply}

    def _generation(self, sample: Sample) -> ChatGeneration:
        return generation_of(sample, self.loaded, self.settings)


def request_of(  # noqa: PLR0913 - what a request is made of
    loaded: Loaded,
    messages: Sequence[BaseMessage],
    settings: Settings,
    *,
    template: dict[str, Any],
    progress: Progress | None = None,
    listener: Callable[[str], None] | None = None,
) -> Request:
    """Prepare a request; nothing is asked yet. It may take a moment: run it off an event loop.

    Args:
        loaded: The model.
        messages: The conversation.
        settings: What of it is wanted.
        template: Values for the chat template.
        progress: Told of samples that have ended, and tells when the others are not needed.
        listener: Told the first sample's text as it comes.

    Raises:
        ModelLoadError: The model has no chat template, or takes no tools.
        RequestRefusedError: The prompt does not fit into the context window, or is not text.
        InputError: A schema or a tool choice cannot be used.
        MissingPackageError: Constrained decoding needs llguidance.
    """
    tools = () if settings.tool_choice == "none" else settings.tools
    tokens = prompt_tokens(loaded, messages, tools, template)
    limit = room_for_reply(loaded, len(tokens), settings.max_tokens)
    schema = forced_schema(settings.tools, settings.tool_choice)
    schema = schema or schema_of(settings.response_format)
    first = SystemRandom().getrandbits(63) if settings.seed is None else settings.seed
    samples = [
        Sample(
            index=i,
            sampling=settings.sampling,
            random=_random(first + i),
            limit=limit,
            stops=settings.stop,
            ends=loaded.ends,
            reader=Reader(loaded.tokenizer),
            matcher=loaded.schemas.matcher(schema) if schema else None,
            listener=listener if i == 0 else None,
        )
        for i in range(settings.n)
    ]

    def on_end(sample: Sample) -> None:
        if progress is not None and sample.finish in ("stop", "length"):
            progress.ended(sample.index, generation_of(sample, loaded, settings))

    return Request(loaded, Job(tokens, samples, on_end, progress), settings)


def generation_of(sample: Sample, loaded: Loaded, settings: Settings) -> ChatGeneration:
    """Make a chat generation of a sample, with the calls of tools it holds."""
    text, finish = sample.text, str(sample.finish)
    message = AIMessage(content=text)
    if settings.tools:
        names = [tool["function"]["name"] for tool in settings.tools]
        content, calls, invalid = read_calls(text, names)
        message = AIMessage(content=content, tool_calls=calls, invalid_tool_calls=invalid)
        finish = "tool_calls" if calls and finish == "stop" else finish
    info: dict[str, Any] = {"finish_reason": finish}
    if settings.logprobs:
        info["logprobs"] = {"content": _log_probs(sample, loaded)}
    message.response_metadata = {"model_name": loaded.name, **info}
    return ChatGeneration(message=message, generation_info=info)


def _random(seed: int) -> Random:
    """Make the random numbers of a seed; `Random` takes -1 for 1, and samples would be the same."""
    return Random(seed if seed >= 0 else f"{seed}")  # noqa: S311 - repeatable, not secret


def _log_probs(sample: Sample, loaded: Loaded) -> list[dict[str, Any]]:
    """List the tokens of the text in OpenAI's format; the ending token is not part of it."""
    decode = loaded.tokenizer.decode
    pairs = list(zip(sample.tokens, sample.log_probs, strict=True))[: sample.said]
    return [
        {"token": decode([token]), "logprob": log_prob, "bytes": None, "top_logprobs": []}
        for token, log_prob in pairs
    ]


def room_for_reply(loaded: Loaded, prompt: int, most: int) -> int:
    """Give the tokens that a reply may have: the window ends it.

    Raises:
        RequestRefusedError: The prompt fills the window.
    """
    config = loaded.model.config.get_text_config(decoder=True)
    window = getattr(config, "max_position_embeddings", None)
    if window is None:
        return most
    if prompt >= window:
        msg = f"The prompt has {prompt} tokens and {loaded.name} reads {window}: shorten it."
        raise RequestRefusedError(msg)
    return min(most, int(window) - prompt)
