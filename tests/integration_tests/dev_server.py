"""The real ``langgraph dev`` on a free port, in a folder of its own, gone at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient

_REPOSITORY: Final = Path(__file__).resolve().parents[2]
_HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 90.0
_STOP_SECONDS: Final = 15.0
_FOREIGN: Final = ("COPE_", "OPENAI_", "LANGSMITH_", "LANGCHAIN_", "LANGGRAPH_", "PYTEST_")
_OFFLINE: Final = {
    "LANGGRAPH_CLI_NO_ANALYTICS": "1",
    "LANGGRAPH_NO_VERSION_CHECK": "1",
    "LANGSMITH_TRACING": "false",
}


@dataclass(frozen=True)
class DevServer:
    """A running server."""

    url: str
    folder: Path
    """Where it runs and keeps its state: the only files it may write."""
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        """Everything it has logged so far."""
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")

    def client(self) -> SyncLangGraphClient:
        """A client without a key; use it in a ``with``.

        It keeps no connection: the server ends idle ones, maybe just as the next request goes out.
        """
        return get_sync_client(url=self.url, api_key=None, headers={"Connection": "close"})


@contextlib.contextmanager
def dev_server(folder: Path, environment: Mapping[str, str]) -> Iterator[DevServer]:
    """Serve the repository's ``langgraph.json`` out of ``folder``.

    Nothing of the caller's COPE, OpenAI or LangSmith settings reaches the server, only
    ``environment``.

    Raises:
        RuntimeError: The server did not start; the message holds the end of its log.
    """
    shutil.copy(_REPOSITORY / "langgraph.json", folder)
    port = _free_port()
    own = {name: v for name, v in os.environ.items() if not name.startswith(_FOREIGN)}
    command = Path(sys.executable).with_name("langgraph")
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command, no shell
            [command, "dev", "--no-browser", "--no-reload", "--host", _HOST, "--port", str(port)],
            cwd=folder,
            env={**own, **_OFFLINE, "PYTHONPATH": str(_REPOSITORY), **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = DevServer(f"http://{_HOST}:{port}", folder, process)
    try:
        _wait_until_ready(server)
        yield server
    finally:
        _end_group(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(server: DevServer) -> None:
    end = time.monotonic() + _START_SECONDS
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        while server.process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(httpx.TransportError):
                if client.get("/ok").is_success:
                    return
            time.sleep(0.1)
    msg = f"langgraph dev did not start:\n{server.log[-3000:]}"
    raise RuntimeError(msg)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End the server and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(_STOP_SECONDS)
