"""From records to all that tables and the report show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cope_graph.errors import MissingPackageError
from cope_graph.evaluation.replaying.chosen_arms import only
from cope_graph.evaluation.replaying.summary import Summary

if TYPE_CHECKING:
    from cope_graph.evaluation.records import Records
    from cope_graph.money.prices import Price


def summarise(  # noqa: PLR0913 - what-ifs, each by name
    records: Records,
    *,
    arms: Sequence[str] | None = None,
    tau1: float | None = None,
    tau2: float | None = None,
    strict: bool | None = None,
    n: int | None = None,
    prices: Mapping[str, Price] | None = None,
    voters: Sequence[str] | None = None,
    order: Sequence[int] | None = None,
    baseline: str = "large",
    seed: int = 0,
) -> Summary:
    """Compare all methods from records alone; no model is asked.

    Args:
        records: Of a bench or of runs.
        arms: Which to look at, `None` for all: an item is compared where each has a run.
        tau1: Threshold of stage 1; `None` for the records' own, as with the next three.
        tau2: Threshold of stage 2.
        strict: Whether a confidence has to be above the threshold.
        n: Samples of stages 1 and 2, not more than were drawn.
        prices: By side (`"small"`, `"large"`, `"judge"`, `"voter:NAME"`) or model name, in place
            of what was billed.
        voters: Who votes in the agreement of several models, in order, `"small"` for the small
            model; `None` for all.
        order: Stages in another order, such as `(2, 1, 3)`, as a further method.
        baseline: Name of the method that costs are a share of.
        seed: Of the bootstrap.

    Raises:
        InputError: The records cannot say; the message names the first item that they lack
            something of, and what they can say.
        MissingPackageError: NumPy is not installed.
    """
    try:
        from cope_graph.evaluation.replaying.compare import compare, settings_of  # noqa: PLC0415 - NumPy
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        msg = "Tables of methods need NumPy: run `pip install 'cope-graph[bench]'`."
        raise MissingPackageError(msg) from error
    given = {"tau1": tau1, "tau2": tau2, "strict": strict, "n": n}
    return compare(
        only(records, arms),
        settings_of(records, given),
        prices=prices,
        voters=voters,
        order=order,
        baseline=baseline,
        seed=seed,
    )
