"""Open-ended questions: the reply itself is the answer, and perplexity the gate."""

from __future__ import annotations

from typing import Final

from cope_graph.errors import InputError
from cope_graph.gates.asking import AskingGate
from cope_graph.gates.perplexities import Perplexity, Scorer, Signal, perplexity, scored_by
from cope_graph.gates.verdict import Gate
from cope_graph.tasks.task import Prompts, Task
from cope_graph.thoughts import without_thoughts

PROMPTS: Final = Prompts(
    goal=(
        "{question}\n\n"
        'What does this message ask for? Answer in one sentence that starts with "The reply" and '
        "names what it has to bring, in which form and for whom. Do not write the reply."
    ),
    guideline=(
        "{question}\n\n"
        "How would you go about a good reply? Answer in one or two sentences that start with "
        '"First" and name the points that it should make, in order. Do not write the reply.'
    ),
    execute=(
        "{question}\n\n{plan}"
        "Reply to this message. Do all that it asks for, keep to facts, and write nothing but the "
        "reply."
    ),
    with_goal="{goal}\n\n",
    with_guideline="{guideline}\n\n",
)


def open_ended(
    *,
    signal: Signal = "mean",
    scorer: Scorer | None = None,
    gate: Gate | AskingGate | None = None,
) -> Task:
    """Make the task of open-ended questions: the reply of the lowest perplexity is the answer.

    A stage is left when its perplexity is 1/tau or more (paper, section 4.1); the paper gives no
    threshold, so measure one on questions of your own.

    Example:
        ```python
        graph = create_cope(small, large, task=tasks.open_ended()).compile()
        graph.invoke({"messages": [("system", "Be brief."), ("user", "Why is the sky blue?")]})
        ```

    Args:
        signal: Which perplexity, see `cope_graph.gates.perplexity`.
        scorer: A model that scores the replies of a small model without log-probabilities, such
            as a `ChatTransformers`.
        gate: Another gate: `gates.judge()`, `gates.meaning(...)`, or one of your own.

    Raises:
        InputError: There is no such signal, the scorer cannot score, or there is a gate as well.
    """
    if gate is None:
        gate = perplexity(signal) if scorer is None else scored_by(scorer, signal)
    elif scorer is not None or signal != "mean":
        msg = "signal and scorer are the perplexity gate's: leave them out, or leave out gate."
        raise InputError(msg)
    return Task(
        name="open_ended",
        prompts=PROMPTS,
        read=read_reply,
        gate=gate,
        log_probs=isinstance(gate, Perplexity),
    )


def read_reply(text: str) -> str | None:
    """Read a reply as a whole, without its thoughts; with nothing but thoughts it is none."""
    return without_thoughts(text).strip() or None
