"""How brand templates write prices, days and states of subscriptions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.storefront import choices, selectors

if TYPE_CHECKING:
    from apps.finance.subscriptions.models import Period, Price
    from apps.storefront.selectors import Standing

register = template.Library()


@register.filter
def standing(row: Standing) -> SafeString:
    """Write a subscription's state as a word with a shape and a colour."""
    return format_html('<span class="state {}">{}</span>', row.tone, row.words)


@register.filter
def price_words(price: Price) -> str:
    """Write ``$12.00 a month``."""
    return selectors.price_words(price.amount, price.months)


@register.filter
def period_state(period: Period) -> str:
    """Say what became of a period, in a word."""
    return choices.PERIOD_STATES.get(period.state) or choices.PERIOD_KINDS[period.kind]


@register.simple_tag
def day(moment: datetime, zone: str = "UTC") -> SafeString:
    """Write a moment's day where the subscription's days are counted, the exact time on hover."""
    local = moment.astimezone(ZoneInfo(zone))
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        f"{local:%Y-%m-%d %H:%M %Z}",
        f"{local:%b} {local.day}, {local:%Y}",
    )
