"""The options of `cope solve --task code`: what does not fit is refused, and nothing is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cope_graph.errors import SandboxSetupError
from cope_graph.models.pair import EMBEDDED
from tests.unit_tests.cli.conftest import MODELS, QUESTION, WRONG, Serve, f, solve


def test_unsafe_subprocess_works_by_name_and_warns_in_one_line_of_stderr(
    serve: Serve, cope: Any, tests: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    serve([f("x * x")])
    got = solve(cope, "--tests", tests, "--sandbox", "unsafe_subprocess", "--json", n=1)
    assert json.loads(got.out)["accepted"]
    assert got.err.startswith("unsafe_subprocess is no sandbox: ")
    assert got.err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--task", "math", "--tests", "t.py"), "leave out --tests, or --task code."),
        (("--sandbox", "wasi", "--show-failures"), "leave out --sandbox, --show-failures, or"),
        (("--task", "code", "--tests", "none.py"), "There is no file none.py"),
        (("--task", "code", "--sandbox", "moon"), "no sandbox is called 'moon': use auto"),
        (
            ("--task", "poem"),
            "There is no task 'poem'; there is: math, code, choice, short_answer, open",
        ),
    ],
)
def test_options_that_do_not_fit_name_the_fix_before_anything_is_asked(
    serve: Serve, cope: Any, options: tuple[str, ...], sentence: str
) -> None:
    server = serve(WRONG)
    got = cope("solve", QUESTION, *MODELS, *options)
    assert got.code == 2
    assert sentence in got.err
    assert server.count == 0


@pytest.mark.usefixtures("_sandbox")
def test_a_test_in_json_that_is_no_python_is_refused_before_anything_is_asked(
    serve: Serve, cope: Any, tmp_path: Path
) -> None:
    server = serve(WRONG)
    path = tmp_path / "tests.json"
    path.write_text('["assert f("]')
    got = solve(cope, "--tests", str(path))
    assert got.code == 2
    assert "test 1 is no Python" in got.err
    assert server.count == 0


@pytest.mark.usefixtures("_sandbox")
def test_the_embedded_pair_has_its_preset_for_code_too(
    monkeypatch: pytest.MonkeyPatch, cope: Any
) -> None:
    seen: dict[str, Any] = {}

    def built(_small: Any, _large: Any, *, task: Any, defaults: Any, **_rest: Any) -> Any:
        seen.update(task=task.name, defaults=defaults)
        msg = "far enough"
        raise SandboxSetupError(msg)

    for name in ("COPE_SMALL", "COPE_LARGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("cope_graph.cli.solve.create_cope", built)
    assert "far enough" in cope("solve", QUESTION, "--task", "code").err
    assert seen == {"task": "code", "defaults": EMBEDDED}
