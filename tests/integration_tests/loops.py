"""An event loop in a thread, for the length of a ``with``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

Run = Callable[[Coroutine[Any, Any, Any]], Any]
"""Runs a coroutine in the loop, from any thread, and gives what it returns."""


@contextmanager
def event_loop() -> Iterator[Run]:
    """Keep one loop: langchain-openai caches its clients by address, and they serve one loop."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
