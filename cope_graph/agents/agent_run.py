"""One run of an agent inside a graph's node: it stands alone, and its bill is heard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.runnables.config import RunnableConfig, var_child_runnable_config
from langgraph.errors import GraphBubbleUp, GraphInterrupt, GraphRecursionError

from cope_graph.agents.answer import NO_ANSWER, answer_of, finish_of, last_of, messages_of
from cope_graph.agents.spending import UNNAMED, Spending
from cope_graph.agents.surroundings import Surroundings, surroundings
from cope_graph.child_config import child_config
from cope_graph.models.usage import OF_AN_AGENT, Usage, together

_ENDLESS: Final = "it reached its recursion limit without an answer"
_ASKED: Final = "it stopped to ask a person, who is not asked in the middle of n samples"
_NOT_BY_A_MODEL: Final = "it ended with a message that no model wrote, such as of a limit"
_LEFT: Final = "it handed over to a graph around it, which an executor has not"


@dataclass
class AgentRun:
    """One run of an agent.

    Attributes:
        agent: It.
        messages: What it is asked.
        config: What it runs with.
        options: Arguments of its `invoke`.
        spending: Hears what its models cost.
        out: What it gave.
        error: Why there is no answer, in a few words.
    """

    agent: Runnable[Any, Any]
    messages: list[BaseMessage]
    config: RunnableConfig
    options: Mapping[str, Any]
    spending: Spending
    out: Any = None
    error: str | None = None
    known: frozenset[str | None] = field(init=False)

    def __post_init__(self) -> None:
        """Name the messages, so that those are told which the agent adds."""
        # Copies: a graph writes ids into messages that have none.
        self.messages = [
            message if message.id else message.model_copy(update={"id": uuid4().hex})
            for message in self.messages
        ]
        self.known = frozenset(message.id for message in self.messages)

    @property
    def given(self) -> dict[str, Any]:
        """The agent's input."""
        return {"messages": list(self.messages)}

    @property
    def added(self) -> list[BaseMessage]:
        """The messages that the agent added."""
        return [message for message in messages_of(self.out) if message.id not in self.known]

    def usage(self) -> Usage:
        """What it has spent so far."""
        return self.spending.total(self.messages, self.added)

    def result(self, *, is_plain: bool) -> ChatResult:
        """Read the answer, and put the bill beside it."""
        last = last_of(self.added)
        if is_plain and last is not None and not self.spending.heard(last):
            self.error = self.error or _NOT_BY_A_MODEL
        usage = self.usage()
        if not usage.parts:  # nothing tells of a model, so nothing tells that none was asked
            usage = together([(UNNAMED, Usage(0, 0, status="unknown"))])
        text = "" if self.error else answer_of(self.out, self.added)
        error = self.error or (None if text.strip() else NO_ANSWER)
        spent = [{"model": name, "usage": _plain(part)} for name, part in usage.parts]
        names = [name for name, _ in usage.parts if name != UNNAMED]
        facts: dict[str, Any] = {OF_AN_AGENT: {"spent": spent, "error": error}}
        if names:
            facts["model_name"] = " + ".join(names)
        message = AIMessage(text, response_metadata={**finish_of(self.added), **facts})
        return ChatResult(generations=[ChatGeneration(message=message)])


@contextmanager
def running(
    agent: Runnable[Any, Any],
    messages: list[BaseMessage],
    manager: CallbackManagerForLLMRun | AsyncCallbackManagerForLLMRun | None,
) -> Iterator[AgentRun]:
    """Prepare a run that stands alone, and say what became of it."""
    spending = Spending()
    around = surroundings()
    run = AgentRun(
        around.lend(agent),
        messages,
        _config(manager, around, spending),
        around.options_of(agent),
        spending,
    )
    # Seen as a part of the graph around it, graphs inside the agent would write into that graph's
    # checkpoints.
    token = var_child_runnable_config.set(None)
    try:
        yield run
    except GraphRecursionError:
        run.error = _ENDLESS
    except GraphBubbleUp as error:
        run.error = _ASKED if isinstance(error, GraphInterrupt) else _LEFT
    except Exception as error:
        if (spent := run.usage()).parts:
            setattr(error, OF_AN_AGENT, spent)
        raise
    finally:
        var_child_runnable_config.reset(token)
    if isinstance(run.out, Mapping) and run.out.get("__interrupt__"):
        run.error = _ASKED


def _config(
    manager: CallbackManagerForLLMRun | AsyncCallbackManagerForLLMRun | None,
    around: Surroundings,
    spending: Spending,
) -> RunnableConfig:
    given: Any = child_config(manager).get("callbacks")
    if given is None:
        return {"callbacks": [spending], "configurable": around.configurable}
    callbacks = given.copy()  # the lists are those of the run above
    callbacks.add_handler(spending)
    return {"callbacks": callbacks, "configurable": around.configurable}


def _plain(usage: Usage) -> dict[str, Any]:
    return {key: value for key, value in vars(usage).items() if key != "parts"}
