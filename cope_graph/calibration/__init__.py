"""Thresholds with a guarantee: calibrated on recorded outcomes, watched while they run."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cope_graph.calibration.calibrating import Calibration, calibrate
    from cope_graph.calibration.drift import DriftReport, DriftWatch
    from cope_graph.calibration.ladder import Alone
    from cope_graph.calibration.recorded import from_records
    from cope_graph.calibration.schedule import Schedule
    from cope_graph.calibration.stage_table import StageOutcomes, StageTable
    from cope_graph.calibration.thresholds import Thresholds, check_fits, read_thresholds
    from cope_graph.calibration.voter_table import VoterTable

__all__ = [
    "Alone",
    "Calibration",
    "DriftReport",
    "DriftWatch",
    "Schedule",
    "StageOutcomes",
    "StageTable",
    "Thresholds",
    "VoterTable",
    "calibrate",
    "check_fits",
    "from_records",
    "read_thresholds",
]

_HOMES = {
    "Alone": "ladder",
    "Calibration": "calibrating",
    "DriftReport": "drift",
    "DriftWatch": "drift",
    "Schedule": "schedule",
    "StageOutcomes": "stage_table",
    "StageTable": "stage_table",
    "Thresholds": "thresholds",
    "VoterTable": "voter_table",
    "calibrate": "calibrating",
    "check_fits": "thresholds",
    "from_records": "recorded",
    "read_thresholds": "thresholds",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used: a graph that reads thresholds needs no numpy."""
    if name in _HOMES:
        return getattr(import_module(f"cope_graph.calibration.{_HOMES[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
