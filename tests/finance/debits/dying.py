"""A directory that is a bank's drop, and may end its writer with SIGKILL at a step."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage


class Drop(FileSystemStorage):
    """``die``: "before", "half" or "after" the write; "line": the line breaks after the write;
    "down": nobody answers."""

    def __init__(self, *, die: str = "", **more: Any) -> None:
        super().__init__(**more)
        self.die = die

    def exists(self, name: str) -> bool:
        if self.die == "down":
            raise ConnectionRefusedError("nobody answers")
        return super().exists(name)

    def _save(self, name: str, content: Any) -> str:
        if self.die == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.die == "half":
            Path(self.path(name)).write_bytes(content.read()[:100])
            os.kill(os.getpid(), signal.SIGKILL)
        saved = str(super()._save(name, content))  # type: ignore[misc]  # the stubs leave it out
        if self.die == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.die == "line":
            raise ConnectionResetError("the line broke")
        return saved
