"""The page holds everything it shows, asks nothing of anybody, and escapes what it is given."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from math import inf, nan

import pytest

from cope_graph.errors import InputError, MissingPackageError
from cope_graph.evaluation.replaying.summary import Interval
from cope_graph.report import needed
from cope_graph.report.page import render
from cope_graph.report.wording import percent, shown, times
from tests.unit_tests.report.drawings import Tags, page_of, pictures_of
from tests.unit_tests.report.summaries import HEALTH, LONG, METHODS, NASTY, SUMMARIES, USUAL

every = pytest.mark.parametrize("name", SUMMARIES)


@every
def test_nothing_leads_out_of_the_page(name: str) -> None:
    tags = Tags(page_of(name))
    for tag, attributes in tags.tags:
        for key, value in attributes.items():
            assert "://" not in value, (tag, key)
            assert key != "style"
            assert not key.startswith("on")
            if key in {"src", "srcset", "href"}:
                assert value.startswith(("data:image/svg+xml;base64,", "data:,"))
    assert {tag for tag, _ in tags.tags}.isdisjoint({"iframe", "object", "embed", "base", "form"})
    assert "://" not in tags.text("style") + "".join(tags.texts["script"])
    assert "@import" not in tags.text("style")


@every
def test_the_policy_allows_the_pages_own_style_and_script_and_nothing_else(name: str) -> None:
    page = page_of(name)
    tags = Tags(page)
    [policy] = [one["content"] for one in tags.of("meta") if "http-equiv" in one]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    script = page.rpartition("<script>")[2].partition("</script>")[0]
    style = page.partition("<style>")[2].partition("</style>")[0]
    for rule, text in (("script-src", script), ("style-src", style)):
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"


def test_hostile_names_are_text_and_nothing_else() -> None:
    page = page_of("hostile")
    tags = Tags(page)
    assert "<script>alert" not in page
    assert len(tags.of("script")) == 2
    assert shown(NASTY) in tags.text("h1")
    assert page.encode()  # half a character cannot be written
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", page)
    assert LONG.strip() in tags.text("tbody")


@every
def test_big_figures_are_the_comparisons(name: str) -> None:
    summary = SUMMARIES[name]
    main = next((one for one in summary.methods if one.name == "COPE"), summary.methods[0])
    values = re.findall(r'<p class="value">(.*?)</p>', page_of(name))
    assert values[0] == percent(main.accuracy.value)
    alone = main.resolved[1].items if 1 in main.resolved else 0.0
    assert values[2] == percent(alone)
    base = next(one for one in summary.methods if one.name == summary.baseline)
    tokens = name in {"unpriced", "free"}
    costs = (main.tokens, base.tokens) if tokens else (main.usd or 0, base.usd or 1)
    assert values[1] == times(costs[0] / costs[1])


def test_a_loss_is_coloured_and_worded_as_one_and_a_gain_as_a_gain() -> None:
    dear, usual, free = page_of("dear"), page_of("usual"), page_of("unpriced")
    assert '<div class="tile loss">' in dear
    assert '<p class="beside">costs 3.0\u00a0% more</p>' in dear
    assert '<div class="tile gain">' in usual
    assert '<p class="beside">saves 68.2\u00a0%</p>' in usual
    assert '<div class="tile loss">' not in free  # tokens are no money


def test_alternative_texts_say_the_comparisons_figures() -> None:
    alt = {name: one.alt for name, one in pictures_of("usual").items()}
    assert [one["alt"] for one in Tags(page_of("usual")).of("img")] == [
        alt[name] for name in ("frontier", "flow", "savings", "reliability", "heat")
    ]
    for one in METHODS:
        ends = f"{one.accuracy.low * 100:.1f} to {one.accuracy.high * 100:.1f}"
        assert f"{one.name} {percent(one.accuracy.value)} ({ends})" in alt["frontier"]
        assert times(one.share) in alt["frontier"]
    for stage, part in METHODS[8].resolved.items():
        said = f"stage {stage} answers {percent(part.items)}, {percent(part.accuracy)} right"
        assert said in alt["flow"]
    for gate in HEALTH:
        assert (
            f"accepts {percent(gate.accept_rate)} at threshold {gate.tau:g}" in (alt["reliability"])
        )
        assert f"AUROC {gate.auroc:.3f}" in alt["reliability"]
    assert "COPE saves 68.2\u00a0%" in alt["savings"]
    assert "large, own plan costs 31.0\u00a0% more" in alt["savings"]


def test_words_come_first_and_with_their_level() -> None:
    page = page_of("usual")
    found = re.findall(
        r'<li class="(\w+)"><span class="level">(\w+)</span><span class="text">', page
    )
    assert found == [(one.level, one.level) for one in USUAL.words]
    assert page.index(USUAL.words[0].text[:30]) < page.index('class="tile')


def test_what_was_left_out_and_measured_on_stands_there() -> None:
    text = Tags(page_of("usual")).text("main")
    for fact in ("gsm.jsonl", "qwen2.5-coder-0.5b", "phi-3-mini", "seed7", "recordsmade up"):
        assert fact in text
    assert "4 items, in no figure of this page." in text
    assert "no reference answer3" in text
    assert "Nothing: every item" in Tags(page_of("bare")).text("main")


def test_what_is_not_drawn_has_a_reason_in_its_place() -> None:
    text = Tags(page_of("bare")).text("main")
    assert text.count("Not drawn:") == 3
    assert "cells" not in {one.get("id") for one in Tags(page_of("bare")).of("script")}


def test_the_script_gets_the_figures_of_every_cell() -> None:
    page = page_of("usual")
    cells = json.loads(page.partition('id="cells">')[2].partition("</script>")[0])
    assert USUAL.grid is not None
    assert cells["tau1"] == list(USUAL.grid.tau1)
    assert [one["name"] for one in cells["maps"]] == ["accuracy", "cost"]
    assert cells["maps"][0]["says"][15][10] == percent(USUAL.grid.accuracy[15][10])
    assert cells["used"] == [15, 10]


@every
def test_every_table_has_heads_for_its_rows_and_columns(name: str) -> None:
    page = page_of(name)
    for table in re.findall(r"<table.*?</table>", page, re.DOTALL):
        columns = table.count('<th scope="col">')
        for row in re.findall(r"<tr[^>]*>\s*<th scope=\"row\">.*?</tr>", table, re.DOTALL):
            assert row.count("<td") + 1 == columns
    assert page.count("<table") == page.count("<h3>") >= 3
    for heading, one in re.findall(r'aria-labelledby="([\w-]+)"()', page):
        assert one == ""
        assert f'id="{heading}"' in page


@pytest.mark.parametrize("value", [nan, inf])
def test_a_figure_that_is_none_is_refused_with_its_place(value: float) -> None:
    broken = replace(METHODS[1], accuracy=Interval(value, 0, 1))
    summary = replace(USUAL, methods=(METHODS[0], broken))
    with pytest.raises(InputError, match=r"summary\.methods\[1\]\.accuracy\.value is (nan|inf)"):
        render(summary)


def test_a_baseline_of_another_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(InputError, match=r"'nope' is none of the methods.*'large'"):
        render(replace(USUAL, baseline="nope"))


def test_no_methods_are_refused() -> None:
    with pytest.raises(InputError, match="holds no methods"):
        render(replace(USUAL, methods=()))


def test_a_missing_package_is_named_with_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needed, "PACKAGES", ("matplotlib", "no_such_package"))
    with pytest.raises(
        MissingPackageError, match=r"needs no_such_package.*pip install 'cope-graph\[bench\]'"
    ):
        render(USUAL)
