"""What a failing server said, without the keys that it was sent.

Traces show an error's text, and of its response the body and the headers; a server may echo there
what it was sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from langchain_core.language_models import BaseChatModel

from cope_graph.models.faults import chain_of
from cope_graph.models.secrets import secrets_of, without

_OF_THE_BODY: Final = {"content-encoding", "content-length", "transfer-encoding"}


@contextmanager
def discreet(model: BaseChatModel) -> Iterator[None]:
    """Black out a model's keys in an error, and in those it came of."""
    try:
        yield
    except Exception as error:
        secrets = secrets_of(model)
        for one in chain_of(error):
            _black_out(one, secrets)
        raise


def _black_out(error: Any, secrets: tuple[str, ...]) -> None:
    error.args = tuple(without(secrets, a) if isinstance(a, str) else a for a in error.args)
    own = vars(error)
    for name in ("message", "server_message"):
        if isinstance(told := own.get(name), str):
            setattr(error, name, without(secrets, told))
    if "body" in own:
        error.body = None
    if hasattr(given := own.get("response"), "status_code"):
        error.response = _blacked_out(given, secrets)


def _blacked_out(given: Any, secrets: tuple[str, ...]) -> Any:
    text = ""
    with suppress(RuntimeError):  # a stream that nobody has read
        text = without(secrets, given.text)
    return type(given)(  # of the client's own HTTP library
        given.status_code,
        headers=[
            (name, without(secrets, value))
            for name, value in given.headers.multi_items()
            if name not in _OF_THE_BODY
        ],
        text=text,
        request=given.request,
    )
