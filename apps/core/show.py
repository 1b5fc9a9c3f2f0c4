"""How values look in the console: money, times, states, links."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.money import Money

#: Colour of a state's word. The word itself always says it too.
TONES = {
    "success": "CAPTURED PAID SETTLED DELIVERED PROCESSED ACTIVE OK SUCCEEDED APPROVE YES"
    " DONE WON ALLOW",
    "info": "PROCESSING APPROVED SENDING SENT RECEIVED IN_TRANSIT POSTED AUTHORISED REPRESENTED",
    "warning": "REQUESTED IN_REVIEW REQUIRES_ACTION UNKNOWN PENDING WAITING RETRY RETRYING HELD"
    " PROPOSED CLOSING QUEUED TRIED PARTLY_REFUNDED INQUIRY ALERT CHALLENGE REVIEW PARKED PAUSED",
    "danger": "FAILED REJECTED DECLINED DEAD RETURNED REFUSED REJECT NO ERROR REVERSED EXPIRED"
    " DISPUTED CHARGEBACK SECOND_ROUND LOST BLOCK QUARANTINED DISABLED BOUNCED",
}
TONE_OF = {word: tone for tone, words in TONES.items() for word in words.split()}

#: Journal sources and audit subjects name a row as "<thing>:<id>"; this is its page.
PAGES = {
    "transaction": "payments_transaction",
    "webhook": "payments_webhookevent",
    "endpoint": "webhooks_endpoint",
    "alert": "monitoring_alert",
    "sending": "webhooks_sending",
    "message": "notifications_message",
    "refund": "payments_refund",
    "dispute": "payments_dispute",
    "subscription": "subscriptions_subscription",
    "gift": "subscriptions_gift",
    "payout": "payouts_payout",
    "payoutmethod": "payouts_payoutmethod",
    "cluster": "clusters_cluster",
    "profile": "accounts_profile",
    "user": "accounts_user",
    "entry": "ledger_entry",
    "proposal": "ledger_proposal",
    "account": "ledger_account",
    "purchase": "purchases_purchase",
    "item": "purchases_item",
    "goal": "purchases_goal",
    "entitlement": "entitlements_entitlement",
}

#: Who looks at the page being made; nobody outside the console.
viewer: ContextVar[Any] = ContextVar("viewer", default=None)


def seen_by_caller(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Make the view's page, also its late template, with links for who asked for it only."""

    @wraps(view)
    def look(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        token = viewer.set(request.user)
        try:
            response = view(request, *args, **kwargs)
            if isinstance(response, SimpleTemplateResponse):
                response.render()
        finally:
            viewer.reset(token)
        return response

    return look


def money_text(money: Money) -> str:
    """Money in a sentence or a cell, as everywhere."""
    return money.formatted


def amount(minor: int | None, currency: str) -> SafeString:
    """Money in a table or a header: tabular figures, right-aligned by its cell."""
    if minor is None:
        return format_html('<span class="c-none">{}</span>', "none")
    money = Money(minor, currency)
    tone = " c-minus" if minor < 0 else ""
    return format_html(
        '<span class="c-money{}" title="{}">{}</span>', tone, str(money), money_text(money)
    )


def when(moment: datetime | None, absent: str = "not yet") -> SafeString:
    """A moment in UTC with its seconds on hover, or what its absence means."""
    if moment is None:
        return format_html('<span class="c-none">{}</span>', absent)
    utc = moment.astimezone(UTC)
    return format_html(
        '<time class="c-when" datetime="{}" title="{}">{}</time>',
        utc.isoformat(timespec="seconds"),
        f"{utc:%Y-%m-%d %H:%M:%S} UTC",
        f"{utc:%d %b %Y, %H:%M}",
    )


def tone_of(code: str) -> str:
    """Return success, info, warning, danger or neutral for a stored state."""
    return TONE_OF.get(str(code).upper(), "neutral")


def state(code: str, word: str = "") -> SafeString:
    """A state as a coloured word."""
    text = word or str(code).replace("_", " ").capitalize()
    return format_html('<span class="c-state c-{}">{}</span>', tone_of(code), text)


def page_of(label: str, pk: Any) -> str:
    """Return the console address of a row, ``""`` if it has none that the viewer may open."""
    app, _, model = label.partition("_")
    who = viewer.get()
    if who is None or not who.has_perm(f"{app}.view_{model}"):
        return ""
    try:
        return reverse(f"admin:{label}_change", args=[pk])
    except NoReverseMatch:
        return ""


def change_link(label: str, pk: Any, text: Any) -> SafeString:
    """A link to a row's page: ``change_link("payouts_payout", 17, "Payout 17")``."""
    if pk is None:
        return format_html('<span class="c-none">{}</span>', "none")
    address = page_of(label, pk)
    if not address:
        return format_html("{}", text)
    return format_html('<a class="c-link" href="{}">{}</a>', address, text)


def source_link(source: str) -> SafeString:
    """A link to what a journal entry or an audit record is about (``transaction:17:captured``)."""
    thing, _, rest = source.partition(":")
    pk = rest.partition(":")[0]
    label = PAGES.get(thing.rpartition(".")[2].lower())
    if not label or not pk:
        return format_html("{}", source)
    return change_link(label, pk, source)


def age_text(since: datetime | None, now: datetime) -> str:
    """Return ``3 h`` or ``2 days``, how long something waits."""
    if since is None:
        return ""
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} days"
