"""A bench at work: which runs are missing, what waits for what, and when to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from cope_graph.errors import CopeError
from cope_graph.evaluation.arm_run import ArmRun
from cope_graph.evaluation.arms import VOTER, Arm
from cope_graph.evaluation.datasets.items import Item
from cope_graph.evaluation.joint import FREE, thread_of
from cope_graph.evaluation.record_file import RecordFile
from cope_graph.evaluation.records import Row

if TYPE_CHECKING:
    from cope_graph.evaluation.bench import Bench

_IN_A_ROW: Final = 5
"""Items that may fail without a run between them that does not."""


class Running:
    """A bench at work."""

    def __init__(
        self,
        bench: Bench,
        file: RecordFile,
        graphs: Mapping[str, Any],
        on_row: Callable[[Row], None],
    ) -> None:
        """Begin where the file ends."""
        self._bench, self._file, self._on_row = bench, file, on_row
        self._done = file.done()
        self._runs = {
            arm.name: ArmRun(bench, arm, graphs[arm.name], self._voters_before(arm))
            for arm in bench.all_arms
        }
        self._failing: dict[str, None] = {}
        self.is_whole = True

    def _voters_before(self, arm: Arm) -> tuple[str, ...]:
        names = [f"{VOTER}{name}" for name in self._bench.voters]
        return tuple(names[: names.index(arm.name)]) if arm.name in names else ()

    def rows_there(self) -> int:
        """Count the rows of this bench that the file has already."""
        ids = {item.id for item in self._bench.items}
        return sum(item in ids and arm in self._runs for item, arm in self._done)

    async def work(self, items: Iterator[Item]) -> None:
        """Take one item after the other, together with others who do the same."""
        for item in items:
            if missing := [name for name in self._runs if (item.id, name) not in self._done]:
                await self._draw(item, missing)

    async def _draw(self, item: Item, missing: Sequence[str]) -> None:
        failed: set[str] = set()
        for name in missing:
            if name.startswith(VOTER) and any(one.startswith((FREE, VOTER)) for one in failed):
                failed.add(name)  # its classes go on from theirs: it has to wait for them
                continue
            row, error = await self._runs[name].row_of(item)
            self._file.add([row])
            self._on_row(row)
            if error is None:
                self._failing.clear()
                continue
            failed.add(name)
            self._note(item, error)
        self.is_whole &= not failed
        if not failed:  # else the voters may still have to be compared with it
            for name, run in self._runs.items():
                await run.graph.checkpointer.adelete_thread(
                    thread_of(item, name)["configurable"]["thread_id"]
                )

    def _note(self, item: Item, error: CopeError) -> None:
        """Stop where going on would only make more of the same.

        Raises:
            CopeError: Items fail one after the other; of the last one's kind.
        """
        self._failing[item.id] = None
        many = min(_IN_A_ROW, len(self._bench.items))
        if len(self._failing) >= many:
            which = "The item" if many == 1 else f"{many} items, one after the other,"
            why = str(error).rstrip(".")
            msg = f"{which} failed: {why}. What was drawn is kept: the same command goes on."
            raise type(error)(msg) from error
