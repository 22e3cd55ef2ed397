"""Samples of a model in this process end as soon as they cannot change the decision any more."""

from __future__ import annotations

from threading import Event, Lock
from typing import Any, ClassVar

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from cope_graph import PLAN_FREE, CopeContext, create_cope, tasks
from cope_graph.models.early import EarlyEnd
from cope_graph.models.exchange import UNNEEDED
from cope_graph.models.progress import PROGRESS, Progress
from tests.scripted import ScriptedChat
from tests.unit_tests.conftest import Runner

PATIENCE_S = 20.0


class Growing(BaseChatModel):
    """Ends its samples one by one; the last of all waits until it is told to stop."""

    takes_n: ClassVar[bool] = True
    is_local: ClassVar[bool] = True
    tells_progress: ClassVar[bool] = True

    model_name: str = "growing"
    answers: list[str]
    waits: bool = True

    _lock: Any = PrivateAttr(default_factory=Lock)
    _count: list[int] = PrivateAttr(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "growing"

    def _generate(
        self,
        messages: list[BaseMessage],  # noqa: ARG002
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        progress = PROGRESS.get()
        assert progress is not None
        generations = [self._grow(i, progress) for i in range(kwargs.get("n", 1))]
        usage = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
        generations[0].message.usage_metadata = usage  # type: ignore[attr-defined]
        return ChatResult(generations=generations)

    def _grow(self, index: int, progress: Progress) -> ChatGeneration:
        with self._lock:
            number = len(self._count)
            self._count.append(number)
        last = number == len(self.answers) - 1
        if last and self.waits:
            waited = 0.0
            while not progress.is_over and waited < PATIENCE_S:
                Event().wait(0.005)
                waited += 0.005
        if progress.is_over:
            return _sample("half a thou", "not_needed")
        done = _sample(f"The answer is \\boxed{{{self.answers[number]}}}.", "stop")
        progress.ended(index, done)
        return done


def _sample(text: str, finish: str) -> ChatGeneration:
    return ChatGeneration(message=AIMessage(text), generation_info={"finish_reason": finish})


def answered(both: Runner, small: Growing, context: CopeContext) -> dict[str, Any]:
    large = ScriptedChat(model_name="large", replies=["The answer is \\boxed{5}."] * 3)
    graph = create_cope(small, large, task=tasks.math(), defaults=context).compile()
    return both(graph, {"messages": [("user", "2 + 2?")]})


def test_a_sample_that_cannot_change_an_accepted_majority_is_ended(both: Runner) -> None:
    out = answered(both, Growing(answers=["4"] * 8), PLAN_FREE)
    assert (out["answer"], out["stage"], out["confidence"]) == ("4", 1, 7 / 8)
    assert out["failures"] == []
    assert [line["error"] for line in out["ledger"]["lines"]] == [None]
    assert out["ledger"]["status"] == "reported"


def test_an_escalation_that_stands_ends_the_sample_too(both: Runner) -> None:
    out = answered(both, Growing(answers=["1", "2", "3", "1", "2", "3", "4", "9"]), PLAN_FREE)
    assert (out["answer"], out["stage"]) == ("5", 3)
    assert out["visits"][0]["confidence"] == 2 / 8


def test_samples_of_different_prompts_are_ended_together(both: Runner) -> None:
    context = CopeContext(stages=(1, 3), small_plan="goal")
    small = Growing(answers=["a goal"] * 8 + ["4"] * 8)
    out = answered(both, small, context)
    assert (out["answer"], out["stage"], out["confidence"]) == ("4", 1, 7 / 8)
    assert out["failures"] == []


def test_a_sample_that_can_still_change_the_decision_is_not_ended(both: Runner) -> None:
    small = Growing(answers=["4"] * 6 + ["1", "4"], waits=False)
    out = answered(both, small, PLAN_FREE)
    assert (out["answer"], out["confidence"]) == ("4", 7 / 8)


def test_without_straggler_s_all_samples_are_waited_for(both: Runner) -> None:
    small = Growing(answers=["4"] * 8, waits=False)
    out = answered(both, small, PLAN_FREE.model_copy(update={"straggler_s": None}))
    assert out["confidence"] == 1.0


def test_what_was_ended_is_a_lost_sample_and_is_not_asked_for_again(both: Runner) -> None:
    small = Growing(answers=["4"] * 8)
    large = ScriptedChat(model_name="large", replies=[])
    graph = create_cope(small, large, task=tasks.math(), defaults=PLAN_FREE).compile()
    both(graph, {"messages": [("user", "2 + 2?")]})
    assert len(small._count) == 8


def test_the_stand_in_says_why_there_is_no_sample() -> None:
    small = Growing(answers=["4"] * 8)
    large = ScriptedChat(model_name="large", replies=[])
    graph: Any = create_cope(small, large, task=tasks.math(), defaults=PLAN_FREE).compile()
    updates = list(graph.stream({"messages": [("user", "2 + 2?")]}, stream_mode="updates"))
    samples = next(u["small_execute"]["samples"] for u in updates if "small_execute" in u)
    assert samples[7]["error"] == UNNEEDED
    assert samples[7]["answer"] is None


def test_a_gate_that_fails_on_a_part_leaves_the_samples_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    looked, progress = Event(), Progress(2)

    def settled(_: object) -> bool:
        looked.set()
        raise ValueError

    EarlyEnd([progress], settled)
    with caplog.at_level("DEBUG", "cope_graph"):
        progress.ended(0, _sample("4", "stop"))
        assert looked.wait(5)
    assert not progress.is_over


def test_news_that_comes_while_the_gate_looks_is_looked_at_too() -> None:
    seen: list[list[bool]] = []
    first, go = Event(), Event()
    progress = Progress(3)

    def settled(samples: Any) -> bool:
        seen.append([sample is not None for sample in samples])
        first.set()
        assert go.wait(5)
        return len(seen) == 2

    EarlyEnd([progress], settled)
    progress.ended(0, _sample("4", "stop"))
    assert first.wait(5)
    progress.ended(2, _sample("4", "stop"))
    go.set()

    for _ in range(1000):
        if progress.is_over:
            break
        Event().wait(0.005)
    assert seen == [[True, False, False], [True, False, True]]
