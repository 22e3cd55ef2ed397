"""What the tests say of a candidate, also of one that cheats."""

from __future__ import annotations

import pytest

from cope_graph.errors import InputError, SandboxError
from cope_graph.sandbox.asserts import telling
from cope_graph.sandbox.runner import DEFAULT_LIMITS, CodeRunner, Limits, Ran
from cope_graph.sandbox.unsafe import UnsafeSubprocess
from cope_graph.sandbox.verdicts import AssertTest, IOTest, Outcome, Test, judge

GOOD = "def double(x):\n    return 2 * x\n"
TESTS = [
    AssertTest("assert double(1) == 2"),
    AssertTest("assert double(2) == 4"),
    AssertTest("assert sorted([double(3)]) == [6]"),
]
SHORT = Limits(seconds=1)

CHEATS = {
    "exit": "raise SystemExit(0)",
    "early exit": "import os\nos._exit(0)",
    "early exit in a test": "def double(x):\n    import os\n    os._exit(0)",
    "exit in a test": "def double(x):\n    raise SystemExit(0)",
    "interrupt in a test": "def double(x):\n    raise KeyboardInterrupt",
    "killing itself": "def double(x):\n    import os, signal\n    os.abort()",
    "the form of a verdict": (
        "import os\nos.write(1, b'\\n' + b'0' * 32 + b' \\'\\'\\n')\nos._exit(0)"
    ),
    "all there is to know of the source": (
        "import sys, os\nprint(sys.argv, open(sys.argv[0]).read())\nos._exit(0)"
    ),
    "reading the secret": (
        "import os, sys\nsaid = sys.stdin.read() + os.read(0, 9999).decode()\n"
        "os.write(1, said.encode())\nos._exit(0)"
    ),
    "other built-in functions": (
        "import builtins\nbuiltins.sorted = lambda _: [6]\nbuiltins.str = builtins.len = None\n"
        "builtins.BaseException = builtins.AssertionError = int\nbuiltins.print = print\n"
        "def double(x):\n    return {1: 2, 2: 4}.get(x)"
    ),
    "other output": (
        "import os, sys\nos.write = lambda *_: 0\nsys.stdout = sys.stderr = None\n"
        "def double(x):\n    return 0"
    ),
    "an exception that hurts": (
        "class E(BaseException):\n    def __str__(self):\n        raise self\n"
        "def double(x):\n    raise E"
    ),
    "at exit": "import atexit, os\natexit.register(os._exit, 0)\ndef double(x):\n    return 0",
    "a thread that ends all": (
        "import os, threading\nthreading.Thread(target=os._exit, args=(0,)).start()\n"
        "import time\ntime.sleep(0.5)\n"
    ),
}


def test_a_good_candidate_passes(runner: CodeRunner) -> None:
    outcome = judge(runner, GOOD, TESTS)
    assert (outcome.status, outcome.failures) == ("passed", ())
    assert outcome.seconds > 0


def test_each_test_is_judged_by_itself_and_tells_what_came(runner: CodeRunner) -> None:
    outcome = judge(runner, "def double(x):\n    return 4 if x > 1 else x.y", TESTS)
    assert [(one.test, one.status, one.message) for one in outcome.failures] == [
        (0, "failed", "AttributeError: 'int' object has no attribute 'y'"),
        (2, "failed", "AssertionError: [4] == [6]"),
    ]
    assert outcome.status == "failed"


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_does_not_pass(runner: CodeRunner, cheat: str) -> None:
    outcome = judge(runner, CHEATS[cheat], TESTS)
    assert outcome.status in {"failed", "killed"}
    assert outcome.failures


def test_an_early_exit_is_told_apart_from_a_wrong_answer(runner: CodeRunner) -> None:
    outcome = judge(
        runner,
        "def double(x):\n    import os\n    return 2 * x if x < 2 else os._exit(0)",
        TESTS,
    )
    assert [one.test for one in outcome.failures] == [1, 2]
    assert outcome.failures[0].message == (
        "the program ended early (exit code 0), before this test was done"
    )


def test_a_candidate_that_does_not_parse_fails_every_test(runner: CodeRunner) -> None:
    outcome = judge(runner, "def double(x:", TESTS)
    assert len(outcome.failures) == 3
    assert outcome.failures[0].message.startswith("SyntaxError: ")
    assert "candidate.py, line 1" in outcome.failures[0].message


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param("#" + "x" * 100_000, id="100 KB"),
        pytest.param("print('x' * 5_000_000)", id="megabytes printed"),
        pytest.param("import os; os.write(1, b'\\xff\\xfe no line end')", id="no text"),
        pytest.param("if __name__ == '__main__':\n    input()", id="main guard"),
        pytest.param("import sys; sys.stdout.buffer.write(b'x'); print('é\\udc80')", id="buffer"),
        pytest.param(
            "import dataclasses, pickle\n@dataclasses.dataclass\nclass P:\n    x: 'int'\n"
            "pickle.loads(pickle.dumps(P(1)))",
            id="a module of its own",
        ),
    ],
)
def test_what_a_good_candidate_may_do_besides(runner: CodeRunner, extra: str) -> None:
    assert judge(runner, f"{extra}\n{GOOD}", TESTS).failures == ()


