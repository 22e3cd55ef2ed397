"""What a sandbox is: a program goes in, what became of it comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from cope_graph.errors import CopeError, SandboxError


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use.

    A sandbox may be stricter: none lets a program write files, and CPython-WASI has no processes.
    """

    seconds: float = 10.0
    """Wall-clock time, from when the interpreter is there to when the program has ended."""
    memory_bytes: int = 512 * 1024 * 1024
    """Address space: of all processes together in sandlock, of each in bubblewrap."""
    processes: int = 8
    """Processes at one time; bubblewrap counts threads too."""
    files: int = 64
    """Open files of a process."""
    output_bytes: int = 1024 * 1024
    """Of standard output and error together; who writes more is killed."""


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a program."""

    status: Literal["ended", "timeout", "killed"]
    """By itself, by `Limits.seconds`, or by a signal or another limit."""
    exit_code: int | None
    """`None` unless the program ended by itself. 0 is no verdict: `os._exit(0)` is one too."""
    stdout: str
    """UTF-8; what is not is replaced."""
    stderr: str
    truncated: bool
    """Whether it wrote more than `Limits.output_bytes`; what came before is kept."""
    seconds: float
    """Wall-clock time of the run, start of the sandbox included."""
    reason: str = ""
    """Why it was killed."""


@runtime_checkable
class CodeRunner(Protocol):
    """A sandbox. Bring your own (Docker, E2B, ...): a name, and `run`.

    `run` is called from many threads at once, and blocks.
    """

    @property
    def name(self) -> str:
        """Of the sandbox, for messages."""

    def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:
        """Run a Python program with an empty environment and without a network.

        Args:
            program: Source of a Python program. It runs as `__main__`.
            stdin: What it reads from standard input.
            limits: What it may use.

        Returns:
            What became of it. Nothing of it is left: no process, no file.

        Raises:
            SandboxError: If the sandbox failed, so that nothing is known about the program.
        """


@dataclass(frozen=True)
class Guarded:
    """A sandbox of somebody's own: whatever it raises is a failure of it, and of no program."""

    runner: CodeRunner

    @property
    def name(self) -> str:
        """That of the sandbox."""
        return self.runner.name

    def run(self, program: str, *, stdin: str = "", limits: Limits = DEFAULT_LIMITS) -> Ran:
        """Do as the sandbox does.

        Raises:
            SandboxError: It failed.
        """
        try:
            return self.runner.run(program, stdin=stdin, limits=limits)
        except CopeError:
            raise
        except Exception as error:
            msg = f"the sandbox {self.name} failed: {error}"
            raise SandboxError(msg) from error
