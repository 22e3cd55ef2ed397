from __future__ import annotations

import re
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from langchain.agents.middleware import PIIMiddleware
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from cope_graph import create_cope, tasks
from cope_graph.errors import InputError
from cope_graph.redact import Mask, detector, hide_messages, mask_for, texts_of
from tests.scripted import ScriptedChat

NAME = "Zoë Quill"
MAIL = "zoe@example.org"


def names(*values: str) -> Callable[[str], list[str]]:
    """Make a function that finds these values."""
    return lambda text: [value for value in values if value in text]


def mask_of(text: str, *values: str) -> Mask:
    return mask_for([text], detector(names(*values)))


# The setting.


@pytest.mark.parametrize("strategy", ["redact", "mask", "hash"])
def test_langchains_own_middleware_is_a_setting(strategy: Any) -> None:
    rule = PIIMiddleware("email", strategy=strategy)
    assert detector(rule)(f"Write to {MAIL}.") == [("email", MAIL)]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"strategy": "block"}, r"does not block.*PIIMiddleware\('email', strategy='redact'\)"),
        ({"apply_to_input": False}, "apply_to_input=False cannot hold"),
    ],
)
def test_an_option_that_promises_what_does_not_happen_is_refused_when_the_graph_is_built(
    options: dict[str, Any], sentence: str
) -> None:
    models = ScriptedChat(replies=[]), ScriptedChat(replies=[])
    rule: Any = PIIMiddleware("email", **options)
    for redact in (rule, [names(NAME), rule]):
        with pytest.raises(InputError, match=sentence):
            create_cope(*models, task=tasks.math(), redact=redact)


def test_langchains_matches_are_understood() -> None:
    rule = PIIMiddleware("badge", detector=r"B-\d+")
    assert detector(rule.detector)("B-17 and B-4") == [("badge", "B-17"), ("badge", "B-4")]


def test_several_are_heeded_in_order() -> None:
    detect = detector([names(NAME), PIIMiddleware("email"), re.compile("B-[0-9]+").findall])
    found = detect(f"B-17, {MAIL}, {NAME}")
    assert found == [("private", NAME), ("email", MAIL), ("private", "B-17")]


def test_a_match_counts_as_it_is_written_and_as_it_is_told() -> None:
    def card(_: str) -> list[dict[str, object]]:
        return [{"type": "card", "value": "41111", "start": 4, "end": 10}]

    assert detector(card)("Pay 41 111 now") == [("card", "41 111"), ("card", "41111")]


def test_blank_values_are_ignored() -> None:
    assert detector(lambda _: ["", "  ", "\n"])("x  \n") == []
    assert mask_for(["x  "], lambda _: [("a", ""), ("a", " ")]).placeholders == {}


@pytest.mark.parametrize("wrong", ["email", None, 3, PIIMiddleware, {"email"}, [], ["email"], [[]]])
def test_what_is_no_setting_is_refused_when_the_graph_is_built(wrong: Any) -> None:
    with pytest.raises(InputError, match=r"PIIMiddleware\('email'\)"):
        detector(wrong)


def test_a_coroutine_function_is_refused_when_the_graph_is_built() -> None:
    async def find(_: str) -> list[str]:
        return []

    wrong: Any = find
    with pytest.raises(InputError, match="coroutine"):
        detector(wrong)


@pytest.mark.parametrize(
    "wrong",
    [NAME, None, 7, [7], [None], {"value": NAME}, [{"type": "a"}], [{"type": 3, "value": NAME}]],
)
def test_a_function_that_gives_no_values_is_an_error_without_the_text(wrong: Any) -> None:
    with pytest.raises(InputError, match="list texts") as error:
        detector(lambda _: wrong)(f"I am {NAME}")
    assert NAME not in str(error.value)


def test_a_function_that_fails_is_an_error_without_the_text() -> None:
    def fails(text: str) -> list[str]:
        raise ValueError(text)

    sentence = "Nothing was sent to the large model: .* failed with ValueError"
    with pytest.raises(InputError, match=sentence) as error:
        detector(fails)(f"I am {NAME}")
    shown = "".join(traceback.format_exception(error.value))
    assert NAME not in shown
    assert error.value.__context__ is None


def test_the_import_does_not_need_langchain() -> None:
    code = "import sys, cope_graph.redact; assert 'langchain' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603


# The mask.


def test_values_are_numbered_by_kind_as_they_come_up() -> None:
    texts = [f"{NAME} has {MAIL}", f"max@example.org, {NAME} and Max"]
    mask = mask_for(texts, detector([PIIMiddleware("email"), names("Max", NAME)]))
    assert [mask.hide(text) for text in texts] == [
        "[PRIVATE_1] has [EMAIL_1]",
        "[EMAIL_2], [PRIVATE_1] and [PRIVATE_2]",
    ]
    assert mask == mask_for(texts, detector([PIIMiddleware("email"), names("Max", NAME)]))


