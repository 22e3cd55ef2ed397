"""A server on 127.0.0.1 for the length of a ``with``, in a thread of its own."""

import asyncio
import socket
import threading
import time
from types import TracebackType
from typing import Final, Self

from tests.loopback.http_messages import Request, Response
from tests.loopback.http_protocol import Connection, Traffic

_HOST: Final = "127.0.0.1"
_STOP_SECONDS: Final = 5.0


class LoopbackServer:
    """Base of the loopback servers: a subclass answers requests in ``handle``.

    ``handle`` runs on the server's thread, one request at a time, so it needs no lock of its own
    and must not block. What it raises reaches the client as a 500 and is raised again when the
    ``with`` ends: a graph that survives a failing model would otherwise hide a broken test.
    """

    def __init__(self, *, port: int = 0) -> None:
        """Prepare; ``port`` 0 takes a free one on entry."""
        self.traffic: Final = Traffic()
        self.failures: Final[list[Exception]] = []
        self._port = port
        self._url: str | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address, such as ``http://127.0.0.1:41234``; still known after the ``with``."""
        if self._url is None:
            msg = f"{type(self).__name__} has not been started: enter it with `with` first."
            raise RuntimeError(msg)
        return self._url

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        raise NotImplementedError

    def cpu_seconds(self) -> float:
        """CPU seconds of the server's thread; call it from ``handle`` only."""
        return time.thread_time()

    def __enter__(self) -> Self:
        """Bind the port and start the thread; connections are accepted from here on."""
        listener = socket.create_server((_HOST, self._port), backlog=1024)
        self._url = f"http://{_HOST}:{listener.getsockname()[1]}"
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener, ready)),
            name=type(self).__name__,
            daemon=True,
        )
        self._thread.start()
        if not ready.wait(_STOP_SECONDS):
            msg = f"{type(self).__name__} did not start within {_STOP_SECONDS:g} s."
            raise TimeoutError(msg)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection, join the thread, and raise what a handler raised."""
        if self._loop is not None and self._stop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(_STOP_SECONDS)
        if error is None and self.failures:
            raise self.failures[0]

    async def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await self._loop.create_server(
            lambda: Connection(self._answer, self.traffic), sock=listener
        )
        ready.set()
        await self._stop.wait()
        server.close()
        for connection in tuple(self.traffic.connections):
            connection.abort()
        await server.wait_closed()
        await asyncio.sleep(0)  # Python 3.11 does not wait for the aborted transports

    def _answer(self, request: Request) -> Response:
        try:
            return self.handle(request)
        except Exception as error:  # noqa: BLE001 - whatever a test's reply function raises
            self.failures.append(error)
            text = f"{type(error).__name__}: {error}"
            return Response(text.encode(), status=500, content_type="text/plain")
