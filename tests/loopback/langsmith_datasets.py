"""A LangSmith that listens on 127.0.0.1 and has data sets.

::

    with LangSmithDatasets({"sums": [({"question": "2 + 2?"}, {"answer": "4"})]}) as server:
        rows = read_langsmith("sums", server.client())
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs

import orjson
from langsmith import Client
from urllib3.util import Retry

from tests.loopback.http_messages import Request, Response
from tests.loopback.http_server import LoopbackServer

Example = tuple[dict[str, Any], dict[str, Any] | None]
"""Inputs and outputs."""
KEY: Final = "lsv2_pt_planted_secret"
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)


class LangSmithDatasets(LoopbackServer):
    """Serves data sets by name to whoever has the key; the newest example first, as LangSmith."""

    def __init__(self, datasets: Mapping[str, Sequence[Example]]) -> None:
        super().__init__()
        self._ids: Final = {name: str(uuid.uuid5(uuid.NAMESPACE_DNS, name)) for name in datasets}
        self._datasets: Final = datasets
        self.pages: Final[list[int]] = []
        """How many examples each answer held."""
        self.requests = 0
        self.refuses: int | None = None
        """The status of every answer."""

    def client(self, key: str = KEY) -> Client:
        """A client that asks here, once."""
        retries = Retry(total=0)
        return Client(api_url=self.url, api_key=key, retry_config=retries, auto_batch_tracing=False)

    def handle(self, request: Request) -> Response:
        """Answer as LangSmith does."""
        self.requests += 1
        if self.refuses is not None:
            return _json({"detail": "refused"}, self.refuses)
        if request.headers.get("x-api-key") != KEY:
            return _json({"detail": f"Invalid token {request.headers.get('x-api-key')}"}, 401)
        path, _, query = request.path.partition("?")
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        if path == "/datasets":
            id_ = self._ids.get(asked["name"])
            found = {"id": id_, "name": asked["name"], "created_at": _START.isoformat()}
            return _json([found] if id_ else [])
        if path == "/examples":
            name = next(name for name, id_ in self._ids.items() if id_ == asked["dataset"])
            at, size = int(asked["offset"]), int(asked["limit"])
            page = self._examples(name)[at : at + size]
            self.pages.append(len(page))
            return _json(page)
        return _json({"detail": "Not found"}, 404)

    def _examples(self, name: str) -> list[dict[str, Any]]:
        made = [
            {
                "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}/{at}")),
                "dataset_id": self._ids[name],
                "created_at": (_START + timedelta(seconds=at)).isoformat(),
                "inputs": inputs,
                "outputs": outputs,
            }
            for at, (inputs, outputs) in enumerate(self._datasets[name])
        ]
        return made[::-1]


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status=status)
