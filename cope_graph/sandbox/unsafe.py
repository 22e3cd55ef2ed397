"""No sandbox: a plain process with limits, for code that is trusted. Only by explicit name."""

from __future__ import annotations

import tempfile

from cope_graph.sandbox.boot import arguments, each_process, feed
from cope_graph.sandbox.interpreter import python
from cope_graph.sandbox.pipes import tell
from cope_graph.sandbox.process import run_process
from cope_graph.sandbox.runner import DEFAULT_LIMITS, Limits, Ran


class UnsafeSubprocess:
    """Runs programs as the caller: they read its files and reach its network.

    Limits hold for each process; how many processes there are is not limited.
    """

    name = "unsafe_subprocess"

    def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:
        """See `CodeRunner.run`; neither network nor files are closed to the program."""
        size, fed = feed(program, stdin)
        command = [python(), *arguments(size, [*each_process(limits).values()])]
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            heard, code = run_process(command, fed, limits, name=self.name, cwd=folder)
        return tell(heard, limits, code, self.name)
