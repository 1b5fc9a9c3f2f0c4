"""Who is told what and when of a new price."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from apps.accounts.models import Profile
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import LIVE, Consent, RenewsBy, What
from apps.finance.subscriptions.models import Price, PriceChange, Subscription, SubscriptionEvent
from apps.finance.subscriptions.rules import notice, offers
from apps.finance.subscriptions.rules.reminders import YEAR
from apps.finance.subscriptions.selectors.live import anchor_of

#: Whose next charges we make; a gateway that renews by itself charges what it was first asked for.
_OURS = (RenewsBy.WALLET, RenewsBy.MEANS)
SAMPLE = 5


@dataclass(frozen=True, slots=True)
class Told:
    """What one subscriber hears: by mail on a day, and what then holds from when."""

    subscription: Subscription
    mailed_at: datetime
    pays_from: datetime
    must_agree: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do, before it is planned; ``first`` are a few of those who are told."""

    old: Price
    new: Price
    effective_at: datetime
    told_from: datetime
    told: int
    must_agree: int
    all_must_agree: bool
    leaving: int
    by_gateway: int
    first: Sequence[Told]


@dataclass(frozen=True, slots=True)
class Answers:
    """How subscribers who were told stand to a change."""

    told: int = 0
    waiting: int = 0
    given: int = 0
    refused: int = 0


def concerned(old: Price) -> QuerySet[Subscription]:
    """Return who would be charged an old price again: those must be told of a new one.

    Who cancelled is not among them: should they stay after all, they keep what they paid.
    """
    return Subscription.objects.filter(
        price=old,
        state__in=[state.value for state in LIVE],
        renews_by__in=_OURS,
        cancel_at_end=False,
        current_until__isnull=False,
        anchored_at__isnull=False,
    )


def told_of_change(change: PriceChange) -> QuerySet[Subscription]:
    """Return who was told of a change and still pays the old price."""
    return Subscription.objects.filter(
        price=change.old_id,
        price_change=change.pk,
        state__in=[state.value for state in LIVE],
    )


def preview(*, old: Price, new: Price, effective_at: datetime, now: datetime) -> Preview:
    """
    Return who would be told what and when; nothing is kept.

    :raises CurrencyMismatch, NothingToChange, ChangeTooSoon, PriceInvalid, ChangeWaiting:
        see ``services.plan_price_change``
    """
    check_change(old=old, new=new, effective_at=effective_at, now=now)
    live = Subscription.objects.filter(price=old, state__in=[state.value for state in LIVE])
    counts = live.aggregate(
        leaving=Count("pk", filter=Q(cancel_at_end=True)),
        by_gateway=Count("pk", filter=Q(cancel_at_end=False, renews_by=RenewsBy.GATEWAY)),
    )
    everybody = agree_all(old, new)
    rises = old.amount < new.amount
    rows = concerned(old)
    asked_all = Q(buyer_country__in=countries()) | Q(pk__in=raised_lately(rows, new, now=now))
    some = rows.filter(asked_all) if rises else rows.none()
    told = rows.count()
    told_from = now + notice.TOLD_AFTER
    sample = list(rows.select_related("fan", "plan").order_by("id")[:SAMPLE])
    asked_too = set(raised_lately([row.pk for row in sample], new, now=now))
    return Preview(
        old=old,
        new=new,
        effective_at=effective_at,
        told_from=told_from,
        told=told,
        must_agree=told if everybody else some.count(),
        all_must_agree=everybody,
        leaving=counts["leaving"],
        by_gateway=counts["by_gateway"],
        first=[
            told_of(row, old, new, effective_at, told_from, raised=asked_too) for row in sample
        ],
    )


def told_of(
    row: Subscription,
    old: Price,
    new: Price,
    effective_at: datetime,
    told_at: datetime,
    *,
    raised: Collection[int] = (),
) -> Told:
    """Return what one subscriber is told who is ``concerned``; no query. ``raised`` are the
    ``raised_lately``."""
    until = row.current_until
    if until is None:
        raise ValueError("who has no end pays no new price")
    begins = until if row.resumes_at is None else max(until, row.resumes_at)
    start = notice.pays_from(
        anchor=anchor_of(row),
        last_number=row.period_number,
        current_until=begins,
        effective_at=effective_at,
    )
    return Told(
        subscription=row,
        mailed_at=notice.mailed_at(pays_from=start, told_at=told_at),
        pays_from=start,
        must_agree=must_agree(row, old, new, raised=raised),
    )


