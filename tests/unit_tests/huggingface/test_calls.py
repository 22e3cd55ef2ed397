from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph.huggingface.calls import read_calls

NAMES = ("add", "now", "search")
ADD = '{"name": "add", "arguments": {"a": 1, "b": 2}}'
ADDED = ("add", {"a": 1, "b": 2})
LLAMA = '{"name": "add", "parameters": {"a": 1, "b": 2}}'
SEARCH = '{"name": "search", "arguments": {"query": "x"}}'
SEARCHED = ("search", {"query": "x"})

CODER = """<tool_call>
<function=search>
<parameter=query>
x
y
</parameter>
<parameter=tags>
["a"]
</parameter>
<parameter=top>
5
</parameter>
</function>
</tool_call>"""

READ: dict[str, tuple[str, str, list[tuple[str, Any]]]] = {
    "Qwen": (f"<tool_call>\n{ADD}\n</tool_call>", "", [ADDED]),
    "words before": (f"Let me see.\n<tool_call>\n{ADD}\n</tool_call>", "Let me see.", [ADDED]),
    "two": (
        f"<tool_call>{ADD}</tool_call>\n<tool_call>{SEARCH}</tool_call>",
        "",
        [ADDED, SEARCHED],
    ),
    "words between": (
        f"One <tool_call>{ADD}</tool_call> two <tool_call>{SEARCH}</tool_call> three",
        "One  two  three",
        [ADDED, SEARCHED],
    ),
    "no closing tag": (f"<tool_call>\n{ADD}", "", [ADDED]),
    "Granite": (f"<|tool_call|>[{ADD}, {SEARCH}]", "", [ADDED, SEARCHED]),
    "Llama, bare": (LLAMA, "", [ADDED]),
    "Llama, with type": (LLAMA.replace("{", '{"type": "function", ', 1), "", [ADDED]),
    "Llama, marked": (f"<|python_tag|>{LLAMA}", "", [ADDED]),
    "Llama, two": (f"<|python_tag|>{LLAMA}; {SEARCH}", "", [ADDED, SEARCHED]),
    "Llama, two, bare": (f"{LLAMA};{SEARCH}", "", [ADDED, SEARCHED]),
    "Mistral": (f"[TOOL_CALLS] [{ADD}, {SEARCH}]", "", [ADDED, SEARCHED]),
    "Mistral, marker gone": (f" [{ADD}]", "", [ADDED]),
    "Mistral, words before": (f"Sure.[TOOL_CALLS][{ADD}]", "Sure.", [ADDED]),
    "fenced": (f"```json\n{ADD}\n```", "", [ADDED]),
    "arguments as text": (
        f"<tool_call>{json.dumps({'name': 'add', 'arguments': json.dumps(ADDED[1])})}</tool_call>",
        "",
        [ADDED],
    ),
    "no arguments": ('<tool_call>{"name": "now"}</tool_call>', "", [("now", {})]),
    "null arguments": ('{"name": "now", "arguments": null}', "", [("now", {})]),
    "line break in a string": (
        '<tool_call>{"name": "search", "arguments": {"query": "a\nb"}}</tool_call>',
        "",
        [("search", {"query": "a\nb"})],
    ),
    "marker in a string": (
        '<tool_call>{"name": "search", "arguments": {"query": "</tool_call> {"}}</tool_call>',
        "",
        [("search", {"query": "</tool_call> {"})],
    ),
    "after a thought": (
        f"<think>{ADD} or <tool_call>?</think>\n<tool_call>{SEARCH}</tool_call>",
        f"<think>{ADD} or <tool_call>?</think>",
        [SEARCHED],
    ),
    "Qwen3-Coder": (
        CODER,
        "",
        [("search", {"query": "x\ny", "tags": ["a"], "top": "5"})],
    ),
    "Qwen3-Coder, no parameters": (
        "<tool_call>\n<function=now>\n</function>\n</tool_call>",
        "",
        [("now", {})],
    ),
    "Qwen3-Coder, braces that are no JSON": (
        "<tool_call><function=search><parameter=query>{x} and {y}</parameter></function>",
        "",
        [("search", {"query": "{x} and {y}"})],
    ),
}

TEXT = {
    "empty": "",
    "words": "The answer is 3.",
    "a number": "42",
    "a list": "[1, 2]",
    "an empty list": "[]",
    "other keys": '{"name": "add", "age": 3}',
    "more keys": '{"name": "add", "arguments": {}, "note": "x"}',
    "no arguments, no marker": '{"name": "add"}',
    "a tool that was not offered": '{"name": "rm", "arguments": {}}',
    "one of two not offered": f'[{ADD}, {{"name": "rm", "arguments": {{}}}}]',
    "words before a bare call": f"I would write {ADD}",
    "words after a bare call": f"{ADD} would do.",
    "a fence among words": f"Try:\n```json\n{ADD}\n```",
    "broken JSON": '{"name": "add", "arguments": {',
    "only in a thought": f"<think><tool_call>{ADD}</tool_call></think>No need.",
    "deep": "[" * 100_000,
}

