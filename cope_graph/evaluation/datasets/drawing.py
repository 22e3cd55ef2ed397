"""Which items of a data set are taken."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from cope_graph.errors import InputError
from cope_graph.evaluation.datasets.items import Item


def drawn(
    items: Sequence[Item], limit: int | None = None, seed: int | None = None
) -> tuple[tuple[Item, ...], str]:
    """Take the first items, or some at random.

    A lot is drawn by each item's id, so that it does not depend on the file's order, and a larger
    limit under the same seed adds items and takes none away.

    Args:
        items: All there are.
        limit: How many; `None` for all.
        seed: Draws them at random; `None` takes the first.

    Returns:
        Those taken, in the file's order, and a few words on them.

    Raises:
        InputError: `limit` is below 1.
    """
    if limit is not None and limit < 1:
        msg = f"limit is 1 at least, not {limit}: leave it out for all items."
        raise InputError(msg)
    if limit is None or limit >= len(items):
        short = f" (fewer than the limit of {limit})" if limit and limit > len(items) else ""
        return tuple(items), f"all {len(items)} items{short}"
    if seed is None:
        return tuple(items[:limit]), f"the first {limit} of {len(items)} items"
    taken = {one.id for one in sorted(items, key=lambda item: _lot(item, seed))[:limit]}
    chosen = tuple(item for item in items if item.id in taken)
    return chosen, f"{limit} of {len(items)} items, drawn with seed {seed}"


def _lot(item: Item, seed: int) -> str:
    return sha256(f"{seed}:{item.id}".encode()).hexdigest()
