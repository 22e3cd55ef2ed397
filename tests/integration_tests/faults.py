"""The faults of the matrix: what goes wrong, and how a run has to end then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Side = Literal["small", "large", "both"]

QUESTION: Final = "What is 7 * 6?"
_ANSWERED: Final = "stage 3"
_DEGRADED: Final = "stage 2, not accepted, degraded"
_FAILED: Final = "ModelCallError"
_HARMLESS: Final[Mapping[Side, str]] = {"small": "stage 1", "large": "stage 3"}
_DOWN: Final[Mapping[Side, str]] = {"small": _ANSWERED, "large": _DEGRADED}
_BOTH_DOWN: Final[Mapping[Side, str]] = {**_DOWN, "both": _FAILED}


@dataclass(frozen=True, eq=False)
class Fault:
    """What goes wrong.

    Attributes:
        title: In words.
        ends: Which models it befalls, in turn, and how a run has to end then.
        suffix: What the faulty model's name ends in, see `tests.loopback.suffixes`.
        streamed: How a run has to end whose large model streams, where that is another end.
        question: What is asked.
        listens: Whether there is a server at all.
        timeout_s: What a request may take.
        deadline_s: What a run may take.
    """

    title: str
    ends: Mapping[Side, str]
    suffix: str = ""
    streamed: Mapping[Side, str] = field(default_factory=dict)
    question: str = QUESTION
    listens: bool = True
    timeout_s: float = 10.0
    deadline_s: float = 10.0


FAULTS: Final = (
    Fault("none", _HARMLESS),
    Fault("429 always", _BOTH_DOWN, "-429"),
    Fault("429 once, Retry-After 1 s", _HARMLESS, "-429once"),
    Fault("429 always, Retry-After 30 s", _BOTH_DOWN, "-429after30"),
    Fault("500", _BOTH_DOWN, "-500"),
    Fault("503", _DOWN, "-503"),
    Fault("401", _BOTH_DOWN, "-401"),
    Fault("timeout", _DOWN, "-timeout", timeout_s=1.5),
    Fault(
        "timeout, the deadline first",
        {
            "small": "DeadlineError",
            "large": "stage 1, not accepted, stopped by deadline",
            "both": "DeadlineError",
        },
        "-timeout",
        deadline_s=2.5,
    ),
    Fault("drip: a byte every 0.2 s", _DOWN, "-drip", timeout_s=1.5),
    Fault("malformed JSON", _DOWN, "-badjson"),
    Fault("HTML with 200", _DOWN, "-html"),
    Fault("no choices", _BOTH_DOWN, "-nochoices"),
    Fault("empty content", _BOTH_DOWN, "-empty"),
    Fault("null content", _BOTH_DOWN, "-null"),
    Fault(
        "cut at the token limit",
        {"small": _ANSWERED, "large": "stage 2, not accepted", "both": "NoAnswerError"},
        "-length",
    ),
    Fault("crash in mid-body", _DOWN, "-crash"),
    Fault("connection reset", _BOTH_DOWN, "-reset"),
    Fault("nothing listens", _BOTH_DOWN, listens=False),
    Fault("no usage", {**_HARMLESS, "both": "stage 1"}, "-nousage"),
    Fault("truncated stream", _HARMLESS, "-truncated", streamed={"large": _DEGRADED}),
    Fault("n > 1 refused", _HARMLESS, "-refuse-n"),
    Fault("unicode", _HARMLESS, "-unicode"),
    Fault("lone surrogate in the reply", _HARMLESS, "-surrogate"),
    Fault("lone surrogate in the question", {"both": "InputError"}, question="What is 7 \ud800 6?"),
    Fault("100 KB prompt", _HARMLESS, question=f"{'The farmer sighs. ' * 5_700}{QUESTION}"),
)
