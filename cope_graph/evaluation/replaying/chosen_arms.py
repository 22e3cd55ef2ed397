"""Which arms of records are looked at: an item is compared where all of them have a run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from cope_graph.errors import InputError
from cope_graph.evaluation.records import Records
from cope_graph.evaluation.replaying.phrases import items
from cope_graph.evaluation.replaying.summary import Word

_MAIN = frozenset({"cope", "plan_free"})


def only(records: Records, arms: Sequence[str] | None) -> Records:
    """Look at some arms alone.

    Args:
        records: Any.
        arms: Their names; `None` for all there are.

    Raises:
        InputError: There is no such arm, or none is named.
    """
    if arms is None:
        return records
    there = records.arms()
    if unknown := [name for name in arms if name not in there]:
        said = ", ".join(there) or "none"
        msg = f"There is no arm {unknown[0]!r:.60} in {records.name}; there is: {said}."
        raise InputError(msg)
    if not arms:
        msg = f"There are no arms to look at: name one of {', '.join(there)}."
        raise InputError(msg)
    return replace(records, rows=tuple(row for row in records if row["arm"] in arms))


def poor_words(records: Records) -> Iterator[Word]:
    """Warn where some arms were not drawn for all items, and say how to do without them.

    Args:
        records: Those that are compared.
    """
    drawn: dict[str, set[str]] = {arm: set() for arm in records.arms()}
    for row in records:
        drawn[row["arm"]].add(row["item"])
    every = set[str]().union(*drawn.values())
    poor = [arm for arm, there in drawn.items() if there != every]
    if not poor or records.header["made_by"] != "bench":
        return
    lost = len(every) - len(every.intersection(*drawn.values()))
    text = (
        f"{items(lost)} {'is' if lost == 1 else 'are'} left out, since not all arms were drawn for "
        f"{'it' if lost == 1 else 'them'} ({', '.join(poor)})"
    )
    yield Word("warning", f"{text}: {_way_out(drawn, poor)}.")


def _way_out(drawn: Collection[str], poor: Sequence[str]) -> str:
    rest = [arm for arm in drawn if arm not in poor]
    goes_on = "the same `cope bench` goes on"
    if not _MAIN.intersection(rest):
        return goes_on
    return f"{goes_on}, and `--arms {','.join(rest)}` compares all items without those arms"
