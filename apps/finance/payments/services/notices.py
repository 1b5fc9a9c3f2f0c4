"""What a piece of authentic news does to its payment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import F, Q
from django.db.transaction import atomic

from apps.core import events
from apps.core.db import joins_transaction
from apps.finance.payments import errors
from apps.finance.payments.adapters.base import Notice, Told
from apps.finance.payments.choices import HEARD, PAID, NoticeOutcome, Status
from apps.finance.payments.events import PaymentRenewed, RenewalEnded, RenewalFailed
from apps.finance.payments.models import (
    MerchantAccount,
    Transaction,
    WebhookEvent,
    WebhookNotice,
)
from apps.finance.payments.rules.transitions import may_move
from apps.finance.payments.services.disputes import dispute_news
from apps.finance.payments.services.move import authorise, cancel, capture, fail, move, note
from apps.finance.payments.services.refunds import gateway_refunded
from apps.finance.payments.services.waiting import wake_those_waiting_for

#: News about the sale itself: it must name an order of ours.
OF_AN_ORDER = frozenset({Told.PAID, Told.AUTHORISED, Told.PENDING, Told.DECLINED, Told.CANCELLED})
#: News about money that was taken: it must name a sale of ours.
OF_A_SALE = frozenset(
    {
        Told.REFUNDED,
        Told.REFUND_FAILED,
        Told.VOIDED,
        Told.INQUIRY,
        Told.ALERT,
        Told.CHARGEBACK,
        Told.CHARGEBACK_WON,
        Told.CHARGEBACK_LOST,
        Told.FRAUD_REPORT,
    }
)
#: Their price is the order's.
_PRICED = frozenset({Told.PAID, Told.AUTHORISED, Told.DECLINED})


class Refused(Exception):
    """Authentic news that does not fit its order: of another brand, price or account."""


class Unknown(Exception):
    """Authentic news of an order or an account that we do not know."""


class Heard(NamedTuple):
    """What became of a piece of news."""

    outcome: NoticeOutcome
    text: str = ""
    transaction: Transaction | None = None
    repeats: WebhookNotice | None = None


@joins_transaction
def apply_notice(*, webhook: WebhookEvent, notice: Notice, now: datetime) -> Heard:
    """
    Do what the news says and return what became of it. The delivery is locked.

    News of one order queues at its row, so the same one is acted on once and any order of
    deliveries ends in the same state.

    :raises Refused: it does not fit its order
    :raises Unknown: its order or account is not known here
    :raises TooEarly: it must wait for other news
    """
    account = _account_of(webhook, notice)
    transaction = _order_of(webhook, notice)
    if transaction is None:
        if notice.told in OF_AN_ORDER | OF_A_SALE:
            raise Unknown("it names an unknown order")
    else:
        _check_fits(webhook, notice, transaction, account)
    if first := first_told(webhook, notice):
        text = f"Delivered again; the first is #{first.webhook_id}"
        return Heard(NoticeOutcome.REPEAT, text, transaction, first)
    outcome, text = _act(webhook, transaction, notice, now)
    return Heard(outcome, text, transaction)


def first_told(webhook: WebhookEvent, notice: Notice) -> WebhookNotice | None:
    """Return the same news when it was heard before."""
    return WebhookNotice.objects.filter(
        gateway=webhook.gateway, dedupe_key=notice.dedupe_key, outcome__in=HEARD
    ).first()


def facts_of(notice: Notice) -> dict[str, str]:
    """Return what the history keeps of a piece of news."""
    return {
        "reference": notice.reference,
        "gateway_transaction": notice.gateway_transaction,
        "occurred_at": notice.occurred_at.isoformat() if notice.occurred_at else "",
        **({"code": notice.code, "reason": notice.reason} if notice.code else {}),
        **({"card_brand": notice.means.brand} if notice.means and notice.means.brand else {}),
        **notice.facts,
    }


# --- Whose news it is ---------------------------------------------------------------------------


def _account_of(webhook: WebhookEvent, notice: Notice) -> MerchantAccount | None:
    """Return the account that the news says it is about; None where it names none."""
    if not notice.account.number:
        return None
    account = MerchantAccount.objects.filter(
        gateway=webhook.gateway,
        account_number=notice.account.number,
        subaccount=notice.account.subaccount,
    ).first()
    if account is None:
        raise Unknown("it comes from a merchant account that is not ours")
    _check_secrets(webhook, account)
    return account


def find_order(webhook: WebhookEvent, notice: Notice) -> Transaction | None:
    """Return the payment that the news names: by our token, else by the sale's name."""
    by_token = _uuid(notice.token)
    if by_token is not None:
        named = Q(public_id=by_token)
    elif notice.reference:
        at_gateway = {"gateway": webhook.gateway}
        attempted = Q(attempts__gateway=webhook.gateway, attempts__reference=notice.reference)
        named = Q(**at_gateway, gateway_reference=notice.reference) | attempted
    else:
        return None
    return (
        Transaction.objects.filter(named)
        .exclude(merchant_account=None)
        .order_by(F("captured_at").asc(nulls_last=True), "id")
        .first()
    )


