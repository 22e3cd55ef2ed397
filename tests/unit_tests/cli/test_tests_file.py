"""What `--tests FILE` reads, and what it refuses."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from cope_graph.cli.tests_file import read_tests
from cope_graph.errors import InputError


def _read(folder: Path, text: str, name: str = "t.py") -> list[str]:
    path = folder / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return read_tests(str(path))


def _passes(test: str, body: str) -> bool:
    """Run a test of this file's own below a candidate of this file's own."""
    try:
        exec(f"def f(x):\n    return {body}\n{test}", {})  # noqa: S102 - both are written here
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("assert f(3) == 9\nassert f(2) == 4\n", 2),
        ("for i in range(4):\n    assert f(i) == i * i\n", 1),
        ("def test_f():\n    assert f(3) == 9\n", 1),
        ("def test_f(x=3):\n    assert f(x) == 9\ntest_f()\n", 1),
        ("def check(g):\n    assert g(3) == 9\ncheck(f)\n", 1),
        ("def run(g):\n    check(g)\ndef check(g):\n    assert g(3) == 9\nrun(f)\nrun(f)\n", 2),
        ("def test_f():\n    assert f(3) == 9\ndef run():\n    test_f()\nrun()\n", 1),
        ("if __name__ == '__main__':\n    x = 3\n    assert f(x) == 9\n", 1),
        ("x = f(3)\nassert x == 9\nx = f(4)\nassert x == 16\n", 2),
        ("cache = []\nfor i in (3, 4):\n    cache.append(f(i))\nassert cache == [9, 16]\n", 1),
        ("import re\nassert re.match('\\d', str(f(3)))[0] == '9'\n", 1),
        ("\ufeffassert f(3) == 9\n", 1),
    ],
)
@pytest.mark.parametrize("name", ["t.py", "tests.txt"])
def test_each_test_stands_alone_and_tells_right_from_wrong(
    tmp_path: Path, text: str, count: int, name: str
) -> None:
    tests = _read(tmp_path, text, name)
    assert len(tests) == count
    assert all(_passes(test, "x * x") for test in tests)
    assert not any(_passes(test, "x + x + 1") for test in tests)


def test_a_test_holds_the_helpers_it_needs_and_no_others(tmp_path: Path) -> None:
    got = _read(
        tmp_path,
        """
        '''Tests of f.'''
        from __future__ import annotations
        import math
        import sys

        def near(a, b):
            return math.isclose(a, b, rel_tol=FAR)

        FAR = 1e-9
        sys.setrecursionlimit(5000)
        assert f(1) == 1

        def test_near():
            assert near(f(0.5), 0.25)

        if __name__ == "__main__":
            test_near()
        """,
    )
    first, second = got
    assert first == (
        "from __future__ import annotations\n"
        "import sys\nsys.setrecursionlimit(5000)\nassert f(1) == 1"
    )
    assert second == (
        "from __future__ import annotations\nimport math\nimport sys\n\n"
        "def near(a, b):\n    return math.isclose(a, b, rel_tol=FAR)\n"
        "FAR = 1e-09\nsys.setrecursionlimit(5000)\n\n"
        "def test_near():\n    assert near(f(0.5), 0.25)\ntest_near()"
    )


def test_a_json_file_holds_asserts_and_pairs_as_they_are(tmp_path: Path) -> None:
    tests = ["assert f(3) == 9", {"stdin": "3\n", "stdout": "9\n"}]
    assert _read(tmp_path, json.dumps(tests), "t.JSON") == tests


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("t.py", "", "holds no test: write asserts, functions test_...()"),
        ("t.py", "import math\nprint(f(3))\n", "holds no test"),
        ("t.py", "if 1:\n    def test_f():\n        assert f(3)\n", "holds no test"),
        ("t.py", "x = 1\n\nassert f(3 == 9\n", r"\(line 3: '\(' was never closed\): correct it"),
        ("t.py", "assert f('\0')\n", "does not parse as Python"),
        ("t.py", "assert f(" + "+".join(["1"] * 3000) + ")\n", "nested too deeply"),
        (
            "t.py",
            "\nfrom solution import f\nassert f(3)\n",
            "line 2: no sandbox has the module sol",
        ),
        ("t.py", "from . import f\nassert f(3)\n", "no sandbox has the module [.];"),
        ("t.py", "import pytest\nassert f(3)\n", "the module pytest; import the standard library"),
        ("t.py", "def test_f(tmp_path):\n    assert f(3)\n", "test_f cannot be called as it is"),
        ("t.py", "def test_f(*, a):\n    assert f(a)\n", "test_f cannot be called as it is"),
        ("t.py", "async def test_f():\n    assert f(3)\n", "write a plain test_f()"),
        ("t.py", "class TestF:\n    def test_f(self):\n        assert f(3)\n", "tests in a class"),
        ("t.json", "", "line 1: Expecting value"),
        ("t.json", '["assert f(3)",\n oops]', "line 2: Expecting value"),
        ("t.json", "[]", "holds no test"),
        ("t.json", '{"tests": ["assert f(3)"]}', "another shape of JSON: write a JSON list"),
        ("t.json", '["assert f(3)", 3]', "another shape of JSON at test 2"),
        ("t.json", '[{"stdin": "3"}]', "another shape of JSON at test 1"),
        ("t.json", '[{"stdin": 3, "stdout": "9"}]', "another shape of JSON at test 1"),
        ("t.json", "[" * 100_000, "nested too deeply|no JSON"),
    ],
)
def test_what_holds_no_tests_is_refused_in_one_sentence_with_its_line(
    tmp_path: Path, name: str, text: str, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        _read(tmp_path, text, name)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["none.py", "."])
def test_what_is_no_file_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no file .*--tests takes the path"):
        read_tests(str(tmp_path / name))


def test_what_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.py").write_bytes(b"assert f('\xe4')\n")
    with pytest.raises(InputError, match="not UTF-8 text: save it as such"):
        read_tests(str(tmp_path / "t.py"))
