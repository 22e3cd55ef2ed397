"""The README's first command for real: the embedded pair answers a question."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cope_graph.models.pair import LARGE, SMALL
from cope_graph.models.pull import find

MISSING = [name for name in (SMALL, LARGE) if find(name.removeprefix("local:")) is None]

pytestmark = [
    pytest.mark.local_models,
    pytest.mark.skipif(bool(MISSING), reason="no model files: cope models pull"),
]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("plans", ["--no-plans", "--plans"])
def test_the_embedded_pair_answers_through_the_whole_cascade(plans: str) -> None:
    # tau 1 can't be exceeded: every stage there is runs.
    limits = ["--n", "2", "--tau1", "1", "--tau2", "1", "--seed", "1"]
    question = "A bakery puts 6 rolls in a bag. How many rolls are in 7 bags?"
    command = [sys.executable, "-m", "cope_graph.cli.app", "solve", question, plans, *limits]
    done = subprocess.run(  # noqa: S603
        [*command, "--json"], capture_output=True, text=True, check=False, timeout=800
    )
    assert done.returncode == 0, done.stderr
    out = json.loads(done.stdout)
    stages = [1, 3] if plans == "--no-plans" else [1, 2, 3]
    assert [visit["stage"] for visit in out["visits"]] == stages
    assert out["answer"] is not None
    assert out["ledger"]["usd"] == "0"
    # On a busy machine a sample may be given up: the decision stands without it.
    lines = [line for line in out["ledger"]["lines"] if line["error"] != "not waited for"]
    assert {line["role"] for line in lines} >= {"execute"}
    assert {line["status"] for line in lines} == {"reported"}
    assert all(line["output_tokens"] > 0 for line in lines)
