from __future__ import annotations

from syrupy.assertion import SnapshotAssertion

from cope_graph.tasks import CODE_PROMPTS, Plan

QUESTION = "Write f(x), the square of x.\n\nThe solution has to pass:\nassert f({3}.pop()) == 9"
GOAL, GUIDELINE = Plan("goal", "Write f(x)."), Plan("guideline", "First, multiply.")


def test_the_code_prompts(snapshot: SnapshotAssertion) -> None:
    rendered = {
        "goal": CODE_PROMPTS.planner("goal", QUESTION),
        "guideline": CODE_PROMPTS.planner("guideline", QUESTION),
        "execute": CODE_PROMPTS.executor(QUESTION),
        "execute with goal and guideline": CODE_PROMPTS.executor(QUESTION, [GOAL, GUIDELINE]),
    }
    assert rendered == snapshot
