"""What every sandbox does with a program."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cope_graph.errors import SandboxError
from cope_graph.sandbox import bubblewrap, interpreter, seccomp
from cope_graph.sandbox.bubblewrap import Bubblewrap
from cope_graph.sandbox.runner import CodeRunner, Limits
from cope_graph.sandbox.unsafe import UnsafeSubprocess

SHORT = Limits(seconds=1)
STANDARD_LIBRARY = """
import argparse, asyncio, bisect, collections, copy, csv, dataclasses, datetime, decimal, enum
import fractions, functools, hashlib, heapq, io, itertools, json, logging, math, operator, pickle
import queue, random, re, statistics, string, struct, textwrap, typing, unicodedata, uuid, zlib
print(asyncio.run(asyncio.sleep(0, "ok")) if hasattr(__import__("socket"), "socketpair") else "ok")
"""


def test_a_program_reads_writes_and_exits(runner: CodeRunner) -> None:
    ran = runner.run(
        "import sys\nprint(input() + '!')\nprint('no', file=sys.stderr)\nsys.exit(3)", stdin="é\n"
    )
    assert (ran.status, ran.exit_code, ran.stdout, ran.stderr) == ("ended", 3, "é!\n", "no\n")
    assert not ran.truncated
    assert 0 < ran.seconds < 10


def test_a_program_is_main_and_may_call_exit(runner: CodeRunner) -> None:
    ran = runner.run(
        "import sys\nprint(__name__, sys.argv, __import__('__main__').x0 if 0 else '')\nexit(4)"
    )
    assert (ran.stdout.strip(), ran.exit_code) == ("__main__ ['program.py']", 4)


def test_the_standard_library_is_there(runner: CodeRunner) -> None:
    ran = runner.run(STANDARD_LIBRARY)
    assert ran.exit_code == 0 or "socket" in ran.stderr, ran.stderr


def test_an_error_is_a_traceback_and_exit_code_1(runner: CodeRunner) -> None:
    ran = runner.run("print('before')\n1 / 0")
    assert (ran.status, ran.exit_code, ran.stdout) == ("ended", 1, "before\n")
    assert ran.stderr.rstrip().endswith("ZeroDivisionError: division by zero")


@pytest.mark.parametrize("program", ["def f(", "x = '\0'", "x = '\ud800'", "(" * 100_000])
def test_what_is_no_program_is_the_programs_failure(runner: CodeRunner, program: str) -> None:
    ran = runner.run(program)
    assert ran.status == "killed" or ran.exit_code == 1


def test_output_that_is_no_text_is_replaced(runner: CodeRunner) -> None:
    ran = runner.run("import os; os.write(1, b'a\\xff\\xfeb'); os.write(2, b'\\x80')")
    assert (ran.stdout, ran.stderr) == ("a\ufffd\ufffdb", "\ufffd")


def test_a_long_program_and_a_long_input_arrive(runner: CodeRunner) -> None:
    program = "import sys\nprint(len(sys.stdin.read()))\n#" + "x" * 3_000_000
    assert runner.run(program, stdin="y" * 3_000_000).stdout == "3000000\n"


def test_a_program_that_does_not_read_its_input_ends(runner: CodeRunner) -> None:
    assert runner.run("print(1)", stdin="y" * 3_000_000).stdout == "1\n"


def test_output_up_to_the_limit_is_whole_and_beyond_it_kills(runner: CodeRunner) -> None:
    limits = Limits(output_bytes=100_000)
    whole = runner.run("print('x' * 99_999)", limits=limits)
    assert (whole.status, len(whole.stdout), whole.truncated) == ("ended", 100_000, False)
    more = runner.run("print('x' * 100_001)", limits=limits)
    assert (more.status, len(more.stdout), more.truncated) == ("killed", 100_000, True)
    assert more.reason == "wrote more than 100,000 bytes"


@pytest.mark.parametrize("body", ["while True: pass", "import time; time.sleep(60)"])
def test_time_runs_out(runner: CodeRunner, body: str) -> None:
    began = time.monotonic()
    ran = runner.run(f"print('here', flush=True)\n{body}", limits=SHORT)
    assert (ran.status, ran.exit_code, ran.stdout) == ("timeout", None, "here\n")
    assert time.monotonic() - began < 8


def test_a_short_sleep_lasts_as_long_as_it_should(runner: CodeRunner) -> None:
    ran = runner.run(
        "import time; a = time.monotonic(); time.sleep(0.2); print(time.monotonic() - a)"
    )
    assert 0.19 < float(ran.stdout) < 5


def test_memory_runs_out(runner: CodeRunner) -> None:
    small = Limits(memory_bytes=128 * 1024 * 1024)
    assert runner.run("print(len(bytearray(40 << 20)))", limits=small).stdout == "41943040\n"
    ran = runner.run("print(len(bytearray(200 << 20)))", limits=small)
    assert ran.status == "killed" or "MemoryError" in ran.stderr
    assert ran.stdout == ""


def test_the_environment_is_empty(runner: CodeRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPE_PLANTED", "1")
    ran = runner.run("import os; print(sorted(os.environ))")
    # Python itself sets LC_CTYPE in a C locale, and bwrap PWD.
    assert set(eval(ran.stdout)) <= {"LC_CTYPE", "PWD"}  # noqa: S307 - our own program's output


def test_runs_side_by_side_do_not_mix(runner: CodeRunner) -> None:
    with ThreadPoolExecutor(8) as pool:
        programs = [f"print(input(), {number})" for number in range(40)]
        inputs = [f"{number}\n" for number in range(40)]
        ran = list(pool.map(lambda p, i: runner.run(p, stdin=i).stdout, programs, inputs))
    assert ran == [f"{number} {number}\n" for number in range(40)]


def test_without_a_sandbox_limits_of_time_and_output_hold() -> None:
    plain = UnsafeSubprocess()
    assert plain.run("while True: pass", limits=SHORT).status == "timeout"
    assert plain.run("while True: print('x' * 1000)").reason == "wrote more than 1,048,576 bytes"
    assert plain.run("import os; os.kill(os.getpid(), 9)").reason == "signal 9"


def test_an_interpreter_that_does_not_start_is_the_sandboxs_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cope_graph.sandbox.unsafe.python", lambda: "/bin/false")
    with pytest.raises(SandboxError, match="unsafe_subprocess could not start Python: exit code 1"):
        UnsafeSubprocess().run("print(1)")
    monkeypatch.setattr("cope_graph.sandbox.unsafe.python", lambda: "/nowhere/python")
    with pytest.raises(SandboxError, match=r"could not be started: .*No such file"):
        UnsafeSubprocess().run("print(1)")


def test_bubblewrap_that_fails_is_no_failed_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "_bwrap", lambda: ("/bin/false",))
    with pytest.raises(SandboxError, match="bubblewrap could not start Python"):
        Bubblewrap().run("print(1)")


def test_a_machine_whose_system_calls_are_unknown_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seccomp.seccomp_filter.cache_clear()
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(SandboxError, match="this is riscv64"):
        seccomp.seccomp_filter()
    seccomp.seccomp_filter.cache_clear()


def test_a_program_reads_no_site_packages_of_a_virtual_environment() -> None:
    assert not any("site-packages" in path for path in interpreter.readable())
    assert interpreter.python() in interpreter.readable()
