"""A model that is ready: it reads texts, and knows which of its tokens end a reply or a turn."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any

from cope_graph.huggingface.schema import Schemas


@dataclass(frozen=True)
class Loaded:
    """A model that is ready.

    Attributes:
        name: Its name, for people.
        model: A causal model of transformers, in evaluation mode.
        tokenizer: Its tokenizer.
    """

    name: str
    model: Any = field(repr=False)
    tokenizer: Any = field(repr=False)
    _reading: Any = field(default_factory=Lock, repr=False, compare=False)

    @cached_property
    def ends(self) -> frozenset[int]:
        """The tokens that end a reply: the makers' own, and the tokenizer's."""
        advised = self.model.generation_config.eos_token_id
        listed = advised if isinstance(advised, list) else [advised]
        own = self.tokenizer.eos_token_id
        return frozenset(token for token in [*listed, own] if token is not None)

    @cached_property
    def schemas(self) -> Schemas:
        """What holds replies to a schema, for its vocabulary."""
        return Schemas(self.tokenizer, self.ends)

    def __deepcopy__(self, _memo: Any) -> Loaded:
        """Give itself: a deep copy of a chat model shall not double its weights."""
        return self

    def tokens_of(self, text: str) -> list[int]:
        """Turn a text into token ids, as it is; special tokens in it are read as such."""
        with self._reading:  # a tokenizer's Rust core refuses two threads that set it up
            tokens: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return tokens

    def harmless(self, text: str, *, own: bool = False) -> str:
        """Break the control tokens that a text spells out: they would end the user's turn.

        A hidden character (U+2060) parts their first letter from the rest.

        Args:
            text: Part of a message.
            own: Whether it is the model's own, in which templates look for thoughts and calls; in
                texts of others, what the template writes as one token is a control token too.
        """
        controls = self._controls[own]
        return controls.sub(lambda found: f"{found[0][0]}\u2060{found[0][1:]}", text)

    @cached_property
    def _special(self) -> set[str]:
        added = self.tokenizer.added_tokens_decoder.values()
        special = (str(token) for token in added if token.special)
        return {*self.tokenizer.all_special_tokens, *special}

    @cached_property
    def _controls(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        added = map(str, self.tokenizer.added_tokens_decoder.values())
        template = str(self.tokenizer.chat_template)
        markers = (token for token in added if token.strip() and token.strip() in template)
        return _any_of({*self._special, *markers}), _any_of(self._special)


def _any_of(words: set[str]) -> re.Pattern[str]:
    written = sorted((word for word in words if len(word) > 1), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, written)) or "(?!)")
