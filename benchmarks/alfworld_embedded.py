"""ALFWorld by the embedded pair, through `create_cope_agent`: what two small models make of it.

    python benchmarks/alfworld_embedded.py --data DIR --games 3 --steps 20 --markdown

DIR holds alfworld_valid_unseen_games.jsonl.gz; games are taken evenly from it. The calls that are
possible are shown after the newest step, and of the older ones the last three are kept: the models'
window is 4,096 tokens. Each step has to be a call until the game is won or out of steps: left free
to answer (--free), the pair gives up after a step or two. Without --plans the settings are those of
the embedded pair, which has no stage 2.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from langchain.agents.middleware.types import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from cope_graph import CopeContext, CopeError, create_cope_agent
from cope_graph.evaluation.alfworld import Game, game_tools, load_games, start
from cope_graph.evaluation.alfworld.toolset import shown
from cope_graph.models.pair import EMBEDDED, LARGE, SMALL

_KEPT: Final = 6  # messages: three steps and what came of them
_POSSIBLE: Final = "\nYou can:"
_END: Final = "The task is done."
_TASK: Final = "Say that you are done once the task is done, and not before."
_FIGURES: Final = ("steps", "small", "guided", "large", "unaccepted")


class Shortened(AgentMiddleware[Any, Any, Any]):
    """Shows a model the question, the last steps, and what is possible after the last one.

    Attributes:
        first: What is possible at first.
        free: Whether it may answer before the end.
    """

    def __init__(self, first: str, *, free: bool) -> None:
        """Take that."""
        super().__init__()
        self.first, self.free = first, free

    def wrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], ModelResponse[Any]],
    ) -> ModelResponse[Any]:
        """Shorten the conversation."""
        over = _END in request.messages[-1].text
        messages = shortened(request.messages, self.first)
        choice = request.tool_choice if over or self.free else "any"
        return handler(request.override(messages=messages, tool_choice=choice))


def shortened(messages: list[Any], first: str) -> list[Any]:
    """Keep the question and the last messages; only the newest result lists what is possible."""
    if len(messages) == 1:
        return [HumanMessage(f"{first}\n\n{messages[0].text}")]
    last = max(len(messages) - _KEPT, 1)
    while last < len(messages) and isinstance(messages[last], ToolMessage):
        last += 1  # a result means nothing without its call
    return [messages[0], *map(_without_list, messages[last:-1]), messages[-1]]


def _without_list(message: BaseMessage) -> BaseMessage:
    if not isinstance(message, ToolMessage):
        return message
    return message.model_copy(update={"content": message.text.partition(_POSSIBLE)[0]})


def play(game: Game, settings: CopeContext, steps: int, *, free: bool) -> dict[str, Any]:
    """Play a game to its end; a run that fails ends it too."""
    began = time.perf_counter()
    with start(game, max_steps=steps) as episode:
        agent = create_cope_agent(
            SMALL,
            LARGE,
            game_tools(episode, show_possible=True),
            system_prompt=_TASK,
            middleware=[Shortened(shown(episode), free=free)],
            defaults=settings,
            max_steps=steps,
        )
        asked = {"messages": [HumanMessage(episode.question)]}
        turn: dict[str, Any] = {}
        try:
            for state in agent.stream(asked, {"recursion_limit": 20 * steps}, stream_mode="values"):
                turn = state.get("cope", turn)
            end = "won" if episode.outcome.won else turn["stopped_by"] or "gave up"
        except CopeError as error:
            end = type(error).__name__
        return {
            "game": game.kind,
            "end": end,
            "impossible": episode.outcome.invalid,
            **{name: turn.get(name, 0) for name in _FIGURES},
            "tokens": turn.get("input_tokens", 0) + turn.get("output_tokens", 0),
            "seconds": round(time.perf_counter() - began),
        }


def table(rows: list[dict[str, Any]]) -> str:
    """Write the rows as a Markdown table."""
    head = list(rows[0])
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row.values()))} |" for row in rows)])


def main() -> None:
    """Play some games."""
    args = _arguments()
    games = load_games(args.data / "alfworld_valid_unseen_games.jsonl.gz")
    planned = {"stages": (1, 2, 3)} if args.plans else {}
    update = {"n": args.samples, "max_answer_tokens": 80, "seed": args.seed, **planned}
    settings = EMBEDDED.model_copy(update=update)
    rows = []
    for game in games[:: max(len(games) // args.games, 1)][: args.games]:
        rows.append(play(game, settings, args.steps, free=args.free))
        print(table(rows[-1:]) if args.markdown else rows[-1], flush=True)
    if args.markdown:
        print(f"\n{table(rows)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--games", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plans", action="store_true", help="stage 2 too")
    parser.add_argument("--free", action="store_true", help="let it answer at any time")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
