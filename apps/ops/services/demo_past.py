"""The months before the demo's play: the same brands' business, as entries of the books alone.

Nobody pays at the sandbox here. What happens on a day follows from the day and the people, so
that a run taken up again, on whatever day, finds its entries made and adds what is new.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.ledger.postings import Draft, Sale, Tax
from apps.ops.services.cast import Cast

MONTHS_BEFORE = 4
BANK, RAIL = "main", "PAXUM"
#: Which processor settles in which currency, and which share of the sales it sees.
GATEWAYS = {"USD": "ccbill", "EUR": "epoch"}
EUR_PERCENT = 20
SALES_A_DAY = 3
PRICES_MINOR = (999, 1499, 1999, 2499, 4999, 7500, 9999, 14900)
FEE_PERCENT, PROCESSING_PERCENT, RESERVE_PERCENT = 20, 8, 5
#: A processor pays a week out on the Tuesday after, and gives a reserve back after eight weeks.
SETTLED_AFTER, RESERVE_WEEKS = timedelta(days=2), 8
MONDAY, FRIDAY, SUNDAY = 0, 4, 6
LEAST_PAYOUT_MINOR = 50_00
RAIL_FEE_MINOR = 1_00
#: Whose sales tax is kept out of a sale: place, percent of the whole price.
TAXED = {"USD": ("US-CA", 7), "EUR": ("DE", 16)}
#: No row of ours stands behind these entries: they read as those of the system before ours.
CARRIED_OVER = "imported:"
DEPRECIATED_ON, BILLS_PAID_ON, TAX_PAID_ON = 1, 5, 20
#: Of so many cases on a day one is a chargeback and two are refunds.
CASES, REFUNDS = 6, 2
#: Numbers of events: far above those of the tables, and the day within them.
EVENTS_A_DAY = 10_000

BY_CARD: tuple[Callable[..., Draft], ...] = (
    postings.subscription_by_card,
    postings.renewal_by_card,
    postings.renewal_by_card,
    postings.content_by_card,
    postings.message_by_card,
    postings.paid_trial_by_card,
)


class Sold(NamedTuple):
    """A sale that may yet come back, and its processor."""

    number: int
    sale: Sale
    gateway: str


class Past:
    """What happened day by day, and what it left on the accounts it must not overdraw."""

    def __init__(self, cast: Cast, seed: int) -> None:
        self.cast = cast
        self.seed = seed
        self.payable: Counter[tuple[int, str]] = Counter()
        self.unsettled: Counter[str] = Counter()
        self.fees: Counter[str] = Counter()
        self.cash: Counter[str] = Counter()
        self.rail: Counter[str] = Counter()
        self.taxed: Counter[str] = Counter()
        self.reserves: dict[date, list[tuple[int, str, Money]]] = {}
        self.sold: list[Sold] = []
        self.cluster_of = {c.profile.pk: c.profile.cluster.slug for c in cast.creators}
        self._number = 0
        self._dice = random.Random()  # noqa: S311  (a play, not a secret)

    def days(self, first: date, until: date) -> Iterator[tuple[date, list[Draft]]]:
        """Yield each day with its entries, in the order of time; ``until`` is not among them."""
        for n in range((until - first).days):
            day = first + timedelta(days=n)
            self._number = (day.toordinal() - date(2020, 1, 1).toordinal()) * EVENTS_A_DAY
            self._number += 10**12
            self._dice.seed(f"{self.seed}:past:{day}")
            drafts = self._opening() if not n else []
            drafts += [*self._sales(), *self._back(), *self._treasury(day), *self._company(day)]
            yield (
                day,
                [
                    draft._replace(source=f"{CARRIED_OVER}{draft.source}", effective_on=day)
                    for draft in drafts
                ],
            )

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _opening(self) -> list[Draft]:
        self.cash["USD"] += 250_000_00
        return [
            postings.capital_paid_in(payment_id=self._next(), bank=BANK, amount=usd(250_000_00)),
            postings.loan_received(payment_id=self._next(), bank=BANK, amount=usd(60_000_00)),
            postings.equipment_bought(purchase_id=self._next(), bank=BANK, amount=usd(10_000_00)),
            # For what the play pays out: its payouts know no funding.
            postings.rail_funded(
                funding_id=self._next(), bank=BANK, rail=RAIL, amount=usd(50_000_00)
            ),
        ]

    # --- Fans pay ---------------------------------------------------------------------------
    def _sales(self) -> Iterator[Draft]:
        for creator in self.cast.creators:
            for _ in range(self._dice.randrange(SALES_A_DAY)):
                yield self._sale(creator.profile)
        for fan in self.cast.fans[:: 1 + self._dice.randrange(5)]:
            yield from self._stored_value(fan)

    def _sale(self, creator: Profile) -> Draft:
        currency = "EUR" if self._dice.randrange(100) < EUR_PERCENT else "USD"
        amount = Money(self._dice.choice(PRICES_MINOR), currency)
        place, percent = TAXED[currency]
        sale = postings.sale_of(
            transaction_id=self._next(),
            cluster=creator.cluster.slug,
            amount=amount,
            creators={creator.pk: 1},
            platform_fee=part(amount, FEE_PERCENT),
            processing_fee=part(amount, PROCESSING_PERCENT),
            taxes=(Tax(place, part(amount, percent)),) if self._dice.randrange(2) else (),
        )
        self.unsettled[currency] += amount.minor
        self.fees[currency] += sale.processing_fee.minor
        self.payable[creator.pk, currency] += sale.shares[0].amount.minor
        self.taxed[place] += sum(tax.amount.minor for tax in sale.taxes)
        self.sold.append(Sold(sale.transaction_id, sale, GATEWAYS[currency]))
        return self._dice.choice(BY_CARD)(sale=sale, gateway=GATEWAYS[currency])

    def _stored_value(self, fan: Profile) -> Iterator[Draft]:
        """A deposit, most of it spent on a tip at once; now and then some credit on top."""
        cluster, amount = fan.cluster.slug, usd(50_00)
        fee = part(amount, PROCESSING_PERCENT)
        yield postings.wallet_deposit(
            transaction_id=self._next(), fan_id=fan.pk, gateway=GATEWAYS["USD"], amount=amount,
            processing_fee=fee, cluster=cluster,
        )  # fmt: skip
        self.unsettled["USD"] += amount.minor
        self.fees["USD"] += fee.minor
        rivals = [pk for pk, slug in self.cluster_of.items() if slug == cluster]
        creator_id, tip = self._dice.choice(rivals), usd(45_00)
        kept = part(tip, FEE_PERCENT)
        yield postings.tip_from_wallet(
            transaction_id=self._next(), fan_id=fan.pk, creator_id=creator_id, amount=tip,
            platform_fee=kept, cluster=cluster,
        )  # fmt: skip
        self.payable[creator_id, "USD"] += (tip - kept).minor
        if not self._dice.randrange(8):
            number = self._next()
            yield postings.credit_granted(
                credit_id=number, fan_id=fan.pk, amount=usd(5_00), cluster=cluster
            )
            if self._dice.randrange(2):
                yield postings.credit_expired(
                    credit_id=number, fan_id=fan.pk, amount=usd(5_00), cluster=cluster
                )

    # --- Fans get their money back --------------------------------------------------------------
    def _back(self) -> Iterator[Draft]:
        """Refund one sale of the last weeks, and on some days let a bank take one back."""
        recent = [sold for sold in self.sold[-400:] if self._can_give_back(sold)]
        if not recent:
            return
        sold = recent[self._dice.randrange(len(recent))]
        self.sold.remove(sold)
        amount = sold.sale.amount
        case = self._dice.randrange(CASES)
        if case == 0:
            yield from self._chargeback(sold, won=bool(self._dice.randrange(2)))
        elif case <= REFUNDS:
            yield postings.refund_to_card(
                refund_id=self._next(), part=postings.part_of(sold.sale, amount),
                gateway=sold.gateway, processing_fee_returned=True,
            )  # fmt: skip
            self._gave_back(sold, fee=sold.sale.processing_fee)

    def _can_give_back(self, sold: Sold) -> bool:
        [share] = sold.sale.shares
        return self.payable[share.creator_id, share.amount.currency] >= share.amount.minor

    def _gave_back(self, sold: Sold, *, fee: Money) -> None:
        [share] = sold.sale.shares
        currency = share.amount.currency
        self.payable[share.creator_id, currency] -= share.amount.minor
        self.unsettled[currency] -= sold.sale.amount.minor
        self.fees[currency] -= fee.minor
        for tax in sold.sale.taxes:
            self.taxed[tax.place] -= tax.amount.minor

    def _chargeback(self, sold: Sold, *, won: bool) -> Iterator[Draft]:
        number, amount, cluster = self._next(), sold.sale.amount, sold.sale.cluster
        yield postings.chargeback_opened(
            chargeback_id=number, gateway=sold.gateway, amount=amount, cluster=cluster
        )
        fee = Money(15_00, amount.currency)
        yield postings.chargeback_fee(chargeback_id=number, fee=fee, cluster=cluster)
        self.fees[amount.currency] += fee.minor
        if won:
            yield postings.chargeback_won(
                chargeback_id=number, gateway=sold.gateway, amount=amount, cluster=cluster
            )
        else:
            lost = postings.part_of(sold.sale, amount)
            yield postings.chargeback_lost(chargeback_id=number, gateway=sold.gateway, part=lost)
            self._gave_back(sold, fee=Money.zero(amount.currency))

    # --- Between processors, bank and rails ---------------------------------------------------
    def _treasury(self, day: date) -> Iterator[Draft]:
        if (day - SETTLED_AFTER).weekday() == SUNDAY:
            yield from self._settlements(day)
        if day.weekday() == FRIDAY:
            yield from self._payday()

    def _settlements(self, day: date) -> Iterator[Draft]:
        for number, gateway, amount in self.reserves.pop(day, []):
            yield postings.processor_reserve_released(
                reserve_id=number, gateway=gateway, bank=BANK, amount=amount
            )
            self.cash[amount.currency] += amount.minor
        for currency, gateway in GATEWAYS.items():
            gross, fees = Money(self.unsettled[currency], currency), self.fees[currency]
            # What the processor charges is never to the cent what was counted on.
            charged = Money(fees + self._dice.randrange(-20_00, 60_00), currency)
            kept = part(gross, RESERVE_PERCENT)
            if gross.minor <= 0 or charged.minor <= 0 or gross < charged + kept:
                continue
            number, received = self._next(), gross - charged - kept
            yield postings.settlement_received(
                settlement_id=number, gateway=gateway, bank=BANK, gross=gross, received=received,
                fees=charged, fees_expected=Money(fees, currency), reserve=kept,
            )  # fmt: skip
            self.unsettled[currency] = self.fees[currency] = 0
            self.cash[currency] += received.minor
            back = day + timedelta(weeks=RESERVE_WEEKS)
            self.reserves.setdefault(back, []).append((number, gateway, kept))

    def _payday(self) -> Iterator[Draft]:
        for currency in GATEWAYS:
            due = [
                (creator_id, Money(minor * 9 // 10, currency))
                for (creator_id, held), minor in sorted(self.payable.items())
                if held == currency and minor * 9 // 10 >= LEAST_PAYOUT_MINOR
            ]
            fee, sending = Money(RAIL_FEE_MINOR, currency), Money(25_00, currency)
            total = sum((amount + fee for _, amount in due), Money.zero(currency))
            if not due or self.cash[currency] < (total + sending).minor:
                continue
            yield postings.rail_funded(
                funding_id=self._next(), bank=BANK, rail=RAIL, amount=total, fee=sending
            )
            self.cash[currency] -= (total + sending).minor
            for creator_id, amount in due:
                number, cluster = self._next(), self.cluster_of[creator_id]
                yield postings.payout_reserved(
                    payout_id=number, creator_id=creator_id, amount=amount, cluster=cluster
                )
                yield postings.payout_settled(
                    payout_id=number, rail=RAIL, amount=amount, rail_fee=fee, cluster=cluster
                )
                self.payable[creator_id, currency] -= amount.minor

    # --- The company ---------------------------------------------------------------------------
    def _company(self, day: date) -> Iterator[Draft]:
        if day.day == DEPRECIATED_ON:
            yield postings.depreciated(depreciation_id=self._next(), amount=usd(250_00))
        if day.day == BILLS_PAID_ON:
            for minor in (3_200_00, 1_450_00):  # hosting, an office
                yield postings.expense_paid(expense_id=self._next(), bank=BANK, amount=usd(minor))
                self.cash["USD"] -= minor
            yield postings.loan_repaid(
                payment_id=self._next(), bank=BANK, amount=usd(1_000_00), interest=usd(300_00)
            )
            self.cash["USD"] -= 1_300_00
        if day.day == TAX_PAID_ON:
            yield from self._tax_paid()

    def _tax_paid(self) -> Iterator[Draft]:
        for currency, (place, _) in TAXED.items():
            owed = min(self.taxed[place], self.cash[currency])
            if owed > 0:
                yield postings.sales_tax_paid(
                    payment_id=self._next(), place=place, bank=BANK, amount=Money(owed, currency)
                )
                self.taxed[place] -= owed
                self.cash[currency] -= owed


def first_day(start: datetime) -> date:
    """Return the first day of the months before the play's."""
    day = start.date().replace(day=1)
    for _ in range(MONTHS_BEFORE):
        day = (day - timedelta(days=1)).replace(day=1)
    return day


def tell_past(cast: Cast, *, seed: int, start: datetime) -> None:
    """Post what happened before ``start``, each day in one batch. Safe to repeat."""
    for day, drafts in Past(cast, seed).days(first_day(start), start.date()):
        evening = datetime(day.year, day.month, day.day, 23, tzinfo=UTC)
        with transaction.atomic():
            ledger.post_many(drafts, now=evening)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def part(amount: Money, percent: int) -> Money:
    """Return a percentage, rounded down."""
    return Money(amount.minor * percent // 100, amount.currency)
