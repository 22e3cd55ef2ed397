"""One sample: where it ends, and what of it is told when."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cope_graph.errors import SchemaError
from cope_graph.huggingface.loaded import Loaded
from cope_graph.huggingface.sample import Reader, Sample
from tests.unit_tests.huggingface.watched import sample_of

EOS = 2


def spoken(loaded: Loaded, text: str, *, by_letter: bool = True, **more: Any) -> Sample:
    """Let a sample take the tokens of a text, as far as it wants them."""
    ids = [loaded.tokens_of(letter) for letter in text] if by_letter else [loaded.tokens_of(text)]
    sample = sample_of(loaded, limit=more.pop("limit", 1000), **more)
    for token in [token for part in ids for token in part]:
        if sample.finish is None:
            sample.take(token, -0.5)
    return sample


def test_a_reply_grows_to_its_text(loaded: Loaded) -> None:
    sample = spoken(loaded, "The quick brown fox")

    assert (sample.text, sample.finish) == ("The quick brown fox", None)
    assert sample.said == len(sample.tokens) == len(sample.log_probs) == 19


def test_the_ending_token_is_counted_and_not_said(loaded: Loaded) -> None:
    sample = spoken(loaded, "fox")
    sample.take(EOS, -0.1)

    assert (sample.text, sample.finish) == ("fox", "stop")
    assert (len(sample.tokens), sample.said) == (4, 3)


def test_a_reply_may_end_before_it_begins(loaded: Loaded) -> None:
    sample = sample_of(loaded)
    sample.take(EOS, -0.1)

    assert (sample.text, sample.finish, len(sample.tokens), sample.said) == ("", "stop", 1, 0)


def test_the_limit_ends_it(loaded: Loaded) -> None:
    sample = spoken(loaded, "The quick", limit=3)

    assert (sample.text, sample.finish, sample.said) == ("The", "length", 3)


def test_the_end_at_the_limit_is_an_end_and_no_cut(loaded: Loaded) -> None:
    sample = spoken(loaded, "Th", limit=3)
    sample.take(EOS, -0.1)

    assert sample.finish == "stop"


def test_what_comes_after_the_end_is_not_taken(loaded: Loaded) -> None:
    sample = spoken(loaded, "Th", limit=2)
    sample.take(5, -0.1)
    sample.end("cancelled")

    assert (len(sample.tokens), sample.finish) == (2, "length")


STOPS = {
    "in the middle": ("The quick brown", ["qui"], "The "),
    "at the start": ("The quick", ["The"], ""),
    "one letter": ("The quick", [" "], "The"),
    "several: the first in the text": ("The quick brown", ["brown", "quick"], "The "),
    "one within the other: the first that is whole": ("The quick", ["quick", "uic"], "The q"),
    "one ends as the other": ("The quick", ["ick", "quick"], "The "),
    "never": ("The quick", ["slow"], "The quick"),
    "a false start": ("aab", ["ab"], "a"),
    "outside of ASCII": ("Zoë said 日本語", ["日本"], "Zoë said "),
    "a newline": ("The\nquick", ["\n"], "The"),
}


@pytest.mark.parametrize("by_letter", [True, False])
@pytest.mark.parametrize(("text", "stops", "left"), STOPS.values(), ids=STOPS)
def test_a_stop_ends_it_and_is_no_part_of_it(
    loaded: Loaded, text: str, stops: list[str], left: str, *, by_letter: bool
) -> None:
    sample = spoken(loaded, text, stops=stops, by_letter=by_letter)

    assert sample.text == left
    assert sample.finish == (None if left == text else "stop")


TEXT = st.text("abc \nëZ日🙂", max_size=30)


@given(text=TEXT, stops=st.lists(st.text("abc \në日🙂", min_size=1, max_size=4), max_size=3))
@settings(max_examples=150, deadline=None)
@pytest.mark.parametrize("by_letter", [True, False])
def test_what_is_told_is_the_text_and_nothing_is_taken_back(
    loaded: Loaded, text: str, stops: list[str], *, by_letter: bool
) -> None:
    told: list[str] = []
    sample = spoken(loaded, text, stops=stops, listener=told.append, by_letter=by_letter)
    early = "".join(told)
    sample.end("length")

    found = [(at + len(stop), at) for stop in stops if (at := text.find(stop)) >= 0]
    assert sample.text == text[: min(found, default=(0, len(text)))[1]]
    assert sample.text.startswith(early)
    assert "".join(told) == sample.text
    assert "" not in told
    if not found:  # no more is held back than may begin a stop
        assert len(text) - len(early) <= max(map(len, stops), default=1) - 1


@given(st.lists(st.integers(0, 389), max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_tokens_read_as_the_tokenizer_reads_them_less_half_a_character(
    loaded: Loaded, tokens: list[int]
) -> None:
    sample = sample_of(loaded, limit=1000, ends=())
    for token in tokens:
        sample.take(token, -0.5)

    whole = loaded.tokenizer.decode(tokens, skip_special_tokens=True)
    assert whole.startswith(sample.text)
    assert whole.removeprefix(sample.text)[-1:] in ("", "\ufffd")


def test_half_a_character_waits_for_the_rest(loaded: Loaded) -> None:
    tokens, told = loaded.tokens_of("é"), list[str]()
    assert len(tokens) == 2
    sample = sample_of(loaded, listener=told.append)
    sample.take(tokens[0], -0.5)
    assert (sample.text, told) == ("", [])
    sample.take(tokens[1], -0.5)

    assert (sample.text, told) == ("é", ["é"])


def test_a_tokenizer_without_a_rust_core_reads_the_same(loaded: Loaded) -> None:
    class Slow:
        """All that the reader may ask of one."""

        is_fast = False

        def decode(self, tokens: list[int], **options: Any) -> str:
            return str(loaded.tokenizer.decode(tokens, **options))

    text = "Zoë said: 日本語 and emoji 🙂 too"
    slow, fast = Reader(Slow()), Reader(loaded.tokenizer)
    pieces = [(slow.read(token), fast.read(token)) for token in loaded.tokens_of(text)]

    assert "".join(piece for piece, _ in pieces) == text
    assert all(one == other for one, other in pieces)


def test_special_tokens_are_not_part_of_the_text(loaded: Loaded) -> None:
    sample = sample_of(loaded)
    for token in [*loaded.tokens_of("a"), 0, 1, *loaded.tokens_of("b")]:
        sample.take(token, -0.5)

    assert sample.text == "ab"


class Grammar:
    """Ends after two tokens, or fails when told to."""

    def __init__(self, fails_at: str = "") -> None:
        self.fails_at, self.count = fails_at, 0

    @property
    def ended(self) -> bool:
        return self.count == 2

    def allow(self, logits: Any) -> None:
        del logits
        if self.fails_at == "allow":
            raise SchemaError

    def take(self, token: int) -> None:
        del token
        self.count += 1
        if self.fails_at == "take":
            raise SchemaError


def test_a_grammar_that_is_through_ends_it(loaded: Loaded) -> None:
    sample = spoken(loaded, "abcdef", matcher=Grammar())

    assert (sample.text, sample.finish, sample.said, sample.error) == ("ab", "stop", 2, None)


@pytest.mark.parametrize("where", ["allow", "take"])
def test_a_grammar_that_fails_breaks_this_sample_off(loaded: Loaded, where: str) -> None:
    sample = sample_of(loaded, matcher=Grammar(where))
    sample.allow(None)  # type: ignore[arg-type]
    sample.take(5, -0.5)

    assert sample.finish == "cancelled"
    assert isinstance(sample.error, SchemaError)


def test_readers_of_one_tokenizer_do_not_meet(loaded: Loaded) -> None:
    one, other = Reader(loaded.tokenizer), Reader(loaded.tokenizer)
    tokens = loaded.tokens_of("éa")

    assert [(one.read(t), other.read(t)) for t in tokens] == [("", ""), ("é", "é"), ("a", "a")]
