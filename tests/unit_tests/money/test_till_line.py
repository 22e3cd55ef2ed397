"""Who waits for the till, who is let go, and who gets what is left."""

from __future__ import annotations

from decimal import Decimal

from cope_graph.money.amount import NOTHING, Sum
from cope_graph.money.till import Till
from tests.unit_tests.money.tills import check_books, clock, usd


def test_a_small_want_does_not_overtake_a_large_one_before_it() -> None:
    till = Till(usd(10))
    till.admit("a", usd(6)).result(0)
    large, small = till.admit("b", usd(8)), till.admit("c", usd(1))
    assert not large.done()
    assert not small.done()
    till.leave("a")
    assert large.done()
    assert small.done()


def test_who_gave_up_waiting_does_not_keep_others_waiting() -> None:
    till = Till(usd(10))
    till.admit("a", usd(6)).result(0)
    large, small = till.admit("b", usd(8)), till.admit("c", usd(1))
    large.cancel()
    till.poke()
    assert small.done()


def test_a_run_that_stood_in_line_twice_leaves_nothing_behind() -> None:
    till = Till(usd(10))
    till.admit("a", usd(10)).result(0)
    twice = [till.admit("b", usd(4)), till.admit("b", usd(4))]
    till.leave("a")
    assert all(future.done() for future in twice)
    assert till._held == usd(4)
    till.leave("b")
    assert till.reserve("c", usd(10)) is None


def test_an_idle_hold_is_let_go_when_another_waits_and_a_busy_one_is_not() -> None:
    with clock() as now:
        till = Till(usd(10))
        till.admit("idle", usd(4)).result(0)
        till.admit("busy", usd(6)).result(0)
        assert till.reserve("busy", usd(1)) is None
        till.pause("idle")
        till.pause("busy")
        waits = till.admit("next", usd(3))
        now.now += 9
        till.poke()
        assert not waits.done()
        now.now += 2
        till.poke()
        assert waits.done()
        assert set(till._holds) == {"busy", "next"}
        # The idle one may go on with what is free.
        assert till.reserve("idle", usd(2)) == usd(1)
        assert till.reserve("idle", usd(1)) is None
        check_books(till)


def test_an_idle_hold_is_kept_as_long_as_nobody_waits() -> None:
    with clock() as now:
        till = Till(usd(10))
        till.admit("idle", usd(10)).result(0)
        now.now += 3600
        till.poke()
        assert till.reserve("idle", usd(10)) is None


def test_a_run_is_idle_again_after_what_it_left_behind_has_settled() -> None:
    with clock() as now:
        till = Till(usd(10))
        till.admit("a", usd(10)).result(0)
        assert till.reserve("a", usd(4)) is None
        till.leave("a")  # its node failed; the request is still on its way
        till.admit("a", usd(6)).result(0)  # it is resumed
        till.settle("a", usd(4), usd(0))
        till.pause("a")
        waits = till.admit("b", usd(10))
        now.now += 31
        till.poke()
        assert waits.done()


def test_a_run_that_nobody_could_make_room_for_gets_what_is_left() -> None:
    till = Till(usd(10))
    till.admit("large", usd(15)).result(0)
    assert till.reserve("large", usd(11)) == usd(10)
    assert till.reserve("large", usd(9)) is None
    till.settle("large", usd(9), usd(9))
    till.leave("large")
    till.admit("next", usd(15)).result(0)
    assert till.reserve("next", usd(2)) == usd(1)


def test_a_charge_above_its_reservation_is_written_down_and_takes_from_what_is_free() -> None:
    till = Till(usd(10))
    assert till.reserve("a", usd(4)) is None
    till.settle("a", usd(4), usd(7))
    assert till.spent == usd(7)
    assert till.reserve("a", usd(4)) == usd(3)


def test_a_fraction_of_a_token_or_cent_is_never_lost() -> None:
    till = Till(Sum(Decimal(1), 10))
    for _ in range(10):
        assert till.reserve("a", Sum(Decimal("0.1"), 1)) is None
        till.settle("a", Sum(Decimal("0.1"), 1), Sum(Decimal("0.1"), 1))
    assert till.spent == Sum(Decimal(1), 10)
    assert till.reserve("a", Sum(Decimal("1e-30"), 0)) == NOTHING


def test_what_another_run_overspent_is_missing_from_what_is_given_back() -> None:
    till = Till(usd(10))
    till.admit("b", usd(6)).result(0)
    assert till.reserve("a", usd(4)) is None
    assert till.reserve("b", usd(6)) is None
    till.settle("a", usd(4), usd(7))  # its provider charged more than it was asked to
    till.settle("b", usd(6), usd(1))
    check_books(till)
    assert till.reserve("b", usd(3)) == usd(2)
