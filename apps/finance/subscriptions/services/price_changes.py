"""New prices for those who subscribed at an old one: planned, told in time, agreed to or not."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Case, Value, When
from django.db.transaction import atomic

from apps.accounts.models import Profile, User
from apps.audit import services as audit
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import Consent, State, What
from apps.finance.subscriptions.models import Price, PriceChange, Subscription, SubscriptionEvent
from apps.finance.subscriptions.rules import notice, offers
from apps.finance.subscriptions.selectors import price_changes as queries
from apps.finance.subscriptions.selectors.ahead import Taxes
from apps.finance.subscriptions.selectors.price_changes import Told
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.move import locked, note
from apps.finance.subscriptions.services.plans import check_owner, locked_plan
from apps.finance.subscriptions.services.price_notices import mail_of
from apps.notifications import services as notifications

PAGE = 1_000
PAGES = 20


@atomic
def plan_price_change(
    *,
    old_price: Price,
    new_price: Price,
    effective_at: datetime,
    by: User,
    now: datetime,
    reason: str = "",
) -> PriceChange:
    """
    Have who subscribed at a replaced price pay the open one, from their first period that begins
    at ``effective_at`` or later.

    Subscribers are told from a day later on (``tell_price_changes``), each between 30 and 7 days
    before they pay more. Those who must agree (``selectors.price_changes.must_agree``) and do not
    are not charged: their subscription ends with the period they paid for.

    :raises StaffNotAllowed: ``by`` is not the creator
    :raises PlanArchived: nobody subscribes to it any more; its prices stay
    :raises PriceNotFound, PriceInvalid, CurrencyMismatch, NothingToChange, ChangeTooSoon,
        ChangeWaiting: see ``selectors.price_changes.check_change``
    """
    check_owner(old_price.plan.creator, by)
    if len(reason) > offers.REASON_MAX:
        raise errors.ReasonMissing()
    plan = locked_plan(old_price.plan_id)
    if plan.archived_at is not None:
        raise errors.PlanArchived()
    old, new = Price.objects.get(pk=old_price.pk), Price.objects.get(pk=new_price.pk)
    queries.check_change(old=old, new=new, effective_at=effective_at, now=now)
    change = PriceChange.objects.create(
        old=old,
        new=new,
        effective_at=effective_at,
        needs_consent=queries.agree_all(old, new),
        reason=reason.strip(),
        created_at=now,
    )
    _record(change, "subscriptions.price_change_planned", by, plan.cluster)
    return change


@atomic
def withdraw_price_change(*, change: PriceChange, by: User, now: datetime) -> PriceChange:
    """
    Take a change of price back before it holds: everybody keeps the old one. Again, it changes
    nothing. What was not mailed yet is not mailed (``tell_price_changes`` sees to that).

    :raises StaffNotAllowed: ``by`` is not the creator
    :raises WrongState: it holds already
    """
    plan = change.old.plan
    check_owner(plan.creator, by)
    change = PriceChange.objects.select_for_update(of=("self",)).get(pk=change.pk)
    if change.withdrawn_at is not None:
        return change
    if change.effective_at <= now:
        raise errors.WrongState(state="effective", wanted="withdrawn")
    change.withdrawn_at = now
    change.save(update_fields=["withdrawn_at"])
    _record(change, "subscriptions.price_change_withdrawn", by, plan.cluster)
    return change


def tell_price_changes(*, now: datetime, limit: int = PAGE, pages: int = PAGES) -> int:
    """
    Tell subscribers of the changes that are due to be told, and forget those withdrawn; return
    how many subscriptions were seen to. A tick: ``pages`` transactions of ``limit`` each.

    Each page is set-based and remembers how far it came, so it can be killed anywhere and run
    twice at once: nobody is told twice.
    """
    seen = 0
    for _ in range(pages):
        told = _tell_page(now=now, limit=limit)
        forgotten = _forget_page(now=now, limit=limit)
        if told is None and forgotten is None:
            break
        seen += (told or 0) + (forgotten or 0)
    return seen


@atomic
def agree_to_price(*, subscription_id: UUID, fan: Profile, now: datetime) -> Subscription:
    """
    Say yes to the new price; again, it changes nothing.

    :raises SubscriptionNotFound: it is another person's, or none
    :raises NoConsentNeeded: no change waits for a yes
    """
    return _answer(subscription_id, fan, Consent.GIVEN, now)


@atomic
def refuse_price(*, subscription_id: UUID, fan: Profile, now: datetime) -> Subscription:
    """
    Say no to the new price: the subscription ends instead, and is never charged it. Until then
    the fan may still say yes. Again, it changes nothing.

    :raises SubscriptionNotFound: it is another person's, or none
    :raises NoConsentNeeded: no change waits for a yes
    """
    return _answer(subscription_id, fan, Consent.REFUSED, now)


def _answer(public_id: UUID, fan: Profile, consent: Consent, now: datetime) -> Subscription:
    pk = Subscription.objects.filter(public_id=public_id, fan=fan).values_list("pk", flat=True)
    if (found := pk.first()) is None:
        raise errors.SubscriptionNotFound()
    subscription = locked(found)
    change = subscription.price_change
    if (
        change is None
        or change.withdrawn_at is not None
        or subscription.state == State.ENDED
        or subscription.consent == Consent.NOT_NEEDED
        or subscription.price_id != change.old_id
    ):
        raise errors.NoConsentNeeded()
    if subscription.consent == consent:
        return subscription
    subscription.consent = consent
    note(
        subscription=subscription,
        what=What.NOTE,
        now=now,
        reason="Agreed to the new price" if consent == Consent.GIVEN else "Refused the new price",
        by=fan.user,
        facts={"price_change": change.pk, "consent": consent.value},
    )
    tell.changed(subscription, What.NOTE)
    return subscription


@atomic
def _tell_page(*, now: datetime, limit: int) -> int | None:
    """Tell the next page of the oldest change that is due; None when none is."""
    change = (
        PriceChange.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("old", "new")
        .filter(
            told_at__isnull=True,
            withdrawn_at__isnull=True,
            created_at__lte=now - notice.TOLD_AFTER,
        )
        .order_by("id")
        .first()
    )
    if change is None:
        return None
    rows = list(
        queries.concerned(change.old)
        .filter(pk__gt=change.told_up_to)
        .select_for_update(of=("self",))
        .select_related(
            "creator", "plan", "fan", "cluster", "promotion", "next_price",
            "means__merchant_account", "first_transaction__merchant_account",
        )
        .order_by("pk")[:limit]
    )  # fmt: skip
    raised = set(queries.raised_lately([row.pk for row in rows], change.new, now=now))
    told = [
        queries.told_of(row, change.old, change.new, change.effective_at, now, raised=raised)
        for row in rows
    ]
    _mark(change, told, now)
    taxes = Taxes(at=now)
    notifications.queue_many([mail_of(change, each, taxes, now) for each in told], now=now)
    if rows:
        change.told_up_to = rows[-1].pk
    if len(rows) < limit:
        change.told_at = now
    change.save(update_fields=["told_up_to", "told_at"])
    return len(rows)


def _mark(change: PriceChange, told: list[Told], now: datetime) -> None:
    """Write on each subscription, and in its history, what it was told."""
    if not told:
        return
    waits = [each.subscription.pk for each in told if each.must_agree]
    Subscription.objects.filter(pk__in=[each.subscription.pk for each in told]).update(
        price_change=change,
        consent=Case(
            When(pk__in=waits, then=Value(Consent.WAITING.value)),
            default=Value(Consent.NOT_NEEDED.value),
        ),
    )
    SubscriptionEvent.objects.bulk_create(
        SubscriptionEvent(
            subscription=each.subscription,
            what=What.NOTE,
            from_state=each.subscription.state,
            to_state=each.subscription.state,
            at=now,
            reason="Told of a new price",
            facts={
                "price_change": change.pk,
                "old": str(change.old.amount),
                "new": str(change.new.amount),
                "mailed_at": each.mailed_at.isoformat(),
                "pays_from": each.pays_from.isoformat(),
                "must_agree": each.must_agree,
            },
        )
        for each in told
    )


@atomic
def _forget_page(*, now: datetime, limit: int) -> int | None:
    """Take a withdrawn change off a page of those who were told; None when none is left."""
    change = (
        PriceChange.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(withdrawn_at__isnull=False, told_up_to__gt=0)
        .order_by("id")
        .first()
    )
    if change is None:
        return None
    rows = list(
        queries.told_of_change(change)
        .select_for_update(of=("self",))
        .order_by("pk")
        .values_list("pk", "state")[:limit]
    )
    ids = [pk for pk, _ in rows]
    Subscription.objects.filter(pk__in=ids).update(price_change=None, consent=Consent.NOT_NEEDED)
    SubscriptionEvent.objects.bulk_create(
        SubscriptionEvent(
            subscription_id=pk,
            what=What.NOTE,
            from_state=state,
            to_state=state,
            at=now,
            reason="The new price was taken back",
            facts={"price_change": change.pk},
        )
        for pk, state in rows
    )
    for pk in ids:
        notifications.withdraw(
            subject_ref=f"subscription:{pk}", kinds=["subscription.price_change"], now=now
        )
    if len(rows) < limit:
        change.told_up_to = 0
        change.save(update_fields=["told_up_to"])
    return len(rows)


def _record(change: PriceChange, action: str, by: User, cluster: object) -> None:
    audit.record(
        by=by,
        action=action,
        subject=change,
        reason=change.reason,
        facts={
            "plan": change.old.plan_id,
            "old": str(change.old.amount),
            "new": str(change.new.amount),
            "effective_at": change.effective_at.isoformat(),
            "needs_consent": change.needs_consent,
        },
        cluster=cluster,
    )
