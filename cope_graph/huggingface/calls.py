"""The calls of tools in a reply: models write them as text, each family in a way of its own.

Read are the formats of Qwen, Hermes and Granite (`<tool_call>`), Qwen3-Coder (`<function=...>`),
Llama 3 (`<|python_tag|>`, or a bare object) and Mistral (`[TOOL_CALLS]`), the last two also when
their marker, a special token, is gone.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Collection
from typing import Any, Final

from langchain_core.messages import InvalidToolCall, ToolCall
from langchain_core.messages.tool import invalid_tool_call, tool_call

_MARK: Final = re.compile(r"<\|?tool_call\|?>|<\|python_tag\|>|\[TOOL_CALLS\]")
_CLOSE: Final = re.compile(r"\s*</tool_call>")
_BETWEEN: Final = re.compile(r"[\s;,]*")
_FENCED: Final = re.compile(r"```(?:json)?\s*\n(.*)\n\s*```", re.DOTALL)
_FUNCTION: Final = re.compile(r"\s*<function=([^>\s]+)>(.*?)(?:</function>|\Z)", re.DOTALL)
_PARAMETER: Final = re.compile(
    r"<parameter=([^>\s]+)>\n?(.*?)\n?(?:</parameter>|(?=<parameter=)|\Z)", re.DOTALL
)
_ARGUMENTS: Final = ("arguments", "parameters")
_CALL_KEYS: Final = {"name", "id", "type", *_ARGUMENTS}
_JSON: Final = json.JSONDecoder(strict=False)  # models write line breaks into strings


def read_calls(
    text: str, names: Collection[str]
) -> tuple[str, list[ToolCall], list[InvalidToolCall]]:
    """Split a reply into its words, its calls, and what was meant as a call and is none.

    What a reasoning model wrote before `</think>` stays text. Without a marker, a reply is a call
    only when all of it is one, by its keys, of a tool that was offered.

    Args:
        text: One whole reply.
        names: Of the tools that were offered.
    """
    thought, end, said = text.rpartition("</think>")
    marked = _MARK.search(said) is not None
    words, raw = _marked(said) if marked else ("", _bare(said, names))
    if not raw:
        return text, [], []
    calls: list[ToolCall] = []
    invalid: list[InvalidToolCall] = []
    for value in raw:
        name, arguments, problem = _read(value, names)
        made_up = f"call_{secrets.token_hex(12)}"
        if problem is None:
            calls.append(tool_call(name=name, args=arguments, id=made_up))
        else:
            written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            invalid.append(invalid_tool_call(name=name, args=written, id=made_up, error=problem))
    return f"{thought}{end}{words}".strip(), calls, invalid


def _marked(said: str) -> tuple[str, list[Any]]:
    """Give the words around the calls, and the calls: values, or text where they are no JSON."""
    words: list[str] = []
    raw: list[Any] = []
    place = 0
    while mark := _MARK.search(said, place):
        words.append(said[place : mark.start()])
        values, place = _values(said, mark.end())
        if not values:
            following = re.compile(rf"</tool_call>|{_MARK.pattern}").search(said, place)
            stop = following.start() if following else len(said)
            values, place = _functions(said[place:stop]) or [said[place:stop].strip()], stop
        raw += values
        if close := _CLOSE.match(said, place):
            place = close.end()
    return "".join([*words, said[place:]]), raw


def _values(said: str, place: int) -> tuple[list[Any], int]:
    """Read the JSON values from here on, and where they end; a list holds several of them."""
    values: list[Any] = []
    end = place
    while (start := _BETWEEN.match(said, end)) and said.startswith(("{", "["), start.end()):
        try:
            value, end = _JSON.raw_decode(said, start.end())
        except (ValueError, RecursionError):
            break
        values += value if isinstance(value, list) else [value]
    return values, end


def _functions(block: str) -> list[Any]:
    """Read the tags of Qwen3-Coder; only lists and objects are JSON, what a number is for is open.

    A tool's own validation makes a number of "5" where it wants one, but no text of 5.
    """
    return [
        {"name": name, "arguments": {key: _structure(value) for key, value in found}}
        for name, body in _FUNCTION.findall(block)
        if (found := _PARAMETER.findall(body)) or not body.strip()
    ]


def _structure(value: str) -> Any:
    values, end = _values(f"[{value}]", 0) if value.startswith(("{", "[")) else ([], 0)
    return values[0] if len(values) == 1 and end == len(value) + 2 else value


def _bare(said: str, names: Collection[str]) -> list[Any]:
    """Read a reply without marker: calls, when it is nothing else."""
    fenced = _FENCED.fullmatch(said.strip())
    whole = (fenced[1] if fenced else said).strip()
    values, end = _values(whole, 0)
    is_call = end == len(whole) and all(_looks_like_a_call(value, names) for value in values)
    return values if is_call else []


def _looks_like_a_call(value: Any, names: Collection[str]) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= _CALL_KEYS
        and isinstance(value.get("name"), str)
        and value["name"] in names
        and any(key in value for key in _ARGUMENTS)
    )


def _read(value: Any, names: Collection[str]) -> tuple[str, dict[str, Any], str | None]:
    """Read one call: its name, its arguments, and what is wrong with it."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return "", {}, 'The call is no JSON object {"name": ..., "arguments": {...}}.'
    name = value["name"]
    if name not in names:
        return name, {}, f"There is no tool {name!r}, only {', '.join(sorted(names))}."
    arguments = next((value[key] for key in _ARGUMENTS if key in value), None)
    if isinstance(arguments, str) and arguments.strip():
        try:
            arguments = _JSON.decode(arguments)
        except (ValueError, RecursionError):
            return name, {}, f"The arguments of {name} are no JSON."
    if arguments and not isinstance(arguments, dict):
        return name, {}, f"The arguments of {name} are no JSON object."
    return name, arguments or {}, None
