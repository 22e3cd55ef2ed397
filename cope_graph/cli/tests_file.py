"""The file behind `--tests`: Python, or JSON where its name ends so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from cope_graph.cli.python_tests import tests_in
from cope_graph.cli.question import is_file
from cope_graph.errors import InputError

_SHAPE: Final = (
    'a JSON list of "assert f(3) == 9" or {"stdin": "3\\n", "stdout": "9\\n"}, all of them strings'
)


def read_tests(name: str) -> list[Any]:
    """Read tests, as the input `tests` of the code task takes them.

    Args:
        name: The file's path.

    Raises:
        InputError: There is no such file, it is not UTF-8, does not parse or holds no test.
    """
    path = Path(name)
    if not is_file(name):
        msg = f"There is no file {name}: --tests takes the path of a Python or JSON file."
        raise InputError(msg)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"{name} is not UTF-8 text: save it as such."
        raise InputError(msg) from error
    tests = _json_tests(text, name) if path.suffix.lower() == ".json" else tests_in(text, name)
    if not tests:
        msg = (
            f"{name} holds no test: write asserts, functions test_...(), or, in a file named "
            f".json, {_SHAPE}."
        )
        raise InputError(msg)
    return tests


def _json_tests(text: str, name: str) -> list[Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        msg = f"{name} is no JSON (line {error.lineno}: {error.msg}): correct it."
        raise InputError(msg) from error
    except RecursionError as error:
        msg = f"{name} is nested too deeply: write {_SHAPE}."
        raise InputError(msg) from error
    if not isinstance(found, list):
        msg = f"{name} holds another shape of JSON: write {_SHAPE}."
        raise InputError(msg)
    for number, test in enumerate(found, 1):
        if not (isinstance(test, str) or _is_pair(test)):
            msg = f"{name} holds another shape of JSON at test {number}: write {_SHAPE}."
            raise InputError(msg)
    return found


def _is_pair(test: Any) -> bool:
    return (
        isinstance(test, dict)
        and set(test) == {"stdin", "stdout"}
        and all(isinstance(text, str) for text in test.values())
    )
