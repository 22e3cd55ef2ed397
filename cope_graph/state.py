"""What flows through the graph: messages and small JSON values, nothing else.

The bill is described in `cope_graph.money.lines`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from langchain_core.messages import AnyMessage
from langgraph.graph import add_messages
from typing_extensions import TypedDict

from cope_graph.money.lines import Ledger

Stage = Literal[1, 2, 3]
Stop = Literal["budget", "deadline"]
Decision = Literal["accept", "undecided", "escalate", "hand_over"]


class LogProbs(TypedDict):
    """How sure a model was of a reply's tokens: natural logarithms, 0 at most."""

    tokens: int
    """How many tokens the reply has."""
    mean: float
    """Mean over all of them; perplexity is exp(-mean)."""
    tail: float
    """Mean over the last 32, where an answer usually stands."""
    window: float
    """The lowest mean of any 32 in a row: where it was least sure."""


ProgramStatus = Literal["printed", "silent", "failed", "timeout", "killed", "no_code", "lost"]


class Program(TypedDict):
    """What became of a sample that was asked for as a program."""

    status: ProgramStatus
    """`"printed"` when it gave an answer; any other counts like a sample without one."""
    message: str
    """Why it gave none, in the sandbox's words or in the program's own; else empty."""


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
    error: NotRequired[str]
    """Why there is no reply, in a word or two (`failures` says more). A lost sample counts like
    one without an answer: it never wins."""
    log_probs: NotRequired[LogProbs]
    """Of a task whose gate reads them."""
    model: NotRequired[str]
    """Who drew it, of several small models."""
    program: NotRequired[Program]
    """Of a sample that was asked for as a program: what became of it. `answer` is what it
    printed."""


FailureKind = Literal[
    "unreachable",
    "timeout",
    "rate_limited",
    "refused",
    "broken",
    "empty",
    "paused",
    "budget",
    "deadline",
]


class Failure(TypedDict):
    """What went wrong without ending the run, alike requests of a node together."""

    node: str
    stage: Stage
    side: Literal["small", "large", "judge"]
    model: str
    kind: FailureKind
    message: str
    """One sentence: what happened, and the fix."""
    requests: int
    """How many requests of the node it befell."""


class Vote(TypedDict):
    """One class of equal answers."""

    answer: str
    count: int
    members: list[int]
    """Indices of its samples, in order; a tie goes to the class whose first member came first."""


class FailedTest(TypedDict):
    """Candidates of a stage that did not pass a test, and said the same of it."""

    test: int | None
    """Its number, from 1; `None` for candidates without code, which no test was run on."""
    status: Literal["failed", "timeout", "killed", "no_code"]
    message: str
    """Why, in the sandbox's words or in the candidate's own."""
    candidates: int


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
    bounds: NotRequired[list[float]]
    """Of a vote on a part of the draw: the lowest and the highest share that the full draw could
    give the largest class."""
    to_draw: NotRequired[int]
    """Of an undecided look: how many samples come next, the fewest that could decide."""
    p_correct: NotRequired[float]
    """The probability that the answer is right, where the graph has a calibration of this stage:
    an estimate from how many agree."""
    passes: NotRequired[bool]
    """Of a gate that knows without a threshold: whether the answer passes."""
    failed: NotRequired[list[FailedTest]]
    """Of a gate that runs tests: what the candidates that did not pass failed at, 64 at most."""
    fields: NotRequired[dict[str, float]]
    """Of a vote on objects: the share of samples behind the winner's value of each field."""
    programs: NotRequired[dict[str, int]]
    """Of samples that are programs: how many there are of each `ProgramStatus`."""
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
    p_correct: NotRequired[float | None]
    """The probability that it is right, where the graph has a calibration."""


class Route(TypedDict):
    """Where a run began, and why."""

    stage: Stage
    """The first stage that ran."""
    p_accept: float | None
    """The probability that stage 1 would accept; `None` when the router could not say."""
    usd: dict[str, str]
    """What the run was expected to cost, in USD, by the stage it could begin at."""
    reason: str
    """One sentence."""


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
    degraded: bool
    """Whether a request to the large model failed and the answer is the small model's."""
    stopped_by: Stop | None
    """What ended the run before its time: money or time; the answer is the best so far."""
    failures: list[Failure]
    """What went wrong on the way; empty when nothing did."""
    visits: list[Visit]
    """Every look of the gate, in order."""
    ledger: Ledger
    """Tokens, USD and seconds."""
    route: NotRequired[Route | None]
    """Where the router let the run begin; `None` without a router."""
    p_correct: NotRequired[float | None]
    """The probability that the answer is right, estimated from how many agree in its stage; `None`
    without calibrated thresholds, or where they say nothing of that stage."""


class CopeState(CopeOutput):
    """All of the graph's state. Everything but `messages` belongs to one run."""

    entering: NotRequired[bool]
    """Set for a run's first node alone: it resets what an earlier run left."""
    run: str
    """The run's own name, by which budgets know it."""
    seconds: float
    """What the run's nodes have taken so far, for its deadline."""
    inputs: dict[str, Any]
    """What the task asks for beside the messages, by input key."""
    lesson: str | None
    """What a stage that did not pass tells the next one, where its task tells anything."""
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
