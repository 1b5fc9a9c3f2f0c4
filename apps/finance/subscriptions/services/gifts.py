"""A fan pays some months of a creator for another, who takes them; else the money goes back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.transaction import atomic

from apps.accounts import selectors as accounts
from apps.accounts.models import Profile
from apps.clusters import selectors as clusters
from apps.core.db import joins_transaction
from apps.core.errors import DomainError
from apps.finance.payments import errors as payment_errors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Method, Occasion
from apps.finance.payments.selectors.paid import is_kept, payment_by_id
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import (
    EndReason,
    GiftState,
    PlanStatus,
    State,
)
from apps.finance.subscriptions.models import Gift, Price
from apps.finance.subscriptions.rules import gifts as rules
from apps.finance.subscriptions.rules.terms import period_words
from apps.finance.subscriptions.services.end import end
from apps.finance.subscriptions.services.money_back import went_back
from apps.finance.subscriptions.services.move import locked, one_at_a_time
from apps.finance.tax.selectors import Buyer
from apps.notifications import services as notifications

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction


@dataclass(frozen=True, slots=True)
class _Wish:
    giver: Profile
    price: Price
    method: Method
    key: str
    to: Profile | None
    message: str
    buyer: Buyer | None
    pay_by: payments.PayBy | None


def buy_gift(
    *,
    giver: Profile,
    price: Price,
    method: Method,
    idempotency_key: str,
    now: datetime,
    to: Profile | None = None,
    message: str = "",
    buyer: Buyer | None = None,
    pay_by: payments.PayBy | None = None,
) -> Gift:
    """
    Pay one period of a price for somebody else: ``to``, or whoever is given the code.

    From the wallet it is PAID at once; otherwise it is INCOMPLETE with a ``transaction`` to be
    paid, and PAID when that is captured. It is one full price: no trial, no promotion, and it does
    not renew. Calling again with the same key returns the first gift.

    :raises KeyReused: the key gave another price
    :raises AgeNotVerified, Underage: see ``accounts.check_may_buy``
    :raises PriceNotFound: it is of another brand
    :raises PlanArchived, PriceReplaced: it is not offered any more
    :raises OwnPlan: the creator gives, or would take, their own plan
    :raises GiftToOneself: giver and taker are one person
    :raises MessageTooLong, CardDataRefused: see ``payments.start_sale``
    :raises WalletTooLow: the wallet does not hold it
    :raises AmountOutOfRange, NoRoute, PaymentRefused and more: see ``payments.start_sale``
    """
    wish = _Wish(giver, price, method, idempotency_key, to, message, buyer, pay_by)
    with atomic():
        made = _bought(wish, now)
    if isinstance(made, DomainError):
        raise made
    return made


@joins_transaction
def _bought(wish: _Wish, now: datetime) -> Gift | DomainError:
    """Or why there is none, to be raised when what payments wrote of it is committed."""
    price, giver = wish.price, wish.giver
    one_at_a_time(giver.pk, price.plan.creator_id)
    first = Gift.objects.filter(giver=giver, idempotency_key=wish.key).first()
    if first is not None:
        if first.price_id != price.pk:
            raise errors.KeyReused(gift=str(first.public_id))
        return first
    check_gift(giver=giver, price=price, to=wish.to)
    gift = Gift.objects.create(
        giver=giver,
        taker=wish.to,
        cluster_id=price.plan.cluster_id,
        plan=price.plan,
        price=price,
        amount_minor=price.amount_minor,
        currency=price.currency,
        code=rules.new_code(secrets.choice),
        message=wish.message[: rules.MESSAGE_MAX],
        idempotency_key=wish.key,
        created_at=now,
    )
    purchase = payments.Purchase(
        fan=giver,
        creator=price.plan.creator,
        kind=Kind.SUBSCRIPTION,
        amount=price.amount,
        subject=rules.subject_of(gift.pk),
        idempotency_key=rules.subject_of(gift.pk),
        occasion=Occasion.FIRST,
        message=wish.message,
        buyer=wish.buyer,
    )
    if wish.method == Method.WALLET:
        try:
            paid = payments.sell_from_wallet(purchase, now=now)
        except payment_errors.InsufficientWallet as error:
            raise errors.WalletTooLow(**error.facts) from error
        _paid(gift, paid, now=now)
        return gift
    try:
        gift.transaction = payments.start_sale(
            purchase, now=now, method=wish.method, pay_by=wish.pay_by
        )
    except DomainError as error:  # what risk thought of it is kept, in payments' savepoint
        gift.delete()
        return error
    gift.save(update_fields=["transaction"])
    return gift


def check_gift(*, giver: Profile, price: Price, to: Profile | None) -> None:
    """
    Answer only if this may be given.

    :raises AgeNotVerified, Underage, PriceNotFound, PlanArchived, PriceReplaced, OwnPlan,
        GiftToOneself: see ``buy_gift``
    """
    accounts.check_may_buy(giver.user)
    plan = price.plan
    if plan.cluster_id != giver.cluster_id or (to and to.cluster_id != giver.cluster_id):
        raise errors.PriceNotFound()
    if plan.status != PlanStatus.ACTIVE:
        raise errors.PlanArchived()
    if price.replaced_at is not None:
        raise errors.PriceReplaced()
    people = {giver.user_id} | ({to.user_id} if to else set())
    if plan.creator.user_id in people:
        raise errors.OwnPlan()
    if to is not None and to.user_id == giver.user_id:
        raise errors.GiftToOneself()


@atomic
def gift_paid(*, gift_id: int, transaction_id: int, now: datetime) -> None:
    """Let a gift be taken whose payment was captured; told again, nothing changes."""
    gift = locked_gift(gift_id)
    if gift is None or gift.state != GiftState.INCOMPLETE:
        return
    if gift.transaction is not None and gift.transaction_id == transaction_id:
        _paid(gift, gift.transaction, now=now)


@atomic
def gift_disputed(*, gift_id: int, now: datetime) -> None:
    """
    Follow a dispute of a gift's payment, as the payment is now: while a bank has the money the
    gift is over; won, one that nobody had taken waits again. Told again, nothing changes.
    """
    gift = locked_gift(gift_id)
    if gift is None or gift.transaction_id is None:
        return
    paid = payment_by_id(gift.transaction_id)
    if went_back(paid) is EndReason.CHARGEBACK:
        gift_refunded(gift_id=gift_id, why=EndReason.CHARGEBACK, now=now)
    elif gift.state == GiftState.RETURNED and gift.subscription_id is None and is_kept(paid):
        gift.state = GiftState.PAID
        gift.save(update_fields=["state"])


@atomic
def gift_refunded(*, gift_id: int, why: EndReason, now: datetime) -> None:
    """
    Take back a gift whose payment went back to its payer or the payer's bank: one that waits is
    over, one that was taken ends. Told again, nothing changes.
    """
    gift = locked_gift(gift_id)
    if gift is None or gift.state == GiftState.RETURNED:
        return
    if gift.subscription_id is None:
        take_back(gift, now=now, tells=why is EndReason.REFUNDED)
        return
    subscription = locked(gift.subscription_id)
    if subscription.state != State.ENDED:
        end(subscription, why=why, now=now, reason="The gift's payment went back")


@joins_transaction
def take_back(gift: Gift, *, now: datetime, tells: bool = True) -> None:
    """End a locked gift that nobody took, and tell who gave it that the money goes back."""
    was_paid = gift.state == GiftState.PAID
    gift.state = GiftState.RETURNED
    gift.save(update_fields=["state"])
    subject = rules.subject_of(gift.pk)
    notifications.withdraw(subject_ref=subject, kinds={"gift.received"}, now=now)
    if not (tells and was_paid and gift.transaction is not None):
        return
    notifications.queue(
        notifications.Message(
            kind="gift.returned",
            to=gift.giver.user_id,
            cluster_id=gift.cluster_id,
            key=f"{subject}:returned",
            context={
                **_about(gift),
                "recipient": _recipient(gift),
                "amount": gift.transaction.amount.formatted,
                "reference": str(gift.transaction.public_id),
            },
            subject_ref=subject,
        ),
        now=now,
    )


@joins_transaction
def locked_gift(gift_id: int) -> Gift | None:
    """Return a gift with its row locked, and what its services read."""
    return (
        Gift.objects.select_for_update(of=("self",))
        .select_related("giver__user", "taker__user", "plan__creator__user", "price", "cluster",
                        "subscription")
        .filter(pk=gift_id)
        .first()
    )  # fmt: skip


@joins_transaction
def _paid(gift: Gift, transaction: Transaction, *, now: datetime) -> None:
    gift.transaction, gift.state = transaction, GiftState.PAID
    gift.save(update_fields=["transaction", "state"])
    about = {
        **_about(gift),
        "message": gift.message,
        "take_until": (gift.created_at + rules.TAKE_WITHIN).date().isoformat(),
    }
    account = transaction.merchant_account
    messages = [
        notifications.Message(
            kind="gift.given",
            to=gift.giver.user_id,
            cluster_id=gift.cluster_id,
            key=f"gift:{gift.pk}:given",
            context={
                **about,
                "recipient": _recipient(gift),
                "amount": transaction.amount.formatted,
                "tax": transaction.tax.formatted if transaction.tax_minor else "",
                "paid_on": now.date().isoformat(),
                "descriptor": account.descriptor if account else "",
                "reference": str(transaction.public_id),
            },
            subject_ref=rules.subject_of(gift.pk),
        )
    ]
    if gift.taker is not None:
        messages.append(
            notifications.Message(
                kind="gift.received",
                to=gift.taker.user_id,
                cluster_id=gift.cluster_id,
                key=f"gift:{gift.pk}:received",
                context={**about, "giver": gift.giver.display_name, "access_until": ""},
                subject_ref=rules.subject_of(gift.pk),
            )
        )
    notifications.queue_many(messages, now=now)


def _about(gift: Gift) -> dict[str, str | int | bool]:
    return {
        "creator": gift.plan.creator.display_name,
        "plan": gift.plan.name,
        "period": period_words(gift.price.months) or "life",
        "manage_url": f"{clusters.origin_of(gift.cluster)}/gifts/",
    }


def _recipient(gift: Gift) -> str:
    return gift.taker.display_name if gift.taker else "who has the code"
