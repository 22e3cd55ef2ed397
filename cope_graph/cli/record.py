"""`cope solve --record FILE`: what a run saw and cost, added to a file of records."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from cope_graph.context import CopeContext
from cope_graph.errors import CopeError
from cope_graph.evaluation.datasets.items import content_id
from cope_graph.evaluation.record_file import RecordFile
from cope_graph.evaluation.rows import Look, Told, failed_row, row_of
from cope_graph.state import Sample

_ARM: Final = "solve"


class Recording:
    """One run as it is seen in its stream of updates."""

    def __init__(self, file: RecordFile, settings: CopeContext) -> None:
        """Begin with nothing seen.

        Args:
            file: Where the record goes.
            settings: The run's.
        """
        self._file = file
        self._n = settings.n
        self._looks: dict[int, Look] = {}
        self._samples: list[Sample] = []

    def see(self, node: str, change: Mapping[str, Any]) -> None:
        """Take in what a node brought."""
        self._samples = change.get("samples", self._samples)
        if node == "confidence_gate" and change.get("visits"):
            visit = change["visits"][-1]
            n = 1 if visit["stage"] == 3 else self._n  # noqa: PLR2004
            look = Look(visit, [*self._samples], change["seconds"], n)
            self._looks[visit["stage"]] = look

    def write(self, out: Mapping[str, Any], inputs: Mapping[str, Any]) -> Path:
        """Add the run to the file; nobody knows whether its answers are right.

        Args:
            out: What the run gave, with its question.
            inputs: What the task was given beside it.
        """
        header, looks = self._file.header, list(self._looks.values())
        told = Told(header["task"], lambda _answer: None, texts=header["texts"])
        item = _item(out, inputs)
        self._file.add([row_of(item, _ARM, looks, out, told, question=out["question"])])
        return self._file.path

    def write_failed(
        self, error: CopeError, out: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> None:
        """Add a run that has no outcome; what it cost stands all the same.

        Args:
            error: Why.
            out: What the run gave, with its question.
            inputs: What the task was given beside it.
        """
        texts = self._file.header["texts"]
        self._file.add([failed_row(_item(out, inputs), _ARM, error, texts=texts)])


def _item(out: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
    # The same question may be asked twice: each time it is an item of its own.
    return f"{content_id(out['question'], inputs)}/{uuid4().hex[:8]}"
