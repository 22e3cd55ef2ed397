"""Do what is dear once for each argument, also when several threads ask for it at one time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_KEPT: Final = 512


def once(function: Callable[P, T]) -> Callable[P, T]:
    """Keep the last results of a function; a call that raises is made anew.

    Unlike `lru_cache`, a second thread waits for a first that is at it.

    Args:
        function: Of arguments that can be hashed, by position.
    """
    results: OrderedDict[Hashable, Future[T]] = OrderedDict()
    lock = Lock()

    def kept(*args: P.args, **_: P.kwargs) -> T:
        mine: Future[T] = Future()
        with lock:
            found = results.setdefault(args, mine)
            results.move_to_end(args)
            if len(results) > _KEPT:
                results.popitem(last=False)
        if found is mine:
            _fill(mine, function, args, lambda: results.pop(args, None))
        return found.result()

    return kept


def _fill(
    future: Future[Any], function: Callable[..., Any], args: Any, forget: Callable[[], Any]
) -> None:
    try:
        future.set_result(function(*args))
    except BaseException as error:
        forget()
        future.set_exception(error)
        raise
