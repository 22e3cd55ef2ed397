"""End the samples that cannot change the decision any more, as soon as that is known.

It is for models in this process, where a sample that ends early makes the others faster. A server
is paid for what it has begun.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Lock

from cope_graph.models.crew import CREW
from cope_graph.models.exchange import Reply
from cope_graph.models.progress import Progress

logger = logging.getLogger("cope_graph")


class EarlyEnd:
    """Looks at the samples of requests side by side whenever one of them ends."""

    def __init__(
        self, requests: Sequence[Progress], settled: Callable[[Sequence[Reply | None]], bool]
    ) -> None:
        """Begin to listen.

        Args:
            requests: All of them, in the order of their samples.
            settled: The gate's own judgement; it may block.
        """
        self._requests, self._settled = requests, settled
        self._lock = Lock()
        self._has_news = self._is_looking = False
        for request in requests:
            request.listen(self._look)

    def _look(self) -> None:
        """Judge in another thread: the model must not wait for the gate."""
        with self._lock:
            self._has_news = True
            if self._is_looking:
                return
            self._is_looking = True
        CREW.run(self._judge)

    def _judge(self) -> None:
        while self._takes_news():
            samples = [reply for request in self._requests for reply in request.replies]
            if all(sample is not None for sample in samples):
                continue
            try:
                settled = self._settled(samples)
            except Exception:  # the gate raises it again when its turn comes
                logger.debug("the gate failed on a part of the samples", exc_info=True)
                continue
            if settled:
                for request in self._requests:
                    request.end()

    def _takes_news(self) -> bool:
        with self._lock:
            news, self._has_news = self._has_news, False
            self._is_looking = news
            return news
