"""Agents made ready to execute in a cascade: checked, named, priced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cope_graph.agents.executor import executor
from cope_graph.agents.read_only import check_read_only, names_of
from cope_graph.errors import InputError
from cope_graph.models.bound import Bound, bind
from cope_graph.money.prices import FREE
from cope_graph.stages.run import Cascade


def with_executors(
    cascade: Cascade, agents: Mapping[str, object], read_only_tools: object
) -> Cascade:
    """Let agents execute in place of a cascade's models.

    Args:
        cascade: It.
        agents: By side, `None` where the model itself executes.
        read_only_tools: As `create_cope` takes them.

    Raises:
        InputError: An agent is none, or may do more than read, or reads what is to be hidden.
    """
    allowed = names_of(read_only_tools)
    small, large = cascade.small, cascade.large
    if not any(agent is not None for agent in agents.values()):
        msg = "read_only_tools is about the tools of executors: pass small_executor= as well."
        raise InputError(msg)
    if agents["large"] is not None and cascade.detect is not None:
        msg = (
            "redact= cannot hide what the tools of large_executor read from its model: let the "
            "large model itself execute."
        )
        raise InputError(msg)
    if agents["small"] is not None and cascade.more_voters:
        msg = (
            "small_executor= executes in place of one small model, and small lists "
            f"{len(cascade.voters)}: pass one model as small, or leave small_executor out."
        )
        raise InputError(msg)
    # A model in this process is free under its own name too, by which an agent reports it.
    free = {model.name: FREE for model in (small, large) if model.price is FREE}
    # The agent's models are hidden in it; most often they are these, with these keys.
    secrets = (*small.secrets, *large.secrets)

    def bound(model: Bound) -> Bound | None:
        agent = agents[model.side]
        if agent is None:
            return None
        made = executor(agent, model.side)
        check_read_only(made.agent, model.side, allowed)
        return replace(bind(made, model.side, {**free, **model.prices}), secrets=secrets)

    return replace(cascade, small_executor=bound(small), large_executor=bound(large))
