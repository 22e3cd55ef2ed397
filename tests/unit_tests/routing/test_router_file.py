"""A router is kept in a file, and a file that is none is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cope_graph.errors import InputError
from cope_graph.routing import Router, fit_router, proven
from tests.unit_tests.routing.made_up import EASY, HARD, by_length, records

ROUTER = fit_router(records())


def test_what_is_loaded_is_what_was_saved(tmp_path: Path) -> None:
    ROUTER.save(tmp_path / "router.json")
    loaded = Router.load(tmp_path / "router.json")
    assert loaded == ROUTER
    for text in (EASY, HARD):
        assert loaded.predict(text) == ROUTER.predict(text)


def test_the_file_names_its_features_and_its_records(tmp_path: Path) -> None:
    ROUTER.save(str(tmp_path / "router.json"))
    content = json.loads((tmp_path / "router.json").read_text(encoding="utf-8"))
    assert list(content) == ["version", "features", "intercept", "costs", "evidence"]
    assert "words" in content["features"]
    assert content["evidence"]["sha256"] == ROUTER.evidence.sha256


def test_a_function_of_ones_own_is_in_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"made anew by proven\(function, records\)"):
        proven(by_length, records()).save(tmp_path / "router.json")
    assert not list(tmp_path.iterdir())


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"version": 2}, "version"),
    ({"intercept": float("nan")}, "intercept"),
    ({"intercept": "1"}, "intercept"),
    ({"features": {"words": 1.0}}, "other features"),
    ({"costs": {}}, "costs.stage1"),
    ({"costs": {"stage1": -1, "stage2": None, "stage3": 1, "accepts2": None}}, "costs.stage1"),
    ({"evidence": None}, "evidence"),
    ({"evidence": {"low": float("inf")}}, "evidence"),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG, ids=[str(wrong) for wrong, _ in WRONG])
def test_a_file_that_is_no_router_is_refused(
    tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    path = tmp_path / "router.json"
    ROUTER.save(path)
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **wrong}), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        Router.load(path)


def test_no_file_and_no_json_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.json cannot be read: No such file"):
        Router.load(tmp_path / "none.json")
    (tmp_path / "text.json").write_text("not json", encoding="utf-8")
    with pytest.raises(InputError, match=r"text.json is no router"):
        Router.load(tmp_path / "text.json")
