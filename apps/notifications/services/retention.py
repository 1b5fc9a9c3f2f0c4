"""Words of mail that are no longer needed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.transaction import atomic

from apps.notifications.choices import State
from apps.notifications.models import Message

#: Messages emptied by one statement.
SLICE = 1_000


def empty_old(*, now: datetime) -> int:
    """
    Empty text, address and context of mail that ended long ago, in slices; return how many.

    After MAIL_TEXT_KEPT_DAYS. The fact stays: kind, person, brand, what it was about, when it was
    sent, and the hash of its words.
    """
    before = now - timedelta(days=settings.MAIL_TEXT_KEPT_DAYS)
    total = 0
    while emptied := _slice(before):
        total += emptied
    return total


@atomic
def _slice(before: datetime) -> int:
    old = (
        Message.objects.filter(ended_at__lt=before)
        .exclude(context={})
        .exclude(state=State.QUEUED)
        .order_by("ended_at", "id")
        .select_for_update(skip_locked=True)
    )
    ids = list(old.values_list("pk", flat=True)[:SLICE])
    return Message.objects.filter(pk__in=ids).update(context={}, text="", subject="", address="")
