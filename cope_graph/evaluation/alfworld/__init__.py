"""ALFWorld: household games in text, played by an agent's tools (extra `alfworld`).

    game = load_games(path)[0]
    with start(game) as episode:
        agent = create_agent(model, game_tools(episode))
        agent.invoke({"messages": [("user", episode.question)]})
        print(episode.outcome)

A game's grammar is run as Python by TextWorld: load only games you trust, as you would a program.
"""

from cope_graph.evaluation.alfworld.actions import call_of, canonical
from cope_graph.evaluation.alfworld.episode import Episode, Outcome, Step
from cope_graph.evaluation.alfworld.games import Game, load_games
from cope_graph.evaluation.alfworld.opening import start
from cope_graph.evaluation.alfworld.small import small_games
from cope_graph.evaluation.alfworld.toolset import game_tools

__all__ = [
    "Episode",
    "Game",
    "Outcome",
    "Step",
    "call_of",
    "canonical",
    "game_tools",
    "load_games",
    "small_games",
    "start",
]
