"""Which items can be compared, and why the others cannot."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from cope_graph.errors import InputError
from cope_graph.evaluation.records import Records, Row

Rows = Mapping[str, Mapping[str, Row]]
"""Rows by arm and item."""


@dataclass(frozen=True)
class Compared:
    """The items that stand in all methods, so that these are paired.

    Attributes:
        items: Their names, in the order of the records.
        rows: Theirs, by arm and item.
        excluded: Why others are left out, and how many; each for its first reason.
    """

    items: tuple[str, ...]
    rows: Rows
    excluded: Mapping[str, int]


def compared(records: Records, n: int) -> Compared:
    """Choose the items that every arm has a whole, labelled row of.

    Args:
        records: Any.
        n: Samples of a stage that are asked for.

    Raises:
        InputError: No item is left; or a run that stopped drawing early lacks samples: the items
            where that happens are the easy ones, so that the others would say nothing of all.
    """
    if records.header["made_by"] != "bench":
        _check_whole(records, n)
    found: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in records:
        found[row["item"]][row["arm"]].append(row)
    arms = records.arms()
    stages = {arm: _stages(records, arm) for arm in arms}
    excluded: Counter[str] = Counter()
    rows: dict[str, dict[str, Row]] = {arm: {} for arm in arms}
    for item, by_arm in found.items():
        why = next(
            (why for arm in arms if (why := _fault(records, by_arm[arm], arm, stages[arm], n))),
            None,
        )
        if why:
            excluded[why] += 1
            continue
        for arm in arms:
            rows[arm][item] = by_arm[arm][-1]
    items = tuple(item for item in found if arms and item in rows[arms[0]])
    if not items:
        said = "; ".join(f"{why}: {count}" for why, count in excluded.items()) or "it has no rows"
        msg = f"No item of {records.name} can be compared ({said})."
        raise InputError(msg)
    return Compared(items, rows, dict(excluded))


def _stages(records: Records, arm: str) -> Sequence[int]:
    """Name the stages of an arm: those that any of its runs came to."""
    return sorted({s["stage"] for row in records if row["arm"] == arm for s in row["stages"]})


def _fault(
    records: Records, rows: Sequence[Row], arm: str, stages: Sequence[int], n: int
) -> str | None:
    """Say why an item's rows in an arm cannot be used."""
    if not rows:
        return f"no run in arm {arm}"
    # A row that failed is replaced by a later one.
    if sum(row["error"] is None for row in rows[:-1]):
        return f"more than one run in arm {arm}"
    return next(_faults(records, rows[-1], stages, n), None)


def _faults(records: Records, row: Row, stages: Sequence[int], n: int) -> Iterator[str]:
    arm = row["arm"]
    if row["error"] is not None:
        yield f"a run in arm {arm} ended with an error"
    if _is_unlabelled(row):
        yield f"nobody knows whether an answer in arm {arm} is right"
    if _has_no_number(row):
        yield f"a figure in arm {arm} is no number"
    if _is_broken_off(records, row, stages):
        yield f"a stage in arm {arm} is missing"
    if _is_short(row, n):
        yield f"fewer than {n} samples in arm {arm}"


def _is_unlabelled(row: Row) -> bool:
    return any(
        one["right"] is None and one["answer"] is not None
        for stage in row["stages"]
        for one in (stage, *stage["samples"])
    )


def _has_no_number(row: Row) -> bool:
    return any(
        isnan(stage["seconds"])
        or not (stage["confidence"] is None or 0 <= stage["confidence"] <= 1)
        for stage in row["stages"]
    )


def _is_broken_off(records: Records, row: Row, stages: Sequence[int]) -> bool:
    """Tell a run that lacks a stage from one that ended early since an answer had passed."""
    there = [one["stage"] for one in row["stages"]]
    if there == [*stages]:
        return False
    if records.header["made_by"] == "bench":
        return True
    is_start = there == [*stages[: len(there)]]
    return not there or not is_start or not row["stages"][-1]["accepted"]


def _is_short(row: Row, n: int) -> bool:
    return any(drawn < min(n, due) for _, drawn, due in _drawn(row))


def _drawn(row: Row) -> Iterator[tuple[int, int, int]]:
    """Give stage, samples there are and samples there had to be; stage 3 has one, or none."""
    for stage in row["stages"]:
        if stage["stage"] != 3:  # noqa: PLR2004
            yield stage["stage"], len(stage["samples"]), stage["n"]


def _check_whole(records: Records, n: int) -> None:
    """Refuse runs that stopped drawing early: those are the easy items.

    Raises:
        InputError: There is one.
    """
    short = [
        (drawn, row["item"], stage, due)
        for row in records
        if row["error"] is None
        for stage, drawn, due in _drawn(row)
        if drawn < min(n, due)
    ]
    if short:
        _, item, stage, due = short[0]
        msg = (
            f"The records cannot say what n={n} does: item {item!r:.60} stopped early, with "
            f"{short[0][0]} of {due} samples in stage {stage}. "
            + (f"Ask for n={least}, or record" if (least := min(short)[0]) else "Record")
            + " runs that draw all samples, as a bench does."
        )
        raise InputError(msg)
