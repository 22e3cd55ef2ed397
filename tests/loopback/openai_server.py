"""A deterministic OpenAI-compatible chat-completions server on 127.0.0.1.

In a thread, for tests::

    with OpenAIServer({"small": ["4", "4", "5"]}) as server:
        model = ChatOpenAI(model="small", n=3, base_url=server.base_url, api_key="test")
        model.generate([[HumanMessage("2 + 2?")]])
        server.requests[0].body["n"], server.billed["small"].completion_tokens

A model's suffix makes it misbehave, as in ``small-500``: `tests.loopback.suffixes` lists them.

As a process, for benchmarks: `tests.loopback.openai_process.OpenAIServerProcess`, or by hand
``python -m tests.loopback.openai_server --port 0``, which prints its address as its first line.
"""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from tests.loopback.answers import answer, refuse, web_page
from tests.loopback.completions import Bill, Completion
from tests.loopback.faults import misbehave, refusal
from tests.loopback.http_messages import Request, Response
from tests.loopback.http_server import LoopbackServer
from tests.loopback.replies import ApiError, Body, Replies, Reply, Script, distinct_texts

_COMPLETIONS: Final = "/v1/chat/completions"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One chat-completions request as it arrived; header names are lower case."""

    body: Body
    headers: Mapping[str, str]


class OpenAIServer(LoopbackServer):
    """Answers ``/v1/chat/completions`` from ``replies``, and counts what it bills."""

    def __init__(
        self,
        replies: Replies = None,
        *,
        api_key: str | None = "test",
        delay_s: float = 0.0,
        port: int = 0,
        record: bool = True,
    ) -> None:
        """Prepare; enter with ``with``.

        Args:
            replies: A function of the request body, run on the server's thread (so it must not
                block); or a mapping from model name to texts that are dealt in order and cycle;
                or None for texts that differ by choice, model, messages and seed.
            api_key: The only key that is let in; None lets everybody in.
            delay_s: Seconds before the first byte of every answer, on top of the reply's own.
            port: 0 takes a free one.
            record: Whether to keep every request in ``requests``; off for benchmarks.
        """
        super().__init__(port=port)
        given = distinct_texts if replies is None else replies
        self._replies = Script(given) if isinstance(given, Mapping) else given
        self._api_key = api_key
        self._delay_s = delay_s
        self._record = record
        self._lock = threading.Lock()
        self._billed: dict[str, Bill] = {}
        self._unreported: dict[str, Bill] = {}
        self._asked: set[str] = set()
        self.requests: Final[list[Recorded]] = []
        """Every request that got past the key check, refused ones included."""
        self.count = 0
        """Chat-completions requests so far, with those of a wrong key."""

    @property
    def base_url(self) -> str:
        """What an OpenAI client takes as its base URL."""
        return f"{self.url}/v1"

    @property
    def billed(self) -> dict[str, Bill]:
        """The true bill of each model so far; refused requests cost nothing."""
        with self._lock:
            return dict(self._billed)

    @property
    def unreported(self) -> dict[str, Bill]:
        """The part of ``billed`` whose usage no client could see.

        It is of broken answers, of streams not asked for their usage, and of ``nousage``; what a
        client did not wait for is not in it.
        """
        with self._lock:
            return dict(self._unreported)

    def handle(self, request: Request) -> Response:
        """Route one request."""
        path = request.path.partition("?")[0]
        if path == "/__stats__":
            return Response(orjson.dumps(self._stats()))
        if path != _COMPLETIONS or request.method != "POST":
            message = f"Unknown request URL: {request.method} {path}"
            return refuse(ApiError(404, message, "invalid_request_error", "unknown_url"))
        self.count += 1
        wrong_key = self._check_key(request)
        return self._complete(request) if wrong_key is None else refuse(wrong_key)

    def _check_key(self, request: Request) -> ApiError | None:
        given = request.headers.get("authorization", "")
        if self._api_key is None or given == f"Bearer {self._api_key}":
            return None
        message = f"Incorrect API key provided: {'*' * 8}."
        return ApiError(401, message, "invalid_request_error", "invalid_api_key")

    def _complete(self, request: Request) -> Response:
        body: Body = orjson.loads(request.body)
        if self._record:
            self.requests.append(Recorded(body, request.headers))
        model: str = body["model"]
        error = refusal(body, first=self._is_first(model))
        if error is not None:
            return refuse(error, self._delay_s)
        given = self._replies(body)
        reply = misbehave(given if isinstance(given, Reply) else Reply(given), model)
        delay_s = self._delay_s + reply.delay_s
        if reply.error is not None:
            return refuse(reply.error, delay_s)
        if reply.html:
            return web_page(delay_s)
        completion = Completion(body, reply, self.count)
        self._charge(model, completion)
        return answer(completion, reply, delay_s)

    def _is_first(self, model: str) -> bool:
        with self._lock:
            first = model not in self._asked
            self._asked.add(model)
            return first

    def _charge(self, model: str, completion: Completion) -> None:
        bill = completion.bill
        with self._lock:
            self._billed[model] = self._billed.get(model, Bill()) + bill
            if not completion.reported:
                self._unreported[model] = self._unreported.get(model, Bill()) + bill

    def _stats(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "billed": {model: asdict(bill) for model, bill in self.billed.items()},
            "unreported": {model: asdict(bill) for model, bill in self.unreported.items()},
            "cpu_s": self.cpu_seconds(),
            "max_in_flight": self.traffic.max_in_flight,
            "dropped": self.traffic.dropped,
        }


if __name__ == "__main__":
    from tests.loopback.openai_process import serve_from_command_line

    serve_from_command_line()
