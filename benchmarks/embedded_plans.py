r"""What plans do for the embedded pair: samples right without a plan and with one.

    python -m benchmarks.embedded_plans --data DIR --small S.gguf --large L.gguf [--json FILE]

DIR holds `gsm.jsonl` and `mbpp_sanitized.jsonl`. The small model solves alone, with its own goal
(math) and with the large model's guideline, always at temperature 0.8. A solution cut at the token
limit counts as wrong. Code a model wrote runs in sandlock only, probed before it is trusted.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import re
import secrets
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import httpx
import xllamacpp

from cope_graph.tasks import MATH_PROMPTS, Plan, Prompts

SLOTS: Final = 8
PLAN, SOLUTION = 100, 256  # tokens at most
CODE_TASK: Final = (
    "Write this Python function:\n\n```python\n{}\n```\n\n"
    "It must pass this test:\n\n```python\n{}\n```"
)
PROMPTS: Final = {
    "code": Prompts(
        goal="{question}\n\nWhat does this task ask for? Answer in one sentence that starts "
        'with "Return" and names what the function is given. Write no code.',
        guideline="{question}\n\nHow would you go about this? Answer in one sentence that starts "
        'with "First" and names the steps in words. Write no code.',
        execute="{question}\n\n{plan}Reply with the complete function in one Python code block.",
        with_goal="Goal: {goal}\n\n",
        with_guideline="Hint: {guideline}\n\n",
    ),
    "math": MATH_PROMPTS,
}
CONDITIONS: Final[dict[str, tuple[str, ...]]] = {
    "code": ("none", "guideline"),
    "math": ("none", "goal", "guideline"),
}
TEMPERATURE: Final = 0.8
PRELUDE: Final = """import os, resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
_log = os.open("log", os.O_WRONLY | os.O_CREAT, 0o600)
os.dup2(_log, 1), os.dup2(_log, 2)
"""

Item = tuple[str, Callable[[str], bool]]
"""A question and the judge of a reply to it."""


class Model:
    """A model file served in this process, on loopback behind a random key."""

    def __init__(self, path: Path, threads: int) -> None:
        """Load it."""
        key, params = secrets.token_hex(16), xllamacpp.CommonParams()
        params.model.path, params.n_parallel, params.n_ctx = str(path), SLOTS, SLOTS * 2048
        for group in (params.cpuparams, params.cpuparams_batch):
            group.n_threads, group.poll = threads, 0
        params.api_keys, params.verbosity = [key], -1
        self._server = xllamacpp.Server(params)
        self._url = f"{self._server.listening_address}/v1/chat/completions"
        self._client = httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=3600)

    def ask(self, turns: Sequence[str], limit: int, seed: int) -> list[str]:
        """Return one reply to each turn, an empty one where a solution was cut."""

        def one(numbered: tuple[int, str]) -> str:
            body = {"messages": [{"role": "user", "content": numbered[1]}], "max_tokens": limit}
            body |= {"temperature": TEMPERATURE, "seed": seed + numbered[0]}
            choice = self._client.post(self._url, json=body).raise_for_status().json()["choices"][0]
            cut = choice["finish_reason"] == "length" and limit == SOLUTION
            return "" if cut else str(choice["message"]["content"]).strip()

        with ThreadPoolExecutor(SLOTS) as pool:
            return list(pool.map(one, enumerate(turns)))


def passes(code: str, tests: str) -> bool:
    """Run a program and its tests in the sandbox; it passes if it then prints a fresh nonce."""
    sandbox = import_module("sandlock").Sandbox  # sandlock >= 0.9: no dependency of the package
    nonce, python = secrets.token_hex(16), str(Path(sys.executable).resolve())
    with tempfile.TemporaryDirectory() as folder:
        program, log = Path(folder, "program.py"), Path(folder, "log")
        end = f"import os\nos.write(1, b'\\n{nonce}')\n"
        program.write_text(f"{PRELUDE}\n{code}\n{tests}\n{end}", "utf-8", "replace")
        readable = [sys.base_prefix, "/usr", "/lib", "/lib64"]
        limits = {"max_memory": "512M", "max_processes": 4, "clean_env": True}
        box = sandbox(fs_readable=readable, fs_writable=[folder], cwd=folder, **limits)
        done = box.run([python, "-I", "-B", str(program)], timeout=10).success and log.is_file()
        return bool(done) and log.read_bytes().endswith(nonce.encode())


def probe() -> None:
    """Refuse to go on unless the sandbox runs a good program and stops two escapes."""
    with tempfile.NamedTemporaryFile("w") as secret, socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0)
        read = f"open({secret.name!r}).read()\nopen('/etc/passwd').read()"
        reach = f"import socket\nsocket.create_connection({door.getsockname()!r}, 2)"
        for code in (read, reach):
            exec(code, {})  # noqa: S102 (outside, our escapes have to work, or they show nothing)
        door.accept()[0].close()
        good = passes("def f(x):\n    return x + 1", "assert f(1) == 2")
        ways = (read, read.splitlines()[0], read.splitlines()[1], reach)
        if not good or any(passes(code, "") for code in ways):
            sys.exit("The sandbox fails its probe: no code a model wrote is run.")
        try:
            door.accept()
        except BlockingIOError:
            return
        sys.exit("A program in the sandbox reached the network: no code a model wrote is run.")


def math_right(gold: str, reply: str) -> bool:
    r"""Compare the number in the last `\boxed{}` with the gold one."""
    number = re.search(r".*\\boxed{[^}\d]*?(-?\d[\d,]*(?:\.\d+)?)", reply, re.DOTALL)
    found = number[1] if number else "nan"
    return float(found.replace(",", "")) == float(gold.replace(",", ""))


def code_right(head: str, tests: str, reply: str) -> bool:
    """Run the reply's first code block, or all of it, against all tests."""
    block = re.search(r"```(?:python)?\n(.*?)(?:```|\Z)", reply, re.DOTALL)
    return bool(reply) and passes(f"{head}\n{block[1] if block else reply}", tests)


