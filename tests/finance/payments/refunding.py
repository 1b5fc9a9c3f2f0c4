"""Payments that are paid, and news about them, for the tests of refunds and disputes."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction as database

from apps.accounts.models import Profile, User
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import services as payments
from apps.finance.payments.adapters.base import Account, Disputed, Notice, Told
from apps.finance.payments.models import Refund, RefundPolicy, Transaction
from apps.finance.payments.rules.refunds import RefundReason
from apps.finance.payments.services.move import capture
from apps.finance.payments.services.refunds import request_refund
from apps.finance.tax import services as tax
from apps.finance.tax.choices import Product, TaxKind
from apps.finance.tax.selectors import Buyer
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory, StaffFactory
from tests.factories.payments import MerchantAccountFactory

_numbers = itertools.count(1)


def usd(text: str) -> Money:
    return Money.of(text, "USD")


def a_paid_tip(
    amount: str = "100.00",
    *,
    now: datetime,
    fan: Profile | None = None,
    creator: Profile | None = None,
    buyer: Buyer | None = None,
) -> Transaction:
    """A card tip that is captured: 15 % to the platform, the processor's fee, the rest earned."""
    fan = fan or ProfileFactory.create()
    creator = creator or CreatorFactory.create(cluster=fan.cluster)
    MerchantAccountFactory.of(fan.cluster)
    number = next(_numbers)
    tip = payments.start_card_tip(
        fan=fan,
        creator=creator,
        amount=usd(amount),
        message="",
        idempotency_key=f"paid-{number}",
        now=now,
        buyer=buyer,
    )
    return captured(tip, now=now)


def a_paid_deposit(amount: str = "50.00", *, now: datetime) -> Transaction:
    number = next(_numbers)
    deposit = given.a_deposit(ProfileFactory.create(), amount, now=now, key=f"dep-{number}")
    return captured(deposit, now=now)


def a_wallet_tip(amount: str = "20.00", *, now: datetime) -> Transaction:
    deposit = a_paid_deposit("50.00", now=now)
    return payments.tip_from_wallet(
        fan=deposit.payer,
        creator=CreatorFactory.create(cluster=deposit.cluster),
        amount=usd(amount),
        message="",
        idempotency_key=f"wallet-{next(_numbers)}",
        now=now,
    )


def captured(payment: Transaction, *, now: datetime, reference: str = "") -> Transaction:
    with database.atomic():
        locked = Transaction.objects.select_for_update().get(pk=payment.pk)
        capture(
            transaction=locked,
            now=now,
            reason="Paid",
            reference=reference or f"01172401020{10**7 + payment.pk:08d}",
        )
    return fresh(payment)


def fresh(payment: Transaction) -> Transaction:
    return Transaction.objects.select_related("cluster", "payer", "payee").get(pk=payment.pk)


def a_rate(fan: Profile, *, now: datetime, percent: str = "19") -> None:
    """Collect so much tax inside the price from Germany's buyers on a brand."""
    one, other = StaffFactory.create(role="finance"), StaffFactory.create(role="finance")
    row = tax.set_rate(
        place="DE",
        product=Product.ANY,
        kind=TaxKind.VAT,
        percent=Decimal(percent),
        is_inclusive=True,
        valid_from=(now - timedelta(days=5)).date(),
        source="law",
        by=one,
        reason="letter",
        now=now,
    )
    tax.confirm_rate(rate_id=row.pk, by=other, reason="read it", now=now)
    tax.turn_tax(
        cluster=fan.cluster,
        is_on=True,
        by=one,
        reason="registered",
        now=now - timedelta(days=1),
    )


def a_policy(payment: Transaction | None = None, *, now: datetime, **terms: Any) -> RefundPolicy:
    """A policy of all brands from a moment before now on; one person alone may refund 500.00."""
    number = next(_numbers)
    return RefundPolicy.objects.create(
        currency="USD",
        effective_from=now - timedelta(days=30) + timedelta(seconds=number),
        **{"four_eyes_from_minor": 500_00, **terms},
    )


def ask(
    payment: Transaction, amount: str, *, by: User, now: datetime, key: str = "", **more: Any
) -> Refund:
    return request_refund(
        transaction_id=payment.pk,
        amount=usd(amount),
        reason_code=RefundReason.ASKED,
        reason="The fan asked",
        key=key or f"refund-{next(_numbers)}",
        by=by,
        now=now,
        **more,
    )


def news(
    payment: Transaction,
    told: Told,
    *,
    at: datetime | None = None,
    amount: str | None = None,
    case: str = "case-1",
    again: bool = False,
    due: datetime | None = None,
    transaction: str = "",
    code: str = "",
) -> Notice:
    about_a_case = told in {
        Told.INQUIRY,
        Told.ALERT,
        Told.CHARGEBACK,
        Told.CHARGEBACK_WON,
        Told.CHARGEBACK_LOST,
    }
    return Notice(
        event_type=told.name,
        told=told,
        dedupe_key=f"news-{next(_numbers)}",
        account=Account("900000"),
        token=str(payment.public_id),
        reference=payment.gateway_reference,
        gateway_transaction=transaction,
        amount=usd(amount) if amount else None,
        occurred_at=at,
        code=code,
        dispute=Disputed(case, reason_code="10.4", reason="Fraud", due_at=due, again=again)
        if about_a_case
        else None,
    )


def balance(account: postings.AccountRef) -> str:
    return str(ledger.balance_of(account, "USD").decimal)


def creator_has(payment: Transaction) -> tuple[str, str, str]:
    """Earnings, reserve and debt of the payment's creator."""
    assert payment.payee_id is not None
    return (
        balance(postings.creator_payable(payment.payee_id)),
        balance(postings.creator_reserve(payment.payee_id)),
        balance(postings.due_from_creator(payment.payee_id)),
    )


def books_are_balanced() -> bool:
    """Test that debits and credits of all accounts are equal, in every currency."""
    totals: dict[str, int] = {}
    for row in ledger.trial_balance():
        totals[row.currency] = totals.get(row.currency, 0) + row.debit_minor - row.credit_minor
    return not any(totals.values())
