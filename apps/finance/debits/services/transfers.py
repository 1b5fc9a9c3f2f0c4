"""Deposits by transfer: announced with a reference, found on the account's statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db.transaction import atomic

from apps.accounts.models import Profile
from apps.core.db import outside_transaction
from apps.core.money import Money
from apps.finance.debits import errors
from apps.finance.debits.choices import TransferState
from apps.finance.debits.models import Transfer
from apps.finance.debits.rules.references import reference_for
from apps.finance.debits.selectors import config_of
from apps.finance.payments.errors import PaymentRefused, WrongState
from apps.finance.payments.selectors.banks import bank_account
from apps.finance.payments.services.bank import bank_cancelled, is_refused, open_bank_payment
from apps.finance.payments.services.way import PayBy


@dataclass(frozen=True, slots=True)
class Announced:
    """A transfer, and where the payer sends it."""

    transfer: Transfer
    holder: str
    iban: str
    bic: str


def announce_transfer(
    *,
    profile: Profile,
    merchant_account_id: int,
    amount: Money,
    idempotency_key: str,
    now: datetime,
    pay_by: PayBy | None = None,
) -> Announced:
    """
    Open a wallet deposit by transfer, with the reference the payer must write. The same key
    returns the first.

    :raises BankNotOfThis: it is no account for transfers of the payer's brand
    :raises NotConfigured: the account at the bank is not set up
    :raises KeyReused, CurrencyNotOffered, AmountOutOfRange, NoFee: as payments
    :raises PaymentRefused: risk does not let it through; the payment is kept as failed
    """
    announced = _announce(
        profile, merchant_account_id, amount, pay_by or PayBy(), key=idempotency_key, now=now
    )
    if announced is None:
        raise PaymentRefused()
    return announced


@atomic
def _announce(
    profile: Profile,
    merchant_account_id: int,
    amount: Money,
    pay_by: PayBy,
    *,
    key: str,
    now: datetime,
) -> Announced | None:
    """Return None where risk does not let it through."""
    account = bank_account(
        account_id=merchant_account_id, gateway="wire", cluster_id=profile.cluster_id
    )
    if account is None:
        raise errors.BankNotOfThis()
    config = config_of(account)
    transaction, is_new = open_bank_payment(
        fan=profile,
        amount=amount,
        account_id=merchant_account_id,
        idempotency_key=key,
        now=now,
        why="Waits for the payer's transfer",
        pay_by=pay_by,
    )
    if is_refused(transaction):
        return None
    if is_new:
        public_id = uuid4()
        transfer = Transfer.objects.create(
            public_id=public_id,
            profile=profile,
            merchant_account_id=account.pk,
            transaction_id=transaction.pk,
            reference=reference_for(public_id),
            amount_minor=amount.minor,
            currency=amount.currency,
            created_at=now,
            expires_at=now + timedelta(days=settings.TRANSFER_WAITS_DAYS),
        )
    else:
        transfer = Transfer.objects.get(transaction=transaction)
    return Announced(transfer, config["holder"], config["iban"], config["bic"])


@outside_transaction
def expire_transfers(*, now: datetime, limit: int = 200) -> int:
    """Give up transfers that never came; return how many. Money that comes later still counts."""
    due = list(
        Transfer.objects.filter(state=TransferState.WAITING, expires_at__lte=now)
        .order_by("expires_at", "id")
        .values_list("pk", flat=True)[:limit]
    )
    return sum(_expire_alone(pk, now=now) for pk in due)


@outside_transaction
def _expire_alone(pk: int, *, now: datetime) -> bool:
    """One whose payment is over already, as staff settled it, stops nobody else."""
    try:
        return _expire(pk, now=now)
    except WrongState:
        return _over(pk, now=now)


@atomic
def _over(pk: int, *, now: datetime) -> bool:
    ended = {"state": TransferState.EXPIRED, "ended_at": now}
    return bool(Transfer.objects.filter(pk=pk, state=TransferState.WAITING).update(**ended))


@atomic
def _expire(pk: int, *, now: datetime) -> bool:
    transfer = (
        Transfer.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=pk, state=TransferState.WAITING)
        .first()
    )
    if transfer is None:
        return False
    bank_cancelled(
        transaction_id=transfer.transaction_id, reason="The transfer never came", now=now
    )
    transfer.state, transfer.ended_at = TransferState.EXPIRED, now
    transfer.save(update_fields=["state", "ended_at"])
    return True
