"""Drawings show the comparison's own figures, in every look, also where there is little to draw."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from itertools import combinations
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from cope_graph.report import flow, frontier, heat, reliability
from cope_graph.report.figures import LOOKS, drawn, missing
from cope_graph.report.theme import DARK, LIGHT, Look, styled
from tests.unit_tests.report.drawings import SVG, decoded, pictures_of, svg_of, words_in
from tests.unit_tests.report.summaries import GRID, HEALTH, METHODS, SUMMARIES, USUAL

ALL = ["frontier", "flow", "reliability", "heat", "savings"]


@pytest.mark.parametrize("name", SUMMARIES)
def test_what_can_be_drawn_is_drawn_and_what_cannot_has_a_reason(name: str) -> None:
    lacking = missing(SUMMARIES[name])
    assert set(pictures_of(name)) | set(lacking) == set(ALL)
    assert not set(pictures_of(name)) & set(lacking)
    assert all(lacking.values())


@pytest.mark.parametrize("name", SUMMARIES)
def test_pngs_are_images_that_hold_more_than_one_colour(name: str) -> None:
    for picture in pictures_of(name).values():
        image = Image.open(io.BytesIO(picture.png))
        width, height = picture.sizes["light"]
        assert image.width == 1600
        assert abs(image.height - 1600 * height / width) <= 2
        assert len(image.convert("RGB").getcolors(1 << 24) or ()) > 10


@pytest.mark.parametrize("name", SUMMARIES)
def test_svgs_are_sound_and_refer_to_nothing_outside(name: str) -> None:
    for picture in pictures_of(name).values():
        assert set(picture.sources) == set(LOOKS)
        for source in picture.sources.values():
            svg = decoded(source)
            for element in ET.fromstring(svg).iter():  # noqa: S314 - ours
                assert element.tag not in {f"{SVG}script", f"{SVG}foreignObject"}
                for key, value in element.attrib.items():
                    if key.endswith("href"):
                        assert value.startswith(("#", "data:image/png"))
            assert b"nan" not in svg.lower()


def test_dark_and_light_differ_in_their_surface_and_narrow_in_its_width() -> None:
    light, dark, narrow = (
        drawn("frontier", USUAL, look).decode()
        for look in (Look(LIGHT), Look(DARK), Look(LIGHT, narrow=True))
    )
    assert DARK.surface in dark
    assert DARK.surface not in light
    assert 'width="720pt"' in light
    assert 'width="266.4pt"' in narrow


def test_the_same_comparison_gives_the_same_bytes() -> None:
    assert drawn("savings", USUAL, Look()) == drawn("savings", USUAL, Look())


def test_the_users_own_settings_of_matplotlib_do_not_show() -> None:
    import matplotlib as mpl  # noqa: PLC0415 - heavy

    plain = drawn("flow", USUAL, Look())
    with mpl.rc_context({"font.size": 30, "svg.fonttype": "path", "text.color": "red"}):
        assert drawn("flow", USUAL, Look()) == plain


def _at(svg: ET.Element, number: int) -> tuple[float, float]:
    [group] = [one for one in svg.iter(f"{SVG}g") if one.get("id") == f"method-{number}"]
    [mark] = group.iter(f"{SVG}use")
    return float(mark.attrib["x"]), float(mark.attrib["y"])


@pytest.mark.parametrize("name", ["usual", "unpriced", "free"])
@pytest.mark.parametrize("narrow", [False, True])
def test_on_the_frontier_right_is_dearer_and_up_is_better(name: str, narrow: bool) -> None:
    svg = svg_of("frontier", name, Look(narrow=narrow))
    methods = SUMMARIES[name].methods
    cost = {one.name: one.usd if name == "usual" else one.tokens for one in methods}
    for (i, one), (j, two) in combinations(enumerate(methods, 1), 2):
        (x1, y1), (x2, y2) = _at(svg, i), _at(svg, j)
        assert (x1 < x2) == ((cost[one.name] or 0) < (cost[two.name] or 0))
        assert (y1 > y2) == (one.accuracy.value < two.accuracy.value)


def test_the_frontier_names_the_methods_its_axis_and_the_large_model_alone() -> None:
    words = words_in(svg_of("frontier", "usual"))
    assert {one.name for one in METHODS} - {"large"} <= set(words)
    assert "large alone" in words
    assert "cost of an item, as a multiple of large" in words
    assert "tokens of an item, as a multiple of large" in words_in(svg_of("frontier", "unpriced"))


def test_the_narrow_frontier_has_numbers_where_names_do_not_fit() -> None:
    words = words_in(svg_of("frontier", "usual", Look(narrow=True)))
    assert {str(number) for number in range(1, len(METHODS) + 1)} <= set(words)


def test_a_price_that_one_method_lacks_leaves_only_that_one_out() -> None:
    odd = replace(METHODS[5], usd=None, share=None)
    summary = replace(USUAL, methods=(*METHODS[:5], odd, *METHODS[6:]))
    drawing = ET.fromstring(drawn("frontier", summary, Look()))  # noqa: S314 - ours
    ids = {one.get("id") for one in drawing.iter()}
    assert "method-5" in ids
    assert "method-6" not in ids


def _flow_heights(name: str) -> list[tuple[str, float]]:
    look = Look()
    with styled(look):
        [axes] = flow.draw(SUMMARIES[name], look).axes
    ends: list[Any] = [one for one in axes.patches if one.get_zorder() == 3]
    at = flow._stop(look)
    colours = {LIGHT.accent: "right", LIGHT.loss: "wrong"}
    import matplotlib.colors as mcolors  # noqa: PLC0415 - heavy

    return [
        (colours[mcolors.to_hex(one.get_facecolor())], round(one.get_height(), 6))
        for one in ends
        if abs(one.get_x() - at) < 1e-9 and one.get_y() >= 0
    ]


def test_the_flow_is_as_high_as_items_are_right_and_wrong() -> None:
    assert _flow_heights("usual") == [
        ("right", round(0.618 * 0.978, 6)),
        ("wrong", round(0.618 * 0.022, 6)),
        ("right", round(0.152 * 0.933, 6)),
        ("wrong", round(0.152 * 0.067, 6)),
        ("right", round(0.23 * 0.882, 6)),
        ("wrong", round(0.23 * 0.118, 6)),
    ]
    assert _flow_heights("one item") == [("right", 1.0)]


def test_the_flow_shows_items_that_no_stage_answers() -> None:
    cope = METHODS[8]
    resolved = {stage: part for stage, part in cope.resolved.items() if stage < 3}
    summary = replace(USUAL, methods=(METHODS[2], replace(cope, resolved=resolved)))
    assert [(end.stage, round(end.items, 3)) for end in flow.ends(summary)] == [
        (1, 0.618), (2, 0.152), (0, 0.23),
    ]  # fmt: skip
    assert "no answer: 23.0" in flow.alt(summary)


def test_the_reliability_diagram_has_a_point_for_each_bin_with_items() -> None:
    look = Look()
    with styled(look):
        figure = reliability.draw(USUAL, look)
    for axes, health in zip(figure.axes[::2], HEALTH, strict=True):
        full = [one for one in health.bins if one.items]
        marks: list[Any] = list(axes.collections)
        for mark, one in zip(marks, full, strict=True):
            [[x, y]] = mark.get_offsets()
            assert (x, y) == (one.confidence, pytest.approx(100 * (one.accuracy or 0)))
    for axes, health in zip(figure.axes[1::2], HEALTH, strict=True):
        bars: list[Any] = list(axes.patches)[: len(health.bins)]
        assert [bar.get_height() for bar in bars] == [one.items for one in health.bins]


def test_the_heat_map_holds_the_grid_with_the_first_threshold_to_the_right() -> None:
    look = Look()
    with styled(look):
        figure = heat.draw(USUAL, look)
    accuracy, cost = (axes.images[0].get_array() for axes in figure.axes if axes.images)
    assert accuracy is not None
    assert cost is not None
    for i, j in ((0, 0), (19, 0), (3, 17)):
        assert accuracy[j, i] == pytest.approx(100 * (GRID.accuracy[i][j] or 0))
        assert GRID.share is not None
        assert cost[j, i] == GRID.share[i][j]


@pytest.mark.parametrize("narrow", [False, True])
def test_the_maps_of_the_heat_map_lie_where_the_script_is_told(narrow: bool) -> None:
    look = Look(narrow=narrow)
    with styled(look):
        [one, two] = heat.boxes(USUAL, look)
    for left, top, width, height in (one, two):
        assert 0 < left < left + width < 1
        assert 0 < top < top + height < 1
    assert (two[1] > one[1] + one[3]) if narrow else (two[0] > one[0] + one[2])


def test_cells_that_the_records_cannot_say_anything_of_are_masked_not_zero() -> None:
    look, gaps = Look(), SUMMARIES["gaps"]
    with styled(look):
        [axes] = [one for one in heat.draw(gaps, look).axes if one.images]
    cells: Any = axes.images[0].get_array()
    assert gaps.grid is not None
    assert cells.mask.sum() == sum(one is None for row in gaps.grid.accuracy for one in row) > 0


@pytest.mark.parametrize("name", SUMMARIES)
def test_alternative_texts_hold_no_unknown_figure_as_a_number(name: str) -> None:
    for picture in pictures_of(name).values():
        assert not re.search(r"\bnan\b", picture.alt)
        assert "None" not in picture.alt
        assert picture.alt.endswith(".")
    assert frontier.alt(SUMMARIES[name]).count("%") >= len(SUMMARIES[name].methods)
