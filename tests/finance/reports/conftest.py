"""The books of a small company, which the tests add up by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.fx import services as fx
from apps.finance.fx.adapters import Quoted
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.ledger.postings import Draft
from apps.finance.payments import services as payments
from apps.finance.reports.rules.periods import Period, period_named
from apps.finance.reports.rules.statements import Scope
from tests import given
from tests.factories.accounts import ProfileFactory

Post = Callable[..., Any]


def usd(text: str) -> Money:
    return Money.of(text, "USD")


def eur(text: str) -> Money:
    return Money.of(text, "EUR")


def post_on(on: str, draft: Draft) -> Any:
    day = date.fromisoformat(on)
    with transaction.atomic():
        return ledger.post(
            draft._replace(effective_on=day), now=datetime.combine(day, time(12), UTC)
        )


@pytest.fixture
def post(db: None) -> Post:
    """``post("2026-01-31", draft)``: an entry with that accounting date."""
    return post_on


def card_tip(  # noqa: PLR0917
    number: int, creator: int, amount: Money, fee: Money, cost: Money, brand: str
) -> Draft:
    return postings.tip_by_card(
        transaction_id=number,
        creator_id=creator,
        gateway="ccbill",
        amount=amount,
        platform_fee=fee,
        processing_fee=cost,
        cluster=brand,
    )


@pytest.fixture
def january(db: None) -> None:
    """Sales of two brands, a payout, a rail funded, capital and equipment; all in dollars."""
    tip = card_tip
    post_on(
        "2026-01-02", postings.capital_paid_in(payment_id=1, bank="main", amount=usd("1000.00"))
    )
    post_on(
        "2026-01-05", postings.equipment_bought(purchase_id=1, bank="main", amount=usd("300.00"))
    )
    post_on("2026-01-10", tip(1, 7, usd("100.00"), usd("15.00"), usd("5.00"), "boyfanz"))
    post_on("2026-01-12", tip(2, 8, usd("50.00"), usd("7.50"), usd("2.50"), "girlfanz"))
    post_on(
        "2026-01-15",
        postings.wallet_deposit(
            transaction_id=3, fan_id=9, gateway="ccbill", amount=usd("40.00"),
            processing_fee=usd("2.00"), cluster="boyfanz",
        ),
    )  # fmt: skip
    post_on(
        "2026-01-16",
        postings.tip_from_wallet(
            transaction_id=4, fan_id=9, creator_id=7, amount=usd("20.00"),
            platform_fee=usd("3.00"), cluster="boyfanz",
        ),
    )  # fmt: skip
    post_on(
        "2026-01-20",
        postings.rail_funded(
            funding_id=1, bank="main", rail="paxum", amount=usd("200.00"), fee=usd("1.00")
        ),
    )
    post_on(
        "2026-01-22",
        postings.payout_reserved(
            payout_id=1, creator_id=7, amount=usd("60.00"), cluster="boyfanz"
        ),
    )
    post_on(
        "2026-01-23",
        postings.payout_settled(
            payout_id=1, rail="paxum", amount=usd("60.00"), rail_fee=usd("1.50"),
            cluster="boyfanz",
        ),
    )  # fmt: skip
    post_on("2026-01-25", postings.expense_paid(expense_id=1, bank="main", amount=usd("25.00")))


@pytest.fixture
def february(january: None) -> None:
    """A loan, a bigger tip, and a brand's first euros."""
    tip = card_tip
    post_on("2026-02-03", postings.loan_received(payment_id=2, bank="main", amount=usd("500.00")))
    post_on("2026-02-10", tip(5, 7, usd("200.00"), usd("30.00"), usd("10.00"), "boyfanz"))
    post_on("2026-02-12", tip(6, 8, eur("80.00"), eur("12.00"), eur("4.00"), "girlfanz"))


@pytest.fixture
def rates(db: None) -> Callable[..., None]:
    """``rates("EUR/USD 2026-02-02 1.10", ...)``"""

    def record(*lines: str) -> None:
        rows = []
        for line in lines:
            pair, day, rate = line.split()
            base, quote = pair.split("/")
            rows.append(Quoted(base, quote, date.fromisoformat(day), Decimal(rate)))
        with transaction.atomic():
            fx.record_rates(
                rows=rows, source="ECB", by=None, reason="", now=datetime(2026, 3, 1, tzinfo=UTC)
            )

    return record


@pytest.fixture
def paid(fan: Profile, creator: Profile, now: datetime) -> Profile:
    """50.00 into a wallet, 20.00 and 5.00 out of it as tips, a card tip and one declined."""
    given.a_funded_wallet(fan, "50.00", now=now)
    for number, amount in enumerate(("20.00", "5.00")):
        payments.tip_from_wallet(
            fan=fan, creator=creator, amount=usd(amount), message="",
            idempotency_key=f"w{number}", now=now,
        )  # fmt: skip
    other = ProfileFactory.create(cluster=fan.cluster)
    tip = given.a_card_tip(other, creator, "25.00", now=now, key="good")
    given.a_delivery(tip, now=now)
    declined = given.a_card_tip(other, creator, "10.00", now=now, key="bad")
    given.a_return(declined, now=now, approved=False, number="0117240102000000099")
    payments.process_webhooks(now=now)
    return creator


def of(period: str, *, compared: str | Period | None = None, **part: Any) -> Scope:
    """``of("2026-01", compared="2025-12", cluster="boyfanz")``"""
    other = period_named(compared) if isinstance(compared, str) else compared
    return Scope(period=period_named(period), compared=other, **part)


def shown(report: Any, currency: str = "USD") -> dict[str, tuple[str, ...]]:
    """Return a sheet as key -> figures, without headings."""
    return {
        row.key: tuple(str(figure.amount.decimal) for figure in row.figures)
        for row in report.sheet(currency).rows
        if row.figures
    }


@pytest.fixture(autouse=True)
def _books_alone(settings: Any) -> None:
    """Sources name payments and payouts that these books are posted without."""
    settings.LEDGER_SOURCES = {}
