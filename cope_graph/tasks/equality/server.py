"""The worker process's own side: answers requests, each within the limits.

One line of JSON each way: `{"id": 1, "a": "2x", "b": "x+x"}` -> `{"id": 1, "equal": true}`.
The first line it writes is `{"id": 0, "ready": true}`, or `{"id": 0, "missing": "..."}`.
"""

from __future__ import annotations

import json
import logging
import os

from cope_graph.tasks.equality.compare import compare
from cope_graph.tasks.equality.limits import RETIRE_BYTES, limit_cpu, limit_memory, peak_memory


def serve(cpu_seconds: float) -> None:
    """Answer requests until standard input ends.

    Args:
        cpu_seconds: CPU time of one comparison; beyond it the process is killed.
    """
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)  # what a library prints must not look like a reply
    limit_memory()

    def reply(number: int, **fields: object) -> None:
        replies.write(json.dumps({"id": number, **fields}).encode() + b"\n")

    try:
        from cope_graph.tasks.equality.symbolic import symbolic  # noqa: PLC0415 - may be missing
    except ImportError as error:
        reply(0, missing=str(error))
        return
    logging.disable(logging.CRITICAL)
    limit_cpu(30 * cpu_seconds)
    for late in ("x^2+2x+1", "3x"):  # loads what SymPy imports late, before the clock starts
        compare("(x+1)^2", late, symbolic)
    reply(0, ready=True)
    for line in requests:
        request = json.loads(line)
        limit_cpu(cpu_seconds)
        try:
            equal = compare(request["a"], request["b"], symbolic)
        except Exception:  # noqa: BLE001 - SymPy raises of every kind; all mean "not decided"
            equal = False
        limit_cpu(0)
        reply(request["id"], equal=equal)
        if peak_memory() > RETIRE_BYTES:
            return
