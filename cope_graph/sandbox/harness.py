"""What runs inside a sandbox when a candidate is judged by asserts.

The candidate and its tests share one process, and only the line of a test that begins with this
run's secret counts. The secret comes over standard input, which is at its end when the candidate
starts; it is in no source, no argument and no file. Names that the candidate could replace are
bound before. What this does not hold: a candidate that searches the memory of its own process (the
frames of its callers, `gc`) finds the secret, and one that returns an object which equals
everything passes any `==`. Pairs of input and output are compared outside and have neither gap.
"""

from __future__ import annotations

from typing import Final

HARNESS: Final = r"""
def _judge():
    import builtins, io, os, sys, types
    write, leave, run, build, text, quote, size = (
        os.write, os._exit, exec, compile, str, ascii, len)
    Any, kept, shared = BaseException, dict(vars(builtins)), vars(builtins)
    secrets, candidate, tests = eval(sys.stdin.buffer.read(), {"__builtins__": {}})

    class Sink(io.RawIOBase):
        def writable(self):
            return True
        def write(self, data):
            return len(data)
    sys.stdout = sys.__stdout__ = io.TextIOWrapper(io.BufferedWriter(Sink()), errors="replace")
    sys.stderr = sys.__stderr__ = io.TextIOWrapper(io.BufferedWriter(Sink()), errors="replace")

    def say(secret, words):
        line = ("\n" + secret + " " + quote(words[:2000]) + "\n").encode("ascii")
        while line:
            line = line[write(1, line):]

    def attempt(code, name, scope):
        try:
            run(build(code, name, "exec"), scope)
        except Any as error:
            try:
                words = text(error)
            except Any:
                words = ""
            return f"{type(error).__name__}: {words}" if words else type(error).__name__
        return ""

    module = types.ModuleType("candidate")
    sys.modules["candidate"] = module
    scope = vars(module)
    broken = attempt(candidate, "candidate.py", scope)
    say(secrets[0], broken)
    if not broken:
        for index in range(size(tests)):
            shared.update(kept)
            say(secrets[index + 1], attempt(tests[index], "test.py", scope))
    leave(0)
_judge()
"""


def payload(secrets: list[str], candidate: str, tests: list[str]) -> str:
    """Return the standard input of the harness: one literal, in ASCII.

    Args:
        secrets: One for the candidate itself, then one for each test.
        candidate: Its source.
        tests: Sources of the tests.
    """
    return ascii((secrets, candidate, tests))
