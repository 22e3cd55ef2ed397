"""One sample on its way: its tokens, its text, and when it ends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite
from random import Random
from typing import TYPE_CHECKING, Any, Literal, Protocol

from cope_graph.errors import ModelCallError
from cope_graph.huggingface.sampling import Sampling

if TYPE_CHECKING:
    from torch import Tensor

Finish = Literal["stop", "length", "not_needed", "cancelled"]


class Matcher(Protocol):
    """What keeps a sample to a grammar."""

    @property
    def ended(self) -> bool:
        """Whether nothing may follow."""

    def allow(self, logits: Tensor) -> None:
        """Rule out, in place, the tokens that may not come next."""

    def take(self, token: int) -> None:
        """Go on by a token."""


class Reader:
    """Turns tokens into text as they come; bytes of half a character wait for the rest."""

    def __init__(self, tokenizer: Any) -> None:
        """Start with nothing read.

        Args:
            tokenizer: A tokenizer of transformers.
        """
        self._tokenizer = tokenizer
        self._tokens: list[int] = []
        self._length = 0
        self._stream: Any = None
        if getattr(tokenizer, "is_fast", False):
            from tokenizers.decoders import DecodeStream  # noqa: PLC0415

            self._stream = DecodeStream(skip_special_tokens=True)

    def read(self, token: int) -> str:
        """Read one token: the text it adds, maybe none."""
        self._tokens.append(token)
        added = self._streamed(token)
        if self._stream is None:
            # All of them anew, as a tokenizer without a Rust core has to.
            text: str = self._tokenizer.decode(self._tokens, skip_special_tokens=True)
            added = text.rstrip("\ufffd")[self._length :]
        self._length += len(added)
        return added

    def _streamed(self, token: int) -> str:
        if self._stream is None:
            return ""
        try:
            return self._stream.step(self._tokenizer.backend_tokenizer, token) or ""
        except Exception:  # noqa: BLE001 - it has no kind of its own
            # Bytes that are no UTF-8, of a tokenizer that falls back to bytes.
            self._stream = None
            return ""


@dataclass
class Sample:
    """One reply as it grows; the engine's thread alone changes it.

    Attributes:
        index: Its place among the samples of its request.
        sampling: How its tokens are chosen.
        random: Its own random numbers: they do not depend on who else is in the batch.
        limit: Most tokens it may have.
        stops: Texts that end it; they are not part of the reply.
        ends: Token ids that end it.
        reader: Turns its tokens into text.
        matcher: Keeps it to a grammar, `None` where it is free.
        listener: Told each piece of text that no stop can take back any more.
        tokens: Token ids so far, the ending one included.
        log_probs: Log-probability of each, by the model's own distribution at temperature 1.
        finish: Why it ended, `None` while it grows.
        error: Why it broke off.
    """

    index: int
    sampling: Sampling
    random: Random
    limit: int
    stops: Sequence[str]
    ends: Collection[int]
    reader: Reader
    matcher: Matcher | None = None
    listener: Callable[[str], None] | None = None
    tokens: list[int] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)
    finish: Finish | None = None
    error: Exception | None = None
    _text: str = ""
    _told: int = 0

    @property
    def text(self) -> str:
        """What it says so far."""
        return self._text

    @property
    def said(self) -> int:
        """How many of its tokens are part of the text: not the one that ended it."""
        ended = self.finish == "stop" and bool(self.tokens) and self.tokens[-1] in self.ends
        return len(self.tokens) - ended

    def allow(self, logits: Tensor) -> None:
        """Rule out, in place, the tokens that may not come next."""
        if self.matcher is not None:
            with self._breaking_off():
                self.matcher.allow(logits)

    def take(self, token: int, log_prob: float) -> None:
        """Grow by a token, and end where it is due."""
        if self.finish is None:
            with self._breaking_off():
                self._take(token, log_prob)

    def _take(self, token: int, log_prob: float) -> None:
        if not isfinite(log_prob):
            msg = "The model gives no probabilities (its numbers overflow): load it as float32."
            raise ModelCallError(msg)
        self.tokens.append(token)
        self.log_probs.append(log_prob)
        if token in self.ends:
            self.end("stop")
            return
        if self.matcher is not None:
            self.matcher.take(token)
        seen = max(0, len(self._text) - max(map(len, self.stops), default=0))
        self._text += self.reader.read(token)
        found = [(at, stop) for stop in self.stops if (at := self._text.find(stop, seen)) >= 0]
        if found:  # the one that was whole first, however long the tokens are
            self._text = self._text[: min((at + len(stop), at) for at, stop in found)[1]]
        if found or (self.matcher is not None and self.matcher.ended):
            self.end("stop")
        elif len(self.tokens) >= self.limit:
            self.end("length")
        else:
            self._tell(max(map(len, self.stops), default=1) - 1)

    def end(self, why: Finish) -> None:
        """End it."""
        self.finish = self.finish or why
        self._tell(0)

    @contextmanager
    def _breaking_off(self) -> Iterator[None]:
        """End this sample alone where its grammar or its reader fails: others share its batch."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            self.error, self.listener = error, None
            self.end("cancelled")

    def _tell(self, held_back: int) -> None:
        """Tell the listener what is new, less what may turn out to begin a stop."""
        upto = len(self._text) - held_back
        if self.listener is not None and upto > self._told:
            self.listener(self._text[self._told : upto])
            self._told = upto
