"""A summary on a terminal, as Markdown and as JSON."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from cope_graph.evaluation.replaying.summary import Summary, Word
from cope_graph.evaluation.replaying.tables import as_json, markdown, show_summary
from tests.unit_tests.evaluation.summaries import method, summary


def printed(shown: Summary, width: int, **asked: Any) -> list[str]:
    out = io.StringIO()
    show_summary(Console(file=out, width=width), shown, **asked)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal_and_no_figure_is_cut(width: int) -> None:
    long = method("agreement of several models", 1.0, 12.3456)
    lines = printed(summary(methods=(*summary().methods, long)), width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "…" not in text
    for figure in ("75.5 [74.5, 76.5]", "+0.5 [-0.5, +1.5]", "2.700", "0.540", "12345.600"):
        assert figure in text


def test_a_narrow_terminal_says_what_it_leaves_out() -> None:
    narrow, wide = " ".join(printed(summary(), 80)), " ".join(printed(summary(), 120))
    assert "a wider terminal shows more: large's, replies" in narrow
    assert "wider terminal" not in wide
    assert "replies" in wide
    assert "one of 2 columns" in narrow


def test_what_has_no_figure_is_a_dash_and_never_a_zero() -> None:
    rows = [line.split() for line in printed(summary(methods=(method("x1", 0.5, None),)), 120)]
    methods = next(row for row in rows if row[:1] == ["x1"])
    stages = [row for row in rows if row[:1] == ["x1"]][1]
    assert methods[-5:-3] == ["-", "-"]  # USD and share
    assert stages == ["x1", "40.0", "84.0", "0.0", "-", "60.0", "70.0", "1.23", "-"]


def test_exclusions_are_stated_with_their_counts() -> None:
    shown = summary(excluded={"without a label": 3, "without stage 2": 1})
    assert "Left out: 3 without a label, 1 without stage 2" in " ".join(printed(shown, 120))
    assert "Left out: 3 without a label, 1 without stage 2" in markdown(shown)


def test_words_stand_before_the_tables() -> None:
    shown = summary(words=(Word("warning", "The gate [bold]accepts[/] all."),))
    text = "\n".join(printed(shown, 120))
    assert "warning: The gate [bold]accepts[/] all." in text
    assert text.index("warning:") < text.index("Methods:")


def test_frontier_and_grid_can_be_left_out() -> None:
    text = "\n".join(printed(summary(), 120, frontier=False, grid=False))
    assert "Frontier" not in text
    assert "Thresholds" not in text
    assert "### Frontier" not in markdown(summary(), frontier=False)


def test_a_grid_without_prices_shows_the_accuracy_alone() -> None:
    grid = summary().grid
    assert grid is not None
    shown = summary(grid=type(grid)(grid.tau1, grid.tau2, grid.accuracy, None, None))
    text = markdown(shown)
    assert "### Thresholds: right" in text
    assert "### Thresholds: cost" not in text


def test_names_of_the_data_steer_neither_terminal_nor_markdown() -> None:
    shown = summary(title="\x1b[2Ja|b", methods=(method("`m|x`", 0.5, 0.001),))
    assert "\x1b" not in "\n".join(printed(shown, 120)) + markdown(shown)
    assert "| \\`m\\|x\\` | 50.0 [49.0, 51.0] |" in markdown(shown)


def test_every_row_of_markdown_has_as_many_cells_as_its_head() -> None:
    tables = [block for block in markdown(summary()).split("\n\n") if block.startswith("| ")]
    assert len(tables) == 8
    for block in tables:
        assert len({line.count("|") for line in block.strip().splitlines()}) == 1


def test_json_holds_every_figure_and_its_version() -> None:
    shown = summary()
    read = json.loads(json.dumps(as_json(shown), allow_nan=False))
    assert (read["format"], read["version"]) == ("cope-summary", 1)
    assert read["methods"][1]["difference"] is None
    assert read["methods"][0]["usd_by_stage"]["3"] == 0.0001
    assert read["grid"]["accuracy"][1][2] == pytest.approx(0.703)
    assert read["break_even"]["pays"] is True
    assert {"words", "excluded", "health", "frontier", "baseline"} <= read.keys()


@pytest.mark.parametrize(
    ("whole", "said"), [(None, "500 items of"), (500, "500 items of"), (685, "500 of 685 items of")]
)
def test_items_are_counted_against_the_whole_data_set(whole: int | None, said: str) -> None:
    assert f"\n{said} sums.jsonl, task math" in markdown(summary(whole=whole))
