"""The tax of a payment: in its journal entry, and in the tax lines of the quarter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.payments.models import Transaction
from apps.finance.tax import services as tax
from apps.finance.tax.choices import Proof

_COUNTRY_LENGTH = 2


def taxes_of(transaction: Transaction) -> list[postings.Tax]:
    """Return what each place is owed, as the payment was quoted."""
    return [postings.Tax(line.place, line.tax) for line in _lines(transaction)]


@joins_transaction
def record_taxes(transaction: Transaction, *, now: datetime, billing: str = "") -> None:
    """Write the tax lines of a captured payment.

    The billing country that the processor names is one proof more. It does not change the tax, as
    the price was agreed; where it contradicts, the proofs do not agree, and staff find the sale.
    """
    tax.record_sales([_sale(transaction, billing)], sold_at=now)


@joins_transaction
def record_taxes_of_many(sold: Sequence[tuple[Transaction, str]], *, now: datetime) -> None:
    """Write the tax lines of captured payments, each with its billing country, as above."""
    taxed = [_sale(transaction, billing) for transaction, billing in sold if transaction.tax_lines]
    if taxed:
        tax.record_sales(taxed, sold_at=now)


def _sale(transaction: Transaction, billing: str) -> tax.Sale:
    proofs = [str(proof) for proof in transaction.place_proofs]
    if len(billing) == _COUNTRY_LENGTH and billing.isalpha():
        proofs.append(f"{Proof.BILLING.value}:{billing.upper()}")
    return tax.Sale(
        source=transaction.source,
        cluster=transaction.cluster.slug,
        lines=_lines(transaction),
        proofs=proofs,
    )


@joins_transaction
def record_taxes_back(
    transaction: Transaction,
    *,
    source: str,
    taxes: Sequence[Money],
    bases: Sequence[Money],
    now: datetime,
) -> None:
    """Write the tax lines of a part of a payment that goes back (of a lost dispute too).

    ``taxes`` and ``bases`` are in the order in which the payment was taxed; below zero they undo
    what went back.
    """
    lines = [
        line._replace(base=base, tax=due)
        for line, due, base in zip(_lines(transaction), taxes, bases, strict=True)
    ]
    tax.record_taken_back(
        source=source,
        cluster=transaction.cluster.slug,
        lines=lines,
        proofs=[str(proof) for proof in transaction.place_proofs],
        at=now,
    )


def _lines(transaction: Transaction) -> list[tax.SoldLine]:
    currency = transaction.currency
    return [
        tax.SoldLine(
            rate_id=line["rate"],
            place=line["place"],
            kind=line["kind"],
            percent=Decimal(line["percent"]),
            base=Money(line["base_minor"], currency),
            tax=Money(line["tax_minor"], currency),
        )
        for line in transaction.tax_lines
    ]
