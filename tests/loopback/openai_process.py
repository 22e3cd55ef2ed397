"""The loopback OpenAI server as a process of its own: its CPU is not the client's."""

import argparse
import importlib
import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from tests.loopback.completions import Bill
from tests.loopback.openai_server import OpenAIServer

if TYPE_CHECKING:
    from tests.loopback.replies import Replies

_ROOT: Final = Path(__file__).resolve().parents[2]
_STOP_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Stats:
    """What the server counted since it started."""

    count: int
    """Chat-completions requests, refused ones included."""
    billed: Mapping[str, Bill]
    unreported: Mapping[str, Bill]
    """The part of ``billed`` whose usage no client could see."""
    cpu_s: float
    """CPU seconds of the serving thread."""
    max_in_flight: int
    dropped: int


def read_stats(url: str) -> Stats:
    """Ask a running server, in a thread or in a process, for its counts."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=_STOP_SECONDS)
    try:
        connection.request("GET", "/__stats__", headers={"Connection": "close"})
        given: dict[str, Any] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    billed, unreported = (
        {model: Bill(**bill) for model, bill in given.pop(name).items()}
        for name in ("billed", "unreported")
    )
    return Stats(billed=billed, unreported=unreported, **given)


class OpenAIServerProcess:
    """Runs ``python -m tests.loopback.openai_server`` for the length of a ``with``.

    The process also ends when this one does, even if it is killed: it watches its standard input.
    """

    def __init__(
        self,
        replies: Mapping[str, Sequence[str]] | str | None = None,
        *,
        api_key: str = "test",
        delay_s: float = 0.0,
    ) -> None:
        """Prepare; ``replies`` is a script by model, or ``"module:function"``, or None."""
        self._args = ["--api-key", api_key, "--delay-s", str(delay_s), "--until-stdin-closes"]
        if isinstance(replies, str):
            self._args += ["--replies", replies]
        elif replies is not None:
            script = {model: list(texts) for model, texts in replies.items()}
            self._args += ["--script", json.dumps(script)]
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    @property
    def base_url(self) -> str:
        """What an OpenAI client takes as its base URL."""
        return f"{self.url}/v1"

    def stats(self) -> Stats:
        """The counts so far."""
        return read_stats(self.url)

    def __enter__(self) -> Self:
        """Start the process and wait for its address."""
        self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [sys.executable, "-m", "tests.loopback.openai_server", *self._args],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self._process.stdout.readline().strip() if self._process.stdout else ""
        if not self.url:
            self._end()
            msg = "The server process ended before it printed its address: see its stderr."
            raise RuntimeError(msg)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process; raise if a reply function of it raised."""
        code = self._end()
        if error is None and code != 0:
            msg = f"The server process ended with exit code {code}: see its stderr."
            raise RuntimeError(msg)

    def _end(self) -> int:
        if self._process is None:
            return 0
        with self._process as process:  # closes both pipes, which ends the process
            if process.stdin is not None:
                process.stdin.close()
            try:
                return process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                return process.wait(_STOP_SECONDS)


def serve_from_command_line() -> None:
    """Serve until interrupted (or until stdin closes); the first line printed is the address."""
    parser = argparse.ArgumentParser(prog="python -m tests.loopback.openai_server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--api-key", default="test")
    parser.add_argument("--delay-s", type=float, default=0.0)
    parser.add_argument("--script", type=json.loads, help='such as {"small": ["4", "5"]}')
    parser.add_argument("--replies", help="a function of the request body, as module:name")
    parser.add_argument("--until-stdin-closes", action="store_true")
    args = parser.parse_args()
    replies: Replies = args.script
    if args.replies:
        module, _, name = args.replies.partition(":")
        replies = getattr(importlib.import_module(module), name)
    with OpenAIServer(
        replies, api_key=args.api_key, delay_s=args.delay_s, port=args.port, record=False
    ) as server:
        print(server.url, flush=True)  # noqa: T201 - the parent reads it
        if args.until_stdin_closes:
            sys.stdin.read()
        else:
            threading.Event().wait()
