"""A LangSmith that listens on 127.0.0.1 and keeps what it is sent.

::

    with LangSmithCollector() as collector:
        with collector.tracing():
            graph.invoke({"messages": [("user", "2 + 2?")]})
        names = [run["name"] for run in collector.runs()]
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson
from langchain_core.tracers import LangChainTracer
from langsmith import Client
from langsmith.run_helpers import tracing_context
from urllib3.util import Retry

from tests.loopback.http_messages import Request, Response
from tests.loopback.http_server import LoopbackServer
from tests.loopback.multipart import decompress, parts

Run = dict[str, Any]
"""A run as LangSmith stores it: id, name, run_type, inputs, outputs, error, extra and so on."""

_FLUSH_SECONDS: Final = 10.0
_LIMITS: Final = {
    "use_multipart_endpoint": True,
    "scale_up_qsize_trigger": 1000,
    "scale_up_nthreads_limit": 16,
    "scale_down_nempty_trigger": 4,
    "size_limit": 100,
    "size_limit_bytes": 20_971_520,
}


class LangSmithCollector(LoopbackServer):
    """Takes runs by ``/runs/multipart``, ``/runs/batch`` and ``/runs``, and merges them by id."""

    def __init__(self, *, zstd: bool = True, delay_s: float = 0.0, port: int = 0) -> None:
        """Prepare; ``zstd`` tells clients that they may compress, ``delay_s`` slows answers."""
        super().__init__(port=port)
        self._zstd = zstd
        self._delay_s = delay_s
        self._created: dict[str, Run] = {}
        self._patches: dict[str, Run] = {}
        self.bodies: Final[list[bytes]] = []
        """Every body received, decompressed: where to look for what must not be traced."""
        self.feedback: Final[list[dict[str, Any]]] = []

    def runs(self) -> list[Run]:
        """Every run so far, parents before children, in the order they started.

        Complete once the client that sent them was flushed, as ``tracing`` does.
        """
        ids = {**self._created, **self._patches}
        merged = [{**self._created.get(i, {}), **self._patches.get(i, {})} for i in ids]
        return sorted(merged, key=lambda run: str(run.get("dotted_order", "")))

    def children(self, run: Run) -> list[Run]:
        """The runs right below ``run``."""
        return [each for each in self.runs() if each.get("parent_run_id") == run["id"]]

    def client(self, on_error: Callable[[Exception], None] | None = None) -> Client:
        """A LangSmith client that sends here; the caller flushes and closes it.

        It never retries: on loopback a retry only hides a fault, and the client's back-off of 12 s
        runs in a thread that holds up the end of the process.
        """
        return Client(
            api_url=self.url,
            api_key="test",
            retry_config=Retry(total=0),
            tracing_error_callback=on_error,
        )

    @contextlib.contextmanager
    def tracing(
        self, project: str = "test", *, timeout_s: float = _FLUSH_SECONDS
    ) -> Iterator[Client]:
        """Send all that runs inside to this collector, whatever the environment says.

        Raises:
            RuntimeError: If runs could not be sent.
            TimeoutError: If they were not sent within ``timeout_s`` seconds.
        """
        with (
            self._flushed_client(timeout_s) as client,
            tracing_context(enabled=True, client=client, project_name=project, parent=False),
        ):
            yield client

    @contextlib.contextmanager
    def tracer(
        self, project: str = "test", *, timeout_s: float = _FLUSH_SECONDS
    ) -> Iterator[LangChainTracer]:
        """A callback that traces one call, ``config={"callbacks": [tracer]}``, into here.

        Raises:
            RuntimeError: If runs could not be sent.
            TimeoutError: If they were not sent within ``timeout_s`` seconds.
        """
        with self._flushed_client(timeout_s) as client:
            yield LangChainTracer(project_name=project, client=client)

    @contextlib.contextmanager
    def _flushed_client(self, timeout_s: float) -> Iterator[Client]:
        errors: list[Exception] = []
        client = self.client(errors.append)
        try:
            yield client
        finally:  # the runs of a failed call arrive too
            try:
                flush(client, timeout_s)
            finally:
                client.close(timeout=0)
            if errors:
                msg = f"{len(errors)} batches of runs could not be sent to {self.url}."
                raise RuntimeError(msg) from errors[0]

    def handle(self, request: Request) -> Response:
        """Route one request."""
        path = request.path.partition("?")[0]
        if path == "/info":
            return self._json(self._info())
        body = decompress(request.body, request.headers.get("content-encoding", ""))
        self.bodies.append(body)
        match request.method, path.strip("/").split("/"):
            case "POST", ["runs", "multipart"]:
                self._take_parts(body, request.headers["content-type"])
            case "POST", ["runs", "batch"]:
                self._take_batch(orjson.loads(body))
            case "POST", ["runs"]:
                self._take_batch({"post": [orjson.loads(body)]})
            case "PATCH", ["runs", run_id]:
                self._take_batch({"patch": [{**orjson.loads(body), "id": run_id}]})
            case _:
                return self._json({"detail": f"Not found: {request.method} {path}"}, status=404)
        return self._json({}, status=202)

    def _json(self, value: dict[str, Any], *, status: int = 200) -> Response:
        return Response(orjson.dumps(value), status=status, delay_s=self._delay_s)

    def _info(self) -> dict[str, Any]:
        flags = {"zstd_compression_enabled": self._zstd}
        return {"version": "0.0.0", "batch_ingest_config": _LIMITS, "instance_flags": flags}

    def _take_parts(self, body: bytes, content_type: str) -> None:
        for name, value in parts(body, content_type):
            match name.split("."):
                case ["post" | "patch" as event, run_id]:
                    self._take(event, run_id, orjson.loads(value))
                case ["post" | "patch" as event, run_id, key]:
                    self._take(event, run_id, {key: orjson.loads(value)})
                case ["feedback", _]:
                    self.feedback.append(orjson.loads(value))
                case ["attachment", run_id, key]:
                    known = self._created.setdefault(run_id, {}).setdefault("attachments", {})
                    known[key] = value
                case _:
                    msg = f"Unknown multipart name {name!r}."
                    raise ValueError(msg)

    def _take_batch(self, batch: dict[str, list[Run]]) -> None:
        for event in ("post", "patch"):
            for run in batch.get(event, []):
                self._take(event, run["id"], run)

    def _take(self, event: str, run_id: str, values: Run) -> None:
        table = self._created if event == "post" else self._patches
        known = table.setdefault(run_id, {"id": run_id})
        known.update({key: value for key, value in values.items() if value is not None})


def flush(client: Client, timeout_s: float = _FLUSH_SECONDS) -> None:
    """Wait until the client has sent everything.

    Raises:
        TimeoutError: If that took longer than ``timeout_s`` seconds.
    """
    start = time.monotonic()
    client.flush(timeout=timeout_s)
    if time.monotonic() - start >= timeout_s:
        msg = f"The LangSmith client did not send its runs within {timeout_s:g} s."
        raise TimeoutError(msg)
