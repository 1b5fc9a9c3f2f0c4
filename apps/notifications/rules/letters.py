"""A mail in both its forms."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Written:
    """What its reader gets; ``unsubscribe_url`` is empty where nobody can turn it off."""

    subject: str
    text: str
    html: str
    unsubscribe_url: str

    @property
    def digest(self) -> str:
        """SHA-256 of subject, line end and text."""
        return hashlib.sha256(f"{self.subject}\n{self.text}".encode()).hexdigest()
