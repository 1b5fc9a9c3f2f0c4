"""Words of mail that are no longer needed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.db.transaction import atomic

from apps.notifications.choices import State
from apps.notifications.models import Message
from apps.notifications.rules.kinds import KINDS

_PROOF = sorted(kind.name for kind in KINDS.values() if kind.is_proof)
#: Messages emptied by one statement.
SLICE = 1_000


def empty_old(*, now: datetime) -> int:
    """
    Empty text, address and context of mail that ended long ago, in slices; return how many.

    After MAIL_TEXT_KEPT_DAYS; what proves something (``Kind.is_proof``) after
    MAIL_PROOF_KEPT_DAYS. The fact stays: kind, person, brand, what it was about, when it was
    sent, and the hash of its words.
    """
    before = now - timedelta(days=settings.MAIL_TEXT_KEPT_DAYS)
    proof_before = now - timedelta(days=settings.MAIL_PROOF_KEPT_DAYS)
    total = 0
    while emptied := _slice(Q(ended_at__lt=before) & ~Q(kind__in=_PROOF)):
        total += emptied
    while emptied := _slice(Q(ended_at__lt=proof_before)):
        total += emptied
    return total


@atomic
def _slice(which: Q) -> int:
    old = (
        Message.objects.filter(which)
        .exclude(context={})
        .exclude(state=State.QUEUED)
        .order_by("ended_at", "id")
        .select_for_update(skip_locked=True)
    )
    ids = list(old.values_list("pk", flat=True)[:SLICE])
    return Message.objects.filter(pk__in=ids).update(context={}, text="", subject="", address="")
