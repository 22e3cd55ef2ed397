"""The report's page in a real browser: it looks as it should, says what it should, asks nobody."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from cope_graph.report.page import render
from cope_graph.report.wording import percent, times
from tests.browser import NoBrowserError, chromium, console, requests, show
from tests.unit_tests.report.summaries import GRID, SUMMARIES, TAUS

PAGES = ("usual", "hostile", "unpriced", "one item", "bare", "gaps")
DRAWINGS = {"bare": 2}
FITS = "document.documentElement.scrollWidth === document.documentElement.clientWidth"

every = pytest.mark.parametrize("name", PAGES)
widths = pytest.mark.parametrize("width", [1280, 420])


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    try:
        with chromium() as started:
            yield started
    except NoBrowserError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    found = {name: folder / f"{name}.html" for name in PAGES}
    for name, path in found.items():
        path.write_text(render(SUMMARIES[name]), encoding="utf-8")
    return found


def ask(browser: Chrome, script: str) -> Any:
    return browser.execute_script(f"return {script}")


@every
@widths
def test_the_page_opens_without_an_error_and_without_a_request(
    browser: Chrome, pages: dict[str, Path], name: str, width: int
) -> None:
    show(browser, pages[name], width=width)
    images = ask(
        browser, "[...document.images].map(one => [one.complete, one.naturalWidth, one.width])"
    )
    assert len(images) == DRAWINGS.get(name, 5)
    assert all(complete and natural > 0 and shown > 300 for complete, natural, shown in images)
    assert requests(browser) == [pages[name].as_uri()]
    assert console(browser) == []


def test_the_policy_holds_in_the_browser(browser: Chrome, pages: dict[str, Path]) -> None:
    show(browser, pages["usual"])
    image = "<img src=http://127.0.0.1:9/>"
    ask(browser, f"document.body.insertAdjacentHTML('beforeend', '{image}')")
    ask(browser, "new Promise(done => setTimeout(done, 200))")
    [refusal] = console(browser)
    assert "http://127.0.0.1:9/" in refusal["message"]
    assert "violates the following Content Security Policy" in refusal["message"]


@every
@widths
def test_nothing_is_wider_than_the_window(
    browser: Chrome, pages: dict[str, Path], name: str, width: int
) -> None:
    show(browser, pages[name], width=width)
    assert ask(browser, FITS)
    wide = ask(
        browser,
        """[...document.querySelectorAll('main *')].filter(one => !one.closest('.scroll') &&
            one.getBoundingClientRect().right > document.documentElement.clientWidth + 1
        ).map(one => one.outerHTML.slice(0, 80))""",
    )
    assert wide == []


@pytest.mark.parametrize("width", [1280, 420])
def test_each_width_and_colour_scheme_gets_drawings_of_its_own(
    browser: Chrome, pages: dict[str, Path], width: int
) -> None:
    shown = {}
    for dark in (False, True):
        show(browser, pages["usual"], width=width, dark=dark)
        background = ask(browser, "getComputedStyle(document.body).backgroundColor")
        levels = [int(part) for part in background.strip("rgb()").split(",")]
        assert max(levels) < 60 if dark else min(levels) > 200
        natural, shown[dark] = ask(
            browser, "[document.images[0].naturalWidth, document.images[0].currentSrc]"
        )
        assert natural == (960 if width == 1280 else 355)
    assert shown[False] != shown[True]


def readout(browser: Chrome) -> str:
    return plain(browser.find_element(By.ID, "readout").text)


def plain(text: str) -> str:
    return " ".join(text.split())


@widths
@pytest.mark.parametrize("panel", [0, 1])
@pytest.mark.parametrize("cell", [(0, 0), (19, 19), (4, 13)])
def test_pointing_at_a_cell_of_either_map_says_both_figures(
    browser: Chrome, pages: dict[str, Path], width: int, panel: int, cell: tuple[int, int]
) -> None:
    show(browser, pages["usual"], width=width)
    i, j = cell
    area = browser.find_element(By.ID, "map")
    left, top, across, down = places(browser, width, panel)
    x = (left + across * (i + 0.5) / len(TAUS) - 0.5) * area.size["width"]
    y = (top + down * (1 - (j + 0.5) / len(TAUS)) - 0.5) * area.size["height"]
    ActionChains(browser).move_to_element_with_offset(area, round(x), round(y)).perform()
    assert GRID.share is not None
    accuracy, share = percent(GRID.accuracy[i][j]), times(GRID.share[i][j])
    expected = f"thresholds {TAUS[i]:g} and {TAUS[j]:g} accuracy {accuracy} cost {share} of large"
    assert readout(browser) == plain(expected)


@widths
def test_the_cells_that_the_script_knows_lie_on_those_of_the_drawing(
    browser: Chrome, pages: dict[str, Path], width: int
) -> None:
    """The drawn frame of the thresholds in use is where the script looks for that cell."""
    show(browser, pages["usual"], width=width)
    area = browser.find_element(By.ID, "map")
    picture = Image.open(io.BytesIO(area.screenshot_as_png)).convert("L")
    for panel in (0, 1):
        left, top, across, down = places(browser, width, panel)
        x = (left + across * (15.5 / 20)) * picture.width
        edges = [(top + down * (1 - (10 + side) / 20)) * picture.height for side in (0, 1)]
        for y in edges:
            assert min(dark(picture, x, y + step) for step in range(-3, 4)) < 60
        assert dark(picture, x, sum(edges) / 2) > 60


def dark(picture: Image.Image, x: float, y: float) -> float:
    level = picture.getpixel((round(x), round(y)))
    assert isinstance(level, int | float)
    return level


def places(browser: Chrome, width: int, panel: int) -> list[float]:
    kind = "wide" if width == 1280 else "narrow"
    found: list[float] = ask(browser, f"JSON.parse(cells.textContent).places.{kind}[{panel}]")
    return found


def test_the_arrow_keys_lead_through_the_map_and_stop_at_its_edge(
    browser: Chrome, pages: dict[str, Path]
) -> None:
    show(browser, pages["usual"])
    assert readout(browser).startswith("thresholds 0.75 and 0.5 (in use)")
    ask(browser, "document.getElementById('map').focus()")
    ActionChains(browser).send_keys(Keys.ARROW_LEFT, Keys.ARROW_UP, Keys.ARROW_UP).perform()
    assert readout(browser).startswith("thresholds 0.7 and 0.6")
    ActionChains(browser).send_keys(*[Keys.ARROW_RIGHT] * 30).perform()
    assert readout(browser).startswith("thresholds 0.95 and 0.6")
    ActionChains(browser).send_keys(Keys.ESCAPE).perform()
    assert readout(browser).startswith("thresholds 0.75 and 0.5 (in use)")


def test_what_the_records_cannot_say_is_called_unknown(
    browser: Chrome, pages: dict[str, Path]
) -> None:
    show(browser, pages["gaps"])
    ask(browser, "document.getElementById('map').focus()")
    ActionChains(browser).send_keys(Keys.ARROW_RIGHT).perform()
    said = {readout(browser)}
    for _ in range(2):
        ActionChains(browser).send_keys(Keys.ARROW_UP).perform()
        said.add(readout(browser))
    assert sum("unknown" in one for one in said) == 2
    assert not any("NaN" in one or "null" in one for one in said)


def test_hostile_names_run_no_script(browser: Chrome, pages: dict[str, Path]) -> None:
    show(browser, pages["hostile"])
    assert "<script>alert('x')</script>" in browser.find_element(By.TAG_NAME, "h1").text
    assert ask(browser, "document.scripts.length") == 2


def test_print_shows_the_light_wide_drawings_and_no_scrolling_table(
    browser: Chrome, pages: dict[str, Path]
) -> None:
    show(browser, pages["usual"], width=700, dark=True)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    wide = "document.images[0].naturalWidth === 960"  # chosen anew, which takes a moment
    WebDriverWait(browser, 20).until(lambda _: ask(browser, wide))
    assert ask(browser, "getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert ask(browser, FITS)
