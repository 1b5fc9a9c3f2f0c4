"""A fan subscribes: from the wallet at once, by card as soon as it is paid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection
from django.db.transaction import atomic

from apps.accounts.models import Profile
from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.payments import errors as payment_errors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Method
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import (
    Alignment,
    PeriodKind,
    PeriodState,
    RenewsBy,
    State,
    What,
)
from apps.finance.subscriptions.models import Period, Price, Subscription
from apps.finance.subscriptions.rules import periods, standing, terms
from apps.finance.subscriptions.selectors import quotes
from apps.finance.subscriptions.selectors.means import check_means
from apps.finance.subscriptions.services import activate, promotions
from apps.finance.subscriptions.services.first_payment import give_up_pending
from apps.finance.subscriptions.services.move import locked, note, one_at_a_time
from apps.finance.tax.selectors import Buyer

if TYPE_CHECKING:
    from apps.finance.payments.models import PaymentMethod, Transaction


@dataclass(frozen=True, slots=True)
class _Wish:
    fan: Profile
    price: Price
    method: Method
    code: str
    terms_hash: str
    total_seen: Money
    key: str
    buyer: Buyer | None
    pay_by: payments.PayBy | None
    timezone: str
    ip: str

    @property
    def means(self) -> PaymentMethod | None:
        return self.pay_by.means if self.pay_by and self.method != Method.WALLET else None


def subscribe(
    *,
    fan: Profile,
    price: Price,
    method: Method,
    terms_hash: str,
    total_seen: Money,
    idempotency_key: str,
    now: datetime,
    code: str = "",
    buyer: Buyer | None = None,
    pay_by: payments.PayBy | None = None,
    timezone: str = "UTC",
    ip: str = "",
) -> Subscription:
    """
    Subscribe a fan to a price, on the terms and for the total that were shown.

    From the wallet it begins at once: charge, period, access, history and mails are one
    transaction. Otherwise it is INCOMPLETE with ``first_transaction`` to be paid
    (``payments.open_checkout`` or ``charge``), and begins when that is captured; unpaid it ends
    after an hour. Where routing chose an account with another descriptor than the quote's, the
    terms are kept with the true one: show them before it is paid. What costs nothing today needs
    a stored means, or the wallet, for later.
    Calling again with the same key returns the first subscription as it is now.

    :raises KeyReused: the key subscribed to another price
    :raises TermsNotAgreed, TermsChanged: the hash is not that of the terms as they are now
    :raises PriceMoved: the total is another than the one that was shown
    :raises CurrencyMismatch: the total that was shown, or what is charged later, is in another
        currency
    :raises WalletTooLow: the wallet does not hold it
    :raises MeansNeeded: nothing is due today, and nothing was named that can be charged later
    :raises PlanNotFound, OwnPlan, PlanArchived, PriceReplaced, AlreadySubscribed, AgeNotVerified,
        Underage, CodeUnknown and more: see ``selectors.offer``; nothing is kept of these
    :raises AmountOutOfRange, NoMerchantAccount, NoRoute, PaymentRefused: see
        ``payments.start_sale``; no subscription is kept
    """
    wish = _Wish(
        fan, price, method, code, terms_hash, total_seen, idempotency_key, buyer, pay_by,
        timezone, ip,
    )  # fmt: skip
    with atomic():
        made = _subscribed(wish, now)
    if isinstance(made, DomainError):
        raise made
    return made


@joins_transaction
def _subscribed(wish: _Wish, now: datetime) -> Subscription | DomainError:
    """Or why there is none, to be raised when what payments wrote of it is committed."""
    one_at_a_time(wish.fan.pk, wish.price.plan.creator_id)
    if (first := by_key(wish.fan, wish.key)) is not None:
        if first.price_id != wish.price.pk:
            raise errors.KeyReused(subscription=str(first.public_id))
        return first
    offer = _agreed(wish, now)
    pending = [locked(each.pk) for each in quotes.pending_of(wish.fan, wish.price.plan.creator_id)]
    promotions.lock([offer.promotion, *(each.promotion for each in pending)])
    for each in pending:
        give_up_pending(each, now=now)
    number = _next_id()
    paid: Transaction | None = None
    if offer.due:
        sold = _sell(wish, offer, number, now)
        if isinstance(sold, DomainError):
            return sold
        paid = sold
        offer = _as_routed(offer, paid)
    elif wish.method != Method.WALLET:
        _check_later(wish, now)
    subscription = _written(wish, offer, number, paid, now)
    period = _first_period(subscription, offer, paid, now)
    if activate.pays_later(paid):
        return subscription
    activate.begin(subscription, period, now=now, paid=paid, by=wish.fan.user)
    return subscription


def _check_later(wish: _Wish, now: datetime) -> None:
    """Nothing is sold today, so nobody else asks if the means can be charged later."""
    if wish.means is None:
        raise errors.MeansNeeded()
    check_means(wish.means, fan=wish.fan, currency=wish.price.currency, now=now)


def _agreed(wish: _Wish, now: datetime) -> quotes.Offer:
    if not wish.terms_hash:
        raise errors.TermsNotAgreed()
    offer = quotes.offer(
        fan=wish.fan,
        price=wish.price,
        method=wish.method,
        now=now,
        code=wish.code,
        buyer=wish.buyer,
        timezone=wish.timezone,
        means=wish.means,
    )
    if wish.total_seen.currency != offer.total.currency:
        raise errors.CurrencyMismatch(shown=wish.total_seen.currency, is_now=offer.total.currency)
    if wish.total_seen != offer.total:
        raise errors.PriceMoved(shown=str(wish.total_seen), is_now=str(offer.total))
    if wish.terms_hash != offer.terms_hash:
        raise errors.TermsChanged()
    return offer


def _sell(
    wish: _Wish, offer: quotes.Offer, number: int, now: datetime
) -> Transaction | DomainError:
    purchase = payments.Purchase(
        fan=wish.fan,
        creator=offer.plan.creator,
        kind=Kind.SUBSCRIPTION,
        amount=offer.due,
        subject=f"subscription:{number}:period:1",
        idempotency_key=f"subscription:{number}:period:1:try:1",
        occasion=offer.occasion,
        buyer=wish.buyer,
    )
    if wish.method == Method.WALLET:
        try:
            return payments.sell_from_wallet(purchase, now=now)
        except payment_errors.InsufficientWallet as error:
            raise errors.WalletTooLow(**error.facts) from error
    try:
        return payments.start_sale(
            purchase,
            now=now,
            method=wish.method,
            pay_by=_kept(wish),
            renews=_renews(offer, now),
        )
    except DomainError as error:  # what risk thought of it is kept, in payments' savepoint
        return error


def _as_routed(offer: quotes.Offer, sale: Transaction) -> quotes.Offer:
    """Return the offer with what the statement will really show: routing may choose another
    account than the one that was quoted. Its payer is shown that before paying (R-SUB-08)."""
    account = sale.merchant_account
    if account is None or account.descriptor == offer.descriptor:
        return offer
    words = terms.with_descriptor(offer.terms, account.descriptor)
    return replace(
        offer, descriptor=account.descriptor, terms=words, terms_hash=terms.hash_of(words)
    )


def _kept(wish: _Wish) -> payments.PayBy | None:
    """Keep the card for the renewals that are agreed to, where there are any."""
    if wish.price.months == 0 or wish.means is not None:
        return wish.pay_by
    return replace(wish.pay_by or payments.PayBy(), keep=True)


def _renews(offer: quotes.Offer, now: datetime) -> payments.Renews | None:
    """A gateway charges one price by days: what is promised otherwise is charged by us."""
    same_for_all = offer.promotion is not None and offer.left_after is None
    amount = offer.next_amount if same_for_all else offer.per_period
    by_days = offer.plan.alignment == Alignment.ANNIVERSARY
    if offer.next_at is None or amount is None or amount != offer.next_amount or not by_days:
        return None
    return payments.Renews(
        amount=amount,
        first_days=periods.days_to(offer.next_at, now=now),
        days=periods.days_of(offer.price.months),
    )


@joins_transaction
def _written(
    wish: _Wish, offer: quotes.Offer, number: int, paid: Transaction | None, now: datetime
) -> Subscription:
    later = activate.pays_later(paid)
    by_wallet = wish.method == Method.WALLET
    subscription = Subscription(
        pk=number,
        fan=wish.fan,
        creator=offer.plan.creator,
        cluster=offer.plan.cluster,
        plan=offer.plan,
        price=offer.price,
        tier=offer.plan.tier,
        months=offer.price.months,
        amount_minor=offer.price.amount_minor,
        currency=offer.price.currency,
        state=State.INCOMPLETE,
        renews_by=RenewsBy.WALLET if by_wallet else RenewsBy.MEANS,
        means=wish.means,
        first_transaction=paid,
        timezone=wish.timezone,
        promotion=offer.promotion,
        promotion_left=offer.left_after,
        buyer_country=(wish.buyer.declared[:6] if wish.buyer else ""),
        terms=offer.terms,
        terms_hash=offer.terms_hash,
        terms_agreed_at=now,
        idempotency_key=wish.key,
        due_at=now + standing.PAY_WITHIN if later else None,
        created_at=now,
    )
    note(
        subscription=subscription,
        what=What.STARTED,
        now=now,
        by=wish.fan.user,
        reason="Asked for by the fan",
        facts={"total": str(offer.total), "terms": offer.terms_hash},
    )
    if offer.promotion is not None:
        promotions.redeem(
            promotion=offer.promotion,
            price=offer.price,
            fan=wish.fan,
            subscription=subscription,
            now=now,
        )
    if offer.trial_days:
        fingerprint = wish.means.fingerprint if wish.means else ""
        if not activate.claim_its_trial(subscription, fingerprint=fingerprint, now=now):
            raise errors.TermsChanged()
    audit.record(
        by=wish.fan.user,
        action="subscriptions.agreed",
        subject=subscription,
        facts={"terms": offer.terms_hash, "total": str(offer.total), "method": wish.method.value},
        cluster=subscription.cluster,
        ip=wish.ip,
    )
    return subscription


@joins_transaction
def _first_period(
    subscription: Subscription, offer: quotes.Offer, paid: Transaction | None, now: datetime
) -> Period:
    return Period.objects.create(
        subscription=subscription,
        number=1,
        from_at=now,
        until_at=offer.until,
        kind=PeriodKind.TRIAL if offer.trial_days else PeriodKind.PAID,
        state=PeriodState.OPEN,
        amount_minor=offer.due.minor,
        currency=offer.due.currency,
        transaction=paid,
        at=now,
    )


def by_key(fan: Profile, key: str) -> Subscription | None:
    """Return the subscription that this key made before."""
    return (
        Subscription.objects.select_related("plan", "price", "creator", "cluster")
        .filter(fan=fan, idempotency_key=key)
        .first()
    )


def _next_id() -> int:
    """The payment is written first and names the subscription it is for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('subscriptions_subscription', 'id'))"
        )
        [number] = cursor.fetchone()
    return int(number)
