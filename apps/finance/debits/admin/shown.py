"""How bank payments look."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin import ConsoleAdmin, state
from apps.finance.debits.choices import DebitState, FileState, FoundState, ItemState, MandateState

#: The tone of each state's word, by a word the console has a tone for.
_TONES: dict[str, str] = {
    MandateState.BLOCKED: "REFUSED",
    DebitState.READY: "PENDING",
    DebitState.IN_FILE: "SENT",
    FileState.MADE: "REQUESTED",
    FileState.SENDING: "SENT",
    FileState.HANDED_OVER: "DELIVERED",
    FoundState.TAKEN: "OK",
    FoundState.UNREAD: "FAILED",
    MandateState.CHECKING: "PENDING",
    ItemState.APPLIED: "OK",
    ItemState.QUEUED: "FAILED",
}


def word(code: str, label: str) -> SafeString:
    return state(_TONES.get(code, code), label)


def mono(text: str) -> SafeString:
    return format_html('<span class="c-mono">{}</span>', text or "none")


def day(on: date | None, absent: str = "not yet") -> str:
    return f"{on:%d %b %Y}" if on else absent


def brand_of(row: Any) -> str:
    return str(row.merchant_account.cluster.name)


class BankAdmin(ConsoleAdmin):
    """A list of what goes to and comes from banks: the columns that most of them have."""

    @admin.display(description="State")
    def status(self, row: Any) -> SafeString:
        return word(row.state, row.get_state_display())

    @admin.display(description="Brand")
    def brand(self, row: Any) -> str:
        return brand_of(row)