def _order_of(webhook: WebhookEvent, notice: Notice) -> Transaction | None:
    """Lock and return the payment that the news names."""
    found = find_order(webhook, notice)
    if found is None:
        return None
    return (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("cluster", "merchant_account")
        .get(pk=found.pk)
    )


def _uuid(token: str) -> UUID | None:
    try:
        return UUID(token)
    except ValueError:
        return None


def _check_fits(
    webhook: WebhookEvent,
    notice: Notice,
    transaction: Transaction,
    account: MerchantAccount | None,
) -> None:
    """:raises Refused: account, secrets or price are not the order's"""
    mine = transaction.merchant_account
    if mine is None:  # its order was looked for among those that have one
        raise Refused("its order is paid at no gateway")
    if account is None:
        if webhook.gateway != mine.gateway:
            raise Refused("it comes from another gateway than the order's")
        _check_secrets(webhook, mine)
    elif account.pk != mine.pk and not _tried_at(transaction, account):
        raise Refused("it comes from another merchant account than the order's")
    wrong = notice.amount != transaction.amount
    if notice.told in _PRICED and wrong and (notice.told is Told.PAID or notice.amount):
        raise Refused("price or currency is not the order's")


def _tried_at(transaction: Transaction, account: MerchantAccount) -> bool:
    """Test if an earlier try of the payment was at this account."""
    return transaction.attempts.filter(merchant_account=account).exists()


def _check_secrets(webhook: WebhookEvent, account: MerchantAccount) -> None:
    if (account.credentials or account.gateway) != (webhook.credentials or webhook.gateway):
        raise Refused("it is proved by the secrets of another account than it is about")


# --- What it does -------------------------------------------------------------------------------

Acted = tuple[NoticeOutcome, str]
_DONE: Acted = (NoticeOutcome.DONE, "")


def _act(
    webhook: WebhookEvent, transaction: Transaction | None, notice: Notice, now: datetime
) -> Acted:
    if notice.told is Told.NOTHING:
        return NoticeOutcome.NOTHING, f"{notice.event_type} moves no money of a purchase"
    if transaction is not None and (effect := _EFFECTS.get(notice.told)):
        return effect(transaction, notice, now)
    if notice.told in _RENEWALS:
        return _renewal(webhook, transaction, notice)
    return NoticeOutcome.PARKED, f"{notice.event_type} is handled by staff"


def _paid(transaction: Transaction, notice: Notice, now: datetime) -> Acted:
    if transaction.status in PAID:
        return _paid_again(transaction, notice, now)
    if transaction.settled_at:
        note(
            transaction=transaction,
            now=now,
            reason="The gateway's webhook says it is paid, but staff settled it as failed",
            facts=facts_of(notice),
        )
        return NoticeOutcome.PARKED, "Paid, but staff settled it as failed: refund it"
    others = Transaction.objects.filter(
        gateway=transaction.gateway, gateway_reference=notice.reference, captured_at__isnull=False
    ).exclude(pk=transaction.pk)
    if notice.reference and others.exists():
        return NoticeOutcome.PARKED, "This sale was captured for another order"
    _at_the_account_that_paid(transaction, notice)
    capture(
        transaction=transaction,
        now=now,
        reason="The gateway's webhook says it is paid",
        reference=notice.reference,
        facts=facts_of(notice),
    )
    wake_those_waiting_for([transaction.pk], now=now)
    return _DONE


def _paid_again(transaction: Transaction, notice: Notice, now: datetime) -> Acted:
    if transaction.gateway_reference == notice.reference:
        note(
            transaction=transaction,
            now=now,
            reason="The gateway's webhook confirms the capture",
            facts=facts_of(notice),
        )
        return _DONE
    note(
        transaction=transaction,
        now=now,
        reason="The payer was charged a second time for this order",
        facts=facts_of(notice),
    )
    return NoticeOutcome.PARKED, "A second sale for a captured order: refund it"


def _at_the_account_that_paid(transaction: Transaction, notice: Notice) -> None:
    """An earlier try paid after all: its account has the money."""
    paid = (
        transaction.attempts.filter(
            merchant_account__account_number=notice.account.number,
            merchant_account__subaccount=notice.account.subaccount,
        )
        .exclude(merchant_account=transaction.merchant_account)
        .select_related("merchant_account")
        .first()
    )
    mine = transaction.merchant_account
    if paid and mine and notice.account.number and (
        (mine.account_number, mine.subaccount)
        != (notice.account.number, notice.account.subaccount)
    ):  # fmt: skip
        transaction.merchant_account = paid.merchant_account
        transaction.gateway = paid.gateway


