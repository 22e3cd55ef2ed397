"""What flows through the graph: messages and small JSON values, nothing else.

USD are decimal strings, so that a checkpoint keeps every digit.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, NotRequired

from langchain_core.messages import AnyMessage
from langgraph.graph import add_messages
from typing_extensions import TypedDict

Stage = Literal[1, 2, 3]
Role = Literal["plan", "execute"]
Status = Literal["reported", "estimated", "unknown"]
Decision = Literal["accept", "undecided", "escalate", "hand_over"]


class Sample(TypedDict):
    """One reply of an executor."""

    text: str
    """The whole reply."""
    answer: str | None
    """The answer read from it; `None` when there is none."""
    finish: str | None
    """Why the model stopped, in the provider's word; `"length"` is a cut reply."""
    goal: int | None
    """Index of the goal it followed, `None` without one."""
    id: str | None
    """Its message's id: a streamed sample and the answer made of it are one message."""


class LedgerLine(TypedDict):
    """One request to a model."""

    node: str
    """The graph node that made it."""
    stage: int
    """The stage it belongs to, 1 to 3."""
    role: Role
    """Whether it bought a plan or an answer."""
    model: str
    """The model's name, as the provider reported it where it did."""
    samples: int
    """Replies drawn by this request."""
    input_tokens: int
    """Prompt tokens, cached ones included."""
    output_tokens: int
    """Completion tokens of all samples, reasoning tokens included."""
    cached_tokens: int
    """Prompt tokens read from the provider's cache."""
    reasoning_tokens: int
    """Completion tokens spent on hidden reasoning."""
    seconds: float
    """Wall time of the request."""
    status: Status
    """Whether the tokens are the provider's figure, ours, or not known."""
    usd: str | None
    """Price of the request; `None` when the model's price is not known."""


class Totals(TypedDict):
    """Sums over ledger lines."""

    requests: int
    input_tokens: int
    output_tokens: int
    usd: str | None
    """Sum in USD; `None` as soon as one line has no price."""


class Ledger(Totals):
    """The bill of one run."""

    status: Status
    """The weakest status of any line."""
    usd_known: str
    """Sum of the lines that have a price: a lower bound when `usd` is `None`."""
    seconds: float
    """Sum of the requests' seconds; requests side by side count each."""
    by_node: dict[str, Totals]
    by_role: dict[str, Totals]
    by_stage: dict[str, Totals]
    lines: list[LedgerLine]


class Vote(TypedDict):
    """One class of equal answers."""

    answer: str
    count: int


class Visit(TypedDict):
    """One look of the gate: what was seen and what was decided."""

    stage: Stage
    model: str
    """The executor's name."""
    samples: int
    """Samples seen so far in this stage."""
    confidence: float | None
    """Consensus ratio; `None` where there is none, `reason` says why."""
    threshold: float | None
    """What the confidence had to exceed; `None` in stage 3."""
    decision: Decision
    accepted: bool
    """Whether the answer passed the gate (a last answer may end a run without passing)."""
    reason: str
    answer: str | None
    votes: list[Vote]
    input_tokens: int
    """Prompt tokens of this stage so far, plans included."""
    output_tokens: int
    usd: str | None


class Best(TypedDict):
    """The best answer of the last stage that had one."""

    answer: str
    text: str
    """The whole reply it stands in."""
    id: str | None
    """That reply's id."""
    stage: Stage
    confidence: float | None


class CopeInput(TypedDict):
    """What a caller sends."""

    messages: Annotated[list[AnyMessage], add_messages]
    """The conversation; its last message is the user's question."""


class CopeOutput(TypedDict):
    """What a caller gets back."""

    messages: Annotated[list[AnyMessage], add_messages]
    """The conversation with the answer appended as one AI message."""
    answer: str | None
    """The answer as read from the winning sample; `None` only when the run abstained."""
    stage: Stage
    """The stage that gave the answer."""
    confidence: float | None
    """Share of that stage's samples behind the answer; `None` after stage 3 (one sample)."""
    accepted: bool
    """Whether the gate let the answer pass, or it is merely the best there was."""
    reason: str
    """One sentence: why the run ended as it did."""
    visits: list[Visit]
    """Every look of the gate, in order."""
    ledger: Ledger
    """Tokens, USD and seconds."""


class CopeState(CopeOutput):
    """All of the graph's state. Everything but `messages` belongs to one run."""

    entering: NotRequired[bool]
    """Set for a run's first node alone: it resets what an earlier run left."""
    goals: list[str]
    """Stage 1's goals, one per sample, by the small planner."""
    goal: str | None
    """The goal handed on to stage 2: one of those behind the majority answer."""
    guideline: str | None
    """The large planner's plan, reused by stage 3."""
    samples: list[Sample]
    """The samples of the current stage."""
    best: Best | None
    """What the run would answer if it ended here."""
    decision: Decision | None
    """The gate's last word; the router reads nothing else."""


NO_LEDGER: Final[Ledger] = {
    "requests": 0,
    "input_tokens": 0,
    "output_tokens": 0,
    "usd": "0",
    "status": "reported",
    "usd_known": "0",
    "seconds": 0.0,
    "by_node": {},
    "by_role": {},
    "by_stage": {},
    "lines": [],
}
