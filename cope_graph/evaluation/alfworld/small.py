"""Three small games of our own writing, under ALFWorld's rules: to try tools without its data."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from cope_graph.errors import MissingPackageError
from cope_graph.evaluation.alfworld.games import Game

_PLACES: Final = {
    "Fridge": ("Apple", "Mug"),
    "Microwave": ("Apple", "Mug"),
    "Sink": ("Apple", "Mug"),
    "CounterTop": ("Apple", "Mug", "Pen"),
    "Shelf": ("Mug", "Pen", "DeskLamp"),
    "Drawer": ("Pen",),
}
"""What may lie where."""

_CLOSED: Final = ("Fridge", "Microwave", "Drawer")
_THINGS: Final = {
    "Apple_bar_1": "Fridge",
    "Apple_bar_2": "CounterTop",
    "Mug_bar_1": "Shelf",
    "Mug_bar_2": "Sink",
    "Pen_bar_1": "Drawer",
    "DeskLamp_bar_1": "Shelf",
}
_GOALS: Final = {
    "pick_heat_then_place_in_recep-small": (
        "put a hot apple in the fridge",
        (
            "(exists (?o - object ?r - receptacle) (and (objectType ?o AppleType) (isHot ?o) "
            "(receptacleType ?r FridgeType) (inReceptacle ?o ?r)))"
        ),
    ),
    "pick_two_obj_and_place-small": (
        "put two mugs on the countertop",
        (
            "(exists (?o - object ?p - object ?r - receptacle) (and (not (= ?o ?p)) "
            "(objectType ?o MugType) (objectType ?p MugType) (receptacleType ?r CounterTopType) "
            "(inReceptacle ?o ?r) (inReceptacle ?p ?r)))"
        ),
    ),
    "look_at_obj_in_light-small": (
        "look at the pen under the desklamp",
        (
            "(exists (?o - object ?p - object ?l - location) (and (objectType ?o PenType) "
            "(holds agent1 ?o) (objectType ?p DeskLampType) (isToggled ?p) "
            "(objectAtLocation ?p ?l) (atLocation agent1 ?l)))"
        ),
    ),
}


def small_games() -> list[Game]:
    """Make three games in one kitchen: heat and place, place two, examine in light.

    Raises:
        MissingPackageError: ALFWorld, which holds the rules, is not installed.
    """
    domain, grammar = _rules()
    return [
        Game(name, domain, grammar.replace("UNKNOWN GOAL", said), _problem(goal))
        for name, (said, goal) in _GOALS.items()
    ]


def _rules() -> tuple[str, str]:
    # Not imported: that makes a folder in the user's home.
    spec = find_spec("alfworld")
    if spec is None or not spec.submodule_search_locations:
        msg = "The small games need ALFWorld's rules: pip install 'cope-graph[alfworld]'"
        raise MissingPackageError(msg)
    folder = Path(spec.submodule_search_locations[0]) / "data"
    domain, grammar = (folder / name for name in ("alfred.pddl", "alfred.twl2"))
    return domain.read_text("utf-8"), grammar.read_text("utf-8")


def _problem(goal: str) -> str:
    kinds = {thing: thing.partition("_")[0] for thing in _THINGS}
    objects = ["agent1 - agent", "loc_bar_0 - location", "KnifeType ButterKnifeType - otype"]
    objects += [f"{kind}Type - otype" for kind in sorted(set(kinds.values()))]
    objects += [f"{thing} - object" for thing in _THINGS]
    facts = ["(atLocation agent1 loc_bar_0)"]
    for number, place in enumerate(_PLACES, 1):
        objects += [f"{_called(place)} - receptacle", f"loc_bar_{number} - location"]
        objects += [f"{_type(place)} - rtype"]
        facts += [f"(receptacleAtLocation {_called(place)} loc_bar_{number})"]
        facts += [f"(receptacleType {_called(place)} {_type(place)})"]
        facts += [f"(canContain {_type(place)} {kind}Type)" for kind in _PLACES[place]]
        facts += [f"(openable {_called(place)})"] if place in _CLOSED else []
    for thing, place in _THINGS.items():
        where = list(_PLACES).index(place) + 1
        facts += [f"(objectType {thing} {kinds[thing]}Type)"]
        facts += [f"(inReceptacle {thing} {_called(place)})"]
        facts += [f"(objectAtLocation {thing} loc_bar_{where})", *_abilities(thing, kinds[thing])]
    lines = "\n".join(objects), "\n".join(facts)
    return "(define (problem small) (:domain alfred)\n(:objects {})\n(:init {})\n".format(
        *lines
    ) + (f"(:goal (and {goal})) (:metric minimize (total-cost)))")


def _called(place: str) -> str:
    # ALFWorld knows a sink's basin by this ending.
    return "Sink_bar_1_bar_SinkBasin" if place == "Sink" else f"{place}_bar_1"


def _type(place: str) -> str:
    return "SinkBasinType" if place == "Sink" else f"{place}Type"


def _abilities(thing: str, kind: str) -> list[str]:
    if kind == "DeskLamp":
        return [f"(toggleable {thing})"]
    able = ["pickupable", *(["heatable", "coolable", "cleanable"] if kind != "Pen" else [])]
    return [f"({one} {thing})" for one in able]
