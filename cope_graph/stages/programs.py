"""Which samples of a small stage are programs, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from cope_graph.context import CopeContext
from cope_graph.errors import InputError
from cope_graph.models.exchange import Reply
from cope_graph.stages.run import Cascade, Run
from cope_graph.state import Program, Sample
from cope_graph.tasks.task import Prompts


@dataclass(frozen=True)
class Portion:
    """Samples of a draw that have one prompt, where they have no goals of their own.

    Attributes:
        first: Index of the first.
        k: How many.
        programs: Whether they are programs.
    """

    first: int
    k: int
    programs: bool


def is_program(run: Run, index: int) -> bool:
    """Tell whether a small stage's sample of an index is a program.

    Programs are the last ones of each voter's samples, shared evenly; what is left over goes to
    the later voters. In words comes first: it needs no sandbox, and with waves an agreement there
    saves the programs. So a draw, which is of one voter, has two prompts at most, and the samples
    of each are one request.
    """
    programs = run.cascade.task.programs
    if programs is None:
        return False
    voters, share = len(run.cascade.samplers), run.share
    voter = min(index // share, voters - 1)
    each, over = divmod(programs.k, voters)
    own = each + (voter >= voters - over)
    return index - voter * share >= share - own


def portions(run: Run, first: int, k: int) -> list[Portion]:
    """Part a draw's samples by what they are asked for, in order."""
    kinds = groupby(range(first, first + k), key=lambda index: is_program(run, index))
    found = [(programs, list(indices)) for programs, indices in kinds]
    return [Portion(indices[0], len(indices), programs) for programs, indices in found]


def prompts_of(cascade: Cascade, *, programs: bool) -> Prompts:
    """Give the prompts that ask for a solution in words, or for a program."""
    task = cascade.task
    return task.programs.prompts if programs and task.programs else task.prompts


def check_programs(cascade: Cascade, settings: CopeContext) -> None:
    """Refuse more programs than samples, and a guess from samples of one kind on the other.

    Raises:
        InputError: The settings ask for that.
    """
    programs, n = cascade.task.programs, settings.n
    if programs is None:
        return
    if programs.k > n:
        msg = (
            f"n={n} samples cannot hold {programs.k} programs: set n to {programs.k} or more, or "
            f"ask for {n} programs at most."
        )
        raise InputError(msg)
    if programs.k < n and settings.early_stop == "beta-binomial":
        msg = (
            "early_stop='beta-binomial' takes samples for draws of one kind, and "
            f"{programs.k} of {n} are programs: use early_stop='exact'."
        )
        raise InputError(msg)


def with_answers(
    run: Run, samples: Sequence[Sample], replies: Sequence[Reply | None], first: int
) -> list[Sample]:
    """Run the programs among fresh samples, and give these their answers; it blocks.

    Args:
        run: The run, in a small model's stage.
        samples: Fresh ones; those that are programs were read as words, which counts for nothing.
        replies: What each was made of, `None` for one on its way.
        first: Index of the first.

    Raises:
        SandboxError: The sandbox failed, so that nothing is known about a program.
    """
    programs = run.cascade.task.programs
    if programs is None:
        return [*samples]
    asked = [i for i in range(len(samples)) if is_program(run, first + i)]
    unread = {i: why for i in asked if (why := _unread(replies[i])) is not None}
    whole = [i for i in asked if i not in unread]
    found = dict(zip(whole, programs.run([samples[i]["text"] for i in whole]), strict=True))
    answered = [*samples]
    for i in asked:
        answer, program = found[i] if i in found else (None, unread[i])
        answered[i] = {**samples[i], "answer": answer, "program": program}
    return answered


def _unread(reply: Reply | None) -> Program | None:
    if reply is None:
        return {"status": "lost", "message": "still on its way"}
    if "error" in reply:
        return {"status": "lost", "message": reply["error"]}
    if reply["cut"]:
        return {"status": "no_code", "message": "the reply ends at the token limit"}
    return None


def endings(samples: Sequence[Sample]) -> dict[str, int]:
    """Count what became of the programs among samples; empty without any."""
    ended = [sample["program"]["status"] for sample in samples if "program" in sample]
    return dict(sorted(Counter(ended).items()))


def in_words(ended: dict[str, int]) -> str:
    """Say how many programs gave no answer; nothing where all did."""
    without = {status: count for status, count in ended.items() if status != "printed"}
    if not without:
        return ""
    why = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in without.items())
    return f"{sum(without.values())} of {sum(ended.values())} programs gave no answer ({why})"
