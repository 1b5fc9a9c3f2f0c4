"""Fans pay: deposits, tips, subscriptions, renewals, trials, content and messages.

A free trial and a free message post nothing: nobody owes anybody anything. A paid trial is a sale.
"""

from __future__ import annotations

from collections.abc import Sequence

from apps.core.money import CurrencyMismatch, Money
from apps.finance.ledger import errors
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.postings.accounts import (
    PLATFORM_REVENUE,
    PROCESSING_COSTS,
    PROCESSOR_FEES_PAYABLE,
    creator_payable,
    processor_clearing,
    sales_tax,
    store_credit,
    wallet,
)
from apps.finance.ledger.postings.draft import Draft, Movement, credit, debit, draft_of
from apps.finance.ledger.postings.sale import Sale, Tax


def wallet_deposit(
    *,
    transaction_id: int,
    fan_id: int,
    gateway: str,
    amount: Money,
    processing_fee: Money,
    cluster: str,
) -> Draft:
    """A fan buys stored value by card. The platform bears the processor's fee."""
    return draft_of(
        EntryKind.WALLET_DEPOSIT,
        f"transaction:{transaction_id}:captured",
        cluster,
        debit(processor_clearing(gateway), amount),
        credit(wallet(fan_id), amount),
        debit(PROCESSING_COSTS, processing_fee),
        credit(PROCESSOR_FEES_PAYABLE, processing_fee),
    )


def tip_by_card(
    *,
    transaction_id: int,
    creator_id: int,
    gateway: str,
    amount: Money,
    platform_fee: Money,
    processing_fee: Money,
    cluster: str,
    taxes: Sequence[Tax] = (),
) -> Draft:
    """A card pays a creator: the platform and the processor keep their fees out of the tip.

    For several creators, or a fee the platform bears: ``sold_by_card``.

    :raises FeesExceedAmount: fees and taxes are more than the tip
    """
    net = _net(amount, platform_fee, processing_fee, taxes)
    return draft_of(
        EntryKind.TIP_CARD,
        f"transaction:{transaction_id}:captured",
        cluster,
        debit(processor_clearing(gateway), amount),
        credit(creator_payable(creator_id), net),
        credit(PLATFORM_REVENUE, platform_fee),
        credit(PROCESSOR_FEES_PAYABLE, processing_fee),
        *(_taxed(taxes) if taxes else ()),
    )


def tip_from_wallet(
    *,
    transaction_id: int,
    fan_id: int,
    creator_id: int,
    amount: Money,
    platform_fee: Money,
    cluster: str,
    taxes: Sequence[Tax] = (),
) -> Draft:
    """Stored value becomes a creator's earnings, less the platform's fee.

    For several creators, or store credit: ``sold_from_wallet``.

    :raises FeesExceedAmount: fee and taxes are more than the tip
    """
    return sold_to_one(
        EntryKind.TIP_WALLET,
        transaction_id=transaction_id,
        fan_id=fan_id,
        creator_id=creator_id,
        amount=amount,
        platform_fee=platform_fee,
        cluster=cluster,
        taxes=taxes,
    )


def sold_to_one(
    kind: EntryKind,
    *,
    transaction_id: int,
    fan_id: int,
    creator_id: int,
    amount: Money,
    platform_fee: Money,
    cluster: str,
    taxes: Sequence[Tax] = (),
) -> Draft:
    """Stored value becomes one creator's earnings: ``sold_from_wallet`` without making a sale.

    The entry is the same to the line. Renewals come by the thousand, and nearly all have one
    creator and no store credit.

    :raises FeesExceedAmount: fee and taxes are more than the amount
    """
    net = _net(amount, platform_fee, None, taxes)
    return draft_of(
        kind,
        f"transaction:{transaction_id}:captured",
        cluster,
        debit(wallet(fan_id), amount),
        credit(creator_payable(creator_id), net),
        credit(PLATFORM_REVENUE, platform_fee),
        *(_taxed(taxes) if taxes else ()),
    )


def subscription_by_card(*, sale: Sale, gateway: str) -> Draft:
    """The first period of a subscription, paid by card."""
    return sold_by_card(EntryKind.SUBSCRIPTION_CARD, sale=sale, gateway=gateway)


def subscription_from_wallet(*, sale: Sale, fan_id: int) -> Draft:
    """The first period of a subscription, paid from the wallet."""
    return sold_from_wallet(EntryKind.SUBSCRIPTION_WALLET, sale=sale, fan_id=fan_id)


