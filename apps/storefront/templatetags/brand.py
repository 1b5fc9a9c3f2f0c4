"""How brand templates write money, moments, states and pictures."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import qrcode
from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from apps.clusters import selectors as clusters
from apps.core.money import Money
from apps.finance.tax.rules.countries import name_of
from apps.storefront import choices, rules

if TYPE_CHECKING:
    from apps.clusters.models import Cluster
    from apps.finance.purchases.models import Purchase
    from apps.payouts.models import Payout

register = template.Library()


@register.filter
def money(value: Money) -> str:
    """Write ``$1,250.00``; a negative amount has a minus sign."""
    return value.formatted


@register.filter
def signed(value: Money) -> str:
    """Write an amount that came in with a plus, one that went out with a minus."""
    return money(value) if value.minor <= 0 else f"+{money(value)}"


@register.filter
def fee(value: Money) -> str:
    """Write a fee as what it takes away; nothing taken is no negative zero."""
    return money(-value) if value else money(value)


@register.filter
def moment(value: datetime) -> SafeString:
    """Write a moment: readable, the exact UTC time on hover, local time where scripts run."""
    value = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}" data-local>{}</time>'
        ' <span class="muted small">({})</span>',
        value.isoformat(timespec="seconds"),
        f"{value:%Y-%m-%d %H:%M:%S} UTC",
        f"{value:%b} {value.day}, {value:%Y, %H:%M} UTC",
        naturaltime(value),
    )


@register.filter
def state(status: str) -> SafeString:
    """Write a state of a payment or payout as a word with a shape and a colour."""
    tone, label = choices.STATES[status]
    return format_html('<span class="state {}">{}</span>', tone, label)


@register.filter
def purchase_state(purchase: Purchase) -> SafeString:
    """Write how far a purchase is as a word with a shape and a colour."""
    code = "SECOND" if purchase.is_second and purchase.state == "PAID" else purchase.state
    tone, label = choices.PURCHASE_STATES[code]
    return format_html('<span class="state {}">{}</span>', tone, label)


@register.filter
def card_name(card: rules.KeptCard) -> str:
    """Say which kept card it is."""
    return rules.card_name(card)


@register.filter
def card_expiry(card: rules.KeptCard) -> str:
    """Say until when a kept card is good."""
    return rules.expiry_of(card)


@register.filter
def fours(text: str) -> str:
    """Write an IBAN or a creditor reference as on paper (ISO 13616, ISO 11649): in fours."""
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


@register.filter
def place(code: str) -> str:
    """Write the name of a country or state: ``California, United States``."""
    return name_of(code)


@register.filter
def cancellable(payout: Payout) -> bool:
    """Say whether its creator may still call a payout off (payouts.services.cancel_payout)."""
    return rules.may_cancel(payout)


@register.filter
def entry_kind(kind: str) -> str:
    """Say what a journal entry was to the creator whose balance it changed."""
    return choices.ENTRY_KINDS.get(kind, kind)


@register.simple_tag(takes_context=True)
def brand_links(context: dict[str, Any]) -> list[dict[str, object]]:
    """Return a link to each brand's home, by the scheme and port of this request."""
    request = context["request"]
    _, colon, port = request.get_host().partition(":")
    return [
        {
            "slug": cluster.slug,
            "name": cluster.name,
            "audience": cluster.audience,
            "url": f"{request.scheme}://{clusters.primary_host_of(cluster)}{colon}{port}/",
            "is_current": cluster == request.cluster,
        }
        for cluster in clusters.active_clusters()
    ]


@register.simple_tag
def theme_url(cluster: Cluster) -> str:
    """Return the address of a brand's colours; it changes when they do."""
    return f"{reverse('storefront:theme', args=[cluster.slug])}?v={rules.theme_version(cluster)}"


@register.simple_tag(takes_context=True)
def current(context: dict[str, Any], prefix: str) -> SafeString:
    """Mark the link to the page one is on."""
    here = context["request"].path.startswith(prefix)
    return mark_safe(' aria-current="page"' if here else "")  # noqa: S308 - a constant


#: Bold shapes on a tile of 100 by 100; each is drawn in the colour that is legible on the accent.
SHAPES = (
    "M0 0H100A100 100 0 0 1 0 100Z",
    "M100 0V100A100 100 0 0 1 0 0Z",
    "M100 100H0A100 100 0 0 1 100 0Z",
    "M0 100V0A100 100 0 0 1 100 100Z",
    "M50 0A50 50 0 0 1 50 100A50 50 0 0 1 50 0Z",
    "M0 0H50A50 50 0 0 1 50 100H0Z",
    "M0 50A50 50 0 0 1 100 50Z M0 100A50 50 0 0 1 100 100Z",
    "",
)
WEIGHTS = ("0.92", "0.16", "0.3", "0.08", "0.55", "0.2", "0.92", "0.12")


@register.simple_tag
def qr_code(text: str) -> SafeString:
    """Draw a text as a QR code (ISO/IEC 18004, correction M), black on white in any theme."""
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=0)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    dots = "".join(
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, is_dark in enumerate(row)
        if is_dark
    )
    return format_html(
        '<svg class="qr" viewBox="-2 -2 {0} {0}" role="img" aria-label="QR code"'
        ' shape-rendering="crispEdges"><path d="{1}"/></svg>',
        len(rows) + 4,
        dots,
    )


@register.simple_tag
def art(seed: str) -> SafeString:
    """Draw the picture that belongs to ``seed``: the same seed, the same picture."""
    noise = hashlib.sha256(seed.encode()).digest()
    tiles = [
        (x * 100, y * 100, SHAPES[noise[i] % len(SHAPES)], WEIGHTS[noise[i] // 8 % len(WEIGHTS)])
        for i, (x, y) in enumerate((x, y) for y in range(3) for x in range(4))
    ]
    paths = format_html_join(
        "",
        '<path transform="translate({} {})" d="{}" opacity="{}"/>',
        (tile for tile in tiles if tile[2]),
    )
    return format_html(
        '<svg class="art ink-1" viewBox="0 0 400 300" preserveAspectRatio="xMidYMid slice"'
        ' aria-hidden="true" focusable="false">{}</svg>',
        paths,
    )
