"""`redact=` with tests: what is private in a test never reaches the large model."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cope_graph import CopeContext, create_cope, tasks
from tests.candidates import Counting, fenced
from tests.scripted import ScriptedChat
from tests.unit_tests.conftest import Runner

WRONG = "def greet(who):\n    return who\n"
PRIVATE = re.compile(r"Zo\u00eb Quill|q-\d+").findall
ASK: dict[str, Any] = {
    "messages": [("user", "Write greet(who).")],
    "tests": [
        "assert greet('Zo\u00eb Quill') == 'Hello Zo\u00eb Quill'",
        {"stdin": "q-77", "stdout": "Hello q-77"},
    ],
}


@pytest.mark.parametrize("show_failures", [False, True])
@pytest.mark.parametrize("show_tests", [False, True])
def test_what_is_private_in_a_test_never_reaches_the_large_model(
    both: Runner, show_tests: bool, show_failures: bool
) -> None:
    small = ScriptedChat(replies=["Write it.", "Write it.", *[fenced(WRONG)] * 4])
    large = ScriptedChat(replies=["First, greet.", fenced(WRONG)])
    task = tasks.code(sandbox=Counting(), show_tests=show_tests, show_failures=show_failures)
    graph = create_cope(small, large, task=task, defaults=CopeContext(n=2), redact=PRIVATE)
    out = both(graph.compile(), ASK)
    assert out["stage"] == 3
    sent = "\n".join(large.prompts)
    assert len(large.prompts) == 2
    assert not re.search(r"Zo|Quill|q-\d+", sent)
    assert ("[PRIVATE_1]" in sent) is (show_tests or show_failures)
    assert ("Zo\u00eb Quill" in "\n".join(small.prompts)) is (show_tests or show_failures)


def test_stand_ins_in_the_large_models_code_are_undone_before_it_is_tested(both: Runner) -> None:
    right = "def greet(who):\n    assert who == '[PRIVATE_1]'\n    return 'Hello ' + who\n"
    large = ScriptedChat(replies=[fenced(right)])
    task = tasks.code(sandbox=Counting())
    context = CopeContext(stages=(3,))
    small = ScriptedChat(replies=[])
    graph = create_cope(small, large, task=task, defaults=context, redact=PRIVATE)
    out = both(graph.compile(), {**ASK, "tests": ASK["tests"][:1]})
    assert (out["accepted"], "Zo\u00eb Quill" in out["answer"]) == (True, True)
