"""How mail writes days, facts and buttons, in text and in HTML.

Styles stand in the elements themselves, as many mail programs drop a stylesheet. What the
stylesheet of the base adds is the dark look, by class.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.notifications.exports import day_text

register = template.Library()

#: Where the values of facts begin in a text; a longer label moves its own.
COLUMN = 20


@register.filter
def day(value: Any) -> str:
    """Write an ISO day or moment: ``1 February 2026``, ``1 February 2026, 12:00 UTC``."""
    return day_text(str(value)) if value else ""


@register.filter
def every(price: Any, period: Any) -> str:
    """Write a price with how often it is charged: ``$12.00 every month``; once without one."""
    return f"{price} every {period}" if period else f"{price}, once"


@register.filter
def on(amount: Any, when: Any) -> str:
    """Write what is charged next: ``$12.00 on 1 February 2026``; nothing without a day."""
    if not when:
        return ""
    return f"{amount} on {day(when)}" if amount else day(when)


@register.simple_tag
def line(label: str, value: Any) -> str:
    """Write a fact of a text, with its line's end; nothing if there is nothing to tell."""
    if value in ("", None):
        return ""
    return f"{label + ':':<{COLUMN - 1}} {value}\n"


@register.simple_tag
def fact(label: str, value: Any) -> SafeString | str:
    """Write a row of the table of facts; nothing if there is nothing to tell."""
    if value in ("", None):
        return ""
    return format_html(
        '<tr><th scope="row" class="muted line" style="padding:8px 16px 8px 0;text-align:left;'
        "vertical-align:top;font-weight:400;color:#575766;border-top:1px solid #e0e0e8;"
        'white-space:nowrap">{}</th>'
        '<td class="ink line" style="padding:8px 0;text-align:right;vertical-align:top;'
        "color:#14141b;border-top:1px solid #e0e0e8;font-variant-numeric:tabular-nums;"
        'overflow-wrap:anywhere;word-break:break-word">{}</td>'
        "</tr>",
        label,
        value,
    )


@register.simple_tag(takes_context=True)
def button(context: template.Context, url: Any, label: str) -> SafeString | str:
    """Write a link that looks like a button, in the brand's colours; nothing without address."""
    if not url:
        return ""
    brand = context["brand"]
    return format_html(
        '<p style="margin:24px 0"><a href="{}" style="display:inline-block;padding:12px 24px;'
        "border-radius:999px;background-color:{};color:{};font-weight:600;"
        'text-decoration:none">{}</a></p>',
        url,
        brand.accent,
        brand.on_accent,
        label,
    )


@register.simple_tag(takes_context=True)
def link(context: template.Context, url: Any, label: str = "") -> SafeString | str:
    """Write a link in a sentence, in the brand's colour for text."""
    if not url:
        return ""
    colour = context["brand"].accent_on_light
    return format_html(
        '<a href="{}" class="tint" style="color:{}">{}</a>', url, colour, label or url
    )


@register.simple_tag(takes_context=True)
def mail_link(context: template.Context, address: Any) -> SafeString | str:
    """Write an address that a click writes to."""
    return link(context, f"mailto:{address}", str(address))
