"""The cascade as a chat model: one line puts it in place of another model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from langchain_core.caches import BaseCache
from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.language_models import BaseChatModel, BaseLLM
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import (
    ConfigDict,
    Field,
    InstanceOf,
    PrivateAttr,
    SkipValidation,
    field_validator,
    model_validator,
)

from cope_graph.agents.described_tools import described_tools
from cope_graph.agents.rules import StepRules
from cope_graph.agents.step import step_task
from cope_graph.cascade import create_cope
from cope_graph.chat_steps import OPTIONS, OUTPUT, UNAGREED, step_input, step_reply
from cope_graph.chat_structured import structured
from cope_graph.child_config import inside
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
        task: As in `create_cope`. `None` for an agent's steps alone.
        defaults: As in `create_cope`.
        prices: As in `create_cope`.
        thresholds: As in `create_cope`. They are of questions: an agent's steps are refused.
        budget: As in `create_cope`.
        redact: As in `create_cope`.
        router: As in `create_cope`.
        steps: Rules of an agent's steps, where it is offered tools.
        resumable: Whether a step keeps its progress in the checkpoints of the graph that it is
            called in, so that a crash in the middle of a vote resumes it: one call at a time in
            a node.
        cache: Off, whatever LangChain's global cache: a cached reply would repeat a bill that
            nobody paid.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    # A model object's repr may hold headers and addresses; traces show the repr of this one.
    small: str | BaseChatModel | BaseLLM | Sequence[str | BaseChatModel | BaseLLM] = Field(
        repr=False
    )
    large: str | BaseChatModel | BaseLLM = Field(repr=False)
    task: InstanceOf[Task] | None = None
    defaults: CopeContext = Field(default_factory=CopeContext)
    prices: SkipValidation[Mapping[str, Price | str]] = Field(default_factory=dict)
    thresholds: Any = Field(default=None, repr=False)
    budget: InstanceOf[Budget] | None = None
    redact: Any = Field(default=None, repr=False)
    router: Any = Field(default=None, repr=False)
    steps: InstanceOf[StepRules] = Field(default_factory=StepRules, repr=False)
    resumable: bool = False
    cache: BaseCache | bool | None = Field(default=False, exclude=True)

    _built: tuple[Any, ...] = PrivateAttr(default=())
    _built_steps: tuple[Any, ...] = PrivateAttr(default=())

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

    @field_validator("small")
    @classmethod
    def _kept(cls, small: Any) -> Any:
        """Keep several models as they are now: the graph is built of these."""
        return tuple(small) if isinstance(small, list) else small

    def model_post_init(self, context: Any, /) -> None:
        """Build the graph; a wrong model name shows here."""
        super().model_post_init(context)
        if self.task is None:
            self._steps()
        else:
            self._graph()

    def _graph(self) -> Any:
        """Give the graph of the fields as they are: a copy of a model may have others."""
        if self.task is None:
            msg = (
                "ChatCope has no task, so it takes an agent's steps alone: pass task=tasks.math()."
            )
            raise InputError(msg)
        parts = (*self._parts, self.task, self.router)
        if not _is_of(self._built, parts):
            # Inside somebody's graph it must not write into that graph's checkpoints: calls side
            # by side in one node would share a namespace.
            graph = self._cope(self.task, self.router)
            self._built = (graph.compile(checkpointer=False, name="cope"), *parts)
        return self._built[0]

    def _steps(self) -> Any:
        """Give the graph of an agent's steps."""
        parts = (*self._parts, self.steps, self.resumable)
        if not _is_of(self._built_steps, parts):
            graph = self._cope(step_task(self.steps))
            kept = None if self.resumable else False
            self._built_steps = (graph.compile(checkpointer=kept, name="cope"), *parts)
        return self._built_steps[0]

    @property
    def _parts(self) -> tuple[Any, ...]:
        same = self.small, self.large, self.defaults, self.prices, self.budget, self.redact
        return *same, self.thresholds

    def _cope(self, task: Task, router: Any = None) -> Any:
        return create_cope(
            self.small,
            self.large,
            task=task,
            defaults=self.defaults,
            prices=self.prices,
            thresholds=self.thresholds,
            budget=self.budget,
            redact=self.redact,
            router=router,
        )

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: Any = None,
        **kwargs: Any,
    ) -> Runnable[Any, AIMessage]:
        """Offer tools: each reply is then an agent's next step, decided by the cascade.

        The step is proposed n times by the small model; what most proposals agree on, calls or a
        final answer, is the reply, or else the large model's own step. A call of a tool that
        `steps` names irreversible is no reply unless the large model agreed to it.

        Args:
            tools: What LangChain takes for a tool.
            tool_choice: What the models' `bind_tools` take.
            kwargs: `plan`: a guideline of an earlier step that is kept. `context`: a `CopeContext`
                that tightens the settings of this step.

        Raises:
            InputError: Two tools have one name, one cannot be described, or another option is
                given.
        """
        _refuse(None, {name: value for name, value in kwargs.items() if name not in OPTIONS})
        return self.bind(tools=described_tools(tools), tool_choice=tool_choice, **kwargs)

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
        their first stage. `thresholds` are refused: what they promise is of the task they were
        calibrated with.

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
        graph, asked, options = self._asked(messages, stop, kwargs)
        with inside(run_manager):
            return self._result(graph.invoke(asked, **options), kwargs)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        graph, asked, options = self._asked(messages, stop, kwargs)
        with inside(run_manager):
            return self._result(await graph.ainvoke(asked, **options), kwargs)

    def _asked(
        self, messages: Sequence[BaseMessage], stop: list[str] | None, options: Mapping[str, Any]
    ) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        """Give the graph that is asked, its input, and how."""
        _refuse(stop, {name: value for name, value in options.items() if name not in OPTIONS})
        if "tools" in options or self.task is None:
            how = {"output_keys": OUTPUT, "context": options.get("context", _OWN)}
            return self._steps(), step_input(messages, options), how
        _refuse(None, options)
        return self._graph(), {"messages": messages}, {"context": _OWN}

    def _result(self, out: Mapping[str, Any], options: Mapping[str, Any]) -> ChatResult:
        if "guideline" in out:
            message = step_reply(out, None if options.get(UNAGREED) else self.steps)
        else:
            message = _reply(out)
        return ChatResult(generations=[ChatGeneration(message=message)])


def _refuse(stop: list[str] | None, options: Mapping[str, Any]) -> None:
    if stop or options:
        names = ", ".join(["stop"] * bool(stop) + sorted(options))
        msg = f"ChatCope does not take {names}: set what its models should use on the models."
        raise InputError(msg)


def _is_of(built: tuple[Any, ...], parts: tuple[Any, ...]) -> bool:
    """Tell whether a graph was built of these parts."""
    return bool(built) and all(a is b for a, b in zip(parts, built[1:], strict=True))


def _reply(out: Mapping[str, Any]) -> AIMessage:
    # A run that abstained says so: an empty reply would look like an answer.
    text = out["reason"] if out["answer"] is None else out["messages"][-1].text
    facts = {key: value for key, value in out.items() if key not in ("messages", "visits")}
    return AIMessage(text, response_metadata={"cope": facts})
