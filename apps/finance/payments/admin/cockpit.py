"""How a merchant account or a gateway does, drawn: success by day, decline reasons, caps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin import (
    Cell,
    Drawing,
    Fact,
    Facts,
    Page,
    Plot,
    Table,
    amount,
    change_link,
    state,
    when,
)
from apps.core.money import BPS_WHOLE
from apps.finance.payments.admin.fees import percent
from apps.finance.payments.choices import Gateway
from apps.finance.payments.models import MerchantAccount
from apps.finance.payments.selectors import cockpit
from apps.finance.payments.selectors.candidates import Tries

#: From these shares of a month's cap on the bar changes its colour; routing stops at all of it.
CLOSE_BPS, NEAR_BPS = 7_500, 9_000


def tries_drawn(account_ids: list[int], *, now: datetime) -> Drawing:
    """Paid and declined tries of the last days; days without a try stay empty."""
    days = cockpit.tried_days(account_ids=account_ids, now=now)
    busy = any(day.paid or day.declined or day.troubled for day in days)
    title = "Tries by day"
    columns = [Cell("Day"), *(Cell(name, number=True) for name in
               ("Paid", "Declined", "In trouble", "Success"))]  # fmt: skip
    return Drawing(
        title,
        [f"{day.day.day} {day.day:%b}" for day in days] if busy else [],
        [
            Plot("Paid", [str(day.paid) for day in days], "first"),
            Plot("Declined", [str(day.declined) for day in days], "second"),
        ],
        Table(
            title,
            columns,
            [
                [
                    f"{day.day:%Y-%m-%d}",
                    f"{day.paid:,}",
                    f"{day.declined:,}",
                    f"{day.troubled:,}",
                    success(day.paid, day.declined),
                ]
                for day in reversed(days)
                if day.paid or day.declined or day.troubled
            ],
            empty=f"Nothing was tried in the last {cockpit.DAYS} days.",
        ),
        note="Days of UTC. In trouble: never arrived, or the outcome is unknown.",
    )


def reasons_table(account_ids: list[int], *, now: datetime) -> Table:
    return Table(
        f"Why tries were declined, last {cockpit.DAYS} days",
        [Cell("Code"), Cell("Reason"), Cell("Tries", number=True)],
        [
            [row.code or "none told", row.reason or "none told", f"{row.tries:,}"]
            for row in cockpit.decline_reasons(account_ids=account_ids, now=now)
        ],
        empty="None was declined.",
    )


def cap_facts(row: MerchantAccount, *, now: datetime) -> Facts:
    taken = cockpit.taken_this_month(row, now=now)
    facts = [Fact("Taken", amount(taken, row.currency))]
    if row.monthly_cap_minor:
        facts += [
            Fact("Cap", amount(row.monthly_cap_minor, row.currency)),
            Fact("Used", gauge(taken * BPS_WHOLE // row.monthly_cap_minor)),
        ]
    else:
        facts.append(Fact("Cap", "none"))
    return Facts("This month", facts)


def gauge(bps: int) -> SafeString:
    tone = "danger" if bps >= NEAR_BPS else "warning" if bps >= CLOSE_BPS else "success"
    return format_html(
        '<meter class="c-meter c-{}" min="0" max="100" value="{}">{}</meter> {}',
        tone,
        min(bps // 100, 100),
        percent(bps),
        percent(bps),
    )


def success(paid: int, declined: int) -> str:
    """Paid of what was decided; nothing decided is no rate."""
    return percent(paid * BPS_WHOLE // (paid + declined)) if paid + declined else "none"


def health(tries: Tries, *, is_open: bool) -> SafeString:
    if not is_open:
        return state("FAILED", "Left alone: its breaker is open")
    if tries.is_failing:
        return state("PENDING", "Failing")
    return state("ACTIVE", "Answers") if tries.lately else state("NONE", "Quiet")


def gateways_page(link: Any, *, now: datetime) -> Page:
    """All gateways; ``link(gateway)`` is the address of one's own page."""
    return Page(
        title="Gateways",
        subtitle="How each does at this moment; tries of the last 24 hours.",
        main=[
            Table(
                "Gateways",
                [Cell("Gateway"), Cell("Health"), Cell("Accounts on", number=True),
                 Cell("Paid", number=True), Cell("Declined", number=True),
                 Cell("Success", number=True), Cell("Webhooks waiting", number=True),
                 Cell("Last webhook")],
                [
                    [
                        format_html('<a class="c-link" href="{}">{}</a>', link(row.gateway),
                                    row.gateway.label),
                        health(row.tries, is_open=row.is_open),
                        f"{row.accounts:,}",
                        f"{row.tries.paid:,}",
                        f"{row.tries.declined:,}",
                        success(row.tries.paid, row.tries.declined),
                        f"{row.waiting:,}",
                        when(row.heard_at, "none lately"),
                    ]
                    for row in cockpit.gateways_now(now=now)
                ],
                empty="",
            )
        ],
    )  # fmt: skip


def gateway_page(gateway: Gateway, *, now: datetime) -> Page:
    """One gateway: its days, why it declined, its accounts."""
    accounts = cockpit.accounts_at(gateway)
    ids = [account.pk for account in accounts]
    return Page(
        title=gateway.label,
        subtitle="Gateway",
        main=[
            tries_drawn(ids, now=now),
            reasons_table(ids, now=now),
            Table(
                "Accounts",
                [Cell("Account"), Cell("Brand"), Cell("State")],
                [
                    [
                        change_link("payments_merchantaccount", account.pk, str(account)),
                        account.cluster.name,
                        state("ACTIVE") if account.is_active else state("OFF", "Switched off"),
                    ]
                    for account in accounts
                ],
                empty="No brand has an account there.",
            ),
        ],
    )
