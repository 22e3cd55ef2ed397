"""Samples to be judged, and judges for tests: each reads the prompt that it is given."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from cope_graph.gates.asking import AskingGate
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.state import Sample

QUESTION = Question("Name a colour of the sky.")
_SHOWN = re.compile(r"Candidate (\d+):\n<candidate>\n(.*?)\n</candidate>", re.DOTALL)

Judge = Callable[[Sequence[str]], "Sequence[float] | str"]
"""From the texts in the order shown to their scores, or to a reply that is none."""


def replied(*texts: str | None) -> list[Sample]:
    """Give samples with these texts; `None` is a lost one."""
    samples: list[Sample] = []
    for text in texts:
        sample: Sample = {
            "text": text or "",
            "answer": None if text is None else f"answer: {text}",
            "finish": "stop",
            "goal": None,
            "id": None,
        }
        samples.append(sample if text is not None else {**sample, "error": "timeout"})
    return samples


def shown(prompt: str) -> list[str]:
    """Read the candidates in a judge's prompt, and that they are numbered from 1."""
    found = _SHOWN.findall(prompt)
    assert [int(number) for number, _ in found] == [*range(1, len(found) + 1)]
    return [text for _, text in found]


def ballot(*scores: float) -> str:
    """Write a ballot."""
    return json.dumps({"scores": scores})


def judged(gate: AskingGate, judge: Judge, samples: Sequence[Sample]) -> Verdict:
    """Ask a judge all that the gate asks."""
    given = [judge(shown(prompt)) for prompt in gate.prompts(QUESTION, samples)]
    replies = [one if isinstance(one, str) else ballot(*one) for one in given]
    return gate.verdict(QUESTION, samples, replies)
