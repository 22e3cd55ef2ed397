"""Local models through torch: tokens a second, reading prompts, early end, memory.

    python -m benchmarks.torch_engine [--rounds 3] [--quick] [--markdown] [--only SECTION ...]
        [--shapes 1.5B 7B]

The 0.5B of the embedded pair, from its GGUF file, as `ChatTransformers` loads it; plain `generate`
runs on the same weights, in the same thread, with the attention that transformers chooses itself.
Contenders take turns, in rotating order; medians are reported. Sections: `memory`, `decode`,
`prefill`, `early`, `shapes` (a GPU; `--shapes tiny` runs on a CPU). A full run takes seven minutes
on two cores.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

os.environ["LANGSMITH_TRACING"] = "false"

from benchmarks import torch_shapes
from benchmarks.table import table
from benchmarks.torch_speed import IDLE_S, asked, endless, generate, in_turn
from cope_graph import PLAN_FREE, create_cope, tasks
from cope_graph.evaluation.datasets import Item, own_items
from cope_graph.huggingface.chat import ChatTransformers
from cope_graph.huggingface.engine import engine_of
from cope_graph.huggingface.memory import gigabytes
from cope_graph.models.local import local_chat_model
from cope_graph.models.pull import find
from tests.scripted import ScriptedChat, says

NAME: Final = "qwen2.5-coder-0.5b-instruct"
SAMPLES: Final = 8
STORY: Final = "A farmer has {} fields. Each gives 14 sacks of wheat. How many are {} harvests?"
WORDS: Final = ("river", "stone", "cloud", "tree", "house", "field", "bread", "light", "winter")
SECTIONS: Final = ("memory", "decode", "prefill", "early", "shapes")

Rows = list[list[str]]


def small() -> ChatTransformers:
    """Make the chat model; it loads at its first call."""
    path = find(NAME)
    assert path is not None, f"cope models pull {NAME}"
    return ChatTransformers(model=str(path))


def memory(_: argparse.Namespace) -> Rows:
    """Load in a process of its own, in two types."""
    rows = [["dtype", "weights", "before loading", "peak while loading", "s"]]
    for dtype in ("bfloat16", "float32"):
        command = [sys.executable, "-m", "benchmarks.torch_engine", "--load", dtype]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        found = json.loads(done.stdout)
        sizes = [gigabytes(found[key]) for key in ("weights", "before", "peak")]
        rows.append([dtype, *sizes, f"{found['seconds']:.1f}"])
    return rows


def load(dtype: Any) -> None:
    """Load, and tell what it took (the child of `memory`)."""
    from transformers import AutoModelForCausalLM  # noqa: F401, PLC0415 - libraries take memory too

    before, started = peak_bytes(), time.perf_counter()
    model = small().model_copy(update={"dtype": dtype}).load().model
    weights = sum(weight.numel() * weight.element_size() for weight in model.parameters())
    seconds = time.perf_counter() - started
    found = {"weights": weights, "before": before, "peak": peak_bytes(), "seconds": seconds}
    print(json.dumps(found))


def peak_bytes() -> int:
    """Give the peak of this process's resident memory (Linux); getrusage has the parent's in it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def decode(args: argparse.Namespace) -> Rows:
    """Generate replies of a fixed length."""
    chat, size = small(), 16 if args.quick else 128
    engine = engine_of(chat.load())
    one = [STORY.format(6, "two")]
    many = [STORY.format(2 + i, f"{3 + i}") for i in range(SAMPLES)]
    llama = local_chat_model(NAME)
    on: Any = {"extra_body": {"ignore_eos": True}}
    runs = {
        "`generate`, one by one": (1, generate(engine, one[0])),
        "`generate`, n = 8": (SAMPLES, generate(engine, one[0], SAMPLES)),
        "engine, one stream": (1, asked(chat, one)),
        "engine, n = 8": (SAMPLES, asked(chat, one, SAMPLES)),
        "engine, 8 prompts at once": (SAMPLES, asked(chat, many)),
        "llama.cpp (Q4_K_M), one stream": (1, asked(llama, one, **on)),
        "llama.cpp (Q4_K_M), n = 8": (SAMPLES, asked(llama, one, SAMPLES, **on)),
    }
    with endless(engine.loaded):
        took = in_turn({name: run for name, (_, run) in runs.items()}, size, args.rounds)
    speeds = {name: count * size / took[name] for name, (count, _) in runs.items()}
    plain, at_once = list(speeds.values())[:2]
    return [
        ["contender", "tokens/s", "/ one by one", "/ `generate`, n = 8"],
        *[
            [name, f"{speed:.1f}", f"{speed / plain:.2f}", f"{speed / at_once:.2f}"]
            for name, speed in speeds.items()
        ],
    ]


