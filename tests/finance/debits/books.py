"""What the books say of debits."""

from __future__ import annotations

from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments.models import Transaction


def wallet(fan, currency="USD"):
    return ledger.balance_of(postings.wallet(fan.pk), currency).minor


def clearing(gateway, currency="USD"):
    return ledger.balance_of(postings.processor_clearing(gateway), currency).minor


def payment_of(debit):
    return Transaction.objects.get(pk=debit.transaction_id)
