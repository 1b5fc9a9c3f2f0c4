"""Currencies are exchanged through account 3900; the examples are worked by hand."""

import threading
from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import given as for_all
from hypothesis import strategies as st

from apps.audit.models import AuditRecord
from apps.core.money import Money, UnknownCurrency
from apps.finance.fx import errors, selectors
from apps.finance.fx import services as fx
from apps.finance.fx.models import CurrencyPosition, Exchange
from apps.finance.fx.rules.positions import Position, trade
from apps.finance.ledger import errors as ledger_errors
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Entry
from apps.finance.ledger.postings import AccountRef
from tests.factories.accounts import StaffFactory

BANK = AccountRef("1000", "bank:main")
DAY = date(2026, 1, 9)


def usd(text):
    return Money.of(text, "USD")


def eur(text):
    return Money.of(text, "EUR")


@pytest.fixture
def exchanged(now, finance):
    def deal(sold, bought, key="", **changes):
        wish = {
            "sold": sold, "sold_from": BANK, "bought": bought, "bought_into": BANK,
            "effective_on": DAY, "idempotency_key": key or f"{sold}>{bought}", "by": finance,
            "reason": "bank statement 7", "now": now,
        }  # fmt: skip
        return fx.exchange(**{**wish, **changes})

    return deal


def lines_of(done):
    entry = Entry.objects.get(source=done.source)
    return [(line.account.code, line.amount) for line in
            entry.lines.select_related("account").order_by("n")]  # fmt: skip


def on_3900(currency):
    return ledger_selectors.balance_of(postings.CURRENCY_TRADING, currency)


@pytest.mark.django_db
class TestWorkedExamples:
    def test_dollars_buy_euros(self, exchanged):
        """110.00 USD buy 100.00 EUR: a long position of 100.00 EUR that cost 110.00 USD."""
        done = exchanged(usd("110.00"), eur("100.00"))

        assert lines_of(done) == [
            ("3900", usd("110.00")),
            ("1000", usd("-110.00")),
            ("1000", eur("100.00")),
            ("3900", eur("-100.00")),
        ]
        assert (done.value, done.gain) == (usd("110.00"), usd("0.00"))
        assert selectors.position_findings() == []
        [row] = selectors.positions(on=DAY)
        assert (row.quantity, row.cost, row.worth) == (eur("100.00"), usd("110.00"), None)

    def test_selling_a_part_realises_its_gain_at_average_cost(self, exchanged):
        """100 EUR for 110 USD and 100 EUR for 120 USD cost 1.15 on average; 80 EUR cost 92 USD.

        They bring 100.00 USD: a gain of 8.00. 120 EUR stay, at 138 USD.
        """
        exchanged(usd("110.00"), eur("100.00"))
        exchanged(usd("120.00"), eur("100.00"))
        done = exchanged(eur("80.00"), usd("100.00"))

        assert done.gain == usd("8.00")
        assert lines_of(done) == [
            ("3900", eur("80.00")),
            ("1000", eur("-80.00")),
            ("1000", usd("100.00")),
            ("3900", usd("-100.00")),
            ("3900", usd("8.00")),
            ("4200", usd("-8.00")),
        ]
        [row] = selectors.positions(on=DAY)
        assert (row.quantity, row.cost) == (eur("120.00"), usd("138.00"))
        assert selectors.position_findings() == []

    def test_selling_all_at_a_loss_leaves_nothing_on_the_trading_account(self, exchanged):
        """100 EUR bought for 110.00 USD are sold for 104.50: a loss of 5.50."""
        exchanged(usd("110.00"), eur("100.00"))
        done = exchanged(eur("100.00"), usd("104.50"))

        assert done.gain == usd("-5.50")
        assert lines_of(done)[4:] == [("5600", usd("5.50")), ("3900", usd("-5.50"))]
        assert (on_3900("EUR"), on_3900("USD")) == (eur("0.00"), usd("0.00"))
        assert ledger_selectors.balance_of(postings.CURRENCY_LOSSES, "USD") == usd("5.50")
        assert CurrencyPosition.objects.get().position == Position(0, 0)

    def test_euros_earned_are_sold_short_and_bought_back(self, exchanged):
        """50 EUR sold for 60.00 USD and bought back for 57.00 USD: a gain of 3.00."""
        short = exchanged(eur("50.00"), usd("60.00"))
        assert short.gain == usd("0.00")
        assert CurrencyPosition.objects.get().position == Position(-5000, -6000)
        assert selectors.position_findings() == []
        assert exchanged(usd("57.00"), eur("50.00")).gain == usd("3.00")
        assert (on_3900("EUR"), on_3900("USD")) == (eur("0.00"), usd("0.00"))

    def test_a_deal_through_zero_closes_one_position_and_opens_the_other(self, exchanged):
        """Of 150 EUR sold for 180 USD, 100 close a position that cost 110: they bring 120."""
        exchanged(usd("110.00"), eur("100.00"))
        assert exchanged(eur("150.00"), usd("180.00")).gain == usd("10.00")
        assert CurrencyPosition.objects.get().position == Position(-5000, -6000)
        assert selectors.position_findings() == []

    def test_two_foreign_currencies_are_valued_at_the_days_rate(self, exchanged, quoted):
        """100 EUR (cost 110 USD) become 15,000 JPY on a day on which 100 EUR are 116.42 USD."""
        quoted("EUR/USD 2026-01-09 1.1642")
        exchanged(usd("110.00"), eur("100.00"))
        done = exchanged(eur("100.00"), Money(15_000, "JPY"))

        assert (done.value, done.gain) == (usd("116.42"), usd("6.42"))
        assert done.rate_note == "EUR/USD 1.1642 (ECB 2026-01-09)"
        yen = CurrencyPosition.objects.get(currency="JPY")
        assert yen.position == Position(15_000, 11_642)
        assert selectors.position_findings() == []

    def test_gwei_and_yen_keep_their_scales(self, exchanged):
        """3,100.10 USD buy 1 ETH (a thousand million gwei); half of it is sold for 1,600.00."""
        exchanged(usd("3100.10"), Money(10**9, "ETH"))
        assert exchanged(Money(5 * 10**8, "ETH"), usd("1600.00")).gain == usd("49.95")
        assert CurrencyPosition.objects.get().position == Position(5 * 10**8, 155_005)
        assert selectors.position_findings() == []

    def test_a_position_shows_its_unrealised_worth(self, exchanged, quoted):
        quoted("EUR/USD 2026-01-09 1.1642")
        exchanged(usd("110.00"), eur("100.00"))
        [row] = selectors.positions(on=DAY)
        assert (row.worth, row.unrealised) == (usd("116.42"), usd("6.42"))


