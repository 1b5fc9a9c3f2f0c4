"""Renewals that a gateway charges by itself: booked by its word, and stopped."""

from __future__ import annotations

import uuid
from datetime import datetime

import structlog
from django.db.transaction import atomic

from apps.core.db import joins_transaction, outside_transaction
from apps.core.errors import DomainError, Unavailable
from apps.core.money import Money
from apps.finance.payments import errors
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import NotOffered, Outcome
from apps.finance.payments.choices import PAID, Kind, Method, Occasion, Status
from apps.finance.payments.models import Transaction, TransactionEvent
from apps.finance.payments.rules import limits
from apps.finance.payments.selectors.fees import Terms
from apps.finance.payments.services.move import capture, note
from apps.finance.payments.services.opening import tax_lines_of
from apps.finance.payments.services.refund_moves import locked_payment
from apps.finance.payments.services.refund_send import sold_of
from apps.finance.tax.selectors import Buyer

log = structlog.get_logger(__name__)

#: The line of history by which it is known that a gateway will charge no more.
STOPPED = "The gateway renews it no more"
#: And by which that is no longer believed.
RENEWED = "The gateway renewed it after all"


@joins_transaction
def book_gateway_renewal(
    *,
    first: int,
    key: str,
    amount: Money,
    reference: str,
    gateway_transaction: str,
    subject: str,
    now: datetime,
    occasion: Occasion = Occasion.RENEWAL,
) -> Transaction:
    """
    Book what a gateway charged by itself: a captured payment at the account of the first one.

    ``key`` names the gateway's news for ever (``PaymentRenewed.key``): called again with it, the
    first answer is returned. ``amount`` is what was charged, tax in it; fees and taxes are those
    of now, the payer's place that of the first payment. A review, a limit of the payer's or a
    creator who left changes nothing: the money is there.

    :raises TransactionNotFound: there is no such first payment
    :raises NotPaid: it was never paid, so nothing of it can be renewed
    :raises CurrencyNotOffered: it was charged in another currency
    :raises KeyReused: the key booked another renewal
    :raises SaleClaimed: another payment claims this sale of the gateway
    :raises NotForSale: the subject is missing
    """
    sold = _first(first, amount)
    limits.check_sold(kind=Kind.SUBSCRIPTION, subject=subject, occasion=occasion)
    named = f"renewal:{key}"
    earlier = Transaction.objects.filter(payer=sold.payer_id, idempotency_key=named).first()
    if earlier is not None:
        return _same(earlier, sold, amount, subject)
    name = _name_of(sold, reference, gateway_transaction)
    transaction = _open(sold, amount, named, subject=subject, occasion=occasion, now=now)
    capture(
        transaction=transaction,
        now=now,
        reason="The gateway charged the renewal by itself",
        reference=name,
        facts={"gateway_transaction": gateway_transaction, "renewal_of": sold.pk, "key": key},
    )
    if _is_stopped(sold):
        note(transaction=sold, now=now, reason=RENEWED, facts={"renewal": transaction.pk})
    return transaction


def _first(pk: int, amount: Money) -> Transaction:
    """Lock the first payment: the news of one subscription queues at it."""
    found = Transaction.objects.filter(pk=pk).exclude(merchant_account=None).first()
    if found is None:
        raise errors.TransactionNotFound(transaction=pk)
    sold = locked_payment(found.renewal_of_id or pk)
    if sold.status not in PAID:
        raise errors.NotPaid(status=sold.status)
    if sold.currency != amount.currency:
        raise errors.CurrencyNotOffered(currency=amount.currency)
    return sold


def _same(earlier: Transaction, sold: Transaction, amount: Money, subject: str) -> Transaction:
    stored = (earlier.renewal_of_id, earlier.amount, earlier.subject)
    if stored != (sold.pk, amount, subject):
        raise errors.KeyReused(transaction=str(earlier.public_id))
    return earlier