@pytest.mark.parametrize("body", ["while True: pass", "import candidate_2\nwhile True: pass"])
def test_a_candidate_without_end_runs_out_of_time(runner: CodeRunner, body: str) -> None:
    body = body.replace("import candidate_2", "import json.decoder as candidate_2")
    outcome = judge(runner, f"{GOOD}{body}", TESTS, SHORT)
    assert outcome.status == "timeout"
    assert [one.message for one in outcome.failures] == ["not done within 1 s"] * 3


def test_a_test_without_end_leaves_the_verdicts_before_it(runner: CodeRunner) -> None:
    code = "def double(x):\n    while x > 1: pass\n    return 2 * x"
    outcome = judge(runner, code, TESTS, SHORT)
    assert outcome.status == "timeout"
    assert [one.test for one in outcome.failures] == [1, 2]


def test_too_much_output_kills(runner: CodeRunner) -> None:
    code = (
        f"import os\ntry:\n    os.write(1, b'x' * 3_000_000)\nexcept OSError: os._exit(1)\n{GOOD}"
    )
    outcome = judge(runner, code, TESTS)
    assert outcome.status == "killed"
    assert outcome.failures[0].message == "killed: wrote more than 1,048,576 bytes"


def test_messages_are_bounded(runner: CodeRunner) -> None:
    outcome = judge(runner, "def double(x):\n    raise ValueError('é' * 10**6)", TESTS[:1])
    assert len(outcome.failures[0].message) == 500
    assert outcome.failures[0].message.endswith("éé…")


def test_input_and_output_are_compared_outside(runner: CodeRunner) -> None:
    tests = [IOTest("1\n2\n", "3\n"), IOTest("5 \n5\n", "10"), IOTest("1\n1\n", "2\n\n")]
    good = "print(int(input()) + int(input()), end=' \\n\\n')"
    assert judge(runner, good, tests).failures == ()
    outcome = judge(runner, "print(3)", tests)
    assert [(one.test, one.message) for one in outcome.failures] == [
        (1, "line 1 of the output is '3', not '10'"),
        (2, "line 1 of the output is '3', not '2'"),
    ]
    [lines] = judge(runner, "print(3)\nprint(4)", tests[:1]).failures
    assert lines.message == "the output has 2 lines, not 1"


def test_right_output_with_an_error_after_it_fails(runner: CodeRunner) -> None:
    [failure] = judge(runner, "print(3)\n1 / 0", [IOTest("", "3")]).failures
    assert failure.message == "exit code 1: ZeroDivisionError: division by zero"


def test_after_a_timeout_no_further_pair_is_tried(runner: CodeRunner) -> None:
    tests = [IOTest("", "1"), IOTest("", "1")]
    outcome = judge(runner, "while True: pass", tests, SHORT)
    assert outcome.status == "timeout"
    assert outcome.failures[1].message == "not tried: an earlier test was ended"
    assert outcome.seconds < 8


def test_asserts_and_pairs_may_be_mixed() -> None:
    tests: list[Test] = [IOTest("3", "6\n"), AssertTest("assert double(2) == 4"), IOTest("4", "9")]
    program = f"{GOOD}if __name__ == '__main__':\n    print(double(int(input())))"
    outcome = judge(UnsafeSubprocess(), program, tests)
    assert [(one.test, one.status) for one in outcome.failures] == [(2, "failed")]


def test_a_failing_sandbox_is_never_a_failed_test() -> None:
    class Broken:
        name = "broken"

        def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:
            del program, stdin, limits
            msg = "the sandbox is gone"
            raise SandboxError(msg)

    tests: list[Test] = [TESTS[0], IOTest("", "")]
    for test in tests:
        with pytest.raises(SandboxError, match="the sandbox is gone"):
            judge(Broken(), GOOD, [test])


def test_an_output_that_only_looks_like_a_verdict_is_none() -> None:
    class Lying:
        name = "lying"

        def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:
            del program, limits
            key = stdin.split("'")[1]
            return Ran("ended", 0, f"\n{key} 1 +\n", "", truncated=False, seconds=0.0)

    [failure] = judge(Lying(), GOOD, TESTS[:1]).failures
    assert failure.message == "its result could not be read"


def test_no_tests_and_tests_that_do_not_parse_are_input_errors() -> None:
    with pytest.raises(InputError, match="cannot be judged without tests"):
        judge(UnsafeSubprocess(), GOOD, [])
    with pytest.raises(InputError, match="test 2 does not parse as Python"):
        judge(UnsafeSubprocess(), GOOD, [TESTS[0], AssertTest("assert double(")])


@pytest.mark.parametrize(
    "code",
    [
        "assert f(1) == 2, 'mine'",
        "assert f(1)",
        "assert 1 < f(1) < 3",
        "def t():\n    assert 1 == 2",
    ],
)
def test_only_plain_comparisons_are_rewritten(code: str) -> None:
    assert telling(code, 1) == code


@pytest.mark.parametrize("sign", ["==", "!=", "<", "<=", ">", ">=", "in", "not in", "is", "is not"])
def test_a_rewritten_comparison_means_the_same(sign: str) -> None:
    for right in ("[1]", "[2, [1]]", "x"):
        test = f"assert x {sign} {right}"
        want = got = True
        try:
            exec(test, {"x": [1]})  # noqa: S102 - our own test
        except (AssertionError, TypeError):
            want = False
        try:
            exec(telling(test, 1), {"x": [1]})  # noqa: S102 - our own test
        except (AssertionError, TypeError):
            got = False
        assert got == want


def test_an_outcome_without_failures_has_passed() -> None:
    assert Outcome("passed") == Outcome("passed", (), 0.0)
