"""The journal entry of a captured payment."""

from __future__ import annotations

from collections.abc import Callable

from apps.finance.ledger import postings
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
_FROM_WALLET: dict[tuple[str, str], Callable[..., postings.Draft]] = {
    (Kind.SUBSCRIPTION, Occasion.FIRST): postings.subscription_from_wallet,
    (Kind.SUBSCRIPTION, Occasion.CHANGE): postings.subscription_from_wallet,
    (Kind.SUBSCRIPTION, Occasion.RENEWAL): postings.renewal_from_wallet,
    (Kind.SUBSCRIPTION, Occasion.TRIAL): postings.paid_trial_from_wallet,
    (Kind.CONTENT, Occasion.NONE): postings.content_from_wallet,
    (Kind.MESSAGE, Occasion.NONE): postings.message_from_wallet,
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
    if transaction.kind == Kind.TIP:
        return _tip(transaction, transaction.payee_id)
    sold, sale = (transaction.kind, transaction.occasion), whole_of(transaction).sale
    if transaction.method == Method.WALLET:
        return _FROM_WALLET[sold](sale=sale, fan_id=transaction.payer_id)
    return _BY_CARD[sold](sale=sale, gateway=transaction.gateway)


def _tip(transaction: Transaction, creator_id: int) -> postings.Draft:
    if transaction.method != Method.WALLET:
        return postings.tip_by_card(
            transaction_id=transaction.pk,
            creator_id=creator_id,
            gateway=transaction.gateway,
            amount=transaction.amount,
            platform_fee=transaction.platform_fee,
            processing_fee=transaction.processing_fee,
            cluster=transaction.cluster.slug,
            taxes=taxes_of(transaction),
        )
    return postings.tip_from_wallet(
        transaction_id=transaction.pk,
        fan_id=transaction.payer_id,
        creator_id=creator_id,
        amount=transaction.amount,
        platform_fee=transaction.platform_fee,
        cluster=transaction.cluster.slug,
        taxes=taxes_of(transaction),
    )
