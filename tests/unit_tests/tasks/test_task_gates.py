"""A gate that cannot work is refused before a sample is paid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cope_graph import gates, tasks
from cope_graph.errors import InputError
from cope_graph.tasks.open_ends import read_reply


@pytest.mark.parametrize("name", gates.__all__)
def test_what_makes_a_gate_is_no_gate(name: str) -> None:
    with pytest.raises(InputError, match=rf"gates\.{name} makes a gate: call it"):
        tasks.open_ended(gate=getattr(gates, name))


@pytest.mark.parametrize("gate", ["judge", 0.8, None])
def test_what_is_no_gate_is_refused(gate: Any) -> None:
    with pytest.raises(InputError, match="is no gate: pass"):
        replace(tasks.math(), gate=gate)


def test_a_task_with_a_perplexity_gate_asks_for_log_probs() -> None:
    with pytest.raises(InputError, match="log_probs=True"):
        replace(tasks.math(), gate=gates.perplexity())
    assert replace(tasks.math(), gate=gates.perplexity(), log_probs=True).log_probs


@pytest.mark.parametrize(
    ("reply", "read"),
    [
        (" It is blue.\n", "It is blue."),
        ("<think>Is it green?</think>\nIt is blue.", "It is blue."),
        ("Is it green?</think>It is blue.", "It is blue."),
        ("<think>Is it green? It may", None),
        ("<think>Is it green?</think>\n", None),
        ("<think>Green?</think><think>Or blue", None),
        ("  ", None),
    ],
)
def test_a_reply_to_an_open_question_is_read_without_its_thoughts(
    reply: str, read: str | None
) -> None:
    assert read_reply(reply) == read