def must_agree(row: Subscription, old: Price, new: Price, *, raised: Collection[int] = ()) -> bool:
    """Test if a subscriber's silence ends the subscription rather than meaning yes."""
    if new.amount <= old.amount:
        return False
    return agree_all(old, new) or row.buyer_country[:2] in countries() or row.pk in raised


def raised_lately(
    rows: Iterable[int] | QuerySet[Subscription], new: Price, *, now: datetime
) -> QuerySet[SubscriptionEvent, int]:
    """
    Return those who must agree as their price was raised in the last twelve months without a word
    of theirs: of rises in slices, all together are measured.
    """
    above = settings.SUBSCRIPTIONS["consent_above_bps"]
    below = offers.needs_consent_below(new_minor=new.amount_minor, above_bps=above)
    return SubscriptionEvent.objects.filter(
        Q(facts__agreed=False) | Q(facts__agreed__isnull=True),
        subscription__in=rows,
        what=What.PRICE_CHANGED,
        at__gte=now - YEAR,
        plan=new.plan_id,
        facts__from__amount_minor__lt=below,
    ).values_list("subscription_id", flat=True)


def agree_all(old: Price, new: Price) -> bool:
    """Test if every subscriber must agree, wherever they are."""
    above = settings.SUBSCRIPTIONS["consent_above_bps"]
    return offers.needs_consent(old=old.amount, new=new.amount, above_bps=above)


def countries() -> list[str]:
    """Return where silence is no consent to a higher price (ISO 3166)."""
    return list(settings.SUBSCRIPTIONS["consent_countries"])


def check_change(*, old: Price, new: Price, effective_at: datetime, now: datetime) -> None:
    """
    Answer only if subscribers of an old price can be moved to a new one.

    :raises PriceNotFound: they are of two plans
    :raises PriceInvalid: two lengths, for life, the old one is still offered, the new one not any
        more, or it lies more than a year ahead
    :raises CurrencyMismatch, NothingToChange, ChangeTooSoon: see ``rules.offers.check_change``
    :raises ChangeWaiting: the old price is being changed already
    """
    if old.plan_id != new.plan_id:
        raise errors.PriceNotFound()
    if old.months != new.months or not old.months:
        raise errors.PriceInvalid(field="months", why="of the same length, and not for life")
    if old.replaced_at is None or new.replaced_at is not None:
        raise errors.PriceInvalid(field="price", why="from one that was replaced to the open one")
    offers.check_change(old=old.amount, new=new.amount, effective_at=effective_at, now=now)
    if PriceChange.objects.filter(old=old, withdrawn_at__isnull=True).exists():
        raise errors.ChangeWaiting()


def changes_of(creator: Profile) -> QuerySet[PriceChange]:
    """Return a creator's changes of prices, the newest first."""
    return (
        PriceChange.objects.filter(old__plan__creator=creator)
        .select_related("old__plan", "new__plan")
        .order_by("-id")
    )


def change_of_creator(creator: Profile, pk: int) -> PriceChange:
    """
    :raises PriceNotFound: this creator has no such change
    """
    found = (
        changes_of(creator)
        .select_related("old__plan__creator__user", "old__plan__cluster", "new__plan")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise errors.PriceNotFound()
    return found


def answers_to(changes: Sequence[PriceChange]) -> dict[int, Answers]:
    """Return how those who were told stand to each change; one query."""
    rows = (
        Subscription.objects.filter(
            price__in=[change.old_id for change in changes],
            price_change__in=[change.pk for change in changes],
            state__in=[state.value for state in LIVE],
        )
        .values("price_change_id")
        .annotate(
            told=Count("pk"),
            waiting=Count("pk", filter=Q(consent=Consent.WAITING)),
            given=Count("pk", filter=Q(consent=Consent.GIVEN)),
            refused=Count("pk", filter=Q(consent=Consent.REFUSED)),
        )
    )
    return {
        row["price_change_id"]: Answers(row["told"], row["waiting"], row["given"], row["refused"])
        for row in rows
    }


def asked(row: Subscription) -> Told | None:
    """Return what a subscriber was told and can still answer; None: nothing waits for a yes."""
    change = row.price_change
    if (
        change is None
        or change.withdrawn_at is not None
        or row.consent == Consent.NOT_NEEDED
        or row.state not in LIVE
        or row.price_id != change.old_id
    ):
        return None
    told_at = change.told_at or change.created_at
    return told_of(row, change.old, change.new, change.effective_at, told_at, raised=[row.pk])
