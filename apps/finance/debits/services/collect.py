"""A payer pays by a mandate: the debit waits for its file, and then for its hold to pass."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import Q
from django.db.transaction import atomic

from apps.accounts.models import Profile
from apps.clusters import selectors as clusters
from apps.core.db import outside_transaction
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.debits import errors
from apps.finance.debits.choices import DebitState, ItemKind, ItemState, MandateState, Scheme
from apps.finance.debits.models import BankItem, Debit, Mandate
from apps.finance.debits.rules import calendars
from apps.finance.debits.selectors import terms_of
from apps.finance.debits.selectors.banks import config_of
from apps.finance.debits.services.mandates import IN_FORCE
from apps.finance.debits.services.moves import move_debit, write_debits
from apps.finance.payments.errors import PaymentRefused
from apps.finance.payments.services.bank import bank_paid, is_refused, open_bank_payment
from apps.finance.payments.services.way import PayBy
from apps.notifications import services as notifications

log = structlog.get_logger(__name__)

#: A SEPA mandate lapses 36 months after its last collection (EPC SEPA CORE rulebook).
LAPSES_AFTER = timedelta(days=1095)


def collect(
    *,
    mandate_public_id: UUID,
    profile: Profile,
    amount: Money,
    idempotency_key: str,
    now: datetime,
    pay_by: PayBy | None = None,
) -> Debit:
    """
    Open a wallet deposit that is debited under a mandate. Nothing is booked before its hold has
    passed. The same key returns the first debit. While the account is being checked, it waits.
    Risk looks at the address and country in ``pay_by``. A SEPA payer is mailed when it is taken.

    :raises MandateNotFound: the payer has none by this id
    :raises MandateNotActive: it is revoked, blocked, or lapsed
    :raises KeyReused, CurrencyNotOffered, AmountOutOfRange, NoFee, NoMerchantAccount: as payments
    :raises PaymentRefused: risk does not let it through; the payment is kept as failed
    """
    debit = _collect(
        mandate_public_id, profile, amount, pay_by or PayBy(), key=idempotency_key, now=now
    )
    if debit is None:
        raise PaymentRefused()
    return debit


@atomic
def _collect(
    mandate_public_id: UUID,
    profile: Profile,
    amount: Money,
    pay_by: PayBy,
    *,
    key: str,
    now: datetime,
) -> Debit | None:
    """Return None where risk does not let it through."""
    mandate = (
        Mandate.objects.select_for_update(of=("self",))
        .filter(public_id=mandate_public_id, profile=profile)
        .first()
    )
    if mandate is None:
        raise errors.MandateNotFound()
    scheme = Scheme(mandate.scheme)
    today = now.astimezone(calendars.ZONE_OF[scheme]).date()
    transaction, is_new = open_bank_payment(
        fan=profile,
        amount=amount,
        account_id=mandate.merchant_account_id,
        idempotency_key=key,
        now=now,
        why="Waits for the bank's file",
        pay_by=pay_by,
    )
    if is_refused(transaction):
        return None
    if not is_new:
        return Debit.objects.get(transaction=transaction)
    since = mandate.last_used_on or mandate.signed_at.date()
    if mandate.state not in IN_FORCE or today - since > LAPSES_AFTER:
        raise errors.MandateNotActive(state=mandate.state)
    terms = terms_of(scheme)
    told = today + timedelta(days=terms.notice_days)
    if mandate.state == MandateState.CHECKING:
        # Its prenote goes with the next file; a guess for the payer: the file waits for the check.
        told = calendars.days_later(today, terms.prenote_days + 1, scheme)
    debit = Debit.objects.create(
        mandate=mandate,
        transaction_id=transaction.pk,
        merchant_account_id=mandate.merchant_account_id,
        scheme=scheme,
        amount_minor=amount.minor,
        currency=amount.currency,
        collect_on=calendars.open_day(told, scheme),
        created_at=now,
    )
    mandate.last_used_on = debit.collect_on
    mandate.save(update_fields=["last_used_on"])
    write_debits([debit], "", now=now, reason="Asked for by the payer")
    if scheme == Scheme.SEPA:
        _tell_ahead(debit, mandate, profile, now)
    return debit


def _tell_ahead(debit: Debit, mandate: Mandate, profile: Profile, now: datetime) -> None:
    """Mail the pre-notification of a SEPA debit: its amount, day, creditor and mandate."""
    config = config_of(mandate.merchant_account)
    notifications.queue(
        notifications.Message(
            kind="debit.notice",
            to=profile.user_id,
            cluster_id=profile.cluster_id,
            key=f"debit:{debit.pk}:notice",
            context={
                "amount": debit.amount.formatted,
                "collect_on": debit.collect_on.isoformat(),
                "account": mandate.last4,
                "mandate": mandate.reference,
                "creditor": config["creditor_name"],
                "creditor_id": config["creditor_id"],
                "manage_url": f"{clusters.origin_of(profile.cluster)}/wallet/bank/",
            },
            subject_ref=f"debit:{debit.pk}",
        ),
        now=now,
    )


@outside_transaction
def settle_due(*, now: datetime, limit: int = 200) -> int:
    """
    Capture debits whose hold has passed without a return; return how many.

    Each is a transaction of its own: safe twice at once, and to stop anywhere.
    """
    # A scheme's day has begun everywhere it matters once it has begun west of it.
    today = now.astimezone(calendars.ZONE_OF[Scheme.ACH]).date()
    due = list(
        Debit.objects.filter(state=DebitState.IN_FILE, hold_until__lte=today, needs_staff="")
        .order_by("hold_until", "id")
        .values_list("pk", flat=True)[:limit]
    )
    return sum(_settle_alone(pk, now=now) for pk in due)


@outside_transaction
def _settle_alone(pk: int, *, now: datetime) -> bool:
    """A debit that cannot be booked now (its payer's wallet is frozen) waits and stops nobody."""
    try:
        return _settle(pk, now=now)
    except DomainError:
        log.exception("debit_not_settled", debit=pk)
        return False


@atomic
def _settle(pk: int, *, now: datetime) -> bool:
    debit = (
        Debit.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=pk, state=DebitState.IN_FILE, needs_staff="")
        .first()
    )
    if debit is None or _has_news(debit):
        return False
    settle(debit, now=now, reason="The hold passed without a return")
    return True


def _has_news(debit: Debit) -> bool:
    """Test if news came that is not acted on yet: it goes first, for it may be the return. Until
    then it names the debit by its reference only, or refuses the whole file."""
    about = Q(reference__in=debit.items.values("reference")) | Q(kind=ItemKind.REFUSAL)
    return BankItem.objects.filter(
        about, state=ItemState.WAITING, file__merchant_account_id=debit.merchant_account_id
    ).exists()


def settle(debit: Debit, *, now: datetime, reason: str) -> None:
    """Capture a locked debit, inside the caller's transaction."""
    bank_paid(
        transaction_id=debit.transaction_id,
        reference=debit.at_bank,
        reason=reason,
        now=now,
    )
    move_debit(debit, DebitState.SETTLED, now=now, reason=reason)
