"""Balances, statements, the trial balance."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from django.db.models import F, QuerySet, Sum

from apps.core.db import prepared_rows
from apps.core.money import Money
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.choices import Side
from apps.finance.ledger.models import Balance, BooksCheck, Entry, Line
from apps.finance.ledger.postings import AccountRef


class StatementRow(NamedTuple):
    """A line as the owner of the account reads it: ``amount`` positive where it rises."""

    entry_id: int
    number: str
    kind: str
    source: str
    amount: Money
    effective_on: date
    posted_at: datetime


class TrialBalanceRow(NamedTuple):
    """The net balance of one chart code in one currency, on the side where it stands."""

    code: str
    name: str
    type: str
    currency: str
    debit_minor: int
    credit_minor: int


#: Asked all the time, so written by hand: the ORM takes ten times as long to make it.
_BALANCE = """
    SELECT coalesce(sum(b.debits_minor - b.credits_minor), 0)::bigint
      FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
     WHERE a.code = %s AND a.owner = %s AND a.currency = %s
"""


def balance_of(account: AccountRef, currency: str) -> Money:
    """Return the posted balance, positive on the account's normal side; zero if never used."""
    [(net,)] = prepared_rows(_BALANCE, (account.code, account.owner, currency))
    return Money(net if _is_debit(account.code) else -net, currency)


def entry_of(source: str) -> Entry | None:
    """Return the entry of a business event, if it is in the books."""
    return Entry.objects.filter(source=source).first()


def statement_of(
    account: AccountRef, currency: str, *, before_id: int | None = None, limit: int = 50
) -> list[StatementRow]:
    """Return an account's lines, newest entry first; ``before_id`` pages by entry id."""
    lines: QuerySet[Line] = Line.objects.filter(
        account__code=account.code, account__owner=account.owner, account__currency=currency
    )
    if before_id is not None:
        lines = lines.filter(entry_id__lt=before_id)
    sign = 1 if _is_debit(account.code) else -1
    return [
        StatementRow(
            entry_id=line.entry_id,
            number=line.entry.number,
            kind=line.entry.kind,
            source=line.entry.source,
            amount=Money(sign * line.amount_minor, currency),
            effective_on=line.effective_on,
            posted_at=line.entry.posted_at,
        )
        for line in lines.select_related("entry").order_by("-entry_id", "n")[:limit]
    ]


def trial_balance() -> list[TrialBalanceRow]:
    """Return every chart code's net balance by currency; debits and credits come out equal."""
    sums = (
        Balance.objects.values("account__code", "account__currency")
        .annotate(net=Sum(F("debits_minor") - F("credits_minor")))
        .order_by("account__code", "account__currency")
    )
    return [
        TrialBalanceRow(
            code=row["account__code"],
            name=CHART[row["account__code"]].name,
            type=CHART[row["account__code"]].type,
            currency=row["account__currency"],
            debit_minor=max(int(row["net"]), 0),
            credit_minor=max(-int(row["net"]), 0),
        )
        for row in sums
    ]


def last_check() -> BooksCheck | None:
    """Return the newest proof of the books."""
    return BooksCheck.objects.order_by("-checked_at", "-id").first()


def _is_debit(code: str) -> bool:
    return code in CHART and CHART[code].normal_side == Side.DEBIT
