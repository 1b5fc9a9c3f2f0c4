"""A fault: one piece of one file replaced; and how it is told from all others."""

from __future__ import annotations

import difflib
import hashlib
from typing import NamedTuple


class Fault(NamedTuple):
    """Replace ``text[start:end]`` of ``path`` by ``new``; ``tests`` should notice."""

    operator: str
    path: str
    start: int
    end: int
    new: str
    tests: tuple[str, ...]

    def applied(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.end :]

    def line(self, text: str) -> int:
        return text.count("\n", 0, self.start) + 1

    def key(self, text: str) -> str:
        """Return a name that stays while the faulty line stays, wherever it moves to."""
        begins = text.rfind("\n", 0, self.start) + 1
        ends = text.find("\n", self.end)
        said = f"{self.operator}\n{text[begins:ends].strip()}\n{self.new.strip()}"
        return f"{self.path.rpartition('/')[2]}:{hashlib.sha256(said.encode()).hexdigest()[:8]}"

    def diff(self, text: str) -> str:
        lines = difflib.unified_diff(
            text.splitlines(keepends=True),
            self.applied(text).splitlines(keepends=True),
            self.path,
            self.path,
            n=1,
        )
        return "".join(lines)
