"""Questions about payouts. Reads only."""

from __future__ import annotations

import uuid
from datetime import date

from django.db.models import CharField, Count, F, QuerySet, Sum, Value
from django.db.models.functions import Cast, Concat

from apps.accounts.models import Profile, User
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.payouts import choices, rules
from apps.payouts.models import Payout, PayoutMethod, PayoutQuerySet


def payouts_of(profile: Profile) -> PayoutQuerySet:
    """Return the payouts of one person on one brand, newest first."""
    return (
        Payout.objects.of_creator(profile.pk)
        .select_related("method")
        .order_by("-requested_at", "-id")
    )


def payout_for(profile: Profile, public_id: uuid.UUID) -> Payout | None:
    """Return this person's payout on this brand, or None; other people's do not exist."""
    return payouts_of(profile).filter(public_id=public_id).first()


def methods_of(profile: Profile) -> QuerySet[PayoutMethod]:
    """Return the methods in use, newest first."""
    return PayoutMethod.objects.filter(profile=profile, deactivated_at__isnull=True).order_by(
        "-added_at", "-id"
    )


def method_for(profile: Profile, public_id: uuid.UUID) -> PayoutMethod | None:
    """Return this person's method on this brand, in use or not, or None."""
    return PayoutMethod.objects.filter(profile=profile, public_id=public_id).first()


def pending_total(profile: Profile, currency: str) -> Money:
    """Return what is on its way to a creator, in ``currency``."""
    row = (
        Payout.objects.of_creator(profile.pk)
        .open()
        .filter(currency=currency)
        .aggregate(total=Sum("amount_minor"))
    )
    return Money(row["total"] or 0, currency)


def available_of(profile: Profile, currency: str) -> Money:
    """Return what a creator could ask for now: earnings less what is on its way."""
    return ledger.balance_of(postings.creator_payable(profile.pk), currency)


def minimum_of(rail: str, currency: str) -> Money:
    """
    Return the smallest payout of ``rail`` in ``currency``.

    :raises RailNotOffered: we do not pay out by that rail, or not in that currency
    """
    return rules.minimum_of(rail=rail, currency=currency)


def waiting_for_approval() -> PayoutQuerySet:
    """Return what staff have to approve, the longest waiting first."""
    return Payout.objects.filter(
        status__in=[choices.Status.REQUESTED, choices.Status.IN_REVIEW]
    ).order_by("requested_at", "id")


def to_approve_by(by: User) -> PayoutQuerySet:
    """Return what waits for approval; whoever approves sees only what they can decide."""
    waiting = waiting_for_approval()
    if by.has_perm("payouts.approve_payout"):
        return waiting.exclude(creator__user=by).exclude(approvals__by=by)
    return waiting


def waiting_for_a_person() -> PayoutQuerySet:
    """Return what the machine has given up on, the longest waiting first."""
    return Payout.objects.filter(needs_attention=True).order_by("requested_at", "id")


def open_summary() -> list[tuple[int, Money]]:
    """Return count and sum of the payouts on their way, per currency."""
    rows = (
        Payout.objects.filter(status__in=choices.OPEN)
        .values("currency")
        .annotate(count=Count("id"), total=Sum("amount_minor"))
        .order_by("currency")
    )
    return [(row["count"], Money(int(row["total"]), row["currency"])) for row in rows]


def rail_references(
    rail: str, step: str, *, start: date, end: date
) -> QuerySet[Payout, tuple[str, str]]:
    """Return the journal source and our reference at the rail of what it paid in those days.

    ``step`` is "settled" or "returned": each posts an entry of its own.
    """
    moment = {"settled": "paid_at", "returned": "returned_at"}[step]
    return (
        Payout.objects.filter(rail=rail, **{f"{moment}__date__range": (start, end)})
        .annotate(
            event=Concat(
                Value("payout:"),
                Cast("pk", CharField()),
                Value(f":{step}"),
                output_field=CharField(),
            ),
            outside=F("rail_reference"),
        )
        .values_list("event", "outside")
    )


def told_of(payout_id: int) -> tuple[str, dict[str, object]]:
    """Return the brand, and the payout in the names and forms of the API; not where it goes."""
    payout = Payout.objects.select_related("cluster", "creator").get(pk=payout_id)
    return payout.cluster.slug, {
        "id": str(payout.public_id),
        "rail": payout.rail,
        "status": payout.status,
        "amount": {"amount": str(payout.amount.decimal), "currency": payout.currency},
        "reference": payout.rail_reference,
        "creator": payout.creator.handle,
    }
