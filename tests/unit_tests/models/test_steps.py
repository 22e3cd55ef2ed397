"""Waiting logic is written once: a generator of steps, taken in a thread or in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from cope_graph.models.steps import Step, Steps, atake, take

Taker = Callable[[Steps[Any]], Any]


def _atake(steps: Steps[Any]) -> Any:
    return asyncio.run(atake(steps))


@pytest.fixture(params=[take, _atake], ids=["sync", "async"])
def taken(request: pytest.FixtureRequest) -> Taker:
    found: Taker = request.param
    return found


def gives(value: object) -> Step:
    async def give() -> object:
        await asyncio.sleep(0)
        return value

    return Step(lambda: value, give)


def raises(error: BaseException) -> Step:
    def fail() -> None:
        raise error

    async def afail() -> None:
        await asyncio.sleep(0)
        raise error

    return Step(fail, afail)


def test_each_step_gives_its_result_back(taken: Taker) -> None:
    def steps() -> Steps[list[int]]:
        first = yield gives(0)
        second = yield gives(first + 1)
        return [first, second, (yield gives(second + 1))]

    assert taken(steps()) == [0, 1, 2]


def test_no_steps_are_none_too_few(taken: Taker) -> None:
    def steps() -> Steps[str]:
        yield from ()
        return "done"

    assert taken(steps()) == "done"


def test_what_a_step_raises_is_the_generators_to_handle(taken: Taker) -> None:
    def steps() -> Steps[str]:
        try:
            yield raises(OSError("no"))
        except OSError as error:
            return f"{error}, {yield gives('but')}"
        return "nothing was raised"

    assert taken(steps()) == "no, but"


def test_an_error_handled_once_does_not_come_again(taken: Taker) -> None:
    def steps() -> Steps[list[str]]:
        seen = []
        for step in (raises(OSError("no")), gives("yes"), raises(OSError("no"))):
            try:
                seen.append((yield step))
            except OSError as error:
                seen.append(str(error))
        return seen

    assert taken(steps()) == ["no", "yes", "no"]


@pytest.mark.parametrize("error", [OSError("no"), KeyboardInterrupt(), SystemExit(2)], ids=repr)
def test_what_nobody_handles_is_raised_once_the_generator_has_cleaned_up(
    taken: Taker, error: BaseException
) -> None:
    cleaned = []

    def steps() -> Steps[None]:
        try:
            yield raises(error)
        finally:
            cleaned.append(True)

    with pytest.raises(type(error)) as caught:
        taken(steps())
    assert caught.value is error
    assert cleaned == [True]


async def test_a_cancellation_reaches_the_generator() -> None:
    seen = []

    def steps() -> Steps[None]:
        try:
            yield Step(lambda: None, partial(asyncio.sleep, 60))
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    task = asyncio.ensure_future(atake(steps()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cancelled"]