def test_a_value_found_in_one_text_is_hidden_in_all() -> None:
    mask = mask_for(["no one", f"Hi {NAME}"], lambda t: [("name", NAME)] if "Hi" in t else [])
    assert mask.hide(f"{NAME}!") == "[NAME_1]!"


def test_a_value_inside_another_is_safe() -> None:
    mask = mask_of("Ann, Ann Lee and Ann", "Ann", "Ann Lee")
    assert mask.hide("Ann, Ann Lee and Ann") == "[PRIVATE_1], [PRIVATE_2] and [PRIVATE_1]"
    assert mask.hide("Ann Leeds") == "[PRIVATE_2]ds"


def test_values_that_overlap_are_hidden_as_one() -> None:
    mask = mask_of("Ann Lee Poe", "Ann Lee", "Lee Poe")
    assert mask.hide("Ann Lee Poe") == "[PRIVATE_1]"
    assert mask.hide("Lee Poe") == "[PRIVATE_3]"
    assert mask_of("aaa", "aa").hide("aaa") == "[PRIVATE_1]"


def test_case_is_kept_as_found() -> None:
    mask = mask_of("Ann and ANN", "Ann", "ANN")
    assert mask.hide("Ann and ANN") == "[PRIVATE_1] and [PRIVATE_2]"
    assert mask.restore("[PRIVATE_2]") == "ANN"


def test_what_a_text_holds_already_is_no_placeholder() -> None:
    text = r"Ann is not [PRIVATE_1], [PRIVATE\_2] or [PRIVATE_3__]"
    mask = mask_of(text, "Ann")
    assert mask.hide(text) == text.replace("Ann", "[PRIVATE_4]")


def test_a_placeholder_in_a_later_text_is_still_itself_when_restored() -> None:
    mask = mask_of("Ann", "Ann")
    for text in ("[PRIVATE_1]", "[PRIVATE_1_] Ann", r"[PRIVATE\_1]", r"[PRIVATE\_1__]"):
        assert mask.restore(mask.hide(text)) == text


@pytest.mark.parametrize(
    ("value", "hidden"),
    [
        ("[", "\u27e6PRIVATE_1\u27e7"),
        ("1", "[PRIVATE_2]"),
        ("PRIVATE", "[X_1]"),
        ("R_1", "[PRIVATE_1]"),
        ("E_1", "[PRIVATE_2]"),
        ("]\u27e7", "\u27eaPRIVATE_1\u27eb"),
    ],
)
def test_no_placeholder_holds_or_meets_a_value(value: str, hidden: str) -> None:
    assert mask_of(value, value).hide(value) == hidden


@pytest.mark.parametrize("values", [["_"], list("0123456789"), ["[\u27e7\u27ea"]])
def test_a_value_that_no_placeholder_can_stand_for_is_an_error(values: list[str]) -> None:
    with pytest.raises(InputError, match="to redact"):
        mask_of(" ".join(values), *values)


def test_a_reply_is_restored_also_when_it_is_latex() -> None:
    mask = mask_of(f"Write to {MAIL}", MAIL)
    assert mask.restore(r"\boxed{\text{[PRIVATE\_1]}} or [PRIVATE_1]") == (
        rf"\boxed{{\text{{{MAIL}}}}} or {MAIL}"
    )
    assert mask.restore("[PRIVATE_2] and [private_1]") == "[PRIVATE_2] and [private_1]"


def test_kinds_are_written_plainly() -> None:
    mask = mask_for(["a b c"], lambda _: [("credit card", "a"), ("ß", "b"), ("", "c")])
    assert list(mask.placeholders.values()) == ["[CREDIT_CARD_1]", "[SS_1]", "[PRIVATE_1]"]


def test_the_repr_tells_nothing() -> None:
    assert NAME not in repr(mask_of(NAME, NAME))


_TEXT = st.text(
    alphabet="aAb1_[]\\ PRIVATE\u27e6\u27e7\ud800\u0301é\U0001d41a", max_size=12
) | st.sampled_from(["[PRIVATE_1]", r"[PRIVATE\_1]", "[PRIVATE_1_]", "[PRIVATE_2]", "[X_1]"])
_VALUES = st.lists(st.text(alphabet="aAb1[]PR_é\U0001d41a ", min_size=1, max_size=4), max_size=5)


def _masked(texts: Sequence[str], values: Sequence[str]) -> Mask:
    try:
        return mask_for(texts, lambda _: [("private", value) for value in values])
    except InputError:
        reject()


