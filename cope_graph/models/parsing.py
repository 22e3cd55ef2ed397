"""A chat model's message, and what is read of it."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough


def parsed_by(asked: Runnable[Any, Any], parser: Any, *, include_raw: bool) -> Runnable[Any, Any]:
    """Read what a model says, as `with_structured_output` of LangChain does.

    Args:
        asked: Gives a message.
        parser: Reads it; a `Runnable`.
        include_raw: Whether to give `raw`, `parsed` and `parsing_error` instead of raising.
    """
    if not include_raw:
        plain: Runnable[Any, Any] = asked | parser
        return plain
    read = RunnablePassthrough.assign(
        parsed=lambda out: parser.invoke(out["raw"]), parsing_error=lambda _: None
    )
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    told: Runnable[Any, Any] = read.with_fallbacks([failed], exception_key="parsing_error")
    return RunnableMap(raw=asked) | told
