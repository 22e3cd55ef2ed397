"""ALFWorld's games: three small ones of our own, and its own where `COPE_DATA` is set."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from cope_graph.errors import InputError, MissingPackageError
from cope_graph.evaluation.alfworld import (
    Episode,
    Game,
    call_of,
    canonical,
    game_tools,
    load_games,
    small_games,
    start,
)
from cope_graph.evaluation.alfworld.actions import ACTIONS, command_of

pytest.importorskip("textworld", reason="the extra alfworld is not installed")
pytest.importorskip("fast_downward", reason="the extra alfworld is not installed")

SMALL = small_games()


@pytest.fixture
def episode() -> Iterator[Episode]:
    with start(SMALL[0], max_steps=3) as episode:
        yield episode


def recorded() -> list[Game]:
    path = Path(os.environ.get("COPE_DATA", "")) / "benchmarks"
    path /= "alfworld_valid_unseen_games.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"COPE_DATA names no folder with benchmarks/{path.name}")
    return load_games(path)


def play(episode: Episode) -> list[str]:
    """Play the expert's plan by tools, and give what they answered."""
    tools = {tool.name: tool for tool in game_tools(episode)}
    said = []
    while plan := episode.plan():
        call = call_of(plan[0])
        assert call is not None
        said.append(tools[call[0]].invoke(call[1]))
    return said


@pytest.mark.parametrize("game", SMALL, ids=lambda game: game.kind)
def test_a_small_game_is_won_by_the_experts_calls(game: Game) -> None:
    with start(game) as episode:
        plan = episode.plan()
        said = play(episode)
        assert episode.outcome.won
        assert episode.outcome.steps == len(plan) == len(said)
        assert episode.outcome.invalid == 0
        assert said[-1].endswith("\nThe task is done.")
        assert not any("done" in text for text in said[:-1])


@pytest.mark.parametrize("index", [0, 20, 40])
def test_a_recorded_game_is_won_by_the_experts_calls(index: int) -> None:
    with start(recorded()[index]) as episode:
        play(episode)
        assert episode.outcome.won
        assert episode.outcome.invalid == 0


def test_every_possible_command_has_a_call_which_is_that_command() -> None:
    for game in SMALL:
        with start(game) as episode:
            while episode.plan():
                for command in episode.possible:
                    call = call_of(command)
                    assert call is not None
                    assert command_of(*call, episode.possible) == command
                episode.step(episode.plan()[0])


def test_the_question_is_the_room_and_the_task(episode: Episode) -> None:
    assert episode.goal == "put a hot apple in the fridge."
    assert episode.room.startswith("You are in the middle of a room.")
    assert episode.question == f"{episode.room}\n\nYour task is to: {episode.goal}"
    assert "go to fridge 1" in episode.possible


def test_a_wrong_command_does_nothing_and_costs_a_step(episode: Episode) -> None:
    possible, plan = episode.possible, episode.plan()
    step = episode.step("fly to the moon")
    assert (step.observation, step.done, step.won) == ("Nothing happens.", False, False)
    assert (episode.outcome.steps, episode.outcome.invalid) == (1, 1)
    assert (episode.possible, episode.plan()) == (possible, plan)


def test_a_call_that_is_not_possible_does_nothing_and_costs_a_step(episode: Episode) -> None:
    tools = {tool.name: tool for tool in game_tools(episode)}
    assert tools["take"].invoke({"item": "apple 2", "place": "fridge 1"}) == "Nothing happens."
    assert (episode.outcome.steps, episode.outcome.invalid) == (1, 1)


def test_the_steps_run_out(episode: Episode) -> None:
    done = [episode.step("look").done for _ in range(3)]
    assert done == [False, False, True]
    assert (episode.outcome.done, episode.outcome.won, episode.outcome.steps) == (True, False, 3)


def test_a_command_after_the_end_is_an_error_and_no_step(episode: Episode) -> None:
    for _ in range(3):
        episode.step("look")
    with pytest.raises(InputError, match="over \\(out of its 3 steps\\)"):
        episode.step("look")
    message = game_tools(episode)[0].invoke(
        {"name": "go_to", "args": {"place": "fridge 1"}, "id": "1", "type": "tool_call"}
    )
    assert message.status == "error"
    assert "over" in message.content
    assert episode.outcome.steps == 3


def test_the_last_observation_says_that_the_steps_are_gone(episode: Episode) -> None:
    look = next(tool for tool in game_tools(episode) if tool.name == "look")
    said = [look.invoke({}) for _ in range(3)]
    assert said[-1].endswith("\nThe task is not done, and there are no steps left.")
    assert "steps" not in said[0] + said[1]


def test_a_closed_episode_says_so(episode: Episode) -> None:
    episode.close()
    episode.close()
    for call in (episode.plan, lambda: episode.step("look")):
        with pytest.raises(InputError, match="closed"):
            call()


def test_the_plan_leads_back_after_another_action(episode: Episode) -> None:
    plan = episode.plan()
    episode.step("go to shelf 1")
    assert episode.plan() == plan
    episode.step("take mug 2 from shelf 1")
    # The hand is not free for the apple now.
    assert episode.plan() == ("move mug 2 to shelf 1", *plan)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("game", SMALL, ids=lambda game: game.kind)
