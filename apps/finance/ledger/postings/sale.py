"""What a sale is made of, and which part of it a refund or chargeback takes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from apps.core.money import Money
from apps.finance.ledger import errors
from apps.finance.ledger.choices import Bearer
from apps.finance.ledger.postings.accounts import (
    creator_payable,
    creator_reserve,
    due_from_creator,
)
from apps.finance.ledger.postings.draft import Movement, debit


class Share(NamedTuple):
    """What one creator gets of a sale, and the fees kept out of it."""

    creator_id: int
    amount: Money
    platform_fee: Money
    processing_fee: Money


class Tax(NamedTuple):
    """Tax of one place: ``Tax("DE", Money(380, "EUR"))``."""

    place: str
    amount: Money


class Funds(NamedTuple):
    """What a creator has, to pay back from. Read it in the transaction that posts.

    When it is spent meanwhile the ledger refuses the entry with InsufficientFunds: read again.
    """

    payable: Money
    reserve: Money


class Sale(NamedTuple):
    """Who gets which part of what a fan paid; made by ``sale_of``.

    ``amount`` is everything the fan paid, ``credit`` of it from store credit. It is exactly the
    sum of shares, their fees, and taxes. ``cost`` is a processing fee that the platform bears.
    """

    transaction_id: int
    cluster: str
    amount: Money
    shares: tuple[Share, ...]
    taxes: tuple[Tax, ...]
    cost: Money
    credit: Money

    @property
    def platform_fee(self) -> Money:
        return sum((share.platform_fee for share in self.shares), Money.zero(self.amount.currency))

    @property
    def processing_fee(self) -> Money:
        """The processor's fee, whoever bears it."""
        return sum((share.processing_fee for share in self.shares), self.cost)


def sale_of(
    *,
    transaction_id: int,
    cluster: str,
    amount: Money,
    creators: Mapping[int, int],
    platform_fee: Money,
    taxes: Sequence[Tax] = (),
    processing_fee: Money | None = None,
    fee_borne_by: Bearer = Bearer.CREATOR,
    credit: Money | None = None,
) -> Sale:
    """Split what a fan pays: taxes and fees first, the rest to the creators by their weights.

    ``amount`` is all the fan pays, taxes in it. Where the platform is the deemed supplier (EU:
    article 9a of Implementing Regulation 282/2011, ECJ C-695/20) the tax is on the whole price
    and the creators share what is left of it. ``creators`` maps profile ids to weights: one
    creator ``{7: 1}``, a collaboration ``{7: 60, 8: 40}``; spare cents go to the largest
    remainders, then to those named first. ``platform_fee`` is the caller's to work out.

    The same facts give the same sale, so a refund may make it again instead of keeping it.

    :raises AmountOutOfRange: nothing is paid, or a fee, tax, credit or weight is below zero
    :raises FeesExceedAmount: fees and taxes, or the store credit, are more than the amount
    :raises CurrencyMismatch: the amounts are not all in one currency
    """
    nothing = Money.zero(amount.currency)
    fee = nothing if processing_fee is None else processing_fee
    credit = nothing if credit is None else credit
    taxed = sum((tax.amount for tax in taxes), nothing)
    check_positive(amount=amount)
    check_not_negative(platform_fee=platform_fee, processing_fee=fee, credit=credit)
    check_not_negative(**{f"tax_{tax.place}": tax.amount for tax in taxes})
    weights = list(creators.values())
    if min(weights, default=0) < 0 or not any(weights):
        raise errors.AmountOutOfRange(name="creators", weights=weights)
    cost, borne = (fee, nothing) if fee_borne_by == Bearer.PLATFORM else (nothing, fee)
    net = amount - platform_fee - taxed - borne
    if net < nothing or amount < credit:
        raise errors.FeesExceedAmount(
            amount=str(amount), fees=str(amount - net), credit=str(credit)
        )
    split = (part.allocate(weights) for part in (net, platform_fee, borne))
    shares = tuple(Share(*share) for share in zip(creators, *split, strict=True))
    return Sale(transaction_id, cluster, amount, shares, tuple(taxes), cost, credit)


def part_of(sale: Sale, amount: Money, *, earlier: Sequence[Money] = ()) -> Sale:
    """Return the part of a sale that a refund of ``amount`` takes back, to the cent.

    ``earlier`` are the amounts taken back before (refunds, lost chargebacks), in their order.
    Each part is taken in proportion from what the parts before it left, so that all parts
    together are the sale, whatever the amounts were.

    :raises RefundExceedsSale: the parts would be more than the sale
    :raises AmountOutOfRange: an amount is not above zero
    """
    left = sale
    for before in earlier:
        left = _less(left, _part(left, before))
    return _part(left, amount)


def _part(left: Sale, amount: Money) -> Sale:
    check_positive(amount=amount)
    if left.amount < amount:
        raise errors.RefundExceedsSale(
            transaction_id=left.transaction_id, amount=str(amount), left=str(left.amount)
        )
    parts = [money for share in left.shares for money in share[1:]]
    parts += [tax.amount for tax in left.taxes]
    taken = iter(amount.allocate([part.minor for part in parts]))
    return left._replace(
        amount=amount,
        shares=tuple(
            Share(share.creator_id, next(taken), next(taken), next(taken)) for share in left.shares
        ),
        taxes=tuple(Tax(tax.place, next(taken)) for tax in left.taxes),
        cost=_proportion(left.cost, amount, left.amount),
        credit=_proportion(left.credit, amount, left.amount),
    )


def _proportion(whole: Money, amount: Money, of: Money) -> Money:
    """Return ``whole * amount / of``, rounded half up; all of it when ``amount`` is ``of``."""
    return Money((2 * whole.minor * amount.minor + of.minor) // (2 * of.minor), whole.currency)


def _less(one: Sale, other: Sale) -> Sale:
    return one._replace(
        amount=one.amount - other.amount,
        shares=tuple(
            Share(a.creator_id, *(x - y for x, y in zip(a[1:], b[1:], strict=True)))
            for a, b in zip(one.shares, other.shares, strict=True)
        ),
        taxes=tuple(
            Tax(a.place, a.amount - b.amount) for a, b in zip(one.taxes, other.taxes, strict=True)
        ),
        cost=one.cost - other.cost,
        credit=one.credit - other.credit,
    )


def taken_back(creator_id: int, amount: Money, funds: Funds | None) -> list[Movement]:
    """Take ``amount`` back from a creator: from earnings, then the reserve, the rest is a debt.

    Without ``funds`` all of it comes from earnings, and the ledger refuses what they do not
    cover: creator payable never falls below zero.
    """
    if funds is None:
        return [debit(creator_payable(creator_id), amount)]
    check_not_negative(payable=funds.payable, reserve=funds.reserve)
    earned = min(amount, funds.payable)
    reserved = min(amount - earned, funds.reserve)
    return [
        debit(creator_payable(creator_id), earned),
        debit(creator_reserve(creator_id), reserved),
        debit(due_from_creator(creator_id), amount - earned - reserved),
    ]


def check_positive(**amounts: Money) -> None:
    """:raises AmountOutOfRange: one of them is zero or less"""
    for name, amount in amounts.items():
        if amount.minor <= 0:
            raise errors.AmountOutOfRange(name=name, amount=str(amount))


def check_not_negative(**amounts: Money) -> None:
    """:raises AmountOutOfRange: one of them is less than zero"""
    for name, amount in amounts.items():
        if amount.minor < 0:
            raise errors.AmountOutOfRange(name=name, amount=str(amount))
