"""Money of one currency becomes money of another."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import NamedTuple

from django.db import connection, transaction

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.money import Money, UnknownCurrency
from apps.finance.fx import errors
from apps.finance.fx.choices import FUNCTIONAL, RANK
from apps.finance.fx.models import CurrencyPosition, Exchange
from apps.finance.fx.rules.positions import trade
from apps.finance.fx.rules.rates import Rate, check_deal
from apps.finance.fx.selectors import rate_on
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger

#: Money at banks, at processors and at payout rails.
CASH_CODES = frozenset({"1000", "1100", "1200"})
#: Two calls with one key: the second waits here and then finds the first's exchange.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('fx.exchange:' || %s, 0))"


class _Deal(NamedTuple):
    """What was exchanged; the same key must always mean the same deal."""

    sold: Money
    sold_from: str
    bought: Money
    bought_into: str
    effective_on: date


@transaction.atomic
def exchange(
    *,
    sold: Money,
    sold_from: postings.AccountRef,
    bought: Money,
    bought_into: postings.AccountRef,
    effective_on: date,
    idempotency_key: str,
    by: User,
    reason: str,
    now: datetime,
) -> Exchange:
    """Book an exchange as the bank states it, through the trading account 3900.

    What it is worth in US dollars is the dollar side itself, or, between two other currencies,
    the sold side at the day's rate. Closing a position realises its gain or loss at weighted
    average cost. Calling again with the same key returns the first exchange.

    :raises NotPermitted: ``by`` lacks fx.exchange_currency
    :raises ReasonMissing: no reason is given
    :raises AmountNotPositive: an amount is zero or below
    :raises SameCurrency: both sides are in one currency
    :raises NotCash: an account that holds no cash of ours
    :raises DealInTheFuture: a day after today
    :raises DealImplausible: over a quarter away from the day's rate, or both sides changed round
    :raises RateMissing: no rate to value it by
    :raises KeyReused: the key belongs to another exchange
    :raises UnknownAccount, AccountClosed, AmountOutOfRange: the ledger refuses
    """
    deal = _Deal(sold, _text(sold_from), bought, _text(bought_into), effective_on)
    if not by.has_perm("fx.exchange_currency"):
        raise errors.NotPermitted()
    if not reason.strip():
        raise errors.ReasonMissing()
    _check(deal)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [idempotency_key])
    first = Exchange.objects.filter(idempotency_key=idempotency_key).first()
    if first is not None:
        return _same(first, deal)
    if effective_on > now.astimezone(UTC).date():
        raise errors.DealInTheFuture(on=effective_on.isoformat())
    _check_plausible(deal)
    value, note = _value(sold, bought, effective_on)
    gain = _move_positions(sold, bought, value)
    done = Exchange.objects.create(
        idempotency_key=idempotency_key,
        sold_minor=sold.minor,
        sold_currency=sold.currency,
        sold_from=deal.sold_from,
        bought_minor=bought.minor,
        bought_currency=bought.currency,
        bought_into=deal.bought_into,
        value_minor=value.minor,
        gain_minor=gain.minor,
        rate_note=note[:200],
        effective_on=effective_on,
        recorded_at=now,
        by=by,
        reason=reason.strip()[:200],
    )
    ledger.post(
        postings.exchange(
            exchange_id=done.pk,
            sold=sold,
            sold_from=sold_from,
            bought=bought,
            bought_into=bought_into,
            gain=gain,
            effective_on=effective_on,
            actor_id=by.pk,
            memo=reason.strip()[:200],
        ),
        now=now,
    )
    audit.record(
        by=by,
        action="fx.exchanged",
        subject=done,
        reason=reason.strip(),
        facts={"sold": str(sold), "bought": str(bought), "gain": str(gain)},
    )
    return done


def _check(deal: _Deal) -> None:
    sides = ((deal.sold, deal.sold_from), (deal.bought, deal.bought_into))
    for money, account in sides:
        if money.currency not in RANK:
            raise UnknownCurrency(currency=money.currency[:20])
        if money.minor <= 0:
            raise errors.AmountNotPositive(amount=str(money))
        if account.split(" ")[0] not in CASH_CODES:
            raise errors.NotCash(account=account)
    if deal.sold.currency == deal.bought.currency:
        raise errors.SameCurrency(currency=deal.sold.currency)


def _check_plausible(deal: _Deal) -> None:
    """
    :raises DealImplausible: the amounts are not those of the day; without a rate nobody knows
    """
    try:
        rate = rate_on(base=deal.sold.currency, quote=deal.bought.currency, on=deal.effective_on)
    except errors.RateMissing:
        return
    check_deal(deal.sold, deal.bought, rate)


def _value(sold: Money, bought: Money, on: date) -> tuple[Money, str]:
    """Return what was exchanged in US dollars, and by which rates that was found."""
    for side in (bought, sold):
        if side.currency == FUNCTIONAL:
            return side, "the dollar side as stated"
    rate = rate_on(base=sold.currency, quote=FUNCTIONAL, on=on)
    return rate.apply(sold), _note(rate)


def _note(rate: Rate) -> str:
    return "; ".join(
        f"{leg.base}/{leg.quote} {leg.rate.normalize():f} ({leg.source} {leg.on})"
        for leg in rate.legs
    )


def _move_positions(sold: Money, bought: Money, value: Money) -> Money:
    """Trade both sides against their positions, locked in the order of currencies."""
    moves = {
        sold.currency: (-sold.minor, -value.minor),
        bought.currency: (bought.minor, value.minor),
    }
    moves.pop(FUNCTIONAL, None)
    CurrencyPosition.objects.bulk_create(
        [CurrencyPosition(currency=currency) for currency in sorted(moves)], ignore_conflicts=True
    )
    rows = CurrencyPosition.objects.select_for_update().filter(currency__in=moves)
    gain = 0
    for row in rows.order_by("currency"):
        quantity, worth = moves[row.currency]
        traded = trade(row.position, quantity=quantity, value=worth)
        row.quantity_minor, row.cost_minor = traded.position.quantity, traded.position.cost
        row.save(update_fields=["quantity_minor", "cost_minor"])
        gain += traded.gain
    return Money(gain, FUNCTIONAL)


def _same(first: Exchange, deal: _Deal) -> Exchange:
    stored = _Deal(
        first.sold, first.sold_from, first.bought, first.bought_into, first.effective_on
    )
    if stored != deal:
        raise errors.KeyReused(exchange=str(first.pk))
    return first


def _text(account: postings.AccountRef) -> str:
    return f"{account.code} {account.owner}".strip()
