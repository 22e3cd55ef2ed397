"""Log-probs of replies: what counts, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration

from cope_graph.models.exchange import reply_of
from cope_graph.models.log_probs import SPAN, TOO_FEW, log_probs_of, summary

LOGS = st.lists(st.floats(min_value=-30, max_value=0), min_size=1, max_size=200)


def generation(text: str, logprobs: object) -> ChatGeneration:
    return ChatGeneration(message=AIMessage(text, response_metadata={"logprobs": logprobs}))


def entries(*tokens: tuple[str, float], with_bytes: bool = True) -> dict[str, Any]:
    return {
        "content": [
            {"token": t, "logprob": p, "bytes": list(t.encode()) if with_bytes else None}
            for t, p in tokens
        ]
    }


@given(LOGS)
def test_the_summary_is_that_of_a_plain_computation(values: list[float]) -> None:
    found = summary(values)

    width = min(SPAN, len(values))
    windows = [values[i : i + width] for i in range(len(values) - width + 1)]
    assert found["tokens"] == len(values)
    assert found["mean"] == pytest.approx(sum(values) / len(values), rel=1e-9, abs=1e-9)
    assert found["tail"] == pytest.approx(sum(values[-width:]) / width, rel=1e-9, abs=1e-9)
    assert found["window"] == pytest.approx(min(sum(w) / width for w in windows), abs=1e-9)


@given(LOGS)
def test_no_signal_is_above_a_certainty(values: list[float]) -> None:
    found = summary(values)

    assert max(found["mean"], found["tail"], found["window"]) <= 1e-9
    assert found["window"] <= min(found["mean"], found["tail"]) + 1e-9


def test_perplexity_is_that_of_all_tokens_of_the_text() -> None:
    given_ = entries(("Blue", -0.5), (" sky", -1.5), (".", -0.1))

    found = log_probs_of(generation("Blue sky.", given_), "Blue sky.")

    assert isinstance(found, dict)
    assert math.exp(-found["mean"]) == pytest.approx(math.exp(2.1 / 3), rel=1e-12)


def test_thoughts_that_the_text_leaves_out_do_not_count() -> None:
    given_ = entries(("hm", -9.0), (" so", -9.0), ("Blue", -0.5), (".", -0.1), ("<eos>", -7.0))

    found = log_probs_of(generation("Blue.", given_), "Blue.")

    assert isinstance(found, dict)
    assert found["tokens"] == 2
    assert found["mean"] == pytest.approx(-0.3)


def test_half_characters_count_by_their_bytes() -> None:
    first, second = list("é".encode()[:1]), list("é".encode()[1:])
    given_ = {
        "content": [
            {"token": "bytes:\\xc3", "logprob": -1.0, "bytes": first},
            {"token": "bytes:\\xa9", "logprob": -2.0, "bytes": second},
        ]
    }

    found = log_probs_of(generation("é", given_), "é")

    assert isinstance(found, dict)
    assert (found["tokens"], found["mean"]) == (2, -1.5)


def test_tokens_without_their_spaces_are_enough() -> None:
    given_ = entries(("Blue", -0.5), ("sky", -1.5), with_bytes=False)

    found = log_probs_of(generation("Blue sky", given_), "Blue sky")

    assert isinstance(found, dict)
    assert found["tokens"] == 2


def test_the_last_of_two_equal_texts_is_the_one_that_counts() -> None:
    given_ = entries(("Blue.", -9.0), ("</think>", -9.0), ("Blue.", -0.5), ("<eos>", -7.0))

    found = log_probs_of(generation("Blue.", given_), "Blue.")

    assert isinstance(found, dict)
    assert (found["tokens"], found["mean"]) == (1, -0.5)


@pytest.mark.parametrize(
    "tokens",
    [
        ("Caf\u00c3\u00a9", "\u0120au", "\u0120lait", "."),
        ("\u2581Caf\u00e9", "\u2581au", "\u2581lait."),
        ("Caf\ufffd", "\ufffd", " au", "lait", ".", "<|im_end|>"),
        ("hm", "\u0120so", "Caf\u00c3\u00a9", "\u0120au", "\u0120lait", ".", "<eos>"),
    ],
)
def test_tokens_with_signs_of_their_own_are_enough_when_they_end_as_the_text_does(
    tokens: tuple[str, ...],
) -> None:
    given_ = entries(*((token, -0.5) for token in tokens), with_bytes=False)

    found = log_probs_of(generation("Caf\u00e9 au lait.", given_), "Caf\u00e9 au lait.")

    assert isinstance(found, dict)
    assert found["mean"] == -0.5


@pytest.mark.parametrize("end", [(), ("<eos>",)])
@pytest.mark.parametrize("with_bytes", [False, True])
def test_thoughts_do_not_make_up_for_tokens_that_are_missing_at_the_end(
    *, end: tuple[str, ...], with_bytes: bool
) -> None:
    tokens = ("hm, which colour has it", "</think>", "Blue", *end)
    given_ = entries(*((token, -0.5) for token in tokens), with_bytes=with_bytes)

    assert log_probs_of(generation("Blue sky.", given_), "Blue sky.") == TOO_FEW


def test_hostile_texts_take_no_time_that_grows_with_their_square() -> None:
    half = "a" * 1_000_000  # minutes, if it did: beyond the time limit of a test
    text = f"{half}b{half}"
    given_ = entries(*[("a" * 10_000, -0.5)] * 400, with_bytes=False)

    found = log_probs_of(generation(text, given_), text)

    assert isinstance(found, dict)
    assert found["tokens"] == 400


def test_a_list_alone_is_read_as_well() -> None:
    found = log_probs_of(generation("ok", entries(("ok", -0.5))["content"]), "ok")

    assert isinstance(found, dict)
    assert found["mean"] == -0.5


@pytest.mark.parametrize("none", [None, {}, {"content": None}, {"content": []}, [], "none", 3])
def test_a_reply_without_log_probs_has_none(none: object) -> None:
    assert log_probs_of(generation("Blue.", none), "Blue.") is None


@pytest.mark.parametrize(
    "broken",
    [
        entries(("Blue", -0.5)),
        entries(("Blue", math.nan), (" sky.", -1.0)),
        entries(("Blue", -math.inf), (" sky.", -1.0)),
        entries(("Blue", 0.5), (" sky.", -1.0)),
        {"content": [{"token": "Blue sky."}]},
        {"content": [{"token": "Blue sky.", "logprob": "-1"}]},
        {"content": ["Blue sky."]},
    ],
    ids=["fewer", "nan", "infinite", "positive", "none", "text", "no entry"],
)
def test_fewer_or_impossible_log_probs_make_a_lost_sample(broken: object) -> None:
    given_ = generation("Blue sky.", broken)

    assert log_probs_of(given_, "Blue sky.") == TOO_FEW
    assert reply_of(given_, log_probs=True)["error"] == TOO_FEW
    assert "error" not in reply_of(given_)


def test_a_rounding_above_a_certainty_is_a_certainty() -> None:
    found = log_probs_of(generation("ok", entries(("ok", 5e-8))), "ok")

    assert isinstance(found, dict)
    assert found["mean"] == 0.0
