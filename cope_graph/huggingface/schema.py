"""Replies held to a JSON schema, by masking the tokens that it rules out (llguidance)."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from cope_graph.errors import InputError, MissingPackageError, ModelLoadError, SchemaError
from cope_graph.huggingface.narrow import narrowed

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLTokenizer
    from torch import Tensor

_BLANKS: Final = r"( |\n {0,24})"
"""Between two parts, at most once: as on one line, or as indented; never blanks without end."""

_KEPT: Final = 64
"""Compiled schemas that are kept for a tokenizer."""


class Matcher:
    """Keeps one sample to a schema, token by token."""

    def __init__(self, state: LLMatcher) -> None:
        """Start before the first token.

        Args:
            state: Of llguidance, for this sample alone.
        """
        self._state = state

    @property
    def ended(self) -> bool:
        """Whether the reply is whole: nothing but an end token may follow."""
        return self._state.is_stopped()

    def allow(self, logits: Tensor) -> None:
        """Set the logits of the tokens that may not come next to minus infinity, in place.

        Args:
            logits: Of one row, `(vocabulary,)`. The vocabulary of a model may be larger than that
                of its tokenizer: tokens without a text never come.

        Raises:
            SchemaError: No token may come, or the schema is too complex to tell.
        """
        import numpy as np  # noqa: PLC0415 - heavy
        import torch  # noqa: PLC0415 - heavy

        bits = np.frombuffer(self._state.compute_bitmask(), dtype=np.uint8)
        self._check()
        may_come = np.unpackbits(bits, count=len(logits), bitorder="little").view(np.bool_)
        if not may_come.any():
            msg = "No token of the model can go on with its schema: allow more in the schema."
            raise SchemaError(msg)
        barred = torch.from_numpy(~may_come).to(logits.device)
        logits.masked_fill_(barred, float("-inf"))

    def take(self, token: int) -> None:
        """Go on by a token.

        Raises:
            SchemaError: It was not allowed.
        """
        self._state.consume_token(token)
        self._check()

    def _check(self) -> None:
        if self._state.is_error():
            msg = f"The reply cannot be held to its schema: {_line(self._state.get_error())}"
            raise SchemaError(msg)


class Schemas:
    """Makes matchers for one tokenizer; safe to share between threads."""

    def __init__(self, tokenizer: Any, ends: Collection[int] = ()) -> None:
        """Prepare nothing yet: the first schema takes about a second, the others about 1 ms.

        Args:
            tokenizer: A tokenizer of transformers.
            ends: Ids of the tokens that end a reply; without any, the tokenizer's own.
        """
        self._hf_tokenizer = tokenizer
        self._ends = sorted(ends)
        self._lock = Lock()
        self._tokenizer: LLTokenizer | None = None
        self._start = lru_cache(_KEPT)(self._compile)

    def matcher(self, schema: dict[str, Any]) -> Matcher:
        """Make a matcher for one sample.

        Args:
            schema: A JSON schema.

        Raises:
            InputError: The schema is none, or has what cannot be held to.
            MissingPackageError: llguidance is not installed.
            ModelLoadError: The tokenizer's vocabulary cannot be read.
        """
        return Matcher(self._start(grammar(schema)).deep_copy())

    def _compile(self, written: str) -> LLMatcher:
        from llguidance import LLMatcher, LLParserLimits  # noqa: PLC0415 - heavy

        limits = LLParserLimits(verbose_errors=False)  # an error must not quote the schema
        state = LLMatcher(self._vocabulary(), written, log_level=0, limits=limits)
        if state.is_error():
            msg = (
                f"The schema cannot be held to: {_line(state.get_error())}. "
                "Change that part of it, or ask without a schema."
            )
            raise InputError(msg)
        return state

    def _vocabulary(self) -> LLTokenizer:
        from llguidance.hf import from_tokenizer  # noqa: PLC0415 - heavy

        with self._lock:
            if self._tokenizer is None:
                try:
                    self._tokenizer = from_tokenizer(
                        self._hf_tokenizer, eos_token=self._ends or None
                    )
                except Exception as error:  # llguidance raises built-in kinds of any sort
                    msg = (
                        f"{type(self._hf_tokenizer).__name__} cannot be held to a schema "
                        f"({_line(str(error))}): use a model with a fast tokenizer "
                        "(tokenizer.json), or ask without a schema."
                    )
                    raise ModelLoadError(msg) from error
            return self._tokenizer


def grammar(schema: dict[str, Any]) -> str:
    """Write a JSON schema as a grammar of llguidance; properties come in the order of the schema.

    Raises:
        InputError: It is no JSON.
        MissingPackageError: llguidance is not installed.
    """
    try:
        from llguidance import LLMatcher  # noqa: PLC0415 - heavy
    except ImportError as error:
        msg = "A reply by schema needs llguidance: pip install 'cope-graph[huggingface]'"
        raise MissingPackageError(msg) from error
    try:
        return LLMatcher.grammar_from_json_schema(
            json.dumps(narrowed(schema)), overrides={"whitespace_pattern": _BLANKS}
        )
    except (TypeError, ValueError, RecursionError) as error:
        msg = f"The schema is no JSON schema ({_line(str(error))}): pass a JSON object."
        raise InputError(msg) from error


def _line(message: str) -> str:
    lines = message.strip().splitlines() or ["no reason given"]
    return lines[0].rstrip(".")[:300]
