"""What a request asks of a model: its own settings, over the chat model's, over the model's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from cope_graph.errors import InputError
from cope_graph.huggingface.sampling import Sampling

_COLDEST: Final = 1e-5
_STRONGEST: Final = 100.0
_FOREIGN: Final = {
    "max_new_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "num_return_sequences": "n",
    "do_sample": "temperature (0 is greedy)",
    "num_beams": "n",
}


@dataclass(frozen=True)
class Settings:
    """What a request asks for.

    Attributes:
        n: Samples.
        max_tokens: Longest reply.
        seed: Sample i is drawn with seed + i; `None` draws anew each time.
        stop: Texts that end a reply.
        sampling: How tokens are chosen.
        logprobs: Whether the log-probability of each token is wanted.
        tools: In OpenAI's format.
        tool_choice: OpenAI's or LangChain's.
        response_format: OpenAI's, or a schema.
    """

    n: int
    max_tokens: int
    seed: int | None
    stop: tuple[str, ...]
    sampling: Sampling
    logprobs: bool
    tools: tuple[dict[str, Any], ...]
    tool_choice: Any
    response_format: Any


def settings_of(own: Mapping[str, Any], asked: Mapping[str, Any], model: Any) -> Settings:
    """Put what is asked over a chat model's own settings, and both over the model's.

    Args:
        own: The chat model's fields; `None` leaves a value to the model.
        asked: What the request names.
        model: A causal model of transformers: its `generation_config` has what its makers advise.

    Raises:
        InputError: A value is out of bounds.
    """
    if wrong := next((name for name in asked if name in _FOREIGN), None):
        msg = f"There is no setting {wrong!r} here: use {_FOREIGN[wrong]}."
        raise InputError(msg)
    given = {**own, **{name: value for name, value in asked.items() if value is not None}}
    advised = model.generation_config
    stop = given.get("stop") or ()
    if not isinstance(stop, str | list | tuple):
        msg = f"stop is {stop!r}: it has to be a text or a list of texts."
        raise InputError(msg)
    settings = Settings(
        n=_whole("n", given["n"]),
        max_tokens=_whole("max_tokens", given["max_tokens"]),
        seed=_seed(given.get("seed")),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        sampling=Sampling(
            temperature=_temperature(given.get("temperature"), advised),
            top_k=_whole("top_k", _first(given.get("top_k"), advised.top_k, 0), least=0),
            **{
                name: _number(name, _first(given.get(name), getattr(advised, name), default))
                for name, default in (("top_p", 1.0), ("min_p", 0.0), ("repetition_penalty", 1.0))
            },
        ),
        logprobs=bool(given.get("logprobs")),
        tools=tuple(map(_tool, given.get("tools") or ())),
        tool_choice=given.get("tool_choice"),
        response_format=given.get("response_format"),
    )
    _check(settings)
    return settings


def _temperature(given: float | None, advised: Any) -> float:
    if given is not None:
        return _cold(_number("temperature", given))
    if not advised.do_sample:  # as `generate` does
        return 0.0
    return 1.0 if advised.temperature is None else _cold(float(advised.temperature))


def _cold(temperature: float) -> float:
    """Take for 0 what would overflow a float32 in dividing by it."""
    return 0.0 if 0 < temperature < _COLDEST else temperature


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)


def _whole(name: str, value: Any, least: int = 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        msg = f"{name} is {value!r}: it has to be a whole number of at least {least}."
        raise InputError(msg)
    return value


def _number(name: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        msg = f"{name} is {value!r}: it has to be a number."
        raise InputError(msg)
    return float(value)


def _seed(value: Any) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        msg = f"seed is {value!r}: it has to be a whole number."
        raise InputError(msg)
    return value


def _tool(value: Any) -> dict[str, Any]:
    function = value.get("function") if isinstance(value, dict) else None
    if not isinstance(function, dict) or not function.get("name"):
        msg = f"{value!r:.100} is no tool this model could call: pass functions, by bind_tools."
        raise InputError(msg)
    return dict(value)


def _check(settings: Settings) -> None:
    sampling = settings.sampling
    bounds: Sequence[tuple[str, bool, str]] = (
        ("temperature", 0 <= sampling.temperature < inf, "0 or more"),
        ("top_p", 0 < sampling.top_p <= 1, "above 0 and up to 1"),
        ("min_p", 0 <= sampling.min_p <= 1, "0 to 1"),
        (
            "repetition_penalty",
            1 / _STRONGEST <= sampling.repetition_penalty <= _STRONGEST,
            "0.01 to 100",
        ),
        ("stop", all(it and isinstance(it, str) for it in settings.stop), "texts, none empty"),
    )
    for name, fits, words in bounds:
        if not fits:
            msg = f"{name} is {getattr(sampling, name, settings.stop)!r}: it has to be {words}."
            raise InputError(msg)
