"""Books and statements to compare."""

from __future__ import annotations

import io
import itertools
from datetime import UTC, date, datetime, time
from typing import Any

from django.db import transaction

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.payments.choices import Kind, Method, Status
from apps.finance.payments.models import Transaction
from apps.finance.reconciliation import services as reconciliation
from apps.finance.reconciliation.models import Statement, StatementSource
from tests.factories.payments import MerchantAccountFactory

DAY = date(2026, 1, 10)
COLUMNS = {
    "booked_on": "Date",
    "amount": "Amount",
    "fee": "Fee",
    "reference": "Reference",
    "text": "Text",
}
_keys = itertools.count(1)


def a_source(**changes: Any) -> StatementSource:
    """CCBill's clearing account in USD, proved by CSV files."""
    given: dict[str, Any] = {
        "name": "CCBill USD",
        "code": "1100",
        "owner": "processor:ccbill",
        "currency": "USD",
        "format_name": "csv",
        "mapping": {"columns": COLUMNS},
        "by": None,
        "now": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return reconciliation.add_source(**given | changes)


def a_sale(
    fan: Profile, creator: Profile, reference: str, amount: str = "25.00", *, on: date = DAY
) -> Transaction:
    """A card tip that was captured and booked on that day."""
    moment = datetime.combine(on, time(12), tzinfo=UTC)
    money = Money.of(amount, "USD")
    sale = Transaction.objects.create(
        cluster=fan.cluster,
        kind=Kind.TIP,
        method=Method.CARD,
        payer=fan,
        payee=creator,
        amount_minor=money.minor,
        currency="USD",
        platform_fee_minor=0,
        processing_fee_minor=0,
        net_minor=money.minor,
        status=Status.CAPTURED,
        gateway="ccbill",
        merchant_account=MerchantAccountFactory.of(fan.cluster),
        gateway_reference=reference,
        idempotency_key=f"sale-{next(_keys)}",
        created_at=moment,
        last_word_at=moment,
        captured_at=moment,
    )
    with transaction.atomic():
        ledger.post(
            postings.tip_by_card(
                transaction_id=sale.pk,
                creator_id=creator.pk,
                gateway="ccbill",
                amount=money,
                platform_fee=Money.zero("USD"),
                processing_fee=Money.zero("USD"),
                cluster=fan.cluster.slug,
            ),
            now=moment,
        )
    return sale


def a_file(*rows: str, headings: str = "Date,Amount,Fee,Reference,Text") -> io.BytesIO:
    return io.BytesIO("\n".join([headings, *rows, ""]).encode())


def a_row(reference: str, amount: str = "25.00", *, on: date = DAY, fee: str = "") -> str:
    return f"{on},{amount},{fee},{reference},"


def a_received(
    source: StatementSource,
    *rows: str,
    now: datetime,
    start: date = date(2026, 1, 1),
    end: date = date(2026, 1, 31),
    **changes: Any,
) -> Statement:
    given: dict[str, Any] = {
        "source_id": source.pk,
        "file": a_file(*rows),
        "file_name": "january.csv",
        "period_start": start,
        "period_end": end,
        "opening_minor": None,
        "closing_minor": None,
        "by": None,
        "now": now,
    }
    return reconciliation.receive_statement(**given | changes).statement


def a_matched(source: StatementSource, *rows: str, now: datetime, **changes: Any) -> Statement:
    """A statement that was received, loaded and matched by the machine."""
    statement = a_received(source, *rows, now=now, **changes)
    assert reconciliation.load_statement(statement_id=statement.pk, now=now)
    statement.refresh_from_db()
    assert statement.problems == []
    return reconciliation.match_statement(statement_id=statement.pk, now=now)


def types_of(statement: Statement) -> list[tuple[str, int]]:
    """The open exceptions: type and difference in cents."""
    found = statement.exceptions.filter(state="OPEN").order_by("type", "difference_minor")
    return list(found.values_list("type", "difference_minor"))