def math_items(rows: Iterator[dict[str, str]]) -> Iterator[Item]:
    """Take word problems."""
    return ((row["question"], partial(math_right, row["gold"])) for row in rows)


def code_items(rows: Iterator[dict[str, str]]) -> Iterator[Item]:
    """Take functions to write: the first assertion is shown, all of them judge."""
    for row in rows:
        check, name = ast.parse(row["test"]).body[0], row["entry_point"]
        assert isinstance(check, ast.FunctionDef)
        visible, head = ast.unparse(check.body[0]), row["prompt"].partition("def ")[0]
        judge = partial(code_right, head, f"{row['test']}\ncheck({name})")
        # Some tests call another name than the one asked for: nobody could pass them.
        reference = row["prompt"].split("'''")[0] + "\n" + row["canonical_solution"]
        if f"{name}(" in visible and judge(reference):
            yield CODE_TASK.format(row["prompt"].rstrip(), visible), judge


def measure(
    task: str, items: list[Item], pair: dict[str, Model], count: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Ask under every condition; sample k of an item goes with goal k, all with one guideline."""
    prompts, base = PROMPTS[task], list[float]()
    for form in CONDITIONS[task]:
        plans: list[list[Plan]] = [[] for _ in range(len(items) * count)]
        if form == "goal":
            turns = [prompts.planner("goal", item[0]) for item in items for _ in range(count)]
            plans = [[Plan("goal", text)] for text in pair["small"].ask(turns, PLAN, seed)]
        elif form == "guideline":
            turns = [prompts.planner("guideline", item[0]) for item in items]
            hints = pair["large"].ask(turns, PLAN, seed)
            plans = [[Plan("guideline", text)] for text in hints for _ in range(count)]
        shown = [prompts.executor(items[at // count][0], plan) for at, plan in enumerate(plans)]
        replies = pair["small"].ask(shown, SOLUTION, seed)
        right = [items[at // count][1](reply) for at, reply in enumerate(replies)]
        share = [fmean(right[at : at + count]) for at in range(0, len(right), count)]
        row = {"task": task, "plan": form, "items": len(items), "right": sum(right)}
        row |= {"samples": len(right), "cut": replies.count("")}
        row |= {"wilson_95": wilson(sum(right), len(right))}
        base = base or share
        yield row | {"change": None if base is share else change(base, share, seed)}


def wilson(right: int, count: int, z: float = 1.96) -> list[float]:
    """Return the 95 % interval of a share, all samples taken as independent."""
    share, square = right / count, z * z / count
    half = (square * share * (1 - share) + square * square / 4) ** 0.5
    return [round((share + square / 2 + way) / (1 + square), 3) for way in (-half, half)]


def change(base: list[float], share: list[float], seed: int) -> list[float]:
    """Return the difference to no plan and its 95 % interval, a bootstrap over the items."""
    draw = random.Random(seed)  # noqa: S311 (no secret)
    items = [one - other for one, other in zip(share, base, strict=True)]
    means = sorted(fmean(draw.choices(items, k=len(items))) for _ in range(2000))
    return [round(figure, 3) for figure in (fmean(items), means[50], means[1949])]


def main() -> None:
    """Measure code and math; print and write each line when it is known."""
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    for name in ("--data", "--small", "--large"):
        parser.add_argument(name, type=Path, required=True, help="folder or model file")
    for name, number in {"items": 8, "samples": 3, "seed": 1, "threads": 2}.items():
        parser.add_argument(f"--{name}", type=int, default=number, help="code has twice the items")
    parser.add_argument("--json", type=Path, help="where the figures go")
    args = parser.parse_args()
    probe()
    pair = {name: Model(getattr(args, name), args.threads) for name in ("small", "large")}
    report: dict[str, Any] = {name: getattr(args, name).name for name in pair}
    report |= {"samples": args.samples, "seed": args.seed, "temperature": TEMPERATURE}
    report |= {"limits": [PLAN, SOLUTION], "rows": []}
    for task, file, make, count in (
        ("code", "mbpp_sanitized.jsonl", code_items, args.items * 2),
        ("math", "gsm.jsonl", math_items, args.items),
    ):
        rows = map(json.loads, (args.data / file).read_text("utf-8").splitlines())
        for row in measure(task, list(islice(make(rows), count)), pair, args.samples, args.seed):
            print(*row.values(), sep="\t", flush=True)
            report["rows"].append(row)
            if args.json:
                args.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
