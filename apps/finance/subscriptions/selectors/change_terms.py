"""The words of a change of plan: what its fan agrees to, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from apps.core.money import Money
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.rules import pricing, terms
from apps.finance.subscriptions.selectors import promotions

if TYPE_CHECKING:
    from apps.finance.subscriptions.selectors.changes import ChangeQuote

#: A price with the tax in or on it, and that tax.
Taxed = Callable[[Money], tuple[Money, Money]]


def terms_of_change(subscription: Subscription, quote: ChangeQuote, *, taxed: Taxed) -> str:
    """Return the terms of a change as they stand on the screen with the button."""
    upcoming, left = _next(quote)
    total, tax = taxed(upcoming) if upcoming is not None else (None, None)
    cut = promotions.cut_of(quote.promotion)
    cheaper = taxed(pricing.reduced(quote.price.amount, cut))[0] if cut else None
    facts = terms.Facts(
        brand=subscription.cluster.name,
        creator=subscription.creator.display_name,
        plan=quote.price.plan.name,
        months=quote.price.months,
        price=taxed(quote.price.amount)[0],
        due=quote.total,
        tax=quote.tax,
        descriptor=descriptor_of(subscription),
        next_amount=total,
        next_on=_day(quote.new_until, subscription.timezone),
        next_tax=tax,
        promotion=quote.promotion.name if quote.promotion else "",
        cheaper=cheaper,
        cheaper_for=left,
    )
    begins = None if quote.at_once else _day(quote.effective_at, subscription.timezone)
    return terms.text_of_change(facts, credit=quote.credit, begins=begins)


def descriptor_of(subscription: Subscription) -> str:
    """Return what its charges look like on a statement; empty where the wallet pays."""
    return subscription.means.merchant_account.descriptor if subscription.means else ""


def _next(quote: ChangeQuote) -> tuple[Money | None, int | None]:
    """Return the next charge, and for how many after it the promotion is good."""
    if quote.new_until is None or not quote.price.months:
        return None, 0
    left = quote.left_after
    amount = pricing.amount_of_period(
        amount=quote.price.amount, cut=promotions.cut_of(quote.promotion), left=left
    )
    return amount, pricing.left_after(left)


def _day(moment: datetime | None, zone: str) -> date | None:
    return moment.astimezone(ZoneInfo(zone)).date() if moment else None
