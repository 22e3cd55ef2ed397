"""What an agent's tools raise is observed in front of its other middleware.

So those behind it, such as LangChain's `ToolRetryMiddleware`, still see the errors.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from langchain.agents.middleware.types import AgentMiddleware, ToolCallRequest

from cope_graph.agents.tool_guard import aobserved, observed


class ToolErrors(AgentMiddleware[Any, Any, Any]):
    """Turns errors of tools into messages; the first of an agent's middleware."""

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Any]
    ) -> Any:
        """Run a tool."""
        return observed(request.tool_call, lambda: handler(request))

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Any]]
    ) -> Any:
        """Run a tool in an event loop."""
        return await aobserved(request.tool_call, lambda: handler(request))
