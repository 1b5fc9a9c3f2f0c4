"""Renew from wallets, two thousand in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.transaction import atomic

from apps.core.db import joins_transaction
from apps.finance.payments import errors as payment_errors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Occasion
from apps.finance.subscriptions.choices import DeclineClass, EndReason
from apps.finance.subscriptions.rules.dunning import class_of_refusal
from apps.finance.subscriptions.services.charges import Charge, charges_of
from apps.finance.subscriptions.services.claims import WALLETS, Due, claim
from apps.finance.subscriptions.services.dunning import Failure, record_failures
from apps.finance.subscriptions.services.ends import Ending, end_many
from apps.finance.subscriptions.services.letters import Letters
from apps.finance.subscriptions.services.renewed import Renewed, write_renewed
from apps.finance.subscriptions.services.runs import Billed


@joins_transaction
def renew_wallets(
    *, now: datetime, limit: int, claimed: list[int], among: Sequence[int] | None = None
) -> Billed:
    """
    Renew what wallets pay and is due, up to ``limit``, in the caller's transaction.

    Sale, period, subscription, access, receipt and history of all of them hold together or not
    at all. What a wallet cannot pay goes to dunning by the same transaction. ``claimed`` is told
    the ids first, so that the caller can halve them where one of them raises.
    """
    dues = claim(WALLETS, now=now, limit=limit, among=among)
    claimed.extend(due.pk for due in dues)
    if not dues:
        return Billed()
    over, going = settle_what_needs_no_charge(dues, now=now)
    try:
        with atomic():
            over.add(_renew(going, now=now, books_last=True))
    except payment_errors.BalanceMoved:
        over.add(_renew(going, now=now, books_last=False))
    return over


def _renew(charges: Sequence[Charge], *, now: datetime, books_last: bool) -> Billed:
    """Sell and write all of it. With the books last others wait least; where a wallet was emptied
    meanwhile that fails as a whole, and the books come first and say which."""
    letters = Letters((charge.due for charge in charges), now=now)
    free = [Renewed(charge, None, charge.amount) for charge in charges if not charge.amount.minor]
    priced = [charge for charge in charges if charge.amount.minor]
    billed = Billed()

    def write(answers: Sequence[payments.Sold | payments.Refused]) -> None:
        renewed, failures = list(free), []
        for charge, answer in zip(priced, answers, strict=True):
            if isinstance(answer, payments.Sold):
                renewed.append(Renewed(charge, answer.transaction_id, answer.amount))
            else:
                failures.append(Failure(charge, class_of_refusal(answer.code), answer.code))
        write_renewed(renewed, now=now, letters=letters)
        recorded = record_failures(failures, now=now, letters=letters)
        billed.add(Billed(renewed=len(renewed), declined=recorded.declined, ended=recorded.ended))
        for each in renewed:
            billed.money[each.charge.due.currency] += each.total.minor

    sales = [_sale(charge) for charge in priced]
    if books_last and sales:
        payments.sell_many_from_wallet(sales, kind=Kind.SUBSCRIPTION, now=now, beside=write)
    else:
        write(payments.sell_many_from_wallet(sales, kind=Kind.SUBSCRIPTION, now=now))
    return billed


@joins_transaction
def settle_what_needs_no_charge(
    dues: Sequence[Due], *, now: datetime
) -> tuple[Billed, list[Charge]]:
    """
    Of locked ones that are due: end those whose fan or creator is gone, those after their last
    try and those that did not agree to a new price, hold back those whose notice did not arrive;
    return the charges of the others.
    """
    billed, endings, held, going = Billed(), [], [], []
    for charge in charges_of(dues, now=now):
        if charge.due.gone:
            endings.append(Ending(charge.due, charge.due.gone))
        elif charge.due.is_last_try:
            endings.append(Ending(charge.due, EndReason.UNPAID))
        elif charge.refused:
            endings.append(Ending(charge.due, charge.refused))
        elif charge.due.held_why:
            held.append(Failure(charge, DeclineClass.PAYER, charge.due.held_why))
        else:
            going.append(charge)
    end_many(endings, now=now)
    recorded = record_failures(held, now=now)
    billed.ended = len(endings) + recorded.ended
    billed.declined = recorded.declined
    return billed, going


def _sale(charge: Charge) -> payments.WalletSale:
    due = charge.due
    return payments.WalletSale(
        fan_id=due.fan_id,
        creator_id=due.creator_id,
        cluster_id=due.cluster_id,
        cluster_slug=due.cluster,
        amount=charge.amount,
        subject=charge.subject,
        idempotency_key=charge.key,
        occasion=Occasion.RENEWAL,
        buyer_country=due.buyer_country,
    )
