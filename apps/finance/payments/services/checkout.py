"""The way to the gateway's payment page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db.transaction import atomic
from django.utils.dateparse import parse_datetime

from apps.core.errors import Unavailable
from apps.finance.payments import errors
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import Buyer, Checkout, NotOffered, Order
from apps.finance.payments.choices import AttemptKind, AttemptStatus, Status
from apps.finance.payments.models import Attempt, MerchantAccount, Transaction
from apps.finance.payments.rules.waiting import MOST_TRIES, MOST_TRIES_IN_ALL
from apps.finance.payments.selectors.abilities import can_challenge, can_take
from apps.finance.payments.selectors.inbox import webhook_address
from apps.finance.payments.selectors.merchants import account_of
from apps.finance.payments.selectors.renewals import renewal_asked
from apps.finance.payments.services.attempts import end_attempt, open_attempt
from apps.finance.payments.services.move import note
from apps.finance.payments.services.route import rank_again
from apps.finance.risk.choices import Outcome

log = structlog.get_logger(__name__)

#: States from which the payer may still be sent to the payment page.
_OPEN = frozenset({Status.REQUIRES_ACTION, Status.FAILED, Status.EXPIRED})
#: A renewal that the gateway does not do as it is asked for; another may.
NOT_OFFERED = "not_offered"
#: Tries whose page the payer can still be sent to.
_USABLE = frozenset({AttemptStatus.CREATED, AttemptStatus.SENT, AttemptStatus.WAITING})


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known of the payer's visit: where the browser comes from, and where it goes back."""

    success_url: str = ""
    decline_url: str = ""
    country: str = ""
    ip: str = ""
    user_agent: str = ""
    language: str = "en"


def open_checkout(
    *, transaction: Transaction, now: datetime, visit: Visit | None = None
) -> Checkout:
    """
    Return where the payer goes on: a page of the gateway's, or what its fields in ours need.

    Opening charges nothing, so it may be repeated whenever it was cut off; once it has an answer,
    the same payment has the same checkout until that expires. A gateway that does not answer is
    passed over for the next account that takes the payment. Called outside transactions.

    :raises WrongState: it is paid from a wallet or by a stored means, waits for a person, is on
        its way, done or settled by staff
    :raises PaymentRefused: risk did not let it through
    :raises TooManyTries: cards were declined too often
    :raises CheckoutUnavailable: no gateway answers now; the payment may be tried again
    """
    last = "no account"
    for _ in range(MOST_TRIES):
        attempt = _claim(transaction.pk, now)
        if attempt is None:
            break
        if (kept := _kept(attempt, now)) is not None:
            return kept
        try:
            opened = gateway_for(attempt.gateway).open_checkout(
                order_of(attempt, visit or Visit())
            )
        except (NotOffered, Unavailable) as error:
            last = getattr(error, "code", NOT_OFFERED)
            log.warning("checkout_not_opened", attempt=attempt.pk, error=repr(error))
            if not _pass_on(attempt.pk, last, now):
                break
        else:
            return _record(attempt.pk, opened, now)
    raise errors.CheckoutUnavailable(why=last)


def checkout_url(*, transaction: Transaction, now: datetime) -> str:
    """Return the address of the gateway's page; see ``open_checkout``."""
    return open_checkout(transaction=transaction, now=now).url


def order_of(attempt: Attempt, visit: Visit) -> Order:
    """Return what a gateway is told of a try."""
    transaction, account = attempt.transaction, attempt.merchant_account
    return Order(
        token=str(transaction.public_id),
        amount=transaction.amount,
        account=account_of(account),
        description=f"{transaction.cluster.name} {transaction.get_kind_display().lower()}",
        buyer=Buyer(
            id=f"p{transaction.payer_id}",
            email=transaction.payer.user.email,
            country=visit.country,
            ip=visit.ip,
            user_agent=visit.user_agent[:300],
            language=visit.language,
        ),
        success_url=visit.success_url,
        decline_url=visit.decline_url,
        webhook_url=webhook_address(account.gateway, account.credentials),
        keep=attempt.keep,
        in_page=attempt.kind == AttemptKind.FIELDS,
        challenge=transaction.risk_outcome == Outcome.CHALLENGE,
        renewal=renewal_asked(transaction, kind=attempt.kind, gateway=attempt.gateway),
    )


