"""Whatever fails, a run ends in an answer or a typed error, in time, with a true ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.integration_tests.fault_matrix import GRACE_S, WAYS, Found, find_all
from tests.integration_tests.faults import FAULTS, Fault, Side
from tests.integration_tests.loops import event_loop

Find = Callable[[Fault, Side], dict[str, Found]]

CASES = [
    pytest.param(fault, side, way, id=f"{fault.title}: {side}, {way}")
    for fault in FAULTS
    for side in fault.ends
    for way in WAYS
]


@pytest.fixture(scope="module")
def found() -> Iterator[Find]:
    """What became of a fault's runs, in every way at once; looked at once for each way."""
    with event_loop() as run:
        yield cache(lambda fault, side: find_all(fault, side, run))


@pytest.mark.parametrize(("fault", "side", "way"), CASES)
def test_a_fault_ends_as_it_should_in_time_and_on_the_books(
    found: Find, fault: Fault, side: Side, way: str
) -> None:
    case = found(fault, side)[way]

    assert case.untyped == []
    assert case.empty == []
    streamed = fault.streamed if "stream" in way else {}
    assert case.ends == {streamed.get(side, fault.ends[side])}
    assert case.seconds <= fault.deadline_s + GRACE_S
    assert case.ledger == case.truth
    assert case.upper_usd is not None
    assert case.upper_usd >= case.true_usd
    assert case.unsure_usd is not None
    assert case.unsure_usd >= case.unseen_usd


@pytest.mark.parametrize("way", WAYS)
def test_an_error_says_which_models_failed(found: Find, way: str) -> None:
    nothing_listens = next(fault for fault in FAULTS if not fault.listens)
    for error in found(nothing_listens, "both")[way].results:
        assert "The small model" in str(error)
        assert "The large model" in str(error)
        assert "cannot be reached" in str(error)
