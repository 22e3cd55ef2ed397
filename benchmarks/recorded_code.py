"""The code task's gate on recorded samples: CodeGen-16B as the small model, GPT-4 as the large one.

    python -m benchmarks.recorded_code --data DIR --markdown

DIR holds recorded/humaneval_codegen16b_k10_gpt4.jsonl.gz: ten samples of HumanEval problems, with
the verdicts of public and hidden tests that its makers recorded. The gate runs every sample in the
sandbox; nothing is asked of any model.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.table import table
from cope_graph.gates.decide import Threshold, decide
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.sandbox.choose import code_runner
from cope_graph.sandbox.verdicts import AssertTest, judge
from cope_graph.state import Sample
from cope_graph.tasks import code

_TAU = 0.75


@dataclass(frozen=True)
class Decided:
    """What the gate made of one problem.

    Attributes:
        has_tests: Whether there are public tests.
        accepted: Whether a sample of the small model is the answer.
        right: Whether the answer passes the hidden tests.
        large_right: Whether the large model's does.
        equal: Whether each sample's verdict is the recorded one.
    """

    has_tests: bool
    accepted: bool
    right: bool
    large_right: bool
    equal: bool


def main() -> None:
    """Judge all samples and print the tables."""
    args = _arguments()
    with gzip.open(args.data / "recorded" / "humaneval_codegen16b_k10_gpt4.jsonl.gz", "rt") as file:
        problems = [json.loads(line) for line in file]
    decided = [_decided(problem, args.seed) for problem in problems]
    with_tests = [one for one in decided if one.has_tests]
    equal = sum(one.equal for one in with_tests)
    print(f"verdicts equal to the recorded ones: {equal} of {len(with_tests)} problems\n")
    rows = [
        _row("public tests", with_tests),
        _row("no tests: agreement", [one for one in decided if not one.has_tests]),
        _row("all", decided),
    ]
    head = ["problems", "n", "cascade right", "large alone right", "small's answers right"]
    head += ["deferred", "large model's requests saved"]
    print(table([head, *rows], markdown=args.markdown))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with recorded/")
    parser.add_argument("--seed", type=int, default=0, help="of the lot among those that pass")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    return parser.parse_args()


def _decided(problem: dict[str, Any], seed: int) -> Decided:
    programs = [problem["small_prompt"] + sample for sample in problem["small_samples"]]
    tests = problem["public_asserts"]
    question = Question(problem["small_prompt"], {"tests": tests} if tests else {}, seed)
    gate: Any = _TASK.gate
    verdict = gate(question, [_sample(program) for program in programs])
    _, accepted = decide(verdict, Threshold(_TAU), n=len(programs), missing=(), onward="hand_over")
    chosen = problem["small_ok"][_winner(verdict)] if accepted else problem["large_ok"]
    return Decided(
        has_tests=bool(tests),
        accepted=accepted,
        right=bool(chosen),
        large_right=bool(problem["large_ok"]),
        equal=_is_as_recorded(programs, tests, problem["small_public"]),
    )


def _is_as_recorded(
    programs: Sequence[str], tests: Sequence[str], recorded: Sequence[Sequence[int]]
) -> bool:
    """Compare the verdict on each sample: whether it passes all public tests."""
    asserts = [AssertTest(test) for test in tests]
    return not asserts or [
        judge(_RUNNER, program, asserts).status == "passed" for program in programs
    ] == [all(bits) for bits in recorded]


def _winner(verdict: Verdict) -> int:
    assert verdict.winner is not None
    return verdict.winner


def _sample(program: str) -> Sample:
    return {"text": program, "answer": program, "finish": "stop", "goal": None, "id": None}


def _row(name: str, decided: Sequence[Decided]) -> list[str]:
    accepted = [one for one in decided if one.accepted]
    shares = (
        fmean(one.right for one in decided),
        fmean(one.large_right for one in decided),
        fmean(one.right for one in accepted) if accepted else 0.0,
    )
    deferred = 1 - len(accepted) / len(decided)
    figures = [f"{share:.3f}" for share in shares]
    return [name, str(len(decided)), *figures, f"{deferred:.3f}", f"{1 - deferred:.3f}"]


_RUNNER = code_runner()
_TASK = code(sandbox=_RUNNER)

if __name__ == "__main__":
    main()
