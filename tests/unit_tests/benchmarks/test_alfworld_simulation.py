"""The simulation of ALFWorld: the real agent does the same, and the sums are right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("textworld", reason="the extra alfworld is not installed")
pytest.importorskip("fast_downward", reason="the extra alfworld is not installed")

from benchmarks.alfworld_agent import by_agent, same
from benchmarks.alfworld_house import House
from benchmarks.alfworld_point import Side, Turn
from benchmarks.alfworld_rows import ByGame, folded, row, summed
from benchmarks.alfworld_setting import PRICES, Policies, Table, tokens
from benchmarks.alfworld_simulation import CASCADES, LARGE, Cascade, contenders
from benchmarks.alfworld_turns import alone, by_cope
from cope_graph.agents.described_tools import described_tools
from cope_graph.evaluation.alfworld import Game, game_tools, small_games, start
from cope_graph.models.usage import Usage
from cope_graph.money.prices import cost

GAMES = small_games()
HALF = Policies(seed=1, correlation=0.5)
TAU = 0.9


@pytest.fixture(scope="module", params=GAMES, ids=lambda game: game.id)
def game(request: pytest.FixtureRequest) -> Game:
    given: Game = request.param
    return given


@pytest.fixture(scope="module")
def board(game: Game) -> Iterator[Table]:
    house = House(game)
    with start(game) as episode:
        tools = tuple(described_tools(game_tools(episode)))
    yield Table(house, tools, len(house.start.plan) + 3)
    house.close()


def played_by(board: Table, side: Side) -> ByGame:
    seeds = {"a": range(4), "b": range(4, 8)}
    return {
        name: [(alone(board, Policies(seed, 0.5), side),) for seed in each]
        for name, each in seeds.items()
    }


@pytest.mark.parametrize("kind", CASCADES, ids=lambda kind: kind.name)
def test_the_real_agent_takes_the_same_turn(game: Game, board: Table, kind: Cascade) -> None:
    settings = kind.settings(4, TAU)
    ours = by_cope(board, HALF, settings, kind.replan)
    real = by_agent(game, board, HALF, settings, kind.replan)
    assert same(ours, real), (ours, real)
    assert ours.episode["large"] > 0, "nothing was escalated, so little was compared"
    assert len(ours.commands) == ours.episode["steps"] - 1


def test_a_difference_between_turns_is_seen(board: Table) -> None:
    turn = alone(board, HALF, "large")
    assert same(turn, turn)
    assert not same(turn, Turn(turn.won, turn.commands, {**turn.episode, "requests": 99}))


def test_a_house_is_what_an_episode_is(game: Game, board: Table) -> None:
    wrong = Policies(seed=3, correlation=0.0)
    with start(game) as episode:
        seat = board.house.start
        for step in range(8):
            assert episode.plan() == seat.plan
            assert episode.possible == seat.state.possible
            command = wrong.small(board.house.name, seat, step, 1)[0]
            if step == 2:  # surely not the expert's
                command = next(one for one in episode.possible if one != seat.right)
            observation, seat = board.house.move(seat, command)
            taken = episode.step(command)
            assert (taken.observation, taken.won) == (observation, seat.state.won)
            if taken.won:
                break
        assert board.house.after([one.command for one in episode.history]) == seat


def test_unanimous_errors_are_never_escalated(board: Table) -> None:
    agreed = Policies(seed=0, correlation=1.0)
    for kind in CASCADES:
        turn = by_cope(board, agreed, kind.settings(5, TAU), kind.replan)
        assert turn.commands == alone(board, agreed, "small").commands
        assert turn.episode["small"] == turn.episode["steps"]


def test_a_guideline_that_prevents_all_errors_leaves_none(board: Table) -> None:
    seat = board.house.start
    helped = Policies(seed=0, correlation=0.0, effect=1.0)
    for step in range(30):
        assert set(helped.guided(board.house.name, seat, step, 5)) == {seat.right}
        unaided = Policies(seed=0, correlation=0.0)
        more = unaided.small(board.house.name, seat, step, 10)
        assert unaided.guided(board.house.name, seat, step, 5) == more[5:]


def test_whole_turns_are_played_anew_by_the_large_policy_only_when_lost(board: Table) -> None:
    play = contenders(4, [TAU])["whole turns: small, then large", None]
    for seed in range(6):
        turns = play(board, Policies(seed, 0.5))
        assert len(turns) == (1 if turns[0].won else 2)
        assert turns[-1].episode["large"] == (len(turns) - 1) * turns[-1].episode["steps"]


def test_a_kept_guideline_is_bought_less_often(board: Table) -> None:
    every, kept = (
        [by_cope(board, Policies(seed, 0.0), k.settings(5, TAU), k.replan) for seed in range(8)]
        for k in CASCADES[:2]
    )
    # A guideline has no effect here: the steps are the same, the bill is not.
    assert [turn.commands for turn in every] == [turn.commands for turn in kept]
    assert summed([(turn,) for turn in every]).plans > summed([(turn,) for turn in kept]).plans
    assert summed([(turn,) for turn in every]).usd > summed([(turn,) for turn in kept]).usd


def test_a_row_compares_with_the_large_policy(board: Table) -> None:
    large, small = played_by(board, "large"), played_by(board, "small")
    itself = row(2, 0.5, LARGE, None, (large, large))
    assert (itself.of_usd, itself.of_usd_interval) == (1, (1, 1))
    assert (itself.of_success, itself.turns, itself.plans) == (1, 8, 0)
    assert itself.acts == itself.commands + 1
    other = row(2, 0.5, "small alone", None, (small, large))
    low, high = other.of_usd_interval
    assert low <= other.of_usd <= high < 0.2
    assert other.usd == pytest.approx(other.of_usd * itself.usd)
    assert other.success == sum(turn.won for each in small.values() for [turn] in each) / 8


def test_rows_that_differ_in_tau_alone_are_one_line(board: Table) -> None:
    large, small = played_by(board, "large"), played_by(board, "small")
    rows = [row(2, 1.0, "COPE", tau, (small, large)) for tau in (0.5, 0.7, 0.9)]
    rows.append(row(2, 1.0, LARGE, None, (large, large)))
    assert [cells[1:3] for cells in folded(rows)] == [["COPE", "0.5 to 0.9"], [LARGE, ""]]


def test_a_step_is_billed_by_its_texts(board: Table) -> None:
    turn = alone(board, HALF, "large")
    first = tokens(board.opening, len(str(board.tools)))
    least = cost(Usage(first, 40), PRICES["large"]) * turn.episode["steps"]
    assert 0.9 * float(least) < float(turn.episode["usd"] or 0) < 2 * float(least)
