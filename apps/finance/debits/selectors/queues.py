"""What waits for people at bank payments: since when, the oldest first, up to a limit."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, OuterRef, Subquery

from apps.finance.debits.choices import FileState, FoundState, ItemState
from apps.finance.debits.models import BankItem, DebitFile, FoundFile, ReturnRate


def files_to_approve(limit: int) -> list[datetime]:
    waiting = DebitFile.objects.filter(state=FileState.MADE)
    return list(waiting.order_by("made_at").values_list("made_at", flat=True)[:limit])


def files_in_doubt(limit: int) -> list[datetime]:
    doubtful = DebitFile.objects.exclude(problem="")
    return list(doubtful.order_by("made_at").values_list("made_at", flat=True)[:limit])


def news_for_a_person(limit: int) -> list[datetime]:
    queued = BankItem.objects.filter(state=ItemState.QUEUED, applied_at__isnull=False)
    since = queued.order_by("-id").values_list("applied_at", flat=True)[:limit]
    return sorted(at for at in since if at is not None)


def unread_files(limit: int) -> list[datetime]:
    unread = FoundFile.objects.filter(state=FoundState.UNREAD)
    return list(unread.order_by("-id").values_list("found_at", flat=True)[:limit])[::-1]


def rates_near_a_line(limit: int) -> list[datetime]:
    """Accounts whose latest measure is near a line, or over it."""
    latest = ReturnRate.objects.filter(merchant_account=OuterRef("merchant_account"))
    near = ReturnRate.objects.annotate(
        last=Subquery(latest.order_by("-day").values("day")[:1])
    ).filter(day=F("last"), is_near=True)
    return list(near.order_by("measured_at").values_list("measured_at", flat=True)[:limit])
