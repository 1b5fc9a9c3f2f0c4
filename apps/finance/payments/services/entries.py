"""The journal entry of a captured payment."""

from __future__ import annotations

from apps.finance.ledger import postings
from apps.finance.payments.choices import Kind, Method
from apps.finance.payments.models import Transaction
from apps.finance.payments.services.taxes import taxes_of


def draft_of(transaction: Transaction) -> postings.Draft:
    """Return the entry that books a captured payment."""
    cluster = transaction.cluster.slug
    if transaction.kind == Kind.WALLET_DEPOSIT:
        return postings.wallet_deposit(
            transaction_id=transaction.pk,
            fan_id=transaction.payer_id,
            gateway=transaction.gateway,
            amount=transaction.amount,
            processing_fee=transaction.processing_fee,
            cluster=cluster,
        )
    if transaction.payee_id is None:
        raise RuntimeError("a tip without a payee")
    if transaction.method != Method.WALLET:
        return postings.tip_by_card(
            transaction_id=transaction.pk,
            creator_id=transaction.payee_id,
            gateway=transaction.gateway,
            amount=transaction.amount,
            platform_fee=transaction.platform_fee,
            processing_fee=transaction.processing_fee,
            cluster=cluster,
            taxes=taxes_of(transaction),
        )
    return postings.tip_from_wallet(
        transaction_id=transaction.pk,
        fan_id=transaction.payer_id,
        creator_id=transaction.payee_id,
        amount=transaction.amount,
        platform_fee=transaction.platform_fee,
        cluster=cluster,
        taxes=taxes_of(transaction),
    )
