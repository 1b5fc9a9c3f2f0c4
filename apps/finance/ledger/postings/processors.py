"""Between the platform, its processors, its bank and its rails."""

from __future__ import annotations

from apps.core.money import Money
from apps.finance.ledger import errors
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.postings.accounts import (
    PAYOUT_COSTS,
    PROCESSING_COSTS,
    PROCESSOR_FEES_PAYABLE,
    SUSPENSE,
    cash,
    processor_clearing,
    processor_reserve,
    rail_cash,
)
from apps.finance.ledger.postings.draft import Draft, credit, debit, draft_of
from apps.finance.ledger.postings.sale import check_not_negative, check_positive


def settlement_received(
    *,
    settlement_id: int,
    gateway: str,
    bank: str,
    gross: Money,
    received: Money,
    fees: Money,
    fees_expected: Money,
    reserve: Money | None = None,
    cluster: str = "",
) -> Draft:
    """A processor pays out what it collected, less its fees and what it keeps in reserve.

    ``gross`` is what leaves clearing; ``received`` came to the bank. ``fees`` is what the
    processor kept, ``fees_expected`` what our sales of the settlement had counted on; the
    difference is cost, or less of it. What gross less fees and reserve does not explain goes
    to suspense, to be looked into.

    :raises AmountOutOfRange: an amount is below zero, or nothing is settled
    :raises FeesExceedAmount: fees and reserve are more than the gross amount
    """
    kept = reserve or Money.zero(gross.currency)
    check_positive(gross=gross)
    check_not_negative(received=received, fees=fees, fees_expected=fees_expected, reserve=kept)
    if gross < fees + kept:
        raise errors.FeesExceedAmount(amount=str(gross), fees=str(fees + kept))
    return draft_of(
        EntryKind.SETTLEMENT_RECEIVED,
        f"settlement:{settlement_id}",
        cluster,
        debit(cash(bank), received),
        debit(processor_reserve(gateway), kept),
        debit(PROCESSOR_FEES_PAYABLE, fees_expected),
        debit(PROCESSING_COSTS, fees - fees_expected),  # a credit when less was kept
        debit(SUSPENSE, gross - fees - kept - received),  # a credit when more came in
        credit(processor_clearing(gateway), gross),
    )


def processing_fee_charged(*, charge_id: int, fee: Money, reason: str, cluster: str = "") -> Draft:
    """A processor charges for more than sales: declines, registrations, months. We bear it."""
    check_positive(fee=fee)
    draft = draft_of(
        EntryKind.PROCESSING_FEE,
        f"processing_charge:{charge_id}",
        cluster,
        debit(PROCESSING_COSTS, fee),
        credit(PROCESSOR_FEES_PAYABLE, fee),
    )
    return draft._replace(memo=reason)


def processor_reserve_held(
    *, reserve_id: int, gateway: str, amount: Money, cluster: str = ""
) -> Draft:
    """The processor keeps back a part of the money it collected (a rolling reserve)."""
    check_positive(amount=amount)
    return draft_of(
        EntryKind.PROCESSOR_RESERVE_HELD,
        f"processor_reserve:{reserve_id}:held",
        cluster,
        debit(processor_reserve(gateway), amount),
        credit(processor_clearing(gateway), amount),
    )


def processor_reserve_released(
    *, reserve_id: int, gateway: str, bank: str, amount: Money, cluster: str = ""
) -> Draft:
    """The processor pays out what it had kept back."""
    check_positive(amount=amount)
    return draft_of(
        EntryKind.PROCESSOR_RESERVE_RELEASED,
        f"processor_reserve:{reserve_id}:released",
        cluster,
        debit(cash(bank), amount),
        credit(processor_reserve(gateway), amount),
    )


def processor_fees_paid(
    *, invoice_id: int, bank: str, amount: Money, fees_expected: Money, cluster: str = ""
) -> Draft:
    """A processor's invoice is paid; ``fees_expected`` is what our sales had counted on."""
    check_positive(amount=amount)
    check_not_negative(fees_expected=fees_expected)
    return draft_of(
        EntryKind.FEES_PAID,
        f"processor_invoice:{invoice_id}",
        cluster,
        debit(PROCESSOR_FEES_PAYABLE, fees_expected),
        debit(PROCESSING_COSTS, amount - fees_expected),  # a credit when less was billed
        credit(cash(bank), amount),
    )


def rail_funded(
    *,
    funding_id: int,
    bank: str,
    rail: str,
    amount: Money,
    fee: Money | None = None,
    cluster: str = "",
) -> Draft:
    """Money goes from the bank to a payout rail; the platform bears the ``fee`` of sending it."""
    cost = fee or Money.zero(amount.currency)
    check_positive(amount=amount)
    check_not_negative(fee=cost)
    return draft_of(
        EntryKind.RAIL_FUNDED,
        f"funding:{funding_id}",
        cluster,
        debit(rail_cash(rail), amount),
        debit(PAYOUT_COSTS, cost),
        credit(cash(bank), amount + cost),
    )