INVALID = {
    "no JSON": ("<tool_call>add(1, 2)</tool_call>", "", "add(1, 2)", "is no JSON object"),
    "cut off": ('<tool_call>{"name": "add", "argu', "", '{"name": "add", "argu', "is no JSON"),
    "unknown": (
        '<tool_call>{"name": "rm", "arguments": {"path": "ü"}}</tool_call>',
        "rm",
        '{"name": "rm", "arguments": {"path": "ü"}}',
        "There is no tool 'rm', only add, now, search.",
    ),
    "no name": ('[TOOL_CALLS][{"a": 1}]', "", '{"a": 1}', "is no JSON object"),
    "no object": ("<tool_call>[1]</tool_call>", "", "1", "is no JSON object"),
    "arguments are a list": (
        '{"name": "add", "arguments": [1]}',
        "add",
        '{"name": "add", "arguments": [1]}',
        "The arguments of add are no JSON object.",
    ),
    "arguments are bad text": (
        '{"name": "add", "arguments": "{a: 1"}',
        "add",
        '{"name": "add", "arguments": "{a: 1"}',
        "The arguments of add are no JSON.",
    ),
    "deep": (f"<tool_call>{'[' * 100_000}", "", "[" * 100_000, "is no JSON object"),
}


@pytest.mark.parametrize("case", READ)
def test_calls_are_read_as_the_model_families_write_them(case: str) -> None:
    text, words, expected = READ[case]

    content, calls, invalid = read_calls(text, NAMES)

    assert content == words
    assert [(call["name"], call["args"]) for call in calls] == expected
    assert invalid == []


@pytest.mark.parametrize("case", TEXT)
def test_what_is_no_call_stays_text(case: str) -> None:
    assert read_calls(TEXT[case], NAMES) == (TEXT[case], [], [])


@pytest.mark.parametrize("case", INVALID)
def test_a_broken_call_is_kept_with_what_is_wrong(case: str) -> None:
    text, name, written, error = INVALID[case]

    content, calls, invalid = read_calls(text, NAMES)

    assert (content, calls) == ("", [])
    assert [(call["name"], call["args"]) for call in invalid] == [(name, written)]
    assert error in str(invalid[0]["error"])


def test_a_broken_call_takes_no_other_with_it() -> None:
    text = f"<tool_call>oops</tool_call><tool_call>{ADD}</tool_call><tool_call>{{</tool_call>"

    _, calls, invalid = read_calls(text, NAMES)

    assert [call["name"] for call in calls] == ["add"]
    assert [call["args"] for call in invalid] == ["oops", "{"]


def test_each_call_has_an_id_of_its_own() -> None:
    text = f"<tool_call>{ADD}</tool_call><tool_call>{ADD}</tool_call><tool_call>x</tool_call>"

    _, calls, invalid = read_calls(text, NAMES)

    ids = [call["id"] for call in (*calls, *invalid)]
    assert len(set(ids)) == 3
    assert all(isinstance(it, str) and it.startswith("call_") for it in ids)


@given(
    name=st.sampled_from(NAMES),
    arguments=st.dictionaries(
        st.text(), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)
    ),
    ascii_only=st.booleans(),
)
def test_whatever_the_arguments_hold_comes_back(
    name: str, arguments: dict[str, Any], ascii_only: bool
) -> None:
    written = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=ascii_only)

    for text in (f"<tool_call>\n{written}\n</tool_call>", written, f"[TOOL_CALLS][{written}]"):
        if "</think>" not in text:
            content, calls, invalid = read_calls(text, NAMES)
            assert (content, invalid) == ("", [])
            assert [(call["name"], call["args"]) for call in calls] == [(name, arguments)]


@given(st.text("<>|/[]{}\"':,;\\ \ntol_cahink=functionparmeTOLCALS0"))
def test_no_reply_is_too_odd_to_read(text: str) -> None:
    content, calls, invalid = read_calls(text, NAMES)

    assert content == text or calls or invalid


@pytest.mark.parametrize(
    "part",
    [
        "<tool_call>",
        "[TOOL_CALLS][",
        "<tool_call>{",
        "<tool_call><function=",
        "```json\n",
        "</think>",
    ],
)
def test_a_hostile_reply_takes_no_long_time(part: str) -> None:
    began = time.perf_counter()

    read_calls(part * 5_000, NAMES)
    read_calls("<tool_call><function=add>" + "<parameter=a>" * 5_000, NAMES)

    assert time.perf_counter() - began < 2
