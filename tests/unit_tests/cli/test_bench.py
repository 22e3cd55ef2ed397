"""`cope bench` as a user meets it, on a real loopback server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cope_graph.errors import SandboxSetupError
from cope_graph.evaluation.progress import progress_of
from cope_graph.evaluation.records import read_records
from cope_graph.sandbox.choose import code_runner
from tests.integration_tests.dealer import Dealer, paid
from tests.loopback.openai_server import OpenAIServer
from tests.loopback.replies import ApiError
from tests.processes import soon

MODELS = ["--small", "openai:small", "--large", "openai:large"]
FREE = ["--small-price", "0.15,0.60", "--large-price", "2.50,10.00"]
CANARY = "zebra"
REPLY = "A reply"


class Place:
    """A folder with data, and the models."""

    def __init__(self, folder: Path, dealer: Dealer, server: OpenAIServer) -> None:
        self.folder, self.dealer, self.server = folder, dealer, server
        self.out = folder / "out.jsonl"

    def data(self, *rows: dict[str, Any], name: str = "data.jsonl") -> list[str]:
        path = self.folder / name
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return ["--data", str(path)]

    def sums(self, many: int) -> list[str]:
        return self.data(
            *(
                {"id": f"i{i}", "question": f"{CANARY} {i}: how many?", "answer": str(i % 3)}
                for i in range(many)
            )
        )

    def command(self, *options: str) -> list[str]:
        return ["bench", *MODELS, "--n", "3", "--seed", "7", "--out", str(self.out), *options]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    dealer = Dealer()
    with OpenAIServer(dealer) as server:
        for side in ("SMALL", "LARGE"):
            monkeypatch.setenv(f"COPE_{side}_BASE_URL", server.base_url)
            monkeypatch.setenv(f"COPE_{side}_API_KEY", "test")
            monkeypatch.delenv(f"COPE_{side}", raising=False)
        monkeypatch.setenv("COLUMNS", "120")
        yield Place(tmp_path, dealer, server)


def test_a_bench_prints_its_tables_and_keeps_its_records(place: Place, cope: Any) -> None:
    got = cope(*place.command(*place.sums(4), *FREE, "--voter", "openai:tiny"))
    assert got.code == 0, got.err
    assert "data.jsonl: all 4 items" in got.out
    assert "24 of 24 runs this time" in got.out
    for shown in ("COPE", "large", "small vote", f"cope replay {place.out}"):
        assert shown in got.out
    records = read_records(place.out)
    assert records.header["models"] == {
        "small": "small",
        "large": "large",
        "voter:openai:tiny": "tiny",
    }
    assert records.header["data"] is not None
    assert records.header["data"]["items"] == 4
    assert paid(records) == place.dealer.due(place.server)


def test_the_same_command_asks_nothing_again_and_a_larger_limit_only_for_the_rest(
    place: Place, cope: Any
) -> None:
    data = place.sums(4)
    cope(*place.command(*data, "--limit", "2"))
    asked = place.dealer.asked.copy()
    first = cope(*place.command(*data, "--limit", "2"))
    assert (first.code, place.dealer.asked) == (0, asked)
    assert "of 10 runs this time" not in first.out
    assert cope(*place.command(*data)).code == 0
    assert len(read_records(place.out).rows) == 20
    whole = place.out.read_text().splitlines()
    place.out.unlink()
    before = place.dealer.asked.copy()
    cope(*place.command(*data))
    assert place.dealer.asked - before == before  # one bench in two parts cost as one in one
    assert len(whole) == 21


@pytest.mark.parametrize("how", ["--json", "--markdown"])
def test_json_and_markdown_are_alone_on_stdout(place: Place, cope: Any, how: str) -> None:
    got = cope(*place.command(*place.sums(2), how))
    assert got.code == 0, got.err
    assert "Records:" in got.err
    if how == "--json":
        assert isinstance(json.loads(got.out), dict)
    else:
        assert got.out.lstrip().startswith(("#", "|", "**"))


def test_no_text_of_a_question_or_a_reply_is_in_the_records_unless_it_is_asked_for(
    place: Place, cope: Any
) -> None:
    quoting = ApiError(400, f"Not allowed: {CANARY} 1", "invalid_request_error")
    place.dealer.refused = {f"{CANARY} 1": quoting}
    data = place.sums(3)
    got = cope(*place.command(*data))
    assert "5 failed" in got.out
    content = place.out.read_text()
    assert '"error":"' in content
    for private in (CANARY, REPLY, "Bearer"):
        assert private not in content
    place.dealer.refused = {}
    place.out = place.folder / "texts.jsonl"
    cope(*place.command(*data, "--texts"))
    assert f"{CANARY} 1: how many?" in place.out.read_text()
    assert REPLY in place.out.read_text()


def test_a_run_that_failed_is_said_and_tried_again(place: Place, cope: Any) -> None:
    data, policy = place.sums(6), ApiError(400, "No.", "invalid_request_error")
    place.dealer.refused = {f"{CANARY} 1": policy}
    got = cope(*place.command(*data))
    assert "of the small model" not in got.err
    assert "to the small model: refused" in got.out
    assert "The same command tries what failed again" in got.out
    place.dealer.refused = {}
    assert "5 of 30 runs this time" in cope(*place.command(*data)).out
    assert not progress_of(place.out).exists()


def test_a_refused_key_is_one_sentence_and_exit_code_2(place: Place, cope: Any) -> None:
    place.dealer.closed = {"large"}
    got = cope(*place.command(*place.sums(6)))
    assert got.code == 2
    assert "refused the key" in got.err
    assert "COPE_LARGE_API_KEY" in got.err
    assert "the same command goes on" in got.err
    assert "Traceback" not in got.err + got.out


def test_a_spent_budget_is_one_sentence_and_the_same_command_goes_on(
    place: Place, cope: Any
) -> None:
    data = place.sums(4)
    limits = ["--max-plan-tokens", "50", "--max-answer-tokens", "50", "--concurrency", "1"]
    command = place.command(*data, *FREE, *limits, "--budget-usd", "0.004")
    got, calls = cope(*command), 1
    assert got.code == 2
    assert "The budget is spent" in got.err
    while got.code and calls < 20:
        got, calls = cope(*command), calls + 1
    assert got.code == 0
    assert paid(read_records(place.out)) == place.dealer.due(place.server)


REFUSALS = {
    "an unknown arm": (["--arms", "cope,cup"], "There is no arm 'cup'; there is: plan_free"),
    "a price without a model": (["--voter-price", "0.1"], "--voter-price is MODEL=PRICE"),
    "a price of nobody": (["--voter-price", "x=1,2"], "of 'x', which is no --voter"),
    "a price that is none": (["--voter", "openai:x", "--voter-price", "openai:x=cheap"], "cheap"),
    "voters alone": (["--arms", "cope", "--voter", "openai:x"], "agree with the answers of plan"),
    "n of 0": (["--n", "0"], "n: Input should be greater than or equal to 1"),
    "a task": (["--task", "poem"], "There is no task 'poem'"),
    "no data": (["--data", "/no/such/file.jsonl"], "/no/such/file.jsonl"),
    "no folder": (["--out", "/no/such/folder/out.jsonl"], "There is no folder /no/such/folder"),
    "a budget without a price": (["--budget-usd", "1"], "no known price"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_bad_input_is_one_sentence_before_anything_is_paid(
    place: Place, cope: Any, name: str
) -> None:
    options, sentence = REFUSALS[name]
    got = cope(*place.command(*place.sums(2), *options))
    assert got.code == 2
    assert sentence in " ".join(got.err.split())
    assert "Traceback" not in got.err
    assert place.server.count == 0


@pytest.mark.parametrize("options", [["--n", "4"], ["--small", "openai:other"], ["--texts"]])
def test_other_settings_on_the_same_file_are_refused(
    place: Place, cope: Any, options: list[str]
) -> None:
    data = place.sums(1)
    cope(*place.command(*data))
    before, count = place.out.read_text(), place.server.count
    got = cope(*place.command(*data, *options))
    assert got.code == 2
    assert "holds records of other runs" in got.err
    assert (place.out.read_text(), place.server.count) == (before, count)


def test_other_data_on_the_same_file_is_refused(place: Place, cope: Any) -> None:
    cope(*place.command(*place.sums(2), "--limit", "1"))
    got = cope(*place.command(*place.sums(3), "--limit", "1"))
    assert got.code == 2
    assert "holds records of other runs (data:" in " ".join(got.err.split())


def test_ctrl_c_ends_at_once_and_says_how_to_go_on(place: Place, cope: Any) -> None:
    place.dealer.answers_left = 9
    command = place.command(*place.sums(4))
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "from cope_graph.cli.app import main; main()"
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-c", code, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
    ) as child:
        assert soon(lambda: place.dealer.lost.total() > 0)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=30)
    assert child.returncode == 130
    assert f"The same command goes on from {place.out}" in " ".join(err.split())
    assert "Traceback" not in err
    place.dealer.answers_left = None
    assert cope(*command).code == 0
    assert len(read_records(place.out).rows) == 20


def test_a_choice_has_its_options_by_item(place: Place, cope: Any) -> None:
    place.dealer.text = lambda _model, number: f"I see. The answer is {'AB'[number % 2]}."
    rows = [
        {"id": str(i), "question": f"Which? {i}", "options": [f"elk{i}", f"gnu{i}"], "answer": "A"}
        for i in range(3)
    ]
    got = cope(*place.command(*place.data(*rows), "--task", "choice"))
    assert got.code == 0, got.err
    rights = [s["right"] for row in read_records(place.out) for s in row["stages"][0]["samples"]]
    assert {True, False} <= set(rights)
    assert "elk" not in place.out.read_text()


def test_short_answers_are_right_by_their_own_equality(place: Place, cope: Any) -> None:
    place.dealer.text = lambda model, _number: (
        "The answer is the Eiffel Tower." if model == "small" else "The answer is Big Ben."
    )
    data = place.data({"id": "1", "question": "Where?", "answer": "Eiffel tower"})
    got = cope(*place.command(*data, "--task", "short_answer"))
    assert got.code == 0, got.err
    stages = read_records(place.out).of_arm("cope")["1"]["stages"]
    assert [stage["right"] for stage in stages] == [True, True, False]


def test_code_is_right_by_hidden_tests_that_nobody_sees(place: Place, cope: Any) -> None:
    try:
        code_runner("auto")
    except SandboxSetupError as error:
        pytest.skip(str(error))
    place.dealer.text = lambda model, _number: (
        f"```python\ndef f(x):\n    return {'4' if model == 'small' else 'x * x'}\n```"
    )
    row = {"id": "1", "question": "Write f(x).", "tests": ["assert f(2) == 4"]}
    data = place.data({**row, "hidden_tests": ["assert f(3) == 9"]})
    got = cope(*place.command(*data, "--task", "code"))
    assert got.code == 0, got.err
    stages = read_records(place.out).of_arm("cope")["1"]["stages"]
    assert [(s["passes"], s["accepted"], s["right"]) for s in stages] == [
        (True, True, False),
        (True, True, False),
        (True, True, True),
    ]
    assert {sample["group"] for stage in stages for sample in stage["samples"]} == {None}
    prompts = json.dumps([one.body for one in place.server.requests])
    assert "f(2) == 4" in prompts
    assert "f(3)" not in prompts


def test_without_data_it_takes_the_word_problems_of_our_own(place: Place, cope: Any) -> None:
    got = cope(*place.command("--arms", "plan-free", "--limit", "2"))
    assert got.code == 0, got.err
    assert "word_problems" in got.out
    assert read_records(place.out).arms() == ("plan_free",)
