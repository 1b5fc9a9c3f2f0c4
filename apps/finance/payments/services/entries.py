"""The journal entry of a captured payment."""

from __future__ import annotations

from collections.abc import Callable

from apps.finance.ledger import postings
from apps.finance.ledger.choices import EntryKind
from apps.finance.payments.choices import Kind, Method, Occasion
from apps.finance.payments.models import Transaction
from apps.finance.payments.selectors.given_back import whole_of
from apps.finance.payments.services.taxes import taxes_of

#: A change of plan is sold like a first period: the fan agrees to something new.
_BY_CARD: dict[tuple[str, str], Callable[..., postings.Draft]] = {
    (Kind.SUBSCRIPTION, Occasion.FIRST): postings.subscription_by_card,
    (Kind.SUBSCRIPTION, Occasion.CHANGE): postings.subscription_by_card,
    (Kind.SUBSCRIPTION, Occasion.RENEWAL): postings.renewal_by_card,
    (Kind.SUBSCRIPTION, Occasion.TRIAL): postings.paid_trial_by_card,
    (Kind.CONTENT, Occasion.NONE): postings.content_by_card,
    (Kind.MESSAGE, Occasion.NONE): postings.message_by_card,
}
FROM_WALLET: dict[tuple[str, str], EntryKind] = {
    (Kind.TIP, Occasion.NONE): EntryKind.TIP_WALLET,
    (Kind.SUBSCRIPTION, Occasion.FIRST): EntryKind.SUBSCRIPTION_WALLET,
    (Kind.SUBSCRIPTION, Occasion.CHANGE): EntryKind.SUBSCRIPTION_WALLET,
    (Kind.SUBSCRIPTION, Occasion.RENEWAL): EntryKind.RENEWAL_WALLET,
    (Kind.SUBSCRIPTION, Occasion.TRIAL): EntryKind.TRIAL_WALLET,
    (Kind.CONTENT, Occasion.NONE): EntryKind.PPV_CONTENT_WALLET,
    (Kind.MESSAGE, Occasion.NONE): EntryKind.PPV_MESSAGE_WALLET,
}


def draft_of(transaction: Transaction) -> postings.Draft:
    """Return the entry that books a captured payment."""
    if transaction.kind == Kind.WALLET_DEPOSIT:
        return postings.wallet_deposit(
            transaction_id=transaction.pk,
            fan_id=transaction.payer_id,
            gateway=transaction.gateway,
            amount=transaction.amount,
            processing_fee=transaction.processing_fee,
            cluster=transaction.cluster.slug,
        )
    if transaction.payee_id is None:
        raise RuntimeError("a sale without a payee")
    sold = (transaction.kind, transaction.occasion)
    if transaction.method == Method.WALLET:
        return postings.sold_to_one(
            FROM_WALLET[sold],
            transaction_id=transaction.pk,
            fan_id=transaction.payer_id,
            creator_id=transaction.payee_id,
            amount=transaction.amount,
            platform_fee=transaction.platform_fee,
            cluster=transaction.cluster.slug,
            taxes=taxes_of(transaction),
        )
    if transaction.kind == Kind.TIP:
        return postings.tip_by_card(
            transaction_id=transaction.pk,
            creator_id=transaction.payee_id,
            gateway=transaction.gateway,
            amount=transaction.amount,
            platform_fee=transaction.platform_fee,
            processing_fee=transaction.processing_fee,
            cluster=transaction.cluster.slug,
            taxes=taxes_of(transaction),
        )
    return _BY_CARD[sold](sale=whole_of(transaction).sale, gateway=transaction.gateway)
