"""A brand that charges cards through the vault gateway of the sandbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import services as payments
from apps.finance.payments.choices import AttemptKind
from apps.finance.payments.models import MerchantAccount, PaymentMethod, Transaction
from apps.finance.payments.selectors.candidates import forget_candidates
from tests.factories.payments import MerchantAccountFactory

CARD, DECLINED = "4111111111111111", "4000000000000002"


def an_account(fan: Profile, *, credentials: str = "nmi", **changes: Any) -> MerchantAccount:
    """An account of the fan's brand at the vault gateway."""
    numbers = {"nmi": "900100", "nmi-boyfanz": "900101"}
    forget_candidates()
    return MerchantAccountFactory.create(
        cluster=fan.cluster,
        gateway="nmi",
        credentials="" if credentials == "nmi" else credentials,
        account_number=numbers[credentials],
        subaccount="processor-1",
        flex_id="",
        **changes,
    )


def a_token(sandbox: Any, card: str = CARD) -> payments.OneTime:
    """What the gateway's fields give the payer's browser for a card."""
    made = sandbox.control("peers/nmi/token", card=card, name="Ann Example")
    return payments.OneTime(made["token"])


def by_fields(fan: Profile, *, now: datetime, key: str = "f1", keep: bool = False) -> Transaction:
    """A deposit of 50.00 whose payer types a card into the gateway's fields."""
    return payments.start_deposit(
        fan=fan,
        amount=Money.of("50.00", "USD"),
        idempotency_key=key,
        now=now,
        pay_by=payments.PayBy(kind=AttemptKind.FIELDS, keep=keep),
    )


def by_means(means: PaymentMethod, *, now: datetime, key: str = "m1") -> Transaction:
    """A deposit of 50.00 with a stored means, not charged yet."""
    return payments.start_deposit(
        fan=means.profile,
        amount=Money.of("50.00", "USD"),
        idempotency_key=key,
        now=now,
        pay_by=payments.PayBy(kind=AttemptKind.STORED, means=means),
    )


def stored_means(sandbox: Any, fan: Profile, *, now: datetime, key: str = "keep") -> PaymentMethod:
    """A card that the gateway keeps since a first payment of 50.00."""
    first = by_fields(fan, now=now, key=key, keep=True)
    payments.charge(transaction=first, now=now, one_time=a_token(sandbox))
    return PaymentMethod.objects.filter(profile=fan).latest("id")


def sales_of(sandbox: Any, transaction: Transaction) -> list[dict[str, Any]]:
    """What the gateway has sold for a payment."""
    found: list[dict[str, Any]] = sandbox.sales("nmi", str(transaction.public_id))
    return [sale for sale in found if sale["status"] == "paid"]


def wallet(fan: Profile) -> int:
    return ledger.balance_of(postings.wallet(fan.pk), "USD").minor


def call_through(url: str, *, credentials: str = "nmi") -> None:
    """Have the adapter call another address with these credentials."""
    given = settings.GATEWAY_CREDENTIALS
    settings.GATEWAY_CREDENTIALS = {
        **given, credentials: {**given[credentials], "api_url": f"{url}/nmi/api"}
    }  # fmt: skip