def test_the_plan_wins_from_wherever_one_strays(game: Game, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - no secret
    with start(game, max_steps=200) as episode:
        for _ in range(12):
            plan = episode.plan()
            episode.step(plan[0] if random.random() < 0.5 else random.choice(episode.possible))
            if episode.outcome.won:
                return
        play(episode)
        assert episode.outcome.won
        assert episode.outcome.invalid == 0


def test_the_calls_that_are_possible_are_shown_if_asked_for(episode: Episode) -> None:
    tools = {tool.name: tool for tool in game_tools(episode, show_possible=True)}
    said = tools["go_to"].invoke({"place": "fridge 1"})
    assert said.splitlines()[:2] == ["You arrive at fridge 1. The fridge 1 is closed.", "You can:"]
    assert "open(place='fridge 1')" in said.splitlines()
    assert "help()" not in said


def test_the_verbs_of_the_tools_are_the_games(episode: Episode) -> None:
    assert [tool.name for tool in game_tools(episode)] == [action.name for action in ACTIONS]
    take = next(tool for tool in game_tools(episode) if tool.name == "take")
    assert set(take.args) == {"item", "place"}
    assert take.get_input_jsonschema()["required"] == ["item", "place"]


def test_articles_case_and_spaces_make_no_other_call(episode: Episode) -> None:
    go_to = game_tools(episode)[0]
    assert go_to.invoke({"place": " The  Fridge 1"}).startswith("You arrive at fridge 1.")
    assert canonical({"place": "the Fridge 1"}) == canonical({"place": "fridge  1 "})
    assert canonical({"item": "apple 1"}) != canonical({"item": "apple 2"})
    assert canonical({"item": "the"}) == {"item": "the"}


async def test_two_games_at_once_do_not_disturb_each_other() -> None:
    def alone(game: Game) -> list[str]:
        with start(game) as episode:
            return play(episode)

    one_by_one = [alone(game) for game in SMALL]
    at_once = await asyncio.gather(*(asyncio.to_thread(alone, game) for game in SMALL))
    assert at_once == one_by_one


async def test_an_asynchronous_call_is_one_step(episode: Episode) -> None:
    go_to = game_tools(episode)[0]
    said = await asyncio.gather(*(go_to.ainvoke({"place": "fridge 1"}) for _ in range(2)))
    assert episode.outcome.steps == 2
    assert said[0].startswith("You arrive at fridge 1.")


def test_what_is_said_does_not_depend_on_the_processs_hashes() -> None:
    code = (
        "from cope_graph.evaluation.alfworld import small_games, start\n"
        "with start(small_games()[1]) as episode:\n"
        "    while plan := episode.plan():\n"
        "        print(plan, episode.step(plan[0]), episode.possible)\n"
    )
    said = {
        subprocess.run(  # noqa: S603 - our own code, no shell
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in "12"
    }
    assert len(said) == 1
    assert said.pop().count("\n") == 8


def test_the_arguments_of_the_process_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["program", "argument"])
    start(SMALL[0]).close()
    assert sys.argv == ["program", "argument"]


@pytest.mark.parametrize(
    "broken",
    [
        replace(SMALL[0], domain="(define"),
        replace(SMALL[0], problem=""),
        replace(SMALL[0], problem=SMALL[0].problem.replace("(isHot ?o)", "(isBlue ?o)")),
        replace(SMALL[0], problem=SMALL[0].problem.replace("loc_bar_1 -", "loc_bar_9 -")),
        replace(SMALL[0], grammar="action look {"),
        replace(SMALL[0], grammar=SMALL[0].grammar.replace("Your task is to: ", "Do: ")),
    ],
    ids=["domain", "no problem", "goal", "places", "grammar", "no task"],
)
def test_a_broken_game_is_an_input_error(broken: Game) -> None:
    with pytest.raises(InputError, match="pick_heat_then_place_in_recep-small"):
        start(broken)
    with start(SMALL[0]) as episode:
        assert episode.plan()


def test_no_steps_at_all_is_an_input_error() -> None:
    with pytest.raises(InputError, match="max_steps"):
        start(SMALL[0], max_steps=0)


def test_a_missing_package_names_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "cope_graph.evaluation.alfworld.world", raising=False)
    monkeypatch.setitem(sys.modules, "textworld", None)
    monkeypatch.delattr("cope_graph.evaluation.alfworld.world", raising=False)
    with pytest.raises(MissingPackageError, match="pip install 'cope-graph\\[alfworld\\]'"):
        start(SMALL[0])


def rows(*games: object) -> str:
    return "\n".join(json.dumps(game) for game in games)


def test_games_are_read_from_each_kind_of_file(tmp_path: Path) -> None:
    game = SMALL[0]
    data = {"pddl_domain": game.domain, "grammar": game.grammar, "pddl_problem": game.problem}
    lines = rows({"task_id": game.id, "game": data})
    (tmp_path / "games.jsonl").write_text(lines, "utf-8")
    (tmp_path / "games.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    folder = tmp_path / game.id
    folder.mkdir()
    (folder / "game.tw-pddl").write_text(json.dumps(data), "utf-8")
    for path in ("games.jsonl", "games.jsonl.gz", f"{game.id}/game.tw-pddl"):
        assert load_games(tmp_path / path) == [game]


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '"x"', rows({"task_id": "a"}), rows({"task_id": "a", "game": {"grammar": "x"}})],
)
def test_a_file_of_something_else_is_an_input_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "games.jsonl").write_text(text, "utf-8")
    with pytest.raises(InputError, match="no game"):
        load_games(tmp_path / "games.jsonl")


def test_a_damaged_gzip_file_and_none_at_all_are_input_errors(tmp_path: Path) -> None:
    (tmp_path / "games.jsonl.gz").write_bytes(gzip.compress(b"{}")[:-9])
    with pytest.raises(InputError, match="no game"):
        load_games(tmp_path / "games.jsonl.gz")
    with pytest.raises(InputError, match="no file"):
        load_games(tmp_path / "absent.jsonl")
