"""Records are made of the outputs of runs."""

from __future__ import annotations

import pytest

from cope_graph import CopeContext
from cope_graph.errors import InputError
from cope_graph.routing import RoutingRecord
from tests.scripted import says
from tests.unit_tests.conftest import Runner
from tests.unit_tests.routing.graphs import ASK, GOALS, SURE, cope, priced, router


def test_a_record_is_made_of_a_runs_output(both: Runner) -> None:
    unsure = [says(str(i)) for i in range(8)]
    out = both(priced(GOALS + SURE, []), ASK)
    record = RoutingRecord.of(out)
    assert (record.question, record.accepted, record.accepted2) == ("How many?", True, None)
    assert (record.usd_stage2, record.usd_stage3) == (None, None)
    out = both(priced(GOALS + unsure + SURE, ["a guideline"]), ASK)
    record = RoutingRecord.of(out)
    assert (record.accepted, record.accepted2, record.usd_stage3) == (False, True, None)
    paid = [out["ledger"]["by_stage"][stage]["usd"] for stage in ("1", "2")]
    assert [str(record.usd_stage1), str(record.usd_stage2)] == paid


def test_a_run_that_says_nothing_of_others_is_no_record(both: Runner) -> None:
    routed = both(priced(GOALS + SURE, [], router=router(0.9)), ASK)
    stopped = {**both(priced(GOALS + SURE, []), ASK), "stopped_by": "budget"}
    late = both(priced(SURE, ["a guideline"], defaults=CopeContext(stages=(2, 3))), ASK)
    for out in (routed, stopped, late):
        with pytest.raises(InputError, match="leave this one out"):
            RoutingRecord.of(out)
    with pytest.raises(InputError, match="price is not known"):
        RoutingRecord.of(both(cope(None, GOALS + SURE, [])[0].compile(), ASK))
