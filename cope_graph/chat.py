"""The cascade as a chat model: one line puts it in place of another model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from langchain_core.caches import BaseCache
from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.language_models import BaseChatModel, BaseLLM
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import (
    ConfigDict,
    Field,
    InstanceOf,
    PrivateAttr,
    SkipValidation,
    model_validator,
)

from cope_graph.cascade import create_cope
from cope_graph.chat_structured import structured
from cope_graph.child_config import child_config
from cope_graph.context import CopeContext
from cope_graph.errors import InputError
from cope_graph.money.budget import Budget
from cope_graph.money.prices import Price
from cope_graph.tasks.task import Task

_OWN: Final = CopeContext()
"""Its own settings, whatever the context of a graph that it is called in."""


class ChatCope(BaseChatModel):
    """A chat model that answers by COPE.

    The reply is the winning sample. Its `response_metadata["cope"]` holds answer, stage,
    confidence, reason, ledger and what failed. It carries no usage of its own: usage callbacks and
    traces count the models inside, so nothing is counted twice.

    Example:
        ```python
        from cope_graph import ChatCope, tasks

        model = ChatCope(
            small="openai:gpt-4o-mini", large="openai:gpt-4o", task=tasks.math()
        )
        model.invoke("What is 7 * 6?")
        ```

    Attributes:
        small: As in `create_cope`.
        large: As in `create_cope`.
        task: As in `create_cope`.
        defaults: As in `create_cope`.
        prices: As in `create_cope`.
        budget: As in `create_cope`.
        redact: As in `create_cope`.
        router: As in `create_cope`.
        cache: Off, whatever LangChain's global cache: a cached reply would repeat a bill that
            nobody paid.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    # A model object's repr may hold headers and addresses; traces show the repr of this one.
    small: str | BaseChatModel | BaseLLM = Field(repr=False)
    large: str | BaseChatModel | BaseLLM = Field(repr=False)
    task: InstanceOf[Task]
    defaults: CopeContext = Field(default_factory=CopeContext)
    prices: SkipValidation[Mapping[str, Price | str]] = Field(default_factory=dict)
    budget: InstanceOf[Budget] | None = None
    redact: Any = Field(default=None, repr=False)
    router: Any = Field(default=None, repr=False)
    cache: BaseCache | bool | None = Field(default=False, exclude=True)

    _built: tuple[Any, ...] = PrivateAttr(default=())

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:
        """Refuse what LangChain would ignore: a limit that is none, or a slip of the pen."""
        known = {part for name, field in cls.model_fields.items() for part in (name, field.alias)}
        unknown = [name for name in given if name not in known] if isinstance(given, dict) else []
        if unknown:
            settings = [name for name in unknown if name in CopeContext.model_fields]
            example = ", ".join(f"{name}=..." for name in settings or ["n"])
            msg = (
                f"ChatCope has no argument {', '.join(unknown)}: settings of its runs are passed "
                f"as defaults=CopeContext({example})."
            )
            raise InputError(msg)
        return given

    def model_post_init(self, context: Any, /) -> None:
        """Build the graph; a wrong model name shows here."""
        super().model_post_init(context)
        self._graph()

    def _graph(self) -> Any:
        """Give the graph of the fields as they are: a copy of a model may have others."""
        settings = (self.task, self.defaults, self.prices, self.budget, self.redact, self.router)
        parts = (self.small, self.large, *settings)
        if not self._built or any(a is not b for a, b in zip(parts, self._built[1:], strict=True)):
            graph = create_cope(
                self.small,
                self.large,
                task=self.task,
                defaults=self.defaults,
                prices=self.prices,
                budget=self.budget,
                redact=self.redact,
                router=self.router,
            )
            # Inside somebody's graph it must not write into that graph's checkpoints: calls side
            # by side in one node would share a namespace.
            self._built = (graph.compile(checkpointer=False, name="cope"), *parts)
        return self._built[0]

    def bind_tools(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: the answer is a sample that was voted on, not a call of a tool.

        Raises:
            InputError: Always.
        """
        msg = "ChatCope calls no tools: use one of its models."
        raise InputError(msg)

    def with_structured_output(
        self,
        schema: Any,
        *,
        include_raw: bool = False,
        unvoted: Sequence[str] = (),
        **kwargs: Any,
    ) -> Runnable[Any, Any]:
        """Give objects of a schema, by the task `tasks.structured` in place of its own.

        A `router` is left out: its evidence is of the task it was recorded with. All runs begin at
        their first stage.

        Args:
            schema: A pydantic class, a dataclass or a `TypedDict`.
            include_raw: Whether to give `raw`, `parsed` and `parsing_error`: a run without an
                object is then no error.
            unvoted: Fields on which samples need not agree, as in `tasks.structured`.
            kwargs: `method="json_schema"`, which is all there is.

        Returns:
            Gives an object of the class, a dict for a `TypedDict`; it raises `NoAnswerError` when
            no reply holds an object that fits, or the run abstained.

        Raises:
            InputError: The schema cannot be used, or something else is asked for.
        """
        return structured(self, schema, unvoted, kwargs, include_raw=include_raw)

    @property
    def _llm_type(self) -> str:
        return "cope"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        _refuse(stop, kwargs)
        config = child_config(run_manager)
        return _result(self._graph().invoke({"messages": messages}, config, context=_OWN))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        _refuse(stop, kwargs)
        config = child_config(run_manager)
        return _result(await self._graph().ainvoke({"messages": messages}, config, context=_OWN))


def _refuse(stop: list[str] | None, options: Mapping[str, Any]) -> None:
    if stop or options:
        names = ", ".join(["stop"] * bool(stop) + sorted(options))
        msg = f"ChatCope does not take {names}: set what its models should use on the models."
        raise InputError(msg)


def _result(out: Mapping[str, Any]) -> ChatResult:
    # A run that abstained says so: an empty reply would look like an answer.
    text = out["reason"] if out["answer"] is None else out["messages"][-1].text
    facts = {key: value for key, value in out.items() if key not in ("messages", "visits")}
    message = AIMessage(text, response_metadata={"cope": facts})
    return ChatResult(generations=[ChatGeneration(message=message)])
