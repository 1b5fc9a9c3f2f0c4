"""The file of a statement, piece by piece."""

from __future__ import annotations

import io

from apps.finance.reconciliation.models import StatementChunk


class _Chunks(io.RawIOBase):
    """Reads a stored file without holding more of it than one chunk."""

    def __init__(self, statement_id: int) -> None:
        self._statement_id = statement_id
        self._next = 0
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._rest:
            chunk = (
                StatementChunk.objects.filter(statement_id=self._statement_id, n=self._next)
                .values_list("data", flat=True)
                .first()
            )
            if chunk is None:
                return 0
            self._rest, self._next = memoryview(chunk), self._next + 1
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def open_file(statement_id: int) -> io.BufferedReader:
    """Return the file as it came, as a stream."""
    return io.BufferedReader(_Chunks(statement_id), buffer_size=65_536)
