"""LangSmith data sets: inputs hold the question, outputs what is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cope_graph.errors import InputError, MissingKeyError
from cope_graph.evaluation.datasets.code_tests import HIDDEN, VISIBLE
from cope_graph.evaluation.datasets.fields import GOLDS, QUESTIONS, found_as
from cope_graph.evaluation.datasets.raw import Raw

if TYPE_CHECKING:
    from langsmith import Client

PREFIX: Final = "langsmith:"
_TIMEOUT_MS: Final = (5_000, 30_000)
_HOSTED: Final = ".langchain.com"


def read_langsmith(name: str, client: Client | None = None) -> list[Raw]:
    """Read a data set, its oldest example first.

    In an example's inputs and outputs a field is found by its name; one that is alone there is
    taken whatever it is called. Ids are the examples' own.

    Args:
        name: Of the data set, without the prefix.
        client: `None` for one by the environment: `LANGSMITH_API_KEY`, `LANGSMITH_ENDPOINT`.

    Raises:
        InputError: There is no such data set, or LangSmith cannot be reached.
        MissingKeyError: There is no key, or LangSmith refuses it.
    """
    from langsmith.utils import (  # noqa: PLC0415 - heavy
        LangSmithAuthError,
        LangSmithError,
        LangSmithNotFoundError,
    )

    source = f"{PREFIX}{name}"
    own = client is None
    reader = client or _client(source)
    # `from None`: the client's own errors quote addresses, headers and a part of the key.
    try:
        examples = sorted(
            reader.list_examples(dataset_name=name), key=lambda one: (one.created_at, str(one.id))
        )
    except LangSmithNotFoundError:
        msg = f"LangSmith has no data set {name!r} for this key and workspace: check the name."
        raise InputError(msg) from None
    except LangSmithAuthError:
        msg = f"LangSmith refuses the key for {source}: check LANGSMITH_API_KEY."
        raise MissingKeyError(msg) from None
    except (LangSmithError, OSError, ValueError) as error:
        kind = type(error).__name__
        msg = (
            f"{source} cannot be read ({kind}): check the network and LANGSMITH_ENDPOINT, or "
            "export it to a JSONL file."
        )
        raise InputError(msg) from None
    finally:
        if own:
            reader.close(timeout=0)
    return [_row(source, one.id, one.inputs or {}, one.outputs or {}) for one in examples]


def _client(source: str) -> Client:
    from langsmith import Client  # noqa: PLC0415 - heavy
    from langsmith.utils import get_api_key, get_api_url  # noqa: PLC0415
    from urllib3.util import Retry  # noqa: PLC0415

    if get_api_key(None) is None and _HOSTED in get_api_url(None):
        msg = f"{source} needs a key: set LANGSMITH_API_KEY."
        raise MissingKeyError(msg)
    return Client(retry_config=Retry(total=0), timeout_ms=_TIMEOUT_MS, auto_batch_tracing=False)


def _row(source: str, example: Any, inputs: dict[str, Any], outputs: dict[str, Any]) -> Raw:
    asked, known = _named(inputs, QUESTIONS), _named(outputs, GOLDS)
    return Raw(f"{source} example {example}", asked, known, id=str(example))


def _named(fields: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Give a field that is alone its usual name."""
    if len(fields) == 1 and not found_as(fields, (*names, *VISIBLE, *HIDDEN)):
        return {names[0]: next(iter(fields.values()))}
    return fields
