"""`cope doctor`: what is installed, found and missing, each with the fix."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from functools import partial

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cope_graph import environment
from cope_graph.cli.accelerator import torch_device
from cope_graph.cli.check import Check, installed
from cope_graph.cli.models import PAIR
from cope_graph.errors import CopeError
from cope_graph.huggingface.files import folder_of
from cope_graph.huggingface.source import PREFIX, source_of
from cope_graph.models.names import chat_model
from cope_graph.models.pull import find
from cope_graph.sandbox.choose import code_runner
from cope_graph.tasks.equality import math_equal

_NEEDED = ("langgraph", "langchain-core", "langchain-openai", "langsmith", "math-verify")
_HUGGINGFACE = ("torch", "transformers", "langchain-huggingface", "accelerate", "llguidance")
_EXTRAS = {
    "xllamacpp": "local",
    "langchain": "agents",
    **dict.fromkeys(_HUGGINGFACE, "huggingface"),
}


def doctor() -> None:
    """Show what is installed, found and missing, with the fix for each."""
    checks = [*_packages(), *torch_device(), *_files(), *_settings(), _equality(), _sandbox()]
    table = Table(box=None, header_style="dim")
    for column in ("", "what", "found", "fix"):
        table.add_column(column, overflow="fold")
    for check in checks:
        mark = "[green]ok[/]" if check.ok else "[yellow]--[/]"
        table.add_row(mark, escape(check.name), escape(check.found), escape(check.fix))
    Console(highlight=False).print(table)
    if not all(check.ok or not check.needed for check in checks):
        raise typer.Exit(1)


def _packages() -> Iterator[Check]:
    yield Check("python", ok=True, found=platform.python_version())
    for name in _NEEDED:
        found = installed(name)
        yield Check(
            name, found is not None, found or "missing", "" if found else f"pip install {name}"
        )
    for name, extra in _EXTRAS.items():
        found = installed(name)
        fix = "" if found else f"pip install 'cope-graph[{extra}]'"
        yield Check(
            f"{name} (extra {extra})", found is not None, found or "missing", fix, needed=False
        )


def _files() -> Iterator[Check]:
    for name in PAIR:
        path = find(name)
        fix = "" if path else f"cope models pull {name}"
        yield Check(f"model file {name}", path is not None, str(path or "missing"), fix)
    for name in dict.fromkeys(name for _, name in _models()):
        if name.startswith(PREFIX):
            yield _hub_files(name)


def _hub_files(name: str) -> Check:
    try:
        folder = folder_of(source_of(name))
    except CopeError as error:
        return Check(f"model files {name}", ok=False, found="missing", fix=str(error))
    return Check(f"model files {name}", ok=True, found=str(folder))


def _models() -> Iterator[tuple[str, str]]:
    """Give the models that are set, each with its side."""
    small, large = environment.models_set()
    yield from (("small", name) for name in ([small] if isinstance(small, str) else small))
    yield "large", large


def _settings() -> Iterator[Check]:
    for side, name in _models():
        try:
            chat_model(name, "small" if side == "small" else "large")
        except CopeError as error:
            yield Check(f"{side} model", ok=False, found=name, fix=str(error))
        else:
            yield Check(f"{side} model", ok=True, found=name)
    for key in ("OPENAI_API_KEY", "COPE_SMALL_API_KEY", "COPE_LARGE_API_KEY"):
        yield Check(key, ok=True, found="set" if os.environ.get(key) else "not set")
    readers: dict[str, Callable[[], object]] = {
        environment.TASK: environment.task_set,
        environment.SETTINGS: environment.settings_set,
        environment.THRESHOLDS: environment.thresholds_set,
        environment.BUDGET_USD: environment.usd_set,
        environment.BUDGET_TOKENS: environment.tokens_set,
        **{name: partial(environment.price_set, side) for side, name in environment.PRICES.items()},
    }
    for key, read in readers.items():
        yield _readable(key, read)


def _readable(key: str, read: Callable[[], object]) -> Check:
    try:
        read()
    except CopeError as error:
        return Check(key, ok=False, found=os.environ.get(key, ""), fix=str(error))
    return Check(key, ok=True, found=os.environ.get(key) or "not set")


def _equality() -> Check:
    works = math_equal("2x+1", "1+2x")
    return Check(
        "math equality worker",
        works,
        "answers" if works else "gives no answer",
        "" if works else "pip install --force-reinstall math-verify",
    )


def _sandbox() -> Check:
    """Name the sandbox that holds, by trying; only code tasks need one."""
    try:
        name = code_runner().name
    except CopeError as error:
        return Check("sandbox for code", ok=False, found="none holds", fix=str(error), needed=False)
    return Check("sandbox for code", ok=True, found=name)