def _name_of(sold: Transaction, reference: str, gateway_transaction: str) -> str:
    """Return the gateway's own name of the renewal: some name the subscription before it."""
    own = {sold.gateway_reference, ""}
    name = next((each for each in (gateway_transaction, reference) if each not in own), "")
    taken = Transaction.objects.filter(
        gateway=sold.gateway, gateway_reference=name, captured_at__isnull=False
    )
    if name and taken.exists():
        raise errors.SaleClaimed(reference=name)
    return name


@joins_transaction
def _open(
    sold: Transaction,
    amount: Money,
    key: str,
    *,
    subject: str,
    occasion: Occasion,
    now: datetime,
) -> Transaction:
    """What was charged is the whole: a tax on top was in the price the gateway was told."""
    terms = Terms(cluster=sold.cluster, kind=Kind.SUBSCRIPTION, method=Method(sold.method), at=now)
    place = sold.tax_place or sold.payer_country or sold.card_country
    try:
        quote = terms.quote_of_whole(amount, Buyer(declared=place))
    except DomainError:
        log.exception("renewal_without_tax", first=sold.pk, place=place)
        quote = terms.untaxed(amount)
    transaction = Transaction.objects.create(
        public_id=uuid.uuid4(),
        cluster=sold.cluster,
        kind=Kind.SUBSCRIPTION,
        method=sold.method,
        payer_id=sold.payer_id,
        payee_id=sold.payee_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        platform_fee_minor=quote.platform_fee.minor,
        processing_fee_minor=quote.processing_fee.minor,
        net_minor=quote.net.minor,
        tax_minor=quote.tax.minor,
        tax_added_minor=quote.due.added.minor,
        tax_place=quote.tax_place if quote.tax else "",
        tax_lines=tax_lines_of(quote.due),
        place_proofs=list(quote.proofs),
        gateway=sold.gateway,
        merchant_account=sold.merchant_account,
        payer_country=sold.payer_country,
        subject=subject,
        occasion=occasion,
        renewal_of=sold,
        idempotency_key=key,
        created_at=now,
        last_word_at=now,
    )
    TransactionEvent.objects.create(
        transaction=transaction, to_status=Status.CREATED, at=now, reason="Told by the gateway"
    )
    return transaction


@outside_transaction
def stop_gateway_renewals(*, transaction_id: int, now: datetime) -> bool:
    """
    Have the gateway charge no more renewals of a sale; return whether that is certain.

    Safe to repeat: a subscription that has ended counts as stopped, and one that was stopped is
    not asked about again, unless the gateway charged once more since. False: the gateway did not
    answer, or said no; ask again, or have a person do it in the gateway's console. Where no
    gateway renews there is nothing to stop.

    :raises TransactionNotFound: there is no such payment
    """
    transaction = (
        Transaction.objects.select_related("merchant_account", "cluster")
        .filter(pk=transaction_id)
        .first()
    )
    if transaction is None:
        raise errors.TransactionNotFound(transaction=transaction_id)
    if not transaction.renewal or transaction.merchant_account is None or _is_stopped(transaction):
        return True
    try:
        answer = gateway_for(transaction.gateway).cancel_renewals(
            sold_of(transaction), key=_stop_key(transaction)
        )
    except (NotOffered, Unavailable) as error:
        log.warning("renewals_not_stopped", transaction=transaction.pk, error=repr(error))
        return False
    if answer.outcome is not Outcome.DONE:
        log.warning("renewals_not_stopped", transaction=transaction.pk, code=answer.code)
        return False
    _record_stop(transaction.pk, dict(answer.received), now)
    return True


def _is_stopped(transaction: Transaction) -> bool:
    told = transaction.history.filter(reason__in=(STOPPED, RENEWED)).order_by("-id")
    return told.values_list("reason", flat=True).first() == STOPPED


def _stop_key(transaction: Transaction) -> str:
    """A stop that did not hold is another wish, which a gateway must not take for the first."""
    before = transaction.history.filter(reason=STOPPED).count()
    return f"{transaction.public_id}:stop" + (f":{before + 1}" if before else "")


@atomic
def _record_stop(transaction_id: int, received: dict[str, str], now: datetime) -> None:
    transaction = locked_payment(transaction_id)
    if not _is_stopped(transaction):
        note(transaction=transaction, now=now, reason=STOPPED, facts=received)
