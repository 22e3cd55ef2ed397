"""Thresholds are kept in a small file, read strictly, and refused for another schedule."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from cope_graph import CopeContext
from cope_graph.calibration import Thresholds, calibrate, check_fits, read_thresholds
from cope_graph.errors import InputError
from tests.unit_tests.calibration.outcomes import table, voters

MADE = calibrate(table(400, plans=True), max_loss=0.05).thresholds
QUORUM = calibrate(voters(400), max_loss=0.05).thresholds


@pytest.mark.parametrize("made", [MADE, QUORUM])
def test_what_is_read_is_what_was_saved(tmp_path: Path, made: Thresholds) -> None:
    made.save(tmp_path / "t.json")
    assert read_thresholds(tmp_path / "t.json") == made
    assert read_thresholds(json.loads((tmp_path / "t.json").read_bytes())) == made
    assert read_thresholds(asdict(made)) == made


def test_the_file_is_small_and_says_what_it_is_of(tmp_path: Path) -> None:
    MADE.save(str(tmp_path / "t.json"))
    content = json.loads((tmp_path / "t.json").read_bytes())
    assert (tmp_path / "t.json").stat().st_size < 4_000
    assert list(content)[:2] == ["version", "schedule"]
    assert content["schedule"]["small"] == ["small"]
    assert len(content["origin"]["data"]) == 64
    assert content["origin"]["date"].startswith("20")
    assert content["target"] == {"kind": "max_loss", "value": 0.05, "confidence": 0.9}


def test_reading_them_loads_no_numpy() -> None:
    code = (
        "import sys; from cope_graph.calibration import read_thresholds, check_fits; "
        "sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"version": 2}, "version"),
    ({"tau1": 1.5}, "tau1"),
    ({"tau1": "0.5"}, "tau1"),
    ({"tau1": float("nan")}, "tau1"),
    ({"tau2": None}, "tau2 where stage 2"),
    ({"strict": 1}, "strict"),
    ({"more": 1}, "more"),
    ({"schedule": {}}, "schedule.small"),
    ({"schedule": {**asdict(MADE.schedule), "stages": [3, 1]}}, "in order"),
    ({"schedule": {**asdict(MADE.schedule), "large": "small"}}, "once"),
    ({"target": {"kind": "max_fun", "value": 1, "confidence": 0.9}}, "target.kind"),
    ({"shown": None}, "shown"),
    ({"origin": {**asdict(MADE.origin), "items": -1}}, "origin.items"),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG, ids=[str(wrong)[:40] for wrong, _ in WRONG])
def test_what_holds_no_thresholds_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_thresholds({**asdict(MADE), **wrong})


def test_no_file_no_json_and_no_values_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.json cannot be read: No such file"):
        read_thresholds(tmp_path / "none.json")
    with pytest.raises(InputError, match=r"none/t.json: No such file.*Name another file"):
        MADE.save(tmp_path / "none" / "t.json")
    (tmp_path / "text.json").write_text("not json", encoding="utf-8")
    with pytest.raises(InputError, match=r"text.json holds no thresholds"):
        read_thresholds(tmp_path / "text.json")
    with pytest.raises(InputError, match=r"The mapping holds no thresholds"):
        read_thresholds({"tau1": object()})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"large": "other"}, "large was large and is other"),
        ({"small": ("other",)}, r"small was \[small\] and is \[other\]"),
        ({"n": 4}, "n was 8 and is 4"),
        ({"stages": (1, 3)}, r"stages was \[1, 2, 3\] and is \[1, 3\]"),
        ({"small_plan": "none"}, "small_plan was goal and is none"),
    ],
)
def test_thresholds_of_another_schedule_are_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=f"{said}.*calibrate anew"):
        check_fits(MADE, replace(MADE.schedule, **changed))


def test_thresholds_of_another_quorum_or_order_are_refused() -> None:
    turned = replace(QUORUM.schedule, small=QUORUM.schedule.small[::-1])
    with pytest.raises(InputError, match="small was"):
        check_fits(QUORUM, turned)


def test_another_comparison_is_refused() -> None:
    with pytest.raises(InputError, match="strict was True and is False"):
        check_fits(MADE, MADE.schedule, strict=False)


def test_thresholds_of_the_same_schedule_fit() -> None:
    check_fits(MADE, MADE.schedule)
    settings = CopeContext(**MADE.settings())
    assert (settings.tau1, settings.tau2) == (MADE.tau1, MADE.tau2)
    assert (settings.n, settings.strict) == (8, True)
