"""What a set of samples tells about its answer, as numbers: how they agree, how sure they were."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, log
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from cope_graph.gates.verdict import Verdict

if TYPE_CHECKING:
    from cope_graph.state import LogProbs, Sample

SignalName = Literal["agreement", "margin", "entropy", "mean_log_prob", "tail_log_prob"]


class Signals(TypedDict):
    """Each signal, `None` where the samples have none of its kind."""

    agreement: float | None
    """Share of all samples behind the answer, 0 to 1: the paper's consensus (section 4.1)."""
    margin: float | None
    """That share less the next answer's."""
    entropy: float | None
    """Of the answers' shares, -sum p ln p / ln n, 0 (all the same) to 1 (all different). Samples
    without a readable answer count together as one more answer."""
    mean_log_prob: float | None
    """Mean of a token's natural log-probability, over the samples behind the answer; 0 at most."""
    tail_log_prob: float | None
    """The same over each sample's last 32 tokens."""


def signals(verdict: Verdict, samples: Sequence[Sample]) -> Signals:
    """Read all signals.

    Args:
        verdict: The gate's, on these samples.
        samples: All of a stage, lost ones included; one at least.
    """
    counts = [len(one.members) for one in verdict.classes]
    voted = verdict.by_share and (verdict.answer is None or bool(counts))
    n = len(samples)
    top, second, *_ = [*counts, 0, 0]
    return {
        "agreement": top / n if voted else None,
        "margin": (top - second) / n if voted else None,
        "entropy": _entropy([*counts, n - sum(counts)], n) if voted else None,
        "mean_log_prob": _over_winners("mean", verdict, samples),
        "tail_log_prob": _over_winners("tail", verdict, samples),
    }


def _entropy(counts: Sequence[int], n: int) -> float:
    if n == 1:
        return 0.0
    # Not -0.0 where all are the same.
    return abs(sum(count / n * log(count / n) for count in counts if count)) / log(n)


def _over_winners(
    part: Literal["mean", "tail"], verdict: Verdict, samples: Sequence[Sample]
) -> float | None:
    """Average over the samples behind the answer, each counting once however long it is."""
    winners: tuple[int, ...] = () if verdict.winner is None else (verdict.winner,)
    if verdict.classes:
        winners = verdict.classes[0].members
    values = [_value(samples[index].get("log_probs"), part) for index in winners]
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _value(log_probs: LogProbs | None, part: Literal["mean", "tail"]) -> float | None:
    # What a server gives for a token that it thinks impossible is no number to average.
    if log_probs is None or not isfinite(log_probs[part]):
        return None
    return log_probs[part]