def _authorised(transaction: Transaction, notice: Notice, now: datetime) -> Acted:
    if may_move(current=transaction.status, target=Status.AUTHORISED) or (
        transaction.status == Status.AUTHORISED
    ):
        authorise(
            transaction=transaction,
            now=now,
            reason="The gateway's webhook says the bank holds the money",
            reference=notice.reference,
            facts=facts_of(notice),
        )
    else:
        _late(transaction, notice, now, "it was authorised")
    return _DONE


def _pending(transaction: Transaction, notice: Notice, now: datetime) -> Acted:
    if transaction.status == Status.REQUIRES_ACTION:
        move(
            transaction=transaction,
            target=Status.PROCESSING,
            now=now,
            reason="The gateway's webhook says the money is on its way",
            facts=facts_of(notice),
        )
    else:
        _late(transaction, notice, now, "the money is on its way")
    return _DONE


def _cancelled(transaction: Transaction, notice: Notice, now: datetime) -> Acted:
    if not transaction.settled_at and may_move(
        current=transaction.status, target=Status.CANCELLED
    ):
        reason = notice.reason or "no reason given"
        cancel(
            transaction=transaction,
            now=now,
            reason=f"The gateway's webhook says it was given up: {reason}"[:200],
            facts=facts_of(notice),
        )
    else:
        _late(transaction, notice, now, "it was given up")
    return _DONE


def _late(transaction: Transaction, notice: Notice, now: datetime, what: str) -> None:
    """Other news has overtaken it: it stays a line of history."""
    note(
        transaction=transaction,
        now=now,
        reason=f"The gateway's webhook says {what}; this changes nothing any more",
        facts=facts_of(notice),
    )


def _declined(transaction: Transaction, notice: Notice, now: datetime) -> Acted:
    """The page lets the payer try again, so a decline alone does not end the order."""
    open_still = {Status.REQUIRES_ACTION, Status.EXPIRED, Status.FAILED}
    if transaction.status in open_still and not transaction.settled_at:
        transaction.failure_code = notice.code
        transaction.failure_reason = notice.reason
        if transaction.status == Status.REQUIRES_ACTION:
            transaction.last_word_at = now
        transaction.save()
    if transaction.status == Status.EXPIRED and may_move(
        current=transaction.status, target=Status.FAILED
    ):
        fail(transaction=transaction, now=now, code=notice.code, reason=notice.reason,
             facts=facts_of(notice))  # fmt: skip
        return _DONE
    note(
        transaction=transaction,
        now=now,
        reason=f"A card was declined: {notice.reason or notice.code or 'no reason given'}"[:200],
        facts=facts_of(notice),
    )
    return _DONE


def _given_back(transaction: Transaction, notice: Notice, now: datetime) -> Acted:
    return _or_parked(gateway_refunded, transaction, notice, now)


def _disputed(transaction: Transaction, notice: Notice, now: datetime) -> Acted:
    return _or_parked(dispute_news, transaction, notice, now)


def _or_parked(
    act: Callable[..., None], transaction: Transaction, notice: Notice, now: datetime
) -> Acted:
    """Do it whole or not at all: what does not fit the payment is for a person."""
    try:
        with atomic():
            act(transaction=transaction, notice=notice, now=now)
    except errors.StaffMustLook as error:
        return NoticeOutcome.PARKED, str(error)
    return _DONE


_Effect = Callable[[Transaction, Notice, datetime], Acted]
_EFFECTS: dict[Told, _Effect] = {
    Told.PAID: _paid,
    Told.AUTHORISED: _authorised,
    Told.PENDING: _pending,
    Told.DECLINED: _declined,
    Told.CANCELLED: _cancelled,
    **dict.fromkeys((Told.REFUNDED, Told.REFUND_FAILED, Told.VOIDED), _given_back),
    **dict.fromkeys(OF_A_SALE - {Told.REFUNDED, Told.REFUND_FAILED, Told.VOIDED}, _disputed),
}

_RENEWALS: dict[Told, type[PaymentRenewed | RenewalFailed | RenewalEnded]] = {
    Told.RENEWED: PaymentRenewed,
    Told.RENEWAL_FAILED: RenewalFailed,
    Told.RENEWAL_ENDED: RenewalEnded,
}


def _renewal(webhook: WebhookEvent, transaction: Transaction | None, notice: Notice) -> Acted:
    """Tell who keeps subscriptions. Where nobody does, money was charged that nobody expected."""
    event = _RENEWALS[notice.told]
    if not events.handlers_of(event):
        return NoticeOutcome.PARKED, f"{notice.event_type} is handled by staff"
    events.publish(
        event(
            key=f"{webhook.gateway}:{notice.dedupe_key}",
            gateway=webhook.gateway,
            reference=notice.reference,
            gateway_transaction=notice.gateway_transaction,
            transaction_id=transaction.pk if transaction else None,
            amount_minor=notice.amount.minor if notice.amount else None,
            currency=notice.amount.currency if notice.amount else "",
            occurred_at=(notice.occurred_at or webhook.received_at).isoformat(),
            reason=notice.reason,
        )
    )
    return _DONE
