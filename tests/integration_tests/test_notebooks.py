"""The notebooks run from top to bottom with the embedded models."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from cope_graph.models.pair import LARGE, SMALL
from cope_graph.models.pull import find

ROOT = Path(__file__).parents[2]
MISSING = [name for name in (SMALL, LARGE) if find(name.removeprefix("local:")) is None]


@pytest.mark.local_models
@pytest.mark.skipif(bool(MISSING), reason="no model files: cope models pull")
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(ROOT)}})
    done = client.execute()
    assert all(cell.execution_count for cell in done.cells if cell.cell_type == "code")
