"""Banks take money back. Until a chargeback is decided, the money is disputed, not lost.

While it is open the creator's share can be kept back with ``reserve_held``; a lost chargeback
takes it from there through ``funds``.
"""

from __future__ import annotations

from collections.abc import Mapping

from apps.core.money import Money
from apps.finance.ledger.choices import Bearer, EntryKind
from apps.finance.ledger.postings.accounts import (
    CHARGEBACK_FEES,
    CHARGEBACK_LOSSES,
    PLATFORM_REVENUE,
    PROCESSOR_FEES_PAYABLE,
    disputed,
    processor_clearing,
    sales_tax,
    wallet,
)
from apps.finance.ledger.postings.draft import Draft, credit, debit, draft_of
from apps.finance.ledger.postings.refunds import EARNINGS_ALONE
from apps.finance.ledger.postings.sale import (
    Funds,
    Sale,
    check_not_negative,
    check_positive,
    taken_back,
)


def chargeback_opened(*, chargeback_id: int, gateway: str, amount: Money, cluster: str) -> Draft:
    """The processor takes the money away; it is disputed until the bank decides."""
    check_positive(amount=amount)
    return draft_of(
        EntryKind.CHARGEBACK_OPENED,
        f"chargeback:{chargeback_id}:opened",
        cluster,
        debit(disputed(gateway), amount),
        credit(processor_clearing(gateway), amount),
    )


def chargeback_fee(
    *,
    chargeback_id: int,
    fee: Money,
    cluster: str,
    creator_id: int | None = None,
    funds: Funds | None = None,
) -> Draft:
    """The processor charges for the case, won or lost: to a creator, or else to the platform."""
    check_positive(fee=fee)
    if creator_id is None:
        borne = [debit(CHARGEBACK_FEES, fee)]
    else:
        borne = taken_back(creator_id, fee, funds)
    return draft_of(
        EntryKind.CHARGEBACK_FEE,
        f"chargeback:{chargeback_id}:fee",
        cluster,
        *borne,
        credit(PROCESSOR_FEES_PAYABLE, fee),
    )


def chargeback_won(*, chargeback_id: int, gateway: str, amount: Money, cluster: str) -> Draft:
    """The bank decides for us: the processor owes the money again."""
    check_positive(amount=amount)
    return draft_of(
        EntryKind.CHARGEBACK_WON,
        f"chargeback:{chargeback_id}:won",
        cluster,
        debit(processor_clearing(gateway), amount),
        credit(disputed(gateway), amount),
    )


def chargeback_lost(
    *,
    chargeback_id: int,
    part: Sale,
    gateway: str,
    borne_by: Bearer = Bearer.CREATOR,
    funds: Mapping[int, Funds] = EARNINGS_ALONE,
) -> Draft:
    """The bank decides against us: the sale, or the disputed part of it, is undone.

    ``part`` comes from ``part_of``. The creators give their shares back, and owe what ``funds``
    do not cover; the processor's fee of the sale is the platform's loss. ``borne_by`` platform:
    creators keep their shares, and all but the tax is the platform's loss.
    """
    nothing = Money.zero(part.amount.currency)
    by_creators = borne_by == Bearer.CREATOR
    taxed = sum((tax.amount for tax in part.taxes), nothing)
    given = sum((share.amount for share in part.shares), part.platform_fee)
    given = given if by_creators else nothing
    return draft_of(
        EntryKind.CHARGEBACK_LOST,
        f"chargeback:{chargeback_id}:lost",
        part.cluster,
        *(
            movement
            for share in part.shares
            if by_creators
            for movement in taken_back(share.creator_id, share.amount, funds.get(share.creator_id))
        ),
        debit(PLATFORM_REVENUE, part.platform_fee if by_creators else nothing),
        *(debit(sales_tax(tax.place), tax.amount) for tax in part.taxes),
        debit(CHARGEBACK_LOSSES, part.amount - taxed - given),
        credit(disputed(gateway), part.amount),
    )


def deposit_chargeback_lost(
    *,
    chargeback_id: int,
    fan_id: int,
    gateway: str,
    amount: Money,
    in_wallet: Money,
    cluster: str,
) -> Draft:
    """The deposit is undone: ``in_wallet``, what the fan still has of it, is taken back.

    What is spent already is the platform's loss: the creators have sold something.
    """
    check_positive(amount=amount)
    check_not_negative(in_wallet=in_wallet)
    taken = min(amount, in_wallet)
    return draft_of(
        EntryKind.CHARGEBACK_LOST,
        f"chargeback:{chargeback_id}:lost",
        cluster,
        debit(wallet(fan_id), taken),
        debit(CHARGEBACK_LOSSES, amount - taken),
        credit(disputed(gateway), amount),
    )
