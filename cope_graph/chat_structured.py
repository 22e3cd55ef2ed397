"""The cascade's chat model gives objects of a schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda

from cope_graph.errors import InputError, NoAnswerError
from cope_graph.models.parsing import parsed_by
from cope_graph.tasks.shape import Shape, shape_of
from cope_graph.tasks.structure import structured as structured_task


def structured(
    chat: BaseChatModel,
    schema: Any,
    unvoted: Sequence[str],
    options: Mapping[str, Any],
    *,
    include_raw: bool,
) -> Runnable[Any, Any]:
    """Make a `ChatCope` give what a schema describes; the arguments are those of its method.

    Raises:
        InputError: The schema cannot be used, or something else is asked for.
    """
    _check(options)
    if getattr(chat, "thresholds", None) is not None:
        msg = (
            "Thresholds are of the task that they were calibrated with, and objects of a schema "
            "are another: build a ChatCope without thresholds for structured output."
        )
        raise InputError(msg)
    shape = shape_of(schema)
    # A router is proven for one task.
    update = {"task": structured_task(schema, unvoted=unvoted), "router": None}
    model = chat.model_copy(update=update)
    asked = _without_raising(model) if include_raw else model
    return parsed_by(asked, RunnableLambda(partial(_object, shape)), include_raw=include_raw)


def _without_raising(model: BaseChatModel) -> Runnable[Any, Any]:
    """Say in a message that no reply held an object: there is a bill, but no reply to show."""

    def ask(question: Any, config: RunnableConfig) -> AIMessage:
        try:
            return model.invoke(question, config)
        except NoAnswerError as error:
            return _told(error)

    async def aask(question: Any, config: RunnableConfig) -> AIMessage:
        try:
            return await model.ainvoke(question, config)
        except NoAnswerError as error:
            return _told(error)

    return RunnableLambda(ask, aask, name="ChatCope")


def _told(error: NoAnswerError) -> AIMessage:
    facts = {"answer": None, "reason": str(error), "ledger": error.ledger}
    return AIMessage(str(error), response_metadata={"cope": facts})


def _object(shape: Shape, message: AIMessage) -> Any:
    """Read a run's answer.

    Raises:
        NoAnswerError: There is none; it carries the bill.
    """
    facts = message.response_metadata["cope"]
    if facts["answer"] is None:
        error = NoAnswerError(facts["reason"])
        error.ledger = facts["ledger"]
        raise error
    return shape.adapter.validate_json(facts["answer"])


def _check(options: Mapping[str, Any]) -> None:
    method = options.get("method", "json_schema")
    if method != "json_schema":
        msg = f"method={method!r}: ChatCope votes on objects of a schema, method='json_schema'."
        raise InputError(msg)
    if others := sorted(options.keys() - {"method"}):
        msg = f"ChatCope's structured output does not take {', '.join(others)}: leave it out."
        raise InputError(msg)
