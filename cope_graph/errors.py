"""Every error a user can meet: one sentence that names the cause and the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cope_graph.state import Ledger


class CopeError(RuntimeError):
    """Base of every error this package raises on purpose.

    A `RuntimeError`, since the Agent Server shows a client the message of built-in kinds only.
    It is no `ValueError`: pydantic would wrap that into an error of its own.
    """


class InputError(CopeError):
    """The question or a setting cannot be used as given."""


class ModelNameError(CopeError):
    """A model name is unknown, or is not a chat model."""


class MissingPackageError(CopeError, ImportError):
    """An optional package is not installed; the message holds the install line."""


class MissingKeyError(CopeError):
    """A provider needs an API key and none was found."""


class ModelFileError(CopeError):
    """A model file is missing, incomplete or not the official one."""


class ModelCallError(CopeError):
    """A model could not be reached, refused the request, or returned nothing.

    Attributes:
        ledger: What the run had cost so far, `None` when nothing was called before.
    """

    ledger: Ledger | None = None


class NoAnswerError(CopeError):
    """Every stage ran and no reply held a readable answer.

    Attributes:
        ledger: What the run cost.
    """

    def __init__(self, message: str, ledger: Ledger) -> None:
        """Keep the bill, so that a failed run is still accounted for."""
        super().__init__(message)
        self.ledger = ledger


class ThreadBusyError(CopeError):
    """Two runs use one thread id at the same time in this process."""