@atomic
def _claim(transaction_id: int, now: datetime) -> Attempt | None:
    """Return the try to send the payer to; a new one where the last has ended."""
    transaction = (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("merchant_account", "cluster")
        .get(pk=transaction_id)
    )
    if transaction.is_blocked:
        raise errors.PaymentRefused()
    account = transaction.merchant_account
    last = transaction.attempts.order_by("-number").first()
    if account is None or last is None or not _may_open(transaction, last):
        raise errors.WrongState(status=transaction.status, wanted="checkout")
    if last.status not in _USABLE:
        check_tries(last)
        last = open_attempt(
            transaction=transaction, account=account, kind=AttemptKind(last.kind), now=now,
            keep=last.keep,
        )  # fmt: skip
    return Attempt.objects.select_related(
        "transaction__cluster", "transaction__payer__user", "merchant_account"
    ).get(pk=last.pk)


def _may_open(transaction: Transaction, last: Attempt) -> bool:
    """Test if nothing was sent that may still charge, and nobody else has to decide first."""
    held = transaction.settled_at or transaction.review_since
    sent = last.status in _USABLE and last.handed_over_at is not None
    by_page = last.kind != AttemptKind.STORED
    return transaction.status in _OPEN and by_page and not held and not sent


def check_tries(last: Attempt) -> None:
    """
    Answer only if a payment may be tried once more after its last try.

    :raises TooManyTries: it was tried too often
    """
    if last.number >= MOST_TRIES_IN_ALL:
        raise errors.TooManyTries(tries=last.number)


def _kept(attempt: Attempt, now: datetime) -> Checkout | None:
    """Return what was answered before, if the payer can still go there."""
    kept = attempt.checkout
    if attempt.status != AttemptStatus.WAITING or not kept:
        return None
    expires = parse_datetime(kept.get("expires_at") or "")
    if expires is not None and expires <= now:
        return None
    return Checkout(
        url=kept["url"], fields=kept["fields"], reference=attempt.reference, expires_at=expires
    )


@atomic
def _record(attempt_id: int, opened: Checkout, now: datetime) -> Checkout:
    """Keep the answer; of two that were asked for at once the first one stands."""
    attempt = _locked(attempt_id)
    # A webhook, staff or another visit ended it meanwhile: its page could be paid a second time.
    if attempt.status not in _USABLE or not _may_open(attempt.transaction, attempt):
        raise errors.WrongState(status=attempt.transaction.status, wanted="checkout")
    if (kept := _kept(attempt, now)) is not None:
        return kept
    attempt.checkout = {
        "url": opened.url,
        "fields": dict(opened.fields),
        "expires_at": opened.expires_at.isoformat() if opened.expires_at else "",
    }
    attempt.status = AttemptStatus.WAITING
    attempt.reference = opened.reference
    attempt.save(update_fields=["checkout", "status", "reference"])
    return opened


@atomic
def _pass_on(attempt_id: int, code: str, now: datetime) -> bool:
    """End a try that no page came of; open one at the next account, if there is one."""
    attempt = _locked(attempt_id)
    transaction = attempt.transaction
    if attempt.status not in {AttemptStatus.CREATED, AttemptStatus.SENT}:
        return attempt.status == AttemptStatus.WAITING
    end_attempt(attempt=attempt, status=AttemptStatus.NOT_SENT, now=now, code=code)
    if transaction.status not in _OPEN or attempt.number >= MOST_TRIES_IN_ALL:
        return False
    account = _next_account(transaction, AttemptKind(attempt.kind), now)
    if account is None:
        return False
    note(
        transaction=transaction,
        now=now,
        reason=f"{attempt.gateway} opened no checkout; {account.gateway} is asked",
        facts={"code": code},
    )
    open_attempt(
        transaction=transaction, account=account, kind=AttemptKind(attempt.kind), now=now,
        keep=attempt.keep,
    )  # fmt: skip
    return True


def _next_account(
    transaction: Transaction, kind: AttemptKind, now: datetime
) -> MerchantAccount | None:
    tried = set(transaction.attempts.values_list("merchant_account_id", flat=True))
    asks = transaction.risk_outcome == Outcome.CHALLENGE
    left = (
        each
        for each in rank_again(transaction=transaction, now=now).accounts
        if each.pk not in tried
        and can_take(each, kind)
        and (not asks or can_challenge(each, kind))
    )
    return next(left, None)


def _locked(attempt_id: int) -> Attempt:
    """Lock the payment first, then its try, as everybody does."""
    transaction_id = Attempt.objects.values_list("transaction_id", flat=True).get(pk=attempt_id)
    transaction = (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("cluster")
        .get(pk=transaction_id)
    )
    attempt = Attempt.objects.select_for_update().get(pk=attempt_id)
    attempt.transaction = transaction
    return attempt
