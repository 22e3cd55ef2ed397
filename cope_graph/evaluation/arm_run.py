"""One arm over one item: drawn, or gone on with where it was killed, judged, and written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cope_graph.errors import BudgetError, CopeError, InputError, SetupError
from cope_graph.evaluation.arms import VOTER, Arm
from cope_graph.evaluation.datasets.items import Item
from cope_graph.evaluation.joint import joint_groups, thread_of
from cope_graph.evaluation.looks import looks_in, states_of
from cope_graph.evaluation.records import Row
from cope_graph.evaluation.rows import Told, failed_row, row_of
from cope_graph.evaluation.scoring_rules import by_user
from cope_graph.models.crew import CREW

if TYPE_CHECKING:
    from cope_graph.evaluation.bench import Bench


@dataclass(frozen=True)
class ArmRun:
    """An arm of a bench.

    Attributes:
        bench: The bench.
        arm: Which.
        graph: Its compiled graph, with the checkpointer of all of them.
        voters: Of a voter's arm the arms of those before it.
    """

    bench: Bench
    arm: Arm
    graph: Any
    voters: Sequence[str] = ()

    async def row_of(self, item: Item) -> tuple[Row, CopeError | None]:
        """Run it over an item, or go on with a run that was killed or failed.

        Returns:
            Its record, and why it has no outcome: in words that may not stand in the record.

        Raises:
            BudgetError: The budget is spent.
            SetupError: The item cannot be asked or scored, or a model cannot be used.
        """
        config = thread_of(item, self.arm.name)
        begun = await self.graph.checkpointer.aget_tuple(config) is not None
        asked = {"messages": [("user", item.question)], **item.inputs}
        try:
            await self.graph.ainvoke(None if begun else asked, config, durability="sync")
        except InputError as error:
            msg = f"{_named(item)}: {error}"
            raise InputError(msg) from error
        except BudgetError as error:
            msg = (
                "The budget is spent. What was drawn is kept: the same command goes on from there, "
                f"with a budget of its own. ({error})"
            )
            raise BudgetError(msg) from error
        except SetupError:
            raise
        except CopeError as error:
            return self._failed(item, error), error
        states = await states_of(self.graph, config)
        try:
            return await self._written(item, states), None
        except SetupError:
            raise
        except CopeError as error:  # of a sandbox that scores: it is asked again the next time
            error.ledger = states[-1]["ledger"]
            return self._failed(item, error), error

    def _failed(self, item: Item, error: CopeError) -> Row:
        return failed_row(item.id, self.arm.name, error, texts=self.bench.texts)

    async def _written(self, item: Item, states: Sequence[Mapping[str, Any]]) -> Row:
        bench, looks, groups = self.bench, looks_in(states, self.bench.settings.n), None
        if self.arm.name.startswith(VOTER):
            samples = looks[0].samples
            groups = await joint_groups(self.graph, item, bench.task.gate, samples, self.voters)
        different = list(dict.fromkeys(answer for look in looks for answer in look.answers()))
        right = by_user(bench.right)
        judged = await CREW.away(lambda: {one: right(item, one) for one in different})
        told = Told(bench.task.name, judged.__getitem__, texts=bench.texts)
        return row_of(
            item.id,
            self.arm.name,
            looks,
            states[-1],
            told,
            question=item.question,
            groups=groups,
        )


def _named(item: Item) -> str:
    name = str(item)
    return f"{name[:1].upper()}{name[1:]}"
