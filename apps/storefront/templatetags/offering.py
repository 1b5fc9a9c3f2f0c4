"""How brand templates write what creators offer."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.money import Money
from apps.storefront.choices import PRICE_LENGTHS

if TYPE_CHECKING:
    from apps.finance.subscriptions.models import Gift, Promotion

register = template.Library()


@register.filter
def takes_off(promotion: Promotion) -> str:
    """Write ``20 % off 3 periods`` or ``$2.00 off, as long as they stay``."""
    if promotion.currency:
        less = Money(promotion.amount_minor, promotion.currency).formatted
    else:
        whole, rest = divmod(promotion.percent_bps, 100)
        less = f"{whole}.{rest:02d} %" if rest else f"{whole} %"
    if not promotion.periods:
        return f"{less} off, as long as they stay"
    if promotion.periods == 1:
        return f"{less} off the first period"
    return f"{less} off {promotion.periods} periods"


@register.filter
def length_words(months: int) -> str:
    """Write how long a price pays for."""
    return PRICE_LENGTHS.get(months, f"{months} months")


@register.filter
def promotion_state(promotion: Promotion, now: datetime) -> SafeString:
    """Write whether a promotion can be taken now, and if not, why."""
    tone, words = _standing(promotion, now)
    return format_html('<span class="state {}">{}</span>', tone, words)


def _standing(promotion: Promotion, now: datetime) -> tuple[str, str]:
    if promotion.status != "ACTIVE":
        return "off", "Ended"
    if promotion.ends_at is not None and promotion.ends_at <= now:
        return "off", "Over"
    if promotion.most is not None and promotion.redeemed >= promotion.most:
        return "off", "Used up"
    if promotion.starts_at > now:
        return "wait", "Not yet"
    return "good", "Running"


#: State of a gift -> tone and word for who gave it.
_GIFTS = {
    "INCOMPLETE": ("wait", "Not paid yet"),
    "PAID": ("wait", "Waits to be taken"),
    "TAKEN": ("good", "Taken"),
    "RETURNED": ("off", "Given back"),
}


#: What became of its payment, where that says more than its own state.
_UNPAID_GIFTS = dict.fromkeys(("FAILED", "EXPIRED", "CANCELLED"), ("off", "Not paid"))
_GIFTS_UNDONE = {"REFUNDED": ("off", "Given back"), "DISPUTED": ("bad", "Disputed")}


@register.filter
def gift_state(gift: Gift) -> SafeString:
    """Write where a gift stands, for who gave it."""
    paid = gift.transaction.status if gift.transaction else ""
    told = _UNPAID_GIFTS if gift.state == "INCOMPLETE" else _GIFTS_UNDONE
    tone, words = told.get(paid) or _GIFTS[gift.state]
    return format_html('<span class="state {}">{}</span>', tone, words)


@register.filter
def may_be_paid(gift: Gift) -> bool:
    """Say whether a gift's payment can be gone on with."""
    if gift.state != "INCOMPLETE" or gift.transaction is None:
        return False
    return gift.transaction.status not in _UNPAID_GIFTS
