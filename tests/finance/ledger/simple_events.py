"""Every event that needs no more than people, an amount and a fee."""

from __future__ import annotations

from datetime import date
from typing import Any

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger.choices import Bearer
from apps.finance.ledger.postings import Draft

BRAND, CARD, BANK, RAIL = "boyfanz", "ccbill", "main", "paxum"
TODAY = date(2026, 1, 15)


def simple_events(
    number: int, fan: int, creator: int, amount: Money, fee: Money
) -> dict[str, Draft]:
    """Return a draft of each, by the name of its recipe; ``fee`` is never above ``amount``."""
    fans: dict[str, Any] = {"fan_id": fan, "amount": amount, "cluster": BRAND}
    creators: dict[str, Any] = {"creator_id": creator, "amount": amount, "cluster": BRAND}
    out = {"payout_id": number, **creators}
    bank: dict[str, Any] = {"bank": BANK, "amount": amount}
    kept: dict[str, Any] = {"reserve_id": number, "gateway": CARD, "amount": amount}
    settled: dict[str, Any] = {"payout_id": number, "rail": RAIL, "amount": amount}
    drafts = (
        postings.tip_by_card(
            transaction_id=number, gateway=CARD, platform_fee=fee, processing_fee=fee, **creators
        ),
        postings.tip_from_wallet(
            transaction_id=number, fan_id=fan, platform_fee=fee, **creators
        ),
        postings.deposit_refund(refund_id=number, gateway=CARD, returned_fee=fee, **fans),
        postings.chargeback_opened(
            chargeback_id=number, gateway=CARD, amount=amount, cluster=BRAND
        ),
        postings.deposit_chargeback_lost(
            chargeback_id=number, gateway=CARD, in_wallet=amount - fee, **fans
        ),
        postings.credit_granted(credit_id=number, **fans),
        postings.credit_expired(credit_id=number, **fans),
        postings.breakage(breakage_id=number, **fans),
        postings.platform_fee_charged(
            charge_id=number, creator_id=creator, fee=amount, reason="", cluster=BRAND
        ),
        postings.processing_fee_charged(charge_id=number, fee=amount, reason=""),
        postings.reserve_held(reserve_id=number, **creators),
        postings.reserve_released(reserve_id=number, **creators),
        postings.tax_withheld_from(withholding_id=number, place="US", **creators),
        postings.payout_reserved(**out),
        postings.payout_released(**out),
        postings.payout_settled(rail_fee=fee, cluster=BRAND, **settled),
        postings.payout_returned(
            rail=RAIL, return_fee=fee, fee_borne_by=Bearer.CREATOR if number % 2 else
            Bearer.PLATFORM, **out,
        ),
        postings.settlement_received(
            settlement_id=number, gateway=CARD, bank=BANK, gross=amount, received=amount - fee,
            fees=fee, fees_expected=fee + fee, reserve=fee,
        ),
        postings.processor_reserve_held(**kept),
        postings.processor_reserve_released(bank=BANK, **kept),
        postings.processor_fees_paid(invoice_id=number, fees_expected=fee, **bank),
        postings.rail_funded(funding_id=number, rail=RAIL, fee=fee, **bank),
        postings.sales_tax_paid(payment_id=number, place="DE", **bank),
        postings.withheld_tax_paid(payment_id=number, place="US", **bank),
        postings.written_off(
            write_off_id=number, account=postings.due_from_creator(creator), amount=amount,
            cluster=BRAND,
        ),
        postings.capital_paid_in(payment_id=number, **bank),
        postings.paid_out_to_owner(payment_id=number, **bank),
        postings.loan_received(payment_id=number, **bank),
        postings.loan_repaid(payment_id=number, interest=fee, **bank),
        postings.equipment_bought(purchase_id=number, **bank),
        postings.depreciated(depreciation_id=number, amount=amount),
        postings.expense_paid(expense_id=number, **bank),
        postings.exchange(
            exchange_id=number, sold=Money(amount.minor, "EUR"), sold_from=postings.cash(BANK),
            bought=Money(2 * amount.minor, "USD"), bought_into=postings.cash(BANK),
            gain=Money(fee.minor - 1, "USD"), effective_on=TODAY,
        ),
        postings.difference_posted(
            exception_id=number, account=postings.cash(BANK), counter=postings.SUSPENSE,
            difference=amount, effective_on=TODAY, actor_id=1,
        ),
        postings.manual_adjustment(
            proposal_id=10**9 + number, memo="by hand", actor_id=1, movements=[
                postings.debit(postings.OTHER_EXPENSES, amount),
                postings.credit(postings.cash(BANK), amount),
            ],
        ),
    )  # fmt: skip
    return {f"{draft.kind.value} {n}": draft for n, draft in enumerate(drafts)}


def opening_events(number: int, amount: Money) -> list[Draft]:
    """Return what fills every account that may not be overdrawn, for fans 3, 4, creators 7, 8."""
    nothing = Money.zero(amount.currency)
    drafts = []
    for fan in (3, 4):
        drafts += [
            postings.wallet_deposit(
                transaction_id=number, fan_id=fan, gateway=CARD, amount=amount,
                processing_fee=nothing, cluster=BRAND,
            ),
            postings.credit_granted(credit_id=number, fan_id=fan, amount=amount, cluster=BRAND),
        ]  # fmt: skip
    for creator in (7, 8):
        sale = postings.sale_of(
            transaction_id=number, cluster=BRAND, amount=amount + amount + amount,
            creators={creator: 1}, platform_fee=nothing,
        )  # fmt: skip
        owes = {creator: postings.Funds(nothing, nothing)}
        drafts += [
            postings.content_by_card(sale=sale, gateway=CARD),
            postings.reserve_held(
                reserve_id=number, creator_id=creator, amount=amount, cluster=BRAND
            ),
            postings.payout_reserved(
                payout_id=number, creator_id=creator, amount=amount, cluster=BRAND
            ),
            postings.refund_to_card(
                refund_id=number, part=postings.part_of(sale, amount), gateway=CARD, funds=owes
            ),
        ]
    return drafts
