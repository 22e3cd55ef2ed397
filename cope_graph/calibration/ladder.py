"""A schedule's steps from the safest to the cheapest, and what each makes of every item."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from cope_graph.calibration.schedule import Schedule
from cope_graph.errors import InputError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Step:
    """One setting of the thresholds on the way.

    Attributes:
        tau1: Stage 1 accepts above it.
        tau2: Stage 2 accepts above it; `None` without stage 2.
        quorum: How many voters have to agree; `None` with one small model.
    """

    tau1: float
    tau2: float | None
    quorum: int | None = None


@dataclass(frozen=True)
class Ladder:
    """A path through thresholds: each step accepts what the one before it accepts, and more.

    The steps depend on the schedule alone, never on outcomes: that is what makes a test along
    them valid.

    Attributes:
        schedule: What runs.
        path: Name of the path, for people.
        steps: The first escalates everything.
        right: Whether the answer is right, (steps, items).
        usd: What the item costs, (steps, items).
        accepted: Whether stage 1 accepts, (steps, items).
        exact: Whether the first step is the large model alone, so that it loses nothing.
    """

    schedule: Schedule
    path: str
    steps: tuple[Step, ...]
    right: Bools
    usd: Floats
    accepted: Bools
    exact: bool


@dataclass(frozen=True)
class Alone:
    """The large model alone on the same items: what a loss is measured against.

    Attributes:
        items: Their names, each once.
        right: Whether its answer is right, (items,).
        usd: What it costs, (items,).
    """

    items: tuple[str, ...]
    right: Bools
    usd: Floats

    def __post_init__(self) -> None:
        """Refuse items that can't be told apart, and figures that are none.

        Raises:
            InputError: No item, one twice, or an array that does not fit.
        """
        if not self.items:
            msg = "There is no item to calibrate on: record some (cope bench)."
            raise InputError(msg)
        if len(set(self.items)) < len(self.items):
            twice = next(item for item in self.items if self.items.count(item) > 1)
            msg = f"Item {twice!r} is there twice: keep one outcome an item."
            raise InputError(msg)
        object.__setattr__(self, "right", labels("the large model", self.right, self.items))
        object.__setattr__(self, "usd", figures("the large model's USD", self.usd, self.items))


def labels(whose: str, given: object, items: tuple[str, ...]) -> Bools:
    """Read labels: True or False (1 or 0), one an item.

    Raises:
        InputError: One is missing, or is something else.
    """
    values = np.asarray(given)
    if values.shape != (len(items),):
        msg = f"{whose} has {_size(values)} labels for {len(items)} items: give one an item."
        raise InputError(msg)
    if values.dtype == object or not np.isin(values, (0, 1)).all():
        wrong = [i for i, value in enumerate(values.tolist()) if value not in (0, 1)]
        item = items[wrong[0]] if wrong else items[0]
        msg = f"{whose} has no label for item {item!r}: leave the item out, or label it."
        raise InputError(msg)
    return values.astype(np.bool_)


def figures(whose: str, given: object, items: tuple[str, ...], most: float = np.inf) -> Floats:
    """Read finite numbers from 0 to `most`, one an item.

    Raises:
        InputError: One is missing, not a number, or out of bounds.
    """
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        msg = f"{whose}: not every one is a number ({error})."
        raise InputError(msg) from error
    if values.shape != (len(items),):
        msg = f"{whose}: {_size(values)} numbers for {len(items)} items: give one an item."
        raise InputError(msg)
    wrong = ~(np.isfinite(values) & (values >= 0) & (values <= most))
    if wrong.any():
        index = int(wrong.argmax())
        bounds = "0 or more" if most == np.inf else f"0 to {most:g}"
        msg = f"{whose} of item {items[index]!r} is {values[index]}: it has to be {bounds}."
        raise InputError(msg)
    return values


def digest(items: tuple[str, ...], *arrays: NDArray[np.generic] | str) -> str:
    """Name data by what is in it, whatever the items' order and the machine."""
    order = sorted(range(len(items)), key=items.__getitem__)
    found = sha256("\n".join(items[i] for i in order).encode("utf-8", "surrogatepass"))
    for array in arrays:
        if isinstance(array, str):
            found.update(array.encode())
            continue
        plain = np.ascontiguousarray(array[order])
        found.update(plain.astype("<f8" if plain.dtype.kind == "f" else "<i8").tobytes())
    return found.hexdigest()


def _size(values: NDArray[np.generic]) -> str:
    return "x".join(str(one) for one in values.shape) or "no"
