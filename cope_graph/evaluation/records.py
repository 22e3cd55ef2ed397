"""Records of runs: what every sample said, whether it was right, and what it cost.

JSON Lines: a header, then one row a run. A row holds no key and no text of a question or a reply,
unless texts were asked for; an answer that is more than a figure or a letter stands as a digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final, Literal, NoReturn, NotRequired, TypeVar

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from cope_graph.context import describe
from cope_graph.errors import InputError
from cope_graph.money.lines import LedgerLine
from cope_graph.state import LogProbs, Stage

FORMAT: Final = "cope-records"
VERSION: Final = 1


class SampleRecord(TypedDict):
    """One reply of an executor."""

    answer: str | None
    """The answer key, or a digest of it (`"sha256:..."`); `None` when there is none."""
    group: int | None
    """Which class of equal answers it is in, numbered from 0 in the order of their first members
    within its stage; `None` without an answer, or under a gate that does not vote."""
    right: bool | None
    """Whether the answer is right; `None` when nobody knows."""
    finish: str | None
    """Why the model stopped, in the provider's word."""
    log_probs: NotRequired[LogProbs]
    error: NotRequired[str]
    """Why there is no reply, in a word or two."""
    text: NotRequired[str]
    """The whole reply, where texts were asked for."""


class StageRecord(TypedDict):
    """One stage of a run, at the gate's last look."""

    stage: Stage
    n: int
    """How many samples the stage had to draw."""
    confidence: float | None
    """As the gate saw it; `None` in stage 3, and where nothing has an answer."""
    votes: bool
    """Whether the confidence is the share of samples in the largest class of answers."""
    passes: bool | None
    """Of a gate that knows without a threshold (tests): whether the answer passes; else `None`."""
    accepted: bool
    """What the run's own gate said at its own threshold; a bench's goes on all the same."""
    answer: str | None
    """The winning answer's key or digest."""
    right: bool | None
    """Whether it is right."""
    seconds: float
    """Wall time of the stage's nodes: those of its plan too."""
    samples: list[SampleRecord]


class Row(TypedDict):
    """One run over one item."""

    item: str
    arm: str
    """Which settings it ran under: `"cope"`, `"plan_free"`, ... In an arm `voter:NAME` the large
    model's nodes are that voter's, and `group` numbers go on from those of `plan_free`'s stage 1:
    equal numbers are equal answers across these rows of an item."""
    stages: list[StageRecord]
    """Those that ran, in order."""
    lines: list[LedgerLine]
    """Its bill, a line a request."""
    failures: list[str]
    """What went wrong on the way."""
    error: str | None
    """Why the run has no outcome; its bill stands nevertheless. A later row of the same item and
    arm takes its place."""
    question: NotRequired[str]
    """The question, where texts were asked for."""


class Data(TypedDict):
    """What the items are."""

    name: str
    """The file's or the data set's name."""
    sha256: str
    """Of the items as they were read."""
    items: int


class Header(TypedDict):
    """What all rows have in common."""

    format: Literal["cope-records"]
    version: int
    made_by: Literal["bench", "solve"]
    package: str
    """Version of cope-graph."""
    date: str
    """ISO 8601, UTC."""
    task: str
    models: dict[str, str]
    """Names by side: `small`, `large`, `judge`; `voter:NAME` for each further voter."""
    prices: dict[str, dict[str, Any]]
    """What a model's tokens cost where the bill's own figures came from a given price."""
    settings: dict[str, Any]
    """`CopeContext` of the run that the arms vary, as JSON."""
    data: Data | None
    texts: bool
    """Whether questions and replies are in the rows."""


@dataclass(frozen=True)
class Records:
    """A file of records.

    Attributes:
        header: What all rows have in common.
        rows: In the file's order.
        name: The file's name, for errors.
    """

    header: Header
    rows: tuple[Row, ...]
    name: str = "records"

    def arms(self) -> tuple[str, ...]:
        """Name the arms, in the order of their first rows."""
        return tuple(dict.fromkeys(row["arm"] for row in self.rows))

    def of_arm(self, arm: str) -> Mapping[str, Row]:
        """Give an arm's rows by item; of an item that was tried again the last."""
        return {row["item"]: row for row in self.rows if row["arm"] == arm}

    def __iter__(self) -> Iterator[Row]:
        """Go through the rows."""
        return iter(self.rows)


T = TypeVar("T")
_HEADER: Final = TypeAdapter(Header)
_ROW: Final = TypeAdapter(Row)


def read_records(path: Path) -> Records:
    """Read a file of records.

    Args:
        path: JSON Lines as a bench writes them. A last line that a crash cut off is no row.

    Raises:
        InputError: There is no such file, it is empty, of another format or version, or a line is
            no row, holds what is no figure (NaN), or says again what another row of its item and
            arm has said.
    """
    if not path.is_file():
        msg = f"There is no file of records {path}."
        raise InputError(msg)
    text = path.read_bytes().decode("utf-8", "replace")
    whole, _, cut = text.rpartition("\n")
    if is_whole(cut):  # an editor left out the end of the line
        whole = text
    lines = [(i, line) for i, line in enumerate(whole.split("\n"), 1) if line.strip()]
    if not lines:
        msg = f"{path.name} holds no records: it is empty."
        raise InputError(msg)
    header = _header(lines[0][1], path.name)
    rows: dict[tuple[str, str], Row] = {}
    for number, line in lines[1:]:
        place = f"{path.name}:{number}"
        row = _parsed(_ROW, line, place)
        key = row["item"], row["arm"]
        if key in rows and rows[key]["error"] is None:
            msg = f"{place} is a second row of item {key[0]!r:.60} in arm {key[1]!r:.60}: drop one."
            raise InputError(msg)
        rows[key] = row
    return Records(header, tuple(rows.values()), path.name)


def _header(line: str, name: str) -> Header:
    found = _json(line, f"{name}:1")
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        msg = f"{name} holds no records of cope-graph: its first line is no {FORMAT} header."
        raise InputError(msg)
    if found.get("version") != VERSION:
        msg = (
            f"{name} holds records of version {found.get('version')!r:.20}; this cope-graph reads "
            f"version {VERSION}. Use the cope-graph that wrote them ({found.get('package')!r:.20})."
        )
        raise InputError(msg)
    return _parsed(_HEADER, line, f"{name}:1")


def _parsed(kind: TypeAdapter[T], line: str, place: str) -> T:
    try:
        return kind.validate_python(_json(line, place), strict=True)
    except ValidationError as error:
        msg = f"{place} is no record of this version: {describe(error)}"
        raise InputError(msg) from error


def is_whole(line: str) -> bool:
    """Tell whether a line is a record to its end, and not the part that a crash left."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _json(line: str, place: str) -> Any:
    def refuse(constant: str) -> NoReturn:
        msg = f"{place} holds {constant:.20}, which is no figure."
        raise InputError(msg)

    def figure(digits: str) -> float:
        return found if isfinite(found := float(digits)) else refuse(digits)

    try:
        return json.loads(line, parse_constant=refuse, parse_float=figure)
    except (ValueError, RecursionError) as error:
        msg = f"{place} is no JSON: {error}."
        raise InputError(msg) from error
