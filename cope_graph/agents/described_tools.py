"""Tools as models are told of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.utils.function_calling import convert_to_openai_tool

from cope_graph.agents.signatures import signatures


def described_tools(tools: Sequence[Any]) -> list[dict[str, Any]]:
    """Describe tools in OpenAI's format.

    Raises:
        InputError: Two have one name, or one cannot be described.
    """
    signatures(tools)
    return [convert_to_openai_tool(tool) for tool in tools]