@pytest.mark.django_db
class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"reason": " "}, errors.ReasonMissing),
            ({"sold": usd("0.00")}, errors.AmountNotPositive),
            ({"bought": eur("-1.00")}, errors.AmountNotPositive),
            ({"bought": usd("1.00")}, errors.SameCurrency),
            ({"bought": Money(1, "XAU")}, UnknownCurrency),
            ({"sold_from": postings.wallet(7)}, errors.NotCash),
            ({"bought_into": postings.PLATFORM_REVENUE}, errors.NotCash),
            ({"sold": Money(100, "GBP")}, errors.RateMissing),
            ({"bought_into": AccountRef("1000", "profile:7")}, ledger_errors.UnknownAccount),
        ],
    )
    def test_what_is_no_exchange_is_refused_and_nothing_moves(self, now, finance, changes, error):
        wish = {
            "sold": usd("110.00"), "sold_from": BANK, "bought": eur("100.00"),
            "bought_into": BANK, "effective_on": DAY, "idempotency_key": "1", "by": finance,
            "reason": "statement", "now": now,
        }  # fmt: skip
        with pytest.raises(error):
            fx.exchange(**{**wish, **changes})
        assert not Exchange.objects.exists()
        assert not Entry.objects.exists()
        assert not CurrencyPosition.objects.exists()
        assert not AuditRecord.objects.filter(action="fx.exchanged").exists()

    @pytest.mark.parametrize(
        ("sold", "bought"),
        [
            (eur("1000.00"), usd("116420.00")),  # a slip of the point
            (eur("1000.00"), usd("858.96")),  # the rate turned round: 26 percent less
            (usd("1000.00"), eur("1164.20")),
            (eur("1000.00"), usd("1456.00")),
        ],
    )
    def test_amounts_far_from_the_days_rate_are_refused(self, exchanged, quoted, sold, bought):
        quoted("EUR/USD 2026-01-09 1.1642")
        with pytest.raises(errors.DealImplausible):
            exchanged(sold, bought)
        assert not Entry.objects.exists()
        assert not CurrencyPosition.objects.exists()

    def test_sides_changed_round_are_refused_where_the_rate_is_near_one(self, exchanged, quoted):
        """1,000.00 EUR are 1,080.00 USD: 925.93 USD are what 1,000.00 USD are in EUR."""
        quoted("EUR/USD 2026-01-09 1.08")
        with pytest.raises(errors.DealImplausible):
            exchanged(eur("1000.00"), usd("925.93"))
        assert not Entry.objects.exists()
        assert exchanged(eur("1000.00"), usd("1055.00")).value == usd("1055.00")
        assert exchanged(eur("0.01"), usd("0.02")).value == usd("0.02")

    def test_a_deal_of_tomorrow_is_refused(self, exchanged, now):
        tomorrow = now.date() + timedelta(days=1)
        with pytest.raises(errors.DealInTheFuture):
            exchanged(usd("110.00"), eur("100.00"), effective_on=tomorrow)
        assert not Entry.objects.exists()

    def test_support_may_not(self, exchanged):
        with pytest.raises(errors.NotPermitted):
            exchanged(usd("1.10"), eur("1.00"), by=StaffFactory.create(role="support"))
        assert not Entry.objects.exists()

    def test_the_same_key_is_the_same_exchange(self, exchanged):
        first = exchanged(usd("110.00"), eur("100.00"), key="k")
        assert exchanged(usd("110.00"), eur("100.00"), key="k") == first
        with pytest.raises(errors.KeyReused):
            exchanged(usd("110.00"), eur("100.01"), key="k")
        assert Entry.objects.count() == 1
        assert CurrencyPosition.objects.get().position == Position(10_000, 11_000)


