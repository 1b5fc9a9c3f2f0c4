"""What bank and processor say of the demo's months: nearly what the books say, and an exchange."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from apps.accounts.models import User
from apps.core.money import Money
from apps.finance.fx import selectors as rates
from apps.finance.fx import services as fx
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger.selectors.lines import lines_between
from apps.finance.payments.selectors.references import gateway_references
from apps.finance.reconciliation import services as reconciliation
from apps.ops.services.demo_past import BANK, GATEWAYS

CURRENCY = "USD"
GATEWAY = GATEWAYS[CURRENCY]
#: The processor's statement covers so many days of the play.
PROCESSOR_DAYS = 14
#: What the processor keeps of a sale, as its statement shows.
FEE_PERCENT = 8
HEADINGS = ("Date", "Amount", "Fee", "Reference", "Party", "Text")
MAPPING = {
    "columns": {
        "booked_on": "Date",
        "amount": "Amount",
        "fee": "Fee",
        "reference": "Reference",
        "counterparty": "Party",
        "text": "Text",
    }
}
#: What the bank calls our events, by their names in the books.
BANK_TEXTS = {
    "settlement": ("CCBILL LLC", "SETTLEMENT"),
    "processor_reserve": ("CCBILL LLC", "RESERVE RELEASE"),
    "funding": ("PAXUM INC", "OUTGOING WIRE"),
    "expense": ("SUPPLIER", "OUTGOING PAYMENT"),
    "loan_payment": ("FIRST BANK", "LOAN PAYMENT"),
    "tax_payment": ("CDTFA", "TAX PAYMENT"),
}


class Row(NamedTuple):
    """A line of a statement to be."""

    day: date
    amount: Money
    reference: str = ""
    party: str = ""
    text: str = ""
    fee: Money = Money(0, CURRENCY)


class Source(NamedTuple):
    """Whose statement it is."""

    name: str
    account: postings.AccountRef
    compares: str
    start: date
    end: date


def import_demo_statements(*, start: datetime, by: User, now: datetime) -> None:
    """Import a bank's month and two weeks of the processor, with a few things wrong in each."""
    month_end = start.date().replace(day=1) - timedelta(days=1)
    bank = Source("Main bank USD", postings.cash(BANK), "NET", month_end.replace(day=1), month_end)
    processor = Source(
        "CCBill USD",
        postings.processor_clearing(GATEWAY),
        "GROSS",
        start.date(),
        start.date() + timedelta(days=PROCESSOR_DAYS - 1),
    )
    _import(bank, wrong_at_bank(bank_rows(bank), bank.end), by=by, now=now)
    _import(processor, wrong_at_processor(processor_rows(processor)), by=by, now=now)


def exchange_demo_currency(*, start: datetime, by: User, now: datetime) -> None:
    """Sell half the euros at the bank for dollars at the day's rate, in whole hundreds."""
    held = books.balance_of(postings.cash(BANK), "EUR")
    sold = Money(held.minor // 2 // 100_00 * 100_00, "EUR")
    if sold.minor <= 0:
        return
    rate = rates.rate_on(base="EUR", quote=CURRENCY, on=start.date())
    fx.exchange(
        sold=sold,
        sold_from=postings.cash(BANK),
        bought=rate.apply(sold),
        bought_into=postings.cash(BANK),
        effective_on=start.date(),
        idempotency_key="demo-exchange",
        by=by,
        reason="Dollars for the creators' payouts.",
        now=now,
    )


def bank_rows(bank: Source) -> list[Row]:
    """Return what the bank says if it says what the books do."""
    rows = []
    for _, _, minor, day, event in _lines(bank):
        party, text = BANK_TEXTS.get(event.split(":")[1], ("", "TRANSFER"))
        rows.append(Row(day, Money(minor, CURRENCY), party=party, text=text))
    return rows


def wrong_at_bank(rows: list[Row], end: date) -> list[Row]:
    """Leave out a payment, and add a settlement and a charge that are in no book."""
    bills = [row for row in rows if row.text == "OUTGOING PAYMENT"]
    late = Row(end - timedelta(days=1), _usd("412.60"), "", "CCBILL LLC", "SETTLEMENT")
    charge = Row(end, _usd("-35.00"), "", "FIRST BANK", "ACCOUNT MAINTENANCE")
    return [row for row in rows if row not in bills[-1:]] + [late, charge]


def processor_rows(processor: Source) -> list[Row]:
    """Return the processor's sales as the books have them, each with the fee it keeps."""
    names = dict(gateway_references(GATEWAY, start=processor.start, end=processor.end))
    rows = []
    for _, _, minor, day, event in _lines(processor):
        gross = Money(minor, CURRENCY)
        fee = Money(minor * FEE_PERCENT // 100, CURRENCY) if event in names else _usd("0.00")
        rows.append(
            Row(day, gross - fee, names.get(event, ""), text="SALE" if minor > 0 else "", fee=fee)
        )
    return rows


def wrong_at_processor(rows: list[Row]) -> list[Row]:
    """Leave out a sale, show one with less and one twice."""
    sales = [row for row in rows if row.reference]
    if len(sales) < 3:  # noqa: PLR2004  (one for each mistake)
        return rows
    left_out, less, twice = sales[0], sales[len(sales) // 2], sales[-1]
    changed = less._replace(amount=less.amount - _usd("1.00"))
    kept = [changed if row == less else row for row in rows if row != left_out]
    return [*kept, twice]


def _lines(source: Source) -> list[Any]:
    found = lines_between(source.account, CURRENCY, start=source.start, end=source.end)
    return list(found.order_by("effective_on", "entry_id", "n"))


def _import(source: Source, rows: list[Row], *, by: User, now: datetime) -> None:
    opened = datetime.combine(source.start, datetime.min.time(), tzinfo=now.tzinfo)
    made = reconciliation.add_source(
        name=source.name,
        code=source.account.code,
        owner=source.account.owner,
        currency=CURRENCY,
        format_name="csv",
        mapping=MAPPING,
        compares=source.compares,
        by=by,
        now=opened,
    )
    before = books.balance_as_of(source.account, CURRENCY, on=source.start - timedelta(days=1))
    statement = reconciliation.receive_statement(
        source_id=made.pk,
        file=file_of(rows),
        file_name=f"{source.name} {source.start:%Y-%m-%d}.csv".replace(" ", "-").lower(),
        period_start=source.start,
        period_end=source.end,
        opening_minor=before.minor,
        closing_minor=None,
        by=by,
        now=now,
    ).statement
    reconciliation.load_statement(statement_id=statement.pk, now=now)
    reconciliation.match_statement(statement_id=statement.pk, now=now)


def file_of(rows: list[Row]) -> io.BytesIO:
    """Return the rows as a file, in the order of their days."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADINGS)
    for row in sorted(rows, key=_day_of):
        amount, fee = _plain(row.amount), _plain(row.fee)
        writer.writerow((row.day, amount, fee, row.reference, row.party, row.text))
    return io.BytesIO(text.getvalue().encode())


def _day_of(row: Row) -> date:
    return row.day


def _plain(amount: Money) -> Decimal:
    return amount.decimal


def _usd(text: str) -> Money:
    return Money.of(text, CURRENCY)
