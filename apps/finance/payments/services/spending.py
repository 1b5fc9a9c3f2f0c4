"""Limits that fans set for themselves: changed, and kept to wherever money is spent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db.transaction import atomic

from apps.accounts.models import Profile, User
from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.payments import errors
from apps.finance.payments.models import SpendingLimit
from apps.finance.payments.rules import limits
from apps.finance.payments.rules.spending import Breach, Per, begins_at, breach_of
from apps.finance.payments.selectors.spending import (
    Standing,
    limits_of_many,
    spending_of,
    spent_by_many,
)


@atomic
def set_spending_limit(
    *,
    profile: Profile,
    per: Per,
    amount: Money | None,
    currency: str,
    by: User,
    now: datetime,
) -> Standing:
    """
    Let a fan spend no more than ``amount`` in a day, week or month; None: no limit.

    Stricter counts at once, looser and none after 24 hours; a change that waited is replaced. The
    same again changes nothing. Return how the fan stands now.

    :raises CurrencyNotOffered: nobody pays in this currency here
    :raises AmountOutOfRange: the limit is nothing, or more than anybody can spend
    """
    if currency not in limits.CURRENCIES or (amount and amount.currency != currency):
        raise errors.CurrencyNotOffered(currency=currency)
    if amount is not None:
        limits.check_between(amount, 1, limits.MOST_MINOR)
    list(Profile.objects.select_for_update(no_key=True).filter(pk=profile.pk))
    before = _of(profile, per, currency, now)
    if (before.limit, before.then_at) != (amount, None) and not _is_asked(before, amount):
        _change(profile, per, amount, before, now)
        audit.record(
            by=by,
            action="payments.spending_limit_set",
            subject=profile,
            facts={
                "per": per.value,
                "limit": str(amount) if amount else "none",
                "before": str(before.limit) if before.limit else "none",
            },
            cluster=profile.cluster,
        )
    return _of(profile, per, currency, now)


def _of(profile: Profile, per: Per, currency: str, now: datetime) -> Standing:
    found = spending_of(profile, currency=currency, now=now)
    return next(each for each in found if each.per == per)


def _is_asked(before: Standing, amount: Money | None) -> bool:
    """Test if the same change waits already: asked again it does not wait anew."""
    return before.then_at is not None and before.then == amount


def _change(
    profile: Profile, per: Per, amount: Money | None, before: Standing, now: datetime
) -> None:
    currency = before.spent.currency
    SpendingLimit.objects.filter(
        profile=profile, per=per, currency=currency, effective_from__gt=now,
        withdrawn_at__isnull=True,
    ).update(withdrawn_at=now)  # fmt: skip
    if amount == before.limit:  # the change that waited is taken back
        return
    SpendingLimit.objects.create(
        profile=profile,
        per=per,
        amount_minor=amount.minor if amount else None,
        currency=currency,
        effective_from=begins_at(current=before.limit, wanted=amount, now=now),
        set_at=now,
    )


@joins_transaction
def check_spending(*, profile_id: int, amount: Money, now: datetime) -> None:
    """
    Answer only if a fan may spend ``amount`` more. Two purchases of a fan who has limits are
    judged one after the other: the second waits for the end of the first one's transaction.

    :raises SpendingLimitReached: a limit of the fan's own would be broken
    """
    [breach] = breaches_of([(profile_id, amount)], now=now)
    if breach is not None:
        raise reached(breach)


def reached(breach: Breach) -> errors.SpendingLimitReached:
    """Return the error that says which limit it is."""
    return errors.SpendingLimitReached(
        per=breach.per.value,
        limit=str(breach.limit.decimal),
        left=str(breach.left.decimal),
        currency=breach.limit.currency,
        resets_at=breach.resets_at.isoformat(),
    )


@joins_transaction
def breaches_of(purchases: Sequence[tuple[int, Money]], *, now: datetime) -> list[Breach | None]:
    """
    Judge purchases of fans one after the other: for each the limit it would break, or None.

    Two queries at most, whatever the number; most fans have no limit, and one says so.
    """
    answers: list[Breach | None] = [None] * len(purchases)
    held = limits_of_many({fan for fan, _ in purchases}, now=now, lock=True)
    if not held:
        return answers
    spent = defaultdict(dict, spent_by_many({fan for fan, _ in held}, now=now))
    for i, (fan, amount) in enumerate(purchases):
        purse = (fan, amount.currency)
        if (own := held.get(purse)) is None:
            continue
        answers[i] = breach_of(amount, limits=own, spent=spent[purse], now=now)
        if answers[i] is None:
            spent[purse] = {per: spent[purse].get(per, 0) + amount.minor for per in Per}
    return answers