@pytest.mark.django_db(transaction=True)
def test_many_deals_at_once_agree_with_the_books(now, finance):
    failures = []

    def deal(n):
        sides = [usd("1.10"), eur("1.00")]
        sold, bought = sides if n % 3 else reversed(sides)
        try:
            fx.exchange(
                sold=sold, sold_from=BANK, bought=bought, bought_into=BANK, effective_on=DAY,
                idempotency_key=f"deal-{n // 2}", by=finance, reason="x", now=now,
            )  # fmt: skip
        except errors.KeyReused:
            pass
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=deal, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Exchange.objects.count() == 6
    assert Entry.objects.count() == 6
    assert selectors.position_findings() == []


@pytest.mark.django_db
def test_a_posting_past_the_service_is_found(exchanged, now):
    exchanged(usd("110.00"), eur("100.00"))
    with transaction.atomic():
        ledger.post(
            postings.exchange(
                exchange_id=10**9, sold=usd("1.00"), sold_from=BANK, bought=eur("1.00"),
                bought_into=BANK, gain=usd("0.00"), effective_on=DAY,
            ),
            now=now,
        )  # fmt: skip
    assert selectors.position_findings() == [
        "EUR: position 10000, account 3900 10100",
        "USD: costs 11000, account 3900 11100",
    ]


# --- Properties -------------------------------------------------------------------------
TRADES = st.lists(
    st.tuples(
        st.integers(-(10**9), 10**9).filter(bool), st.integers(min_value=0, max_value=10**9)
    ),
    max_size=30,
)


@for_all(TRADES)
def test_cost_plus_gains_is_always_what_was_paid(trades):
    position, gains, paid, held = Position(), 0, 0, 0
    for quantity, value in trades:
        signed = value if quantity > 0 else -value
        position, gain = (
            (done := trade(position, quantity=quantity, value=signed)).position,
            done.gain,
        )
        gains, paid, held = gains + gain, paid + signed, held + quantity
        assert position.quantity == held
        assert position.cost == paid + gains
        assert position.cost * position.quantity >= 0
        if not position.quantity:
            assert position.cost == 0


@for_all(TRADES)
def test_the_gains_of_a_closed_position_are_what_it_brought_less_what_it_cost(trades):
    position, gains, brought = Position(), 0, 0
    closing = -sum(quantity for quantity, _ in trades)
    for quantity, value in [*trades, *([(closing, 77)] if closing else [])]:
        signed = value if quantity > 0 else -value
        done = trade(position, quantity=quantity, value=signed)
        position, gains, brought = done.position, gains + done.gain, brought - signed
    assert position == Position(0, 0)
    assert gains == brought


@for_all(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_sale_in_two_parts_differs_by_no_more_than_the_rounding(held, cost, price):
    part = held // 2
    if not part:
        return
    whole = trade(Position(held, cost), quantity=-held, value=-price * 2)
    one = trade(Position(held, cost), quantity=-part, value=-price)
    two = trade(one.position, quantity=-(held - part), value=-price)
    assert one.gain + two.gain == whole.gain