@given(st.lists(_TEXT, max_size=4), _VALUES, st.lists(_TEXT, max_size=5).map("".join))
def test_what_is_hidden_can_be_restored_in_any_text(
    texts: list[str], values: list[str], other: str
) -> None:
    mask = _masked(texts, values)
    for text in [*texts, other]:
        assert mask.restore(mask.hide(text)) == text


@given(st.lists(st.lists(_TEXT | _VALUES.map("".join)).map("".join), max_size=4), _VALUES)
def test_no_value_is_left_in_the_texts(texts: list[str], values: list[str]) -> None:
    mask = _masked(texts, values)
    for text in texts:
        hidden = mask.hide(text)
        assert not [value for value in values if value.strip() and value.strip() in hidden]
        assert not [name for name in mask.placeholders.values() if name in text]


@given(st.text(), st.lists(st.text(max_size=3), max_size=3), st.text())
def test_the_laws_hold_for_all_of_unicode(text: str, values: list[str], other: str) -> None:
    mask = _masked([text], values)
    assert mask.restore(mask.hide(other)) == other
    assert mask.restore(mask.hide(text)) == text


# Messages.


HIDDEN = "[PRIVATE_1]"


def _hide(message: BaseMessage) -> BaseMessage:
    return hide_messages([message], mask_of(NAME, NAME))[0]


def test_a_message_is_rebuilt_with_what_is_needed_alone() -> None:
    call = {"name": "mail", "id": "c1", "args": {NAME: [{"to": f"<{NAME}>"}, 3, None, True]}}
    message = AIMessage(
        [{"type": "reasoning", "reasoning": NAME}, {"type": "text", "text": f"Hi {NAME}"}],
        name=NAME,
        id="m1",
        tool_calls=[call],
        invalid_tool_calls=[{"name": "mail", "id": "c2", "args": f'{{"{NAME}', "error": NAME}],
        additional_kwargs={"author": NAME},
        response_metadata={"author": NAME},
        usage_metadata={"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
    )
    before = message.model_copy(deep=True)
    hidden = _hide(message)
    assert hidden == AIMessage(
        f"Hi {HIDDEN}",
        tool_calls=[{**call, "args": {HIDDEN: [{"to": f"<{HIDDEN}>"}, 3, None, True]}}],
        invalid_tool_calls=[{"name": "mail", "id": "c2", "args": "{}", "error": None}],
    )
    assert NAME not in repr(hidden)
    assert message == before


def test_a_tools_result_keeps_its_call_and_loses_its_artifact() -> None:
    message = ToolMessage(
        [f"For {NAME}"], tool_call_id="c1", artifact={"of": NAME}, name=NAME, status="error"
    )
    assert _hide(message) == ToolMessage(f"For {HIDDEN}", tool_call_id="c1", status="error")


@pytest.mark.parametrize(
    ("message", "hidden"),
    [
        (HumanMessage(NAME, name=NAME), HumanMessage(HIDDEN)),
        (SystemMessage(NAME), SystemMessage(HIDDEN)),
        (ChatMessage(content=NAME, role="user"), ChatMessage(content=HIDDEN, role="user")),
        (FunctionMessage(content=NAME, name="f"), FunctionMessage(content=HIDDEN, name="f")),
    ],
)
def test_each_type_of_message_is_kept(message: BaseMessage, hidden: BaseMessage) -> None:
    assert _hide(message) == hidden


def test_a_value_does_not_hide_across_two_parts() -> None:
    parts: list[str | dict[str, Any]] = ["Zoë ", {"type": "text", "text": "Quill"}]
    message = HumanMessage(parts)
    assert texts_of([message]) == [NAME]
    assert _hide(message).content == HIDDEN


def test_a_private_number_becomes_text() -> None:
    message = AIMessage("", tool_calls=[{"name": "f", "id": "c", "args": {"a": 5551234, "b": 5}}])
    mask = mask_for(texts_of([message]), detector(re.compile(r"\d{7}").findall))
    hidden = hide_messages([message], mask)[0]
    assert isinstance(hidden, AIMessage)
    assert hidden.tool_calls[0]["args"] == {"a": HIDDEN, "b": 5}


def test_all_that_is_sent_is_looked_through() -> None:
    message = AIMessage(
        "x", tool_calls=[{"name": "f", "id": "c", "args": {"k": ["v", {"l": 1.5}]}}]
    )
    assert texts_of([HumanMessage("q"), message]) == ["q", "x", "k", "v", "l", "1.5"]


@pytest.mark.parametrize(
    "message",
    [HumanMessage([{"type": "image", "url": "https://example.org"}]), RemoveMessage(id="m1")],
)
def test_what_cannot_be_looked_through_is_not_sent(message: BaseMessage) -> None:
    with pytest.raises(InputError, match="cannot be redacted"):
        _hide(message)
