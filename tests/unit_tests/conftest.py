from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

Runner = Callable[..., dict[str, Any]]


def _invoke(graph: Any, given: Any, config: Any = None, **kw: Any) -> Any:
    return graph.invoke(given, config, **kw)


def _ainvoke(graph: Any, given: Any, config: Any = None, **kw: Any) -> Any:
    return asyncio.run(graph.ainvoke(given, config, **kw))


def _batch(graph: Any, given: Any, config: Any = None, **kw: Any) -> Any:
    return graph.batch([given], config, **kw)[0]


def _abatch(graph: Any, given: Any, config: Any = None, **kw: Any) -> Any:
    return asyncio.run(graph.abatch([given], config, **kw))[0]


def _stream(graph: Any, given: Any, config: Any = None, **kw: Any) -> Any:
    return list(graph.stream(given, config, stream_mode="values", **kw))[-1]


def _astream(graph: Any, given: Any, config: Any = None, **kw: Any) -> Any:
    async def last() -> Any:
        stream = graph.astream(given, config, stream_mode="values", **kw)
        return [value async for value in stream][-1]

    return asyncio.run(last())


EVERY_WAY = {
    "invoke": _invoke,
    "ainvoke": _ainvoke,
    "batch": _batch,
    "abatch": _abatch,
    "stream": _stream,
    "astream": _astream,
}


@pytest.fixture(params=EVERY_WAY)
def run(request: pytest.FixtureRequest) -> Runner:
    """Run a graph in every way it can be run."""
    return EVERY_WAY[request.param]


@pytest.fixture(params=["invoke", "ainvoke"])
def both(request: pytest.FixtureRequest) -> Runner:
    """Run a graph synchronously and asynchronously."""
    return EVERY_WAY[request.param]
