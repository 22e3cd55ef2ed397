"""Every error a user can meet: one sentence that names the cause and the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cope_graph.money.lines import Ledger
    from cope_graph.state import Failure


class CopeError(RuntimeError):
    """Base of every error this package raises on purpose.

    A `RuntimeError`, since the Agent Server shows a client the message of built-in kinds only.
    It is no `ValueError`: pydantic would wrap that into an error of its own.

    Attributes:
        ledger: What the run had cost so far, `None` when nothing was called before.
        failures: What went wrong with its requests, where that is why it ended.
    """

    ledger: Ledger | None = None
    failures: Sequence[Failure] = ()


class SetupError(CopeError):
    """Something is missing or wrong that no other model and no retry makes up for."""


class InputError(SetupError):
    """The question or a setting cannot be used as given."""


class ThresholdsError(InputError):
    """Calibrated thresholds do not fit what is to run: they were calibrated for something else."""


class ModelNameError(SetupError):
    """A model name is unknown, or is not a chat model."""


class MissingPackageError(SetupError, ImportError):
    """An optional package is not installed; the message holds the install line."""


class MissingKeyError(SetupError):
    """A provider needs an API key and none was found."""


class ModelFileError(SetupError):
    """A model file is missing, incomplete or not the official one."""


class ModelLoadError(SetupError):
    """A model in this process cannot be loaded or used as asked: device, template, package."""


class ModelMemoryError(ModelLoadError, MemoryError):
    """A model needs more memory than there is; the message says how much of each."""


class NoLogProbsError(SetupError):
    """The gate reads log-probabilities, and the small model gives none."""


class RequestRefusedError(CopeError):
    """A model in this process cannot take a request as it is; others may.

    Attributes:
        status_code: That of a server which says so.
    """

    status_code: int = 400


class SchemaError(CopeError):
    """A reply could not be held to its schema to the end."""


class ModelCallError(CopeError):
    """No model gave an answer: each could not be reached, refused, or returned nothing."""


class SandboxError(CopeError):
    """A sandbox itself failed: it says nothing about the program, which is never "failed" by it."""


class SandboxSetupError(SetupError):
    """No sandbox to run a model's code in; the message holds each one's reason, and the fix."""


class NoAnswerError(CopeError):
    """Every stage ran and no reply held a readable answer."""


class BudgetError(CopeError):
    """The money is spent, or would be, and there is no answer yet; or nothing bounds a request."""


class UnknownPriceError(BudgetError):
    """A model has no price and the run has a budget in USD: an unknown price is never 0."""


class DeadlineError(CopeError):
    """The time is up and there is no answer yet."""


class ThreadBusyError(CopeError):
    """Two runs use one thread id at the same time in this process."""
