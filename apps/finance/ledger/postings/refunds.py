"""Fans get money back. What a refund takes back of a sale is ``part_of(sale, amount)``.

Taxes and creators' shares go back in proportion. The platform gives its fee back unless told
otherwise; whether the processor does is its contract's. What is not given back is borne by the
creators, in proportion to their shares, or by the platform.
"""

from __future__ import annotations

from collections.abc import Mapping

from apps.core.money import Money
from apps.finance.ledger import errors
from apps.finance.ledger.choices import Bearer, EntryKind
from apps.finance.ledger.postings.accounts import (
    PLATFORM_REVENUE,
    PROCESSING_COSTS,
    PROCESSOR_FEES_PAYABLE,
    processor_clearing,
    sales_tax,
    store_credit,
    wallet,
)
from apps.finance.ledger.postings.draft import Draft, Movement, credit, debit, draft_of
from apps.finance.ledger.postings.sale import (
    Funds,
    Sale,
    check_not_negative,
    check_positive,
    taken_back,
)

#: Creators that are not named pay back from their earnings alone.
EARNINGS_ALONE: Mapping[int, Funds] = {}


def refund_to_card(
    *,
    refund_id: int,
    part: Sale,
    gateway: str,
    processing_fee_returned: bool = False,
    platform_fee_returned: bool = True,
    kept_fees_borne_by: Bearer = Bearer.CREATOR,
    funds: Mapping[int, Funds] = EARNINGS_ALONE,
) -> Draft:
    """The processor pays a sale, or a part of it, back to the card.

    ``part`` comes from ``part_of``. The creators named in ``funds`` give what they have, and owe
    the rest; the others need it in their earnings.
    """
    return draft_of(
        EntryKind.REFUND_CARD,
        f"refund:{refund_id}",
        part.cluster,
        *_given_back(
            part,
            processing_fee_returned=processing_fee_returned,
            platform_fee_returned=platform_fee_returned,
            by_platform=kept_fees_borne_by == Bearer.PLATFORM,
            funds=funds,
        ),
        credit(processor_clearing(gateway), part.amount),
    )


def refund_to_wallet(
    *,
    refund_id: int,
    part: Sale,
    fan_id: int,
    platform_fee_returned: bool = True,
    kept_fees_borne_by: Bearer = Bearer.CREATOR,
    funds: Mapping[int, Funds] = EARNINGS_ALONE,
) -> Draft:
    """A sale, or a part of it, becomes stored value again; store credit becomes store credit.

    Also for a sale that a card paid: the processor then keeps its fee.
    """
    return draft_of(
        EntryKind.REFUND_WALLET,
        f"refund:{refund_id}",
        part.cluster,
        *_given_back(
            part,
            processing_fee_returned=False,
            platform_fee_returned=platform_fee_returned,
            by_platform=kept_fees_borne_by == Bearer.PLATFORM,
            funds=funds,
        ),
        credit(store_credit(fan_id), part.credit),
        credit(wallet(fan_id), part.amount - part.credit),
    )


def deposit_refund(
    *,
    refund_id: int,
    fan_id: int,
    gateway: str,
    amount: Money,
    cluster: str,
    returned_fee: Money | None = None,
) -> Draft:
    """Stored value goes back to the card; ``returned_fee`` is what the processor gives back."""
    fee = returned_fee or Money.zero(amount.currency)
    check_positive(amount=amount)
    check_not_negative(returned_fee=fee)
    if amount < fee:
        raise errors.FeesExceedAmount(amount=str(amount), fees=str(fee))
    return draft_of(
        EntryKind.DEPOSIT_REFUND,
        f"refund:{refund_id}",
        cluster,
        debit(wallet(fan_id), amount),
        credit(processor_clearing(gateway), amount),
        debit(PROCESSOR_FEES_PAYABLE, fee),
        credit(PROCESSING_COSTS, fee),
    )


def _given_back(
    part: Sale,
    *,
    processing_fee_returned: bool,
    platform_fee_returned: bool,
    by_platform: bool,
    funds: Mapping[int, Funds],
) -> list[Movement]:
    nothing = Money.zero(part.amount.currency)
    platform_gives = platform_fee_returned or by_platform
    owed = [
        (
            share.creator_id,
            share.amount
            + (nothing if platform_gives else share.platform_fee)
            + (nothing if processing_fee_returned or by_platform else share.processing_fee),
        )
        for share in part.shares
    ]
    fee = part.processing_fee - part.cost  # out of the creators' shares; cost is a cost already
    returned = part.processing_fee if processing_fee_returned else nothing
    return [
        *(
            m
            for creator_id, amount in owed
            for m in taken_back(creator_id, amount, funds.get(creator_id))
        ),
        debit(PLATFORM_REVENUE, part.platform_fee if platform_gives else nothing),
        *(debit(sales_tax(tax.place), tax.amount) for tax in part.taxes),
        debit(PROCESSOR_FEES_PAYABLE, returned),
        credit(PROCESSING_COSTS, part.cost if processing_fee_returned else nothing),
        debit(PROCESSING_COSTS, fee if by_platform and not processing_fee_returned else nothing),
    ]
