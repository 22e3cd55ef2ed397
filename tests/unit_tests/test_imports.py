"""The package is light: what is heavy is loaded by what needs it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import cope_graph

HEAVY = {
    "torch",
    "transformers",
    "langchain",
    "langchain_openai",
    "openai",
    "sympy",
    "math_verify",
    "xllamacpp",
    "genai_prices",
    "typer",
    "textworld",
    "jericho",
    "spacy",
    "sentence_transformers",
}
"""Nothing of these until a model or an answer asks for it."""

LANGGRAPHS_OWN = {"langgraph", "langchain_core", "langsmith", "pydantic", "httpx"}
"""What `import langgraph.graph` loads anyway; the bare package does without."""


AGENTS = {"CopeMiddleware", "create_cope_agent"}
"""What is made of LangChain's agents loads `langchain`, and no more."""


def loaded_by(statement: str) -> set[str]:
    """Top-level modules in a fresh process after a statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(list(sys.modules)))"
    done = subprocess.run(  # noqa: S603 - our own code, no shell
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


def test_bare_import_loads_nothing_heavy() -> None:
    assert not loaded_by("import cope_graph") & (HEAVY | LANGGRAPHS_OWN)


@pytest.mark.parametrize(
    "statement",
    [
        "from cope_graph import create_cope, tasks; tasks.math()",
        f"from cope_graph import {', '.join(sorted({*cope_graph.__all__} - AGENTS))}",
        f"from cope_graph import {', '.join(sorted(AGENTS))}",
        "import cope_graph.cli.app",
    ],
)
def test_what_builds_a_graph_loads_only_langgraphs_own(statement: str) -> None:
    extra = {"typer"} if "cli" in statement else set()
    extra |= {"langchain"} if "CopeMiddleware" in statement else set()
    assert not loaded_by(statement) & (HEAVY - extra)


@pytest.mark.parametrize("name", cope_graph.__all__)
def test_every_public_name_resolves(name: str) -> None:
    value = getattr(cope_graph, name)
    assert value is not None
    assert getattr(value, "__name__", name).rpartition(".")[2] == name


def test_dir_lists_the_public_names() -> None:
    assert set(cope_graph.__all__) <= set(dir(cope_graph))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'cope_graph' has no attribute 'nope'"):
        _ = cope_graph.nope
