"""Data sets in files: what is read, and which row an error names."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cope_graph import tasks
from cope_graph.errors import InputError
from cope_graph.evaluation.datasets import Item, data_of, load, own_items
from cope_graph.evaluation.datasets.drawing import drawn

Written = Callable[..., Path]
ROW: Any = {"question": "What is 2 + 2?", "gold": "4"}
ITEMS = [Item(str(at), f"What is {at}?", str(at)) for at in range(50)]


@pytest.fixture
def write(tmp_path: Path) -> Written:
    """Write a file of rows, texts or bytes."""

    def written(*rows: Any, name: str = "data.jsonl") -> Path:
        lines = [
            one if isinstance(one, bytes) else one.encode() if isinstance(one, str) else _json(one)
            for one in rows
        ]
        path = tmp_path / name
        path.write_bytes(b"\n".join(lines))
        return path

    return written


def _json(row: Any) -> bytes:
    return json.dumps(row).encode()


def test_the_own_items_are_twenty_with_answers() -> None:
    items = own_items()
    assert len({item.id for item in items}) == 20
    assert items[0].gold == "42"


@pytest.mark.parametrize(
    ("row", "question", "gold"),
    [
        (ROW, "What is 2 + 2?", "4"),
        ({"problem": "Q", "answer": 4}, "Q", "4"),
        ({"Prompt": "Q", "Target": 4.5}, "Q", "4.5"),
        ({"input": "Q", "output": {"b": 1, "a": [2]}}, "Q", '{"a": [2], "b": 1}'),
        ({"query": "Q", "Correct Answer": True}, "Q", "true"),
        ({"instruction": "Q", "input": "", "label": "no"}, "Q", "no"),
    ],
)
def test_usual_names_are_recognised(write: Written, row: Any, question: str, gold: str) -> None:
    (item,) = load(write(row)).items
    assert (item.question, item.gold) == (question, gold)


def test_other_names_are_given(write: Written) -> None:
    row = {"q": "Q", "question": "not this", "a": "A", "key": 7, "gold": "not this either"}
    (item,) = load(write(row), question_field="q", gold_field="a", id_field="key").items
    assert (item.id, item.question, item.gold) == ("7", "Q", "A")


def test_a_template_puts_several_fields_together(write: Written) -> None:
    row = {"passage": "Ada is 36.", "question": "How old is Ada?", "answer": "36"}
    (item,) = load(write(row), question_field="{passage}\n\n{question}").items
    assert item.question == "Ada is 36.\n\nHow old is Ada?"
    assert not item.hidden


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([ROW, {"question": "Q"}], "data.jsonl:2 has no answer in 'gold'"),
        ([{"question": "Q", "gold": "  "}], "data.jsonl:1 has no answer in 'gold'"),
        ([{"question": "Q", "solution": "4"}], "no field for the answer: name it by gold_field"),
        ([ROW, {"question": " ", "gold": "4"}], "data.jsonl:2 has an empty question"),
        ([ROW, {"gold": "4"}], "data.jsonl:2 has no question in 'question'"),
        ([{"text": "Q", "gold": "4"}], "its fields are 'text', 'gold'"),
        ([{"question": ["Q"], "gold": "4"}], "data.jsonl:1 has a list in 'question'"),
        ([{"question": 4, "gold": "4"}], "data.jsonl:1 has int in 'question'"),
        ([ROW, {"prompt": "Q", "gold": "4"}], "data.jsonl:2 has 'prompt', and 'question' may"),
        ([{**ROW, "answer": "5"}], "data.jsonl:1 has 'answer', and 'gold' may be the gold too"),
        ([ROW, '{"question": "Q", "gold": NaN}'], "data.jsonl:2 is no JSON .NaN is no number"),
        ([ROW, '{"question": "Q", "gold": 1e999}'], "data.jsonl:2 is no JSON .* too large"),
        ([ROW, "", "{question: 1}"], "data.jsonl:3 is no JSON"),
        ([ROW, "[1, 2]"], "data.jsonl:2 is a JSON list, no object"),
        (["[" * 100_000], "data.jsonl:1 is no JSON .it is nested too deeply"),
        (['{"question": "Q", "gold": "1", "gold": "2"}'], "data.jsonl:1 .* has 'gold' twice"),
        (['{"question": "\\ud800", "gold": "1"}'], "data.jsonl:1 holds half a character"),
        ([ROW, '{"question": "é", "gold": "1"}'.encode("latin-1")], "data.jsonl:2 is not UTF-8"),
        ([_json(ROW).decode().encode("utf-16")], "data.jsonl is UTF-16: save it as UTF-8"),
        ([], "data.jsonl holds no rows"),
        (["", "  "], "data.jsonl holds no rows"),
        ([{**ROW, "id": 1}, {**ROW, "id": 1, "gold": "5"}], "data.jsonl:2 has the id '1' of data"),
        ([ROW, {**ROW, "gold": "5"}], "data.jsonl:2 has the id .* and says something else"),
        ([ROW, ROW], "data.jsonl:2 says the same as data.jsonl:1"),
        ([{**ROW, "id": [1]}], "data.jsonl:1 has list in 'id'"),
    ],
)
def test_a_bad_row_is_named(write: Written, rows: Sequence[Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        load(write(*rows))


def test_a_field_that_is_nowhere_is_an_error(write: Written) -> None:
    fields: list[dict[str, Any]] = [{"question_field": "q"}, {"gold_field": "g"}, {"id_field": "i"}]
    for wrong in fields:
        with pytest.raises(InputError, match="nor has any other row"):
            load(write(ROW), **wrong)
    with pytest.raises(InputError, match="no field 'passage'"):
        load(write(ROW), question_field="{passage} {question}")


def test_rows_left_out_are_counted(write: Written) -> None:
    path = write(ROW, {"question": "Q", "gold": None}, {"question": "R"}, ROW)
    loaded = load(path, unlabelled="leave_out", unusable="leave_out")
    assert [item.gold for item in loaded.items] == ["4"]
    assert loaded.excluded == {"without an answer": 2, "repeated": 1}
    assert str(loaded).endswith("; 2 without an answer left out; 1 repeated left out")


def test_nothing_left_is_an_error_and_no_empty_success(write: Written) -> None:
    with pytest.raises(InputError, match="no row left: 1 without an answer"):
        load(write({"question": "Q"}), unlabelled="leave_out")


def test_unlabelled_rows_are_kept_for_a_scorer_that_needs_no_answer(write: Written) -> None:
    (item,) = load(write({"question": "Q"}), unlabelled="keep").items
    assert item.gold is None


def test_an_id_of_the_content_is_stable_and_does_not_depend_on_the_answer(write: Written) -> None:
    (first,) = load(write(ROW)).items
    moved = load(write({"question": "Q", "gold": "1"}, {**ROW, "gold": "5"})).items[1]
    assert first.id == moved.id
    assert len(first.id) == 12


@pytest.mark.parametrize("name", ["data.jsonl.gz", "data.jsonl"])
def test_a_compressed_file_is_read_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(_json(ROW)))
    assert load(path).items[0].gold == "4"
    assert load(tmp_path).data["name"] == name
    path.write_bytes(gzip.compress(_json(ROW))[:-10])
    with pytest.raises(InputError, match=f"{name} cannot be read: is cut short or damaged"):
        load(path)


def test_a_folder_must_hold_one_data_file(write: Written, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no data file"):
        load(tmp_path)
    write(ROW, name="b.jsonl")
    write(ROW, name="a.jsonl.gz")
    with pytest.raises(InputError, match=r"several data files \(a.jsonl.gz, b.jsonl\)"):
        load(tmp_path)
    with pytest.raises(InputError, match="no data file or folder"):
        load(tmp_path / "nowhere.jsonl")


def test_a_mark_of_utf8_and_other_line_separators_are_read(write: Written) -> None:
    path = write(b"\xef\xbb\xbf" + '{"question": "a\u2028b", "gold": "1"}'.encode() + b"\r")
    assert load(path).items[0].question == "a\u2028b"


def test_the_hash_is_of_all_items_and_changes_with_an_answer(write: Written) -> None:
    rows = [{"question": f"Q{at}", "gold": str(at)} for at in range(5)]
    whole, some = load(write(*rows)), load(write(*rows), limit=2)
    assert whole.data == some.data
    assert whole.data == data_of(whole.items, "data.jsonl")
    other = load(write(*rows[:4], {"question": "Q4", "gold": "5"}))
    assert other.data["sha256"] != whole.data["sha256"]


def test_the_draw_is_stated() -> None:
    first, words = drawn(ITEMS, 3)
    assert [item.id for item in first] == ["0", "1", "2"]
    assert words == "the first 3 of 50 items"
    assert drawn(ITEMS, 3, 7)[1] == "3 of 50 items, drawn with seed 7"
    assert drawn(ITEMS, 60)[1] == "all 50 items (fewer than the limit of 60)"
    with pytest.raises(InputError, match="limit is 1 at least, not 0"):
        drawn(ITEMS, 0)


@given(st.integers(1, 49), st.integers(), st.randoms(use_true_random=False))
def test_a_draw_is_the_same_in_any_order_and_grows_with_its_limit(
    limit: int, seed: int, random: Any
) -> None:
    shuffled = list(ITEMS)
    random.shuffle(shuffled)
    taken = {item.id for item in drawn(ITEMS, limit, seed)[0]}
    assert len(taken) == limit
    assert taken == {item.id for item in drawn(shuffled, limit, seed)[0]}
    assert taken < {item.id for item in drawn(ITEMS, limit + 1, seed)[0]}


def test_seeds_draw_different_items() -> None:
    assert len({tuple(item.id for item in drawn(ITEMS, 10, seed)[0]) for seed in range(20)}) == 20


@pytest.mark.parametrize(
    ("name", "family", "count"),
    [
        ("gsm", "math", 100),
        ("math_l5", "math", 100),
        ("math500", "math", 100),
        ("crux", "short_answer", 100),
        ("humaneval", "code", 50),
        ("mbpp_sanitized", "code", 100),
    ],
)
def test_public_benchmarks_need_no_settings(name: str, family: str, count: int) -> None:
    path = Path(os.environ.get("COPE_DATA", "")) / "benchmarks" / f"{name}.jsonl"
    if not path.is_file():
        pytest.skip(f"COPE_DATA names no folder with benchmarks/{path.name}")
    loaded = load(path, task=getattr(tasks, family)())
    assert len(loaded.items) == loaded.data["items"] > count
    assert not loaded.excluded
    assert all("/" in item.id for item in loaded.items)
