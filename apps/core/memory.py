"""What a process remembers for some seconds, so that a hot path need not ask for it each time."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from functools import partial
from typing import Generic, TypeVar

from django.conf import settings
from django.db import transaction

V = TypeVar("V")
#: A memory that has grown past this is emptied: keys are few, or they are not worth keeping.
MOST_KEPT = 1_000


class Memory(Generic[V]):
    """Values by key, each at most ``settings.MEMORY_SECONDS`` old. Other processes have their own.

    For what may be a few seconds behind and is checked again where it must not be. What a
    transaction wrote is kept, or forgotten, only once it is committed.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[float, V]] = {}

    def get(self, key: Hashable) -> V | None:
        """Return what is kept and fresh."""
        found = self._kept.get(key)
        if found is None or found[0] < time.monotonic():
            return None
        return found[1]

    def put(self, key: Hashable, value: V) -> None:
        """Keep a value from now on."""
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        if settings.MEMORY_SECONDS:
            self._kept[key] = (time.monotonic() + settings.MEMORY_SECONDS, value)

    def put_when_committed(self, key: Hashable, value: V) -> None:
        """Keep what this transaction wrote, if it is committed: others cannot see it before."""
        transaction.on_commit(partial(self.put, key, value))

    def get_or_make(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return what is kept, or make and keep it. Two threads at once may both make it."""
        found = self.get(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found

    def forget(self) -> None:
        """Empty it, in this process."""
        self._kept.clear()

    def forget_when_committed(self) -> None:
        """Empty it when this transaction is committed; at once outside one."""
        transaction.on_commit(self.forget)
