"""Work on many at once, and let the one that raises stop no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from apps.core.db import outside_transaction

Done = TypeVar("Done")
Made_co = TypeVar("Made_co", covariant=True)


class Batch(Protocol[Made_co]):
    """Claim and work off a batch in a transaction of its own; with ``among`` only of these.

    ``claimed`` is told the ids before anything is done with them.
    """

    def __call__(self, *, claimed: list[int], among: Sequence[int] | None) -> Made_co: ...


@outside_transaction
def isolated(batch: Batch[Done], *, alone: Callable[[int, Exception], Done]) -> list[Done]:
    """
    Do a batch; where it raises, its halves, down to the one row that does it.

    That row's transaction is gone by then; ``alone`` is told of it, and must see to it that the
    row is not due at once again. Return what each transaction that held returned, and ``alone``.
    What raises before a row is claimed is raised: no row did it.
    """
    return _isolated(batch, alone, None)


def _isolated(
    batch: Batch[Done], alone: Callable[[int, Exception], Done], among: Sequence[int] | None
) -> list[Done]:
    claimed: list[int] = []
    try:
        return [batch(claimed=claimed, among=among)]
    except Exception as error:
        if not claimed:
            raise
        if len(claimed) == 1:
            return [alone(claimed[0], error)]
    half = len(claimed) // 2
    return [
        done for part in (claimed[:half], claimed[half:]) for done in _isolated(batch, alone, part)
    ]
