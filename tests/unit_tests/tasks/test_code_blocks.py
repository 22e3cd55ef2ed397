"""Code in replies as models write them, and in replies that no model should write."""

from __future__ import annotations

import threading
import time
import warnings

import pytest

from cope_graph.sandbox.parse import parse
from cope_graph.tasks.code_blocks import read_code

F = "def f(x):\n    return x\n"


@pytest.mark.parametrize(
    "reply",
    [
        f"Sure:\n```python\n{F}```\nDone.",
        f"```\n{F}```",
        f"```py\n{F}```",
        f"```Python3\n{F}```",
        f"```python3.11\n{F}```",
        f'```python title="f.py"\n{F}```',
        f"~~~python\n{F}~~~",
        f"```python\n\n\n{F}\n\n```",
        f"```python\n{F}",
        F,
        f"1. Like this:\n\n   ```python\n   {F.replace(chr(10) + ' ', chr(10) + '    ')}   ```\n",
    ],
    ids=[
        "fenced",
        "no kind",
        "py",
        "Python3",
        "python3.11",
        "with attributes",
        "tildes",
        "empty lines",
        "not closed",
        "no fence",
        "in a list",
    ],
)
def test_the_one_block_of_a_reply_is_its_code(reply: str) -> None:
    assert read_code(reply) == F


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "I cannot do that.",
        "Yes",
        "42",
        "```\n```",
        "```python\n# nothing yet\n```",
        "```python\ndef f(x:\n```",
        "```text\nf(3)\n```",
        "```bash\npip install x\n```",
        "```javascript\nf = 3\n```",
        "```pycon\n>>> f(3)\n```",
        "```python\n\x00\n```",
        "```python\nx = '\ud800'\n```",
        "<think>```python\nx = 1\n```</think> I give up.",
    ],
)
def test_a_reply_without_code_that_parses_has_none(reply: str) -> None:
    assert read_code(reply) is None


def test_of_two_blocks_it_is_the_first_that_defines_something() -> None:
    use, wrong = "print(f(3))\n", "def g(:\n"
    for blocks in ((F, use), (use, F), (wrong, F), (F, F.replace("f", "g")), (use, wrong, F)):
        assert read_code("Then:\n".join(f"```python\n{block}```\n" for block in blocks)) == F


def test_of_two_blocks_that_define_nothing_it_is_the_first() -> None:
    assert read_code("```python\nprint(1)\n```\nor\n```python\nprint(2)\n```") == "print(1)\n"


def test_a_draft_that_was_thought_aloud_is_left_out() -> None:
    draft = F.replace("x\n", "y\n")
    assert read_code(f"<think>\n```python\n{draft}```\n</think>\n```python\n{F}```") == F


@pytest.mark.parametrize(
    "hostile",
    [
        "```python\n" + "(" * 100_000,
        "```python\n" + "-" * 100_000 + "1",
        "```python\nx" + ".a" * 50_000,
        "```python\nx = " + "[" * 90 + "]" * 90 + "\n" * 99_000,
        "```" * 33_000,
        "```\n" * 25_000,
        "~~~\n```\n" * 12_000,
        " " * 100_000,
        "\n" * 100_000,
        "```python\n" + "x = 1\n" * 16_000,
        "`" * 100_000,
        "```python" + " " * 100_000,
    ],
)
def test_100_kb_of_anything_is_read_in_linear_time(hostile: str) -> None:
    started = time.perf_counter()
    read_code(hostile)
    assert time.perf_counter() - started < 5


def test_more_than_200_kb_is_no_solution() -> None:
    assert read_code(f"```python\n{F}{'# ' * 100_000}\n```") is None


def test_a_candidate_of_100_kb_is_read_whole() -> None:
    code = F + "# more\n" * 14_000
    assert read_code(f"```python\n{code}```") == code


@pytest.mark.parametrize("action", ["error", "always"])
def test_an_odd_escape_in_the_code_warns_nobody(
    action: str, recwarn: pytest.WarningsRecorder
) -> None:
    code = "import re\n\n\ndef f(s):\n    return re.sub('\\d', '', s) is 3\n"
    with warnings.catch_warnings():
        warnings.simplefilter(action)  # type: ignore[arg-type]
        assert read_code(f"```python\n{code}```") == code
    assert list(recwarn) == []


def test_warnings_of_other_code_stay_as_they_are() -> None:
    parse("x = '\\d'")
    with pytest.warns((DeprecationWarning, SyntaxWarning), match="invalid escape"):
        compile("x = '\\d'", "other.py", "exec")


def test_many_threads_parse_side_by_side_without_a_warning() -> None:
    faults: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(50):
                parse("x = '\\d'")
        except BaseException as error:  # noqa: BLE001
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
