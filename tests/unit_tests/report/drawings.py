"""Drawings and pages of made-up comparisons, each made once, and what stands in them."""

from __future__ import annotations

from base64 import b64decode
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from cope_graph.report.figures import Picture, drawn, pictures
from cope_graph.report.page import render
from cope_graph.report.theme import Look
from tests.unit_tests.report.summaries import SUMMARIES

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SVG = "{http://www.w3.org/2000/svg}"


@cache
def pictures_of(name: str) -> dict[str, Picture]:
    return pictures(SUMMARIES[name])


@cache
def page_of(name: str) -> str:
    return render(SUMMARIES[name], drawn=pictures_of(name), made={"records": "made up"})


def svg_of(drawing: str, name: str, look: Look | None = None) -> Element:
    return ET.fromstring(drawn(drawing, SUMMARIES[name], look or Look()))  # noqa: S314 - ours


def decoded(uri: str) -> bytes:
    start, _, data = uri.partition(",")
    assert start == "data:image/svg+xml;base64"
    return b64decode(data, validate=True)


def words_in(svg: Element) -> list[str]:
    return ["".join(text.itertext()) for text in svg.iter(f"{SVG}text")]


class Tags(HTMLParser):
    """What a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in {"meta", "link", "img", "source"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in self._open:
            self.texts.setdefault(tag, []).append(data)

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def text(self, tag: str) -> str:
        return " ".join("".join(self.texts.get(tag, [])).split())
