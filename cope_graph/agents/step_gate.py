"""The vote on an agent's step: a majority of proposals that are the same (paper, section 4.1)."""

from __future__ import annotations

from collections.abc import Callable

from cope_graph.agents.alike import same_words
from cope_graph.agents.canonical_form import PLAIN_FORM, Form, same_step
from cope_graph.gates.majority import vote
from cope_graph.gates.verdict import Gate


def by_steps(form: Form = PLAIN_FORM, equal: Callable[[str, str], bool] = same_words) -> Gate:
    """Make the gate of a step: samples whose answers are steps, as `proposal` writes them.

    Confidence is the share of ALL proposals that are the same step. What is no step (an unknown
    tool, arguments that it does not take) counts in n and never wins.

    Args:
        form: What makes calls the same.
        equal: The task's equality, for final answers.
    """
    return vote(same_step(form, equal))
