"""`cope graph`: the cascade's drawing."""

from __future__ import annotations

from typing import Annotated

import typer
from langchain_core.runnables.graph import Edge, Graph
from rich.console import Console

from cope_graph.cascade import create_cope
from cope_graph.models.pair import LARGE, SMALL
from cope_graph.tasks import math


def drawing(
    *,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print Mermaid source.")] = False,
) -> None:
    """Show the five nodes and the edges between them."""
    graph = create_cope(SMALL, LARGE, task=math()).compile(name="cope").get_graph()
    if mermaid:
        typer.echo(graph.draw_mermaid())
        return
    console = Console(highlight=False)
    for line in lines(graph):
        console.print(line)
    console.print("\n[dim]──▶ always   ╌╌▶ by decision[/]")


def lines(graph: Graph) -> list[str]:
    """Write each node with the edges that leave it."""
    order = ["__start__", "small_plan", "small_execute", "confidence_gate"]
    order += ["large_plan", "large_execute", "__end__"]
    written = []
    for node in order:
        edges = [edge for edge in graph.edges if edge.source == node]
        edges.sort(key=lambda edge: order.index(edge.target))
        for row, edge in enumerate(edges):
            source = "" if row else _name(node)
            written.append(f"[bold]{source:16}[/] {_arrow(edge)}")
    return written


def _arrow(edge: Edge) -> str:
    label = f"   [dim]{edge.data}[/]" if edge.data and str(edge.data) != edge.target else ""
    return f"{'╌╌▶' if edge.conditional else '──▶'} {_name(edge.target)}{label}"


def _name(node: str) -> str:
    return {"__start__": "START", "__end__": "END"}.get(node, node)
