"""One thread a model: it takes requests as they come and gives all of them a token at a time.

Whoever asks at the same time shares the batch, whatever thread or event loop asks; between two
tokens requests join, leave and are given up.
"""

from __future__ import annotations

import atexit
import logging
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Condition, Lock, Thread
from typing import Any, Final

from cope_graph.errors import RequestRefusedError
from cope_graph.huggingface.batch import Batch, Prompt
from cope_graph.huggingface.job import Call, Job
from cope_graph.huggingface.loaded import Loaded
from cope_graph.huggingface.memory import cache_bytes, free_bytes, gigabytes

logger = logging.getLogger("cope_graph")

_MOST_ROWS: Final = 256
_MOST_PROMPT_TOKENS: Final = 16_384
"""Tokens read in one forward pass, padding included; a longer prompt is read alone."""
_GATHER_S: Final = 0.005
"""How long an idle engine waits for more requests: threads that start together come within it."""
_OF_FREE: Final = 0.8
_CLOSED: Final = "The engine is closed."
_FORKED: Final = "This process was forked after the model was loaded: load it in each process."


class Engine:
    """The thread of one model; `submit` and `call` may be used from anywhere."""

    def __init__(self, loaded: Loaded) -> None:
        """Start with nothing to do; the thread starts with the first request.

        Args:
            loaded: The model; whoever asks may know it by another name, with another tokenizer.
        """
        self.loaded = loaded
        self._batch = Batch(loaded.model)
        self._jobs: list[Job] = []
        self._arrived: deque[Job | Call] = deque()
        self._news = Condition(Lock())
        self._thread: Thread | None = None
        self._is_closing = self._is_exit = False
        self._process = os.getpid()
        self._token_bytes = cache_bytes(loaded.model)
        self._room = self._free()
        atexit.register(self._exit)

    def submit(self, job: Job) -> None:
        """Take a request.

        Raises:
            RequestRefusedError: One sample of it does not fit into the memory.
        """
        needed = job.longest * self._token_bytes
        if needed > self._room:
            msg = (
                f"A prompt of {len(job.tokens)} tokens and a reply of up to "
                f"{job.longest - len(job.tokens)} need {gigabytes(needed)} beside the weights of "
                f"{self.loaded.name}, and {gigabytes(self._room)} are free: lower max_tokens."
            )
            raise RequestRefusedError(msg)
        self._take(job)

    def call(self, work: Callable[[], Any]) -> Future[Any]:
        """Run something else on the model, between two tokens."""
        call = Call(work)
        self._take(call)
        return call.future

    def close(self) -> None:
        """End the thread at the next token; what waits for it fails."""
        with _lock:
            _engines.pop(id(self.loaded.model), None)
        with self._news:
            self._is_closing = True
            self._news.notify()
        if self._thread is not None:
            self._thread.join(timeout=10)
        atexit.unregister(self._exit)

    def _exit(self) -> None:
        """End it at the process's end, where only daemon threads still wait.

        They are told nothing: an error would be printed.
        """
        self._is_exit = True
        self.close()

    def _take(self, work: Job | Call) -> None:
        with self._news:
            if self._is_closing or os.getpid() != self._process:
                work.fail(RuntimeError(_CLOSED if self._is_closing else _FORKED))
                return
            self._arrived.append(work)
            self._news.notify()
            if self._thread is None:
                self._thread = Thread(target=self._run, name="cope-torch", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        import torch  # noqa: PLC0415

        with torch.inference_mode():
            while not self._is_closing:
                self._wait()
                try:
                    self._turn()
                except Exception as error:  # noqa: BLE001 - torch raises RuntimeError for anything
                    self._fail(error)
        if not self._is_exit:
            self._fail(RuntimeError(_CLOSED))

    def _free(self) -> int:
        return int(_OF_FREE * free_bytes(self.loaded.model.device))

    def _wait(self) -> None:
        """Sleep while there is nothing to do; then let those that ask together come together."""
        with self._news:
            if self._jobs or self._is_closing:
                return
            while not self._arrived and not self._is_closing:
                self._news.wait()
            self._room = self._free()
            count = 0
            while count < len(self._arrived) and not self._is_closing:
                count = len(self._arrived)
                self._news.wait_for(lambda: self._is_closing, timeout=_GATHER_S)

    def _turn(self) -> None:
        """Do all that is to do between two tokens, and the next token."""
        while self._arrived:
            work = self._arrived.popleft()
            if isinstance(work, Job):
                self._jobs.append(work)
            else:
                work.run()
        for job in self._jobs:
            if job.future.cancelled():
                job.end("cancelled")
            elif job.progress is not None and job.progress.is_over:
                job.end("not_needed")
        self._batch.drop_ended()
        if self._batch.takes_more and (prompts := self._next_prompts()):
            self._begin(prompts)
        self._batch.step()
        self._jobs = [job for job in self._jobs if not job.settle()]

    def _begin(self, prompts: Sequence[Prompt]) -> None:
        try:
            context = self._batch.read(prompts)
        except Exception as error:  # noqa: BLE001 - torch raises RuntimeError for anything
            # Those that grow have lost nothing and go on.
            new = {id(sample) for prompt in prompts for sample in prompt.samples}
            for job in [job for job in self._jobs if new & set(map(id, job.growing))]:
                job.end("cancelled")
                job.fail(error)
        else:
            self._batch.add(prompts, context)

    def _next_prompts(self) -> list[Prompt]:
        """Choose the samples that begin now: first come, first served, as far as memory goes."""
        prompts: list[Prompt] = []
        longest = max((job.longest for job in self._jobs if job.growing), default=0)
        rows, width = len(self._batch.samples), 0
        for job in self._jobs:
            if not job.waiting:
                continue
            longest, wider = max(longest, job.longest), max(width, len(job.tokens))
            most = min(_MOST_ROWS, self._room // (longest * self._token_bytes)) - rows
            too_wide = prompts and wider * (len(prompts) + 1) > _MOST_PROMPT_TOKENS
            if most < 1 or too_wide:
                break
            samples = [job.waiting.popleft() for _ in range(min(most, len(job.waiting)))]
            job.is_read = True
            job.growing += samples
            prompts.append(Prompt(job.tokens, samples))
            rows, width = rows + len(samples), wider
        return prompts

    def _fail(self, error: BaseException) -> None:
        """Fail whatever is on its way, and begin anew with an empty batch."""
        logger.debug("the engine of %s failed", self.loaded.name, exc_info=error)
        while self._arrived:
            work = self._arrived.popleft()
            work.fail(error)
        for job in self._jobs:
            job.fail(error)
        self._jobs, self._batch = [], Batch(self.loaded.model)


_engines: dict[int, Engine] = {}
_lock = Lock()


def engine_of(loaded: Loaded) -> Engine:
    """Give the engine of a model: one, whoever serves it."""
    with _lock:
        engine = _engines.get(id(loaded.model))  # which the engine keeps alive
        if engine is None:
            engine = _engines[id(loaded.model)] = Engine(loaded)
        return engine
