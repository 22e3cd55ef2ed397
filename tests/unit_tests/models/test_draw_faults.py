"""What each way of failing does to a request: its word, its sentence, its place on the bill."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import pytest

from cope_graph.models.worst import worst_case
from cope_graph.money.ledger import plain
from cope_graph.money.lines import Status
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.suffixes import SUFFIXES
from tests.unit_tests.models.drawing import (
    PRICE,
    Drawer,
    ask,
    bound,
    failures,
    kinds,
    lines,
    texts,
)


class Case(NamedTuple):
    """What a suffix comes to, without retries."""

    kind: str | None
    status: Status


_REFUSED: Final = Case("refused", "reported")
_LIMITED: Final = Case("rate_limited", "reported")
_BROKEN: Final = Case("broken", "unknown")
_EMPTY: Final = Case("empty", "reported")
_FINE: Final = Case(None, "reported")

WHOLE: Final = {
    "401": _REFUSED,
    "429": _LIMITED,
    "429once": _LIMITED,
    "429after30": _LIMITED,
    "500": _BROKEN,
    "500once": _BROKEN,
    "503": _BROKEN,
    "refuse-n": _FINE,
    "empty": _EMPTY,
    "null": _EMPTY,
    "nochoices": _EMPTY,
    "nousage": Case(None, "estimated"),
    "length": _FINE,
    "ignore-n": _FINE,
    "unicode": _FINE,
    "surrogate": _FINE,
    "html": _BROKEN,
    "badjson": _BROKEN,
    "crash": Case("unreachable", "unknown"),
    "drip": Case("timeout", "unknown"),
    "reset": Case("unreachable", "unknown"),
    "timeout": Case("timeout", "unknown"),
    "truncated": _FINE,  # only streams are
}
STREAMED: Final = {
    **WHOLE,
    "truncated": Case("empty", "estimated"),
}
_SLOW: Final = {"drip", "timeout"}
_FREE: Final = {"refused", "rate_limited"}


def test_no_way_of_failing_is_forgotten() -> None:
    assert set(WHOLE) == set(STREAMED) == set(SUFFIXES)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer({"m": ["one two three four"]}) as server:
        yield server


def _check(drawer: Drawer, server: OpenAIServer, suffix: str, *, stream: bool) -> None:
    name, request = f"m-{suffix}", ask(max_tokens=7, stream=stream)
    case = (STREAMED if stream else WHOLE)[suffix]
    model = bound(server, name, PRICE, streaming=stream)
    drawn = drawer(model, [request], timeout_s=1 if suffix in _SLOW else 60)
    assert kinds(drawn) == ([] if case.kind is None else [case.kind])
    (line,) = lines(drawn)
    assert (line["status"], line["model"]) == (case.status, name)
    assert server.count == 1
    worst, billed = worst_case(model, request), server.billed.get(name)
    assert worst.usd is not None
    match case.status:
        case "reported":
            spent = (billed.prompt_tokens, billed.completion_tokens) if billed else (0, 0)
            assert (line["input_tokens"], line["output_tokens"]) == spent
            assert line["usd"] == line["usd_upper"]
            assert line["tokens_upper"] == sum(spent)
        case "estimated":
            assert line["usd"] is not None
            assert (line["usd_upper"], line["tokens_upper"]) == (plain(worst.usd), worst.tokens)
        case "unknown":
            assert (line["input_tokens"], line["output_tokens"], line["usd"]) == (0, 0, None)
            assert (line["usd_upper"], line["tokens_upper"]) == (plain(worst.usd), worst.tokens)
    if case.kind in _FREE:
        assert (line["usd"], line["usd_upper"], line["tokens_upper"]) == ("0", "0", 0)
        assert billed is None
    if billed:
        assert line["tokens_upper"] is not None
        assert line["tokens_upper"] >= billed.prompt_tokens + billed.completion_tokens
    for failure in failures(drawn):
        assert "\n" not in failure["message"]
        assert failure["message"].startswith(f"The small model {name} ")
    assert (line["error"] is None) is (case.kind is None)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_whole_reply(drawer: Drawer, server: OpenAIServer, suffix: str) -> None:
    _check(drawer, server, suffix, stream=False)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_streamed_reply(drawer: Drawer, server: OpenAIServer, suffix: str) -> None:
    _check(drawer, server, suffix, stream=True)


@pytest.mark.parametrize("suffix", ["500", "badjson", "crash", "reset", "timeout"])
def test_what_nothing_bounds_has_no_upper_bound(
    drawer: Drawer, server: OpenAIServer, suffix: str
) -> None:
    for price, most in ((PRICE, None), (None, 7)):
        model = bound(server, f"m-{suffix}", price)
        (line,) = lines(drawer(model, [ask(max_tokens=most)], timeout_s=0.5))
        assert (line["status"], line["usd"], line["usd_upper"]) == ("unknown", None, None)
        assert (line["tokens_upper"] is None) is (most is None)


def test_a_server_that_is_not_there_costs_nothing(drawer: Drawer) -> None:
    with OpenAIServer() as server:
        model = bound(server, price=PRICE)
    drawn = drawer(model, [ask(max_tokens=7)])
    assert kinds(drawn) == ["unreachable"]
    (line,) = lines(drawn)
    assert (line["status"], line["usd"], line["usd_upper"]) == ("reported", "0", "0")
    message = failures(drawn)[0]["message"]
    assert re.search(r"cannot be reached at .*set COPE_SMALL_BASE_URL", message)


@pytest.mark.parametrize(
    ("suffix", "sentence"),
    [
        ("401", "refused the key at http.*set COPE_SMALL_API_KEY"),
        ("429", "rate-limited or out of quota at http.*: wait, or raise the limit"),
        ("500", "The small model m-500 failed at http.*The server had an error"),
        ("html", "The small model m-html failed at http.*check COPE_SMALL_BASE_URL"),
        ("badjson", "m-badjson failed at http.*no chat completion: check COPE_SMALL_BASE_URL"),
        ("nochoices", "The small model m-nochoices gave no answer: there are no choices"),
        ("empty", "The small model m-empty gave no answer: the reply is empty"),
        ("reset", "broke off the connection at http.*see its server's log"),
        ("crash", "broke off the connection at http.*see its server's log"),
        ("timeout", "The small model m-timeout did not answer in time"),
    ],
)
def test_a_failing_model_is_one_sentence(
    drawer: Drawer, server: OpenAIServer, suffix: str, sentence: str
) -> None:
    drawn = drawer(bound(server, f"m-{suffix}"), [ask()], timeout_s=2)
    (failure,) = failures(drawn)
    assert re.search(sentence, failure["message"])
    assert "\n" not in failure["message"]


def test_many_that_fail_alike_say_the_same(drawer: Drawer, server: OpenAIServer) -> None:
    drawn = drawer(bound(server, "m-500"), [ask(str(i)) for i in range(4)])
    assert len(failures(drawn)) == 4
    assert len({failure["message"] for failure in failures(drawn)}) == 1


def test_a_stream_that_broke_off_is_no_reply(drawer: Drawer, server: OpenAIServer) -> None:
    model = bound(server, "m-truncated", streaming=True)
    drawn = drawer(model, [ask(stream=True)])
    assert texts(drawn) == [["one two "]]
    assert drawn[0][0]["replies"][0]["error"] == "the reply broke off"


def test_odd_text_comes_whole_and_can_be_written_as_utf8(
    drawer: Drawer, server: OpenAIServer
) -> None:
    for suffix, start in (("unicode", "\U0001d518"), ("surrogate", "? one")):
        ((text,),) = texts(drawer(bound(server, f"m-{suffix}"), [ask()]))
        assert text.startswith(start)
        assert text.encode().decode() == text