def prefill(args: argparse.Namespace) -> Rows:
    """Read prompts: the time until each sample has its first token."""
    chat, size = small(), 200 if args.quick else 1000

    def reading(count: int, shared: float, n: int = 1) -> Callable[[int], None]:
        def run(length: int) -> None:
            common = int(length * shared)
            prompts = [_words(common, 0) + _words(length - common, i + 1) for i in range(count)]
            asked(chat, prompts, n)(1)

        return run

    names = ["1 prompt, n = 1", "1 prompt, n = 8", "8 prompts, nine tenths shared"]
    names.append("8 prompts, nothing shared")
    runs = [reading(1, 1), reading(1, 1, SAMPLES), reading(SAMPLES, 0.9), reading(SAMPLES, 0)]
    took = in_turn(dict(zip(names, runs, strict=True)), size, args.rounds)
    first = took[names[0]]
    return [
        [f"prompts of {size:,} words", "s to the first tokens", "/ n = 1"],
        *[[name, f"{seconds:.2f}", f"{seconds / first:.2f}"] for name, seconds in took.items()],
    ]


def _words(count: int, seed: int) -> str:
    """Write words that are a token each."""
    return "".join(f" {word}" for word in random.Random(seed).choices(WORDS, k=count))  # noqa: S311


def early(args: argparse.Namespace) -> Rows:
    """Solve with the small model, and end the samples that nobody needs, or wait for all."""
    items = own_items()[: 1 if args.quick else args.items]
    settings = PLAN_FREE.model_copy(
        update={"seed": 0, "max_answer_tokens": 64 if args.quick else 256}
    )
    ways = [settings.model_copy(update={"straggler_s": None}), settings]
    rows = [
        [
            "question",
            "tokens, all waited for",
            "early end",
            "/",
            "s",
            "s, early end",
            "stage",
            "same",
        ]
    ]
    total = [0.0] * 4
    small().load()
    for item in items:
        (all_of, all_s, answer), (some, some_s, other) = (_solved(item, way) for way in ways)
        rows.append(_early_row(item.id, all_of, some, all_s, some_s))
        rows[-1] += [str(other[0]), "yes" if answer == other else "no"]
        total = [a + b for a, b in zip(total, (all_of, some, all_s, some_s), strict=True)]
    return [*rows, [*_early_row("all", *total), "", ""]]


def _early_row(name: str, all_of: float, some: float, all_s: float, some_s: float) -> list[str]:
    figures = [f"{all_of:.0f}", f"{some:.0f}", f"{some / all_of:.2f}"]
    return [name, *figures, f"{all_s:.1f}", f"{some_s:.1f}"]


def _solved(item: Item, settings: Any) -> tuple[int, float, tuple[int, str]]:
    """Give the small model's tokens, the seconds, and what was decided: stage and answer."""
    large = ScriptedChat(replies=[says(str(item.gold))])  # which takes no time
    graph: Any = create_cope(small(), large, task=tasks.math(), defaults=settings).compile()
    time.sleep(IDLE_S)
    started = time.perf_counter()
    out = graph.invoke({"messages": [("user", item.question)]})
    seconds = time.perf_counter() - started
    lines = [line for line in out["ledger"]["lines"] if line["node"] == "small_execute"]
    tokens = sum(line["output_tokens"] for line in lines)
    return tokens, seconds, (out["stage"], out["answer"])


def shapes(args: argparse.Namespace) -> Rows | str:
    """Measure random weights of real shapes, on a GPU."""
    import torch  # noqa: PLC0415

    if not torch.cuda.is_available() and set(args.shapes) != {"tiny"}:
        return "No GPU here: the shapes of 1.5B and 7B were not measured."
    counts = (1, 8) if args.quick else (1, 8, 64, 256)
    size = 16 if args.quick else 128
    rows = [torch_shapes.HEAD]
    for shape in args.shapes:
        rows += torch_shapes.measure(shape, counts, size, args.rounds)
    return rows


def where() -> str:
    """Say what it is measured on."""
    import torch  # noqa: PLC0415
    import transformers  # noqa: PLC0415

    cuda = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return (
        f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}, {torch.get_num_threads()} threads, "
        f"{cuda}, torch {torch.__version__}, transformers {transformers.__version__}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table for each section."""
    parser = argparse.ArgumentParser(description="Local models through torch.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--items", type=int, default=3, help="questions of `early`")
    parser.add_argument("--quick", action="store_true", help="small figures, to try it out")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--shapes", nargs="+", choices=torch_shapes.NAMES, default=["1.5B", "7B"])
    parser.add_argument("--load", help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    if args.load:
        load(args.load)
        return
    makers = {
        "memory": memory,
        "decode": decode,
        "prefill": prefill,
        "early": early,
        "shapes": shapes,
    }
    print(where())
    for section in args.only:
        made = makers[section](args)
        texts = 2 if section == "shapes" else 1
        text = made if isinstance(made, str) else table(made, markdown=args.markdown, texts=texts)
        print(f"\n{text}", flush=True)


if __name__ == "__main__":
    main()