def renewal_by_card(*, sale: Sale, gateway: str) -> Draft:
    """A further period of a subscription, paid by card."""
    return sold_by_card(EntryKind.RENEWAL_CARD, sale=sale, gateway=gateway)


def renewal_from_wallet(*, sale: Sale, fan_id: int) -> Draft:
    """A further period of a subscription, paid from the wallet."""
    return sold_from_wallet(EntryKind.RENEWAL_WALLET, sale=sale, fan_id=fan_id)


def paid_trial_by_card(*, sale: Sale, gateway: str) -> Draft:
    """A trial at a lower price, paid by card. A free trial posts nothing."""
    return sold_by_card(EntryKind.TRIAL_CARD, sale=sale, gateway=gateway)


def paid_trial_from_wallet(*, sale: Sale, fan_id: int) -> Draft:
    """A trial at a lower price, paid from the wallet. A free trial posts nothing."""
    return sold_from_wallet(EntryKind.TRIAL_WALLET, sale=sale, fan_id=fan_id)


def content_by_card(*, sale: Sale, gateway: str) -> Draft:
    """Content seen against payment, paid by card."""
    return sold_by_card(EntryKind.PPV_CONTENT_CARD, sale=sale, gateway=gateway)


def content_from_wallet(*, sale: Sale, fan_id: int) -> Draft:
    """Content seen against payment, paid from the wallet."""
    return sold_from_wallet(EntryKind.PPV_CONTENT_WALLET, sale=sale, fan_id=fan_id)


def message_by_card(*, sale: Sale, gateway: str) -> Draft:
    """A message opened against payment, paid by card."""
    return sold_by_card(EntryKind.PPV_MESSAGE_CARD, sale=sale, gateway=gateway)


def message_from_wallet(*, sale: Sale, fan_id: int) -> Draft:
    """A message opened against payment, paid from the wallet."""
    return sold_from_wallet(EntryKind.PPV_MESSAGE_WALLET, sale=sale, fan_id=fan_id)


def sold_by_card(kind: EntryKind, *, sale: Sale, gateway: str) -> Draft:
    """A card pays: creators get their shares, the platform, the processor and the state theirs.

    :raises FeesExceedAmount: store credit does not go with a card
    """
    if sale.credit:
        raise errors.FeesExceedAmount(credit=str(sale.credit))
    return draft_of(
        kind,
        f"transaction:{sale.transaction_id}:captured",
        sale.cluster,
        debit(processor_clearing(gateway), sale.amount),
        *_shared(sale),
        debit(PROCESSING_COSTS, sale.cost),
        credit(PROCESSOR_FEES_PAYABLE, sale.processing_fee),
    )


def sold_from_wallet(kind: EntryKind, *, sale: Sale, fan_id: int) -> Draft:
    """Stored value pays, store credit before it: nothing comes in, it changes hands.

    :raises FeesExceedAmount: there is no processing fee without a card
    """
    if sale.processing_fee:
        raise errors.FeesExceedAmount(processing_fee=str(sale.processing_fee))
    return draft_of(
        kind,
        f"transaction:{sale.transaction_id}:captured",
        sale.cluster,
        debit(store_credit(fan_id), sale.credit),
        debit(wallet(fan_id), sale.amount - sale.credit),
        *_shared(sale),
    )


def _shared(sale: Sale) -> list[Movement]:
    return [
        *(credit(creator_payable(share.creator_id), share.amount) for share in sale.shares),
        credit(PLATFORM_REVENUE, sale.platform_fee),
        *_taxed(sale.taxes),
    ]


def _taxed(taxes: Sequence[Tax]) -> list[Movement]:
    return [credit(sales_tax(tax.place), tax.amount) for tax in taxes]


def _net(
    amount: Money, platform_fee: Money, processing_fee: Money | None, taxes: Sequence[Tax]
) -> Money:
    """Return what is left for the creator; most tips have no tax, and there are many of them."""
    currency = amount.currency
    net = amount.minor
    for fee in (platform_fee, processing_fee, *[tax.amount for tax in taxes]):
        if fee is not None:
            if fee.currency != currency:
                raise CurrencyMismatch(left=currency, right=fee.currency)
            net -= fee.minor
    if net < 0:
        fees = Money(amount.minor - net, currency)
        raise errors.FeesExceedAmount(amount=str(amount), fees=str(fees))
    return Money(net, currency)
