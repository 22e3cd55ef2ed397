"""A gate that cannot work is refused before a sample is paid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cope_graph import gates, tasks
from cope_graph.errors import InputError


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
