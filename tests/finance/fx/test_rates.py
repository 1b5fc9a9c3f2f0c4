"""What a currency is worth on a day: found, crossed, rounded once, or refused."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given as for_all
from hypothesis import strategies as st

from apps.audit.models import AuditRecord
from apps.core.money import SCALES, AmountTooLarge, Money, UnknownCurrency
from apps.finance.fx import errors, selectors
from apps.finance.fx import services as fx
from apps.finance.fx.choices import RANK
from apps.finance.fx.models import ExchangeRate
from apps.finance.fx.rules.rates import Rate
from tests.factories.accounts import StaffFactory

WEDNESDAY, THURSDAY, FRIDAY = date(2026, 1, 7), date(2026, 1, 8), date(2026, 1, 9)
SUNDAY = date(2026, 1, 11)


def test_every_currency_of_the_platform_has_its_rank():
    assert set(RANK) == set(SCALES)


@pytest.mark.django_db
class TestRateOn:
    def test_the_published_rate_of_the_day_is_taken(self, quoted):
        quoted("EUR/USD 2026-01-08 1.1675", "EUR/USD 2026-01-09 1.1642")
        rate = selectors.rate_on(base="EUR", quote="USD", on=THURSDAY)
        assert rate.ratio == Fraction("1.1675")
        assert (rate.published_on, rate.sources) == (THURSDAY, ("ECB",))

    def test_the_pair_turned_round_is_the_exact_inverse(self, quoted):
        quoted("EUR/USD 2026-01-09 1.1642")
        rate = selectors.rate_on(base="USD", quote="EUR", on=FRIDAY)
        assert rate.ratio == 1 / Fraction("1.1642")

    def test_two_currencies_of_the_ecb_cross_over_the_euro(self, quoted):
        quoted("EUR/USD 2026-01-09 1.16", "EUR/JPY 2026-01-09 182.7", "EUR/GBP 2026-01-09 0.87")
        rate = selectors.rate_on(base="GBP", quote="JPY", on=FRIDAY)
        assert rate.ratio == Fraction("182.7") / Fraction("0.87")
        assert [(leg.base, leg.quote) for leg in rate.legs] == [("EUR", "GBP"), ("EUR", "JPY")]

    def test_a_crypto_asset_crosses_over_the_dollar_and_the_euro(self, quoted):
        quoted("EUR/USD 2026-01-09 1.25", "EUR/JPY 2026-01-09 180")
        quoted("BTC/USD 2026-01-09 100000", source="KRAKEN")
        rate = selectors.rate_on(base="BTC", quote="JPY", on=FRIDAY)
        assert rate.ratio == 14_400_000
        assert rate.sources == ("KRAKEN", "ECB")

    def test_a_direct_rate_goes_before_a_crossed_one(self, quoted):
        quoted("EUR/USD 2026-01-09 1.25", "EUR/GBP 2026-01-09 0.9", "GBP/USD 2026-01-09 1.5")
        assert selectors.rate_on(base="GBP", quote="USD", on=FRIDAY).ratio == Fraction(3, 2)

    def test_a_currency_is_worth_itself_without_any_rate(self):
        rate = selectors.rate_on(base="USD", quote="USD", on=FRIDAY)
        assert rate.ratio == 1
        assert rate.legs == ()

    def test_fridays_rate_serves_on_sunday_and_says_so(self, quoted):
        quoted("EUR/USD 2026-01-09 1.1642")
        rate = selectors.rate_on(base="EUR", quote="USD", on=SUNDAY)
        assert (rate.ratio, rate.published_on, rate.age_days) == (Fraction("1.1642"), FRIDAY, 2)

    @pytest.mark.parametrize(("days", "there"), [(5, True), (6, False)])
    def test_an_older_rate_is_refused_not_taken_silently(self, quoted, days, there):
        quoted("EUR/USD 2026-01-09 1.1642")
        on = FRIDAY + timedelta(days=days)
        if there:
            assert selectors.rate_on(base="EUR", quote="USD", on=on).age_days == days
        else:
            with pytest.raises(errors.RateMissing) as refusal:
                selectors.rate_on(base="EUR", quote="USD", on=on)
            assert refusal.value.facts == {"pair": "EUR/USD", "on": "2026-01-15"}

    def test_a_crypto_asset_has_no_weekend(self, quoted):
        quoted("BTC/USD 2026-01-09 97000", source="KRAKEN")
        assert selectors.rate_on(base="BTC", quote="USD", on=date(2026, 1, 10)).age_days == 1
        with pytest.raises(errors.RateMissing):
            selectors.rate_on(base="BTC", quote="USD", on=SUNDAY)

    def test_a_caller_may_ask_for_a_younger_rate(self, quoted):
        quoted("EUR/USD 2026-01-09 1.1642")
        with pytest.raises(errors.RateMissing):
            selectors.rate_on(base="EUR", quote="USD", on=SUNDAY, most_age_days=1)

    def test_a_rate_of_a_later_day_is_never_taken(self, quoted):
        quoted("EUR/USD 2026-01-09 1.1642")
        with pytest.raises(errors.RateMissing):
            selectors.rate_on(base="EUR", quote="USD", on=THURSDAY)

    def test_an_unknown_currency_is_refused(self):
        with pytest.raises(UnknownCurrency):
            selectors.rate_on(base="XAU", quote="USD", on=FRIDAY)

    def test_one_query_answers(self, quoted, django_assert_num_queries):
        quoted("EUR/USD 2026-01-09 1.25", "EUR/JPY 2026-01-09 180")
        with django_assert_num_queries(1):
            selectors.rate_on(base="USD", quote="JPY", on=FRIDAY)


@pytest.mark.django_db
class TestCorrections:
    def test_the_newer_row_of_a_day_counts_and_the_older_says_what_was_known(self, quoted, now):
        quoted("EUR/USD 2026-01-09 1.1642", at=now)
        later = now + timedelta(days=1)
        quoted("EUR/USD 2026-01-09 1.1624", at=later)

        today = selectors.rate_on(base="EUR", quote="USD", on=FRIDAY)
        then = selectors.rate_on(base="EUR", quote="USD", on=FRIDAY, known_at=now)

        assert (today.ratio, then.ratio) == (Fraction("1.1624"), Fraction("1.1642"))
        assert ExchangeRate.objects.count() == 2

    def test_what_was_not_yet_known_is_missing_then(self, quoted, now):
        quoted("EUR/USD 2026-01-09 1.1642", at=now)
        with pytest.raises(errors.RateMissing):
            selectors.rate_on(
                base="EUR", quote="USD", on=FRIDAY, known_at=now - timedelta(seconds=1)
            )

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE fx_exchangerate SET rate = 1",
            "DELETE FROM fx_exchangerate",
            "SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE fx_exchangerate",
        ],
    )
    def test_the_database_refuses_to_change_a_rate(self, quoted, sql):
        quoted("EUR/USD 2026-01-09 1.1642")
        with (
            pytest.raises(DatabaseError, match="append-only") as refusal,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
        assert getattr(refusal.value.__cause__, "sqlstate", "") == "FL100"
        assert ExchangeRate.objects.get().rate == Decimal("1.1642")


@pytest.mark.django_db
class TestManualRates:
    def test_a_person_records_a_rate_with_a_reason(self, now, finance):
        row = fx.record_rate(
            base="GBP", quote="USD", on=FRIDAY, rate=Decimal("1.3425"), by=finance,
            reason="Bank of England, read by phone", now=now,
        )  # fmt: skip
        assert (row.source, row.by, row.recorded_at) == ("MANUAL", finance, now)
        assert selectors.rate_on(base="GBP", quote="USD", on=FRIDAY).sources == ("MANUAL",)
        record = AuditRecord.objects.get(action="fx.rate_recorded")
        assert record.reason == "Bank of England, read by phone"

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"reason": "  "}, errors.ReasonMissing),
            ({"base": "USD", "quote": "EUR"}, errors.WrongWayRound),
            ({"quote": "EUR"}, errors.SameCurrency),
            ({"quote": "XAU"}, UnknownCurrency),
            ({"rate": Decimal(0)}, errors.RateNotPositive),
            ({"rate": Decimal("-1.16")}, errors.RateNotPositive),
            ({"rate": Decimal("NaN")}, errors.RateNotPositive),
            ({"rate": Decimal("Infinity")}, errors.RateNotPositive),
            ({"rate": Decimal("1e18")}, errors.RateNotPositive),
            ({"rate": Decimal("1e-19")}, errors.RateNotPositive),
            ({"on": date(2026, 1, 16)}, errors.RateInTheFuture),
            ({"rate": Decimal("11.642")}, errors.RateImplausible),
            ({"rate": Decimal("0.86")}, errors.RateImplausible),
        ],
    )
    def test_what_is_no_rate_is_refused_and_nothing_is_kept(
        self, quoted, now, finance, changes, error
    ):
        quoted("EUR/USD 2026-01-08 1.1675")
        wish = {
            "base": "EUR", "quote": "USD", "on": FRIDAY, "rate": Decimal("1.1642"),
            "by": finance, "reason": "typed", "now": now,
        }  # fmt: skip
        with pytest.raises(error):
            fx.record_rate(**{**wish, **changes})
        assert ExchangeRate.objects.count() == 1
        assert not AuditRecord.objects.filter(action="fx.rate_recorded").exists()

    def test_a_rate_turned_round_is_a_slip_also_where_it_is_near_one(self, quoted, now, finance):
        """1.0800 turned round is 0.9259: a seventh less, and no day of any market."""
        quoted("EUR/USD 2026-01-08 1.0800")
        wish = {"base": "EUR", "quote": "USD", "on": FRIDAY, "by": finance, "reason": "typed",
                "now": now}  # fmt: skip
        with pytest.raises(errors.RateImplausible):
            fx.record_rate(**wish, rate=Decimal("0.9259"))
        assert ExchangeRate.objects.count() == 1
        assert fx.record_rate(**wish, rate=Decimal("1.0400")).rate == Decimal("1.0400")

    def test_a_rate_of_last_year_judges_none_of_today(self, quoted, now, finance):
        quoted("BTC/USD 2025-11-01 60000")
        row = fx.record_rate(
            base="BTC", quote="USD", on=FRIDAY, rate=Decimal(95_000), by=finance,
            reason="after a long break", now=now,
        )  # fmt: skip
        assert row.rate == 95_000

    def test_support_may_not(self, now):
        with pytest.raises(errors.NotPermitted):
            fx.record_rate(
                base="EUR", quote="USD", on=FRIDAY, rate=Decimal("1.1642"),
                by=StaffFactory.create(role="support"), reason="typed", now=now,
            )  # fmt: skip
        assert not ExchangeRate.objects.exists()


@pytest.mark.django_db
class TestConvert:
    @pytest.mark.parametrize(
        ("money", "to", "is_worth"),
        [
            # 100.00 EUR x 1.1642 = 116.42 USD
            (Money(10_000, "EUR"), "USD", 11_642),
            # 116.42 USD / 1.1642 = 100.00 EUR
            (Money(11_642, "USD"), "EUR", 10_000),
            # 1.00 EUR x 183.55 = 183.55 JPY: half a yen and more goes up, yen have no cents
            (Money(100, "EUR"), "JPY", 184),
            # -1.00 EUR mirrors it
            (Money(-100, "EUR"), "JPY", -184),
            # 10 JPY / 183.55 x 1.1642 = 0.0634... USD
            (Money(10, "JPY"), "USD", 6),
            # 0.5 ETH (gwei) x 3,100.10 USD = 1,550.05 USD
            (Money(500_000_000, "ETH"), "USD", 155_005),
            # 1.00 USD / 3,100.10 = 0.000322570... ETH
            (Money(100, "USD"), "ETH", 322_570),
            # 0.00000001 BTC x 97,000 USD = 0.00097 USD: nothing
            (Money(1, "BTC"), "USD", 0),
            # 25 USDC x 0.9998 = 24.995 USD: a half goes away from zero
            (Money(25_000_000, "USDC"), "USD", 2_500),
        ],
    )
    def test_is_rounded_once_to_the_scale_of_the_currency(self, quoted, money, to, is_worth):
        quoted("EUR/USD 2026-01-09 1.1642", "EUR/JPY 2026-01-09 183.55")
        quoted(
            "ETH/USD 2026-01-09 3100.10", "BTC/USD 2026-01-09 97000",
            "USDC/USD 2026-01-09 0.9998", source="KRAKEN",
        )  # fmt: skip
        assert selectors.convert(money=money, to=to, on=FRIDAY) == Money(is_worth, to)

    def test_what_does_not_fit_is_refused(self, quoted):
        quoted("ETH/USD 2026-01-09 0.01", source="KRAKEN")
        with pytest.raises(AmountTooLarge):
            selectors.convert(money=Money(2**62, "USD"), to="ETH", on=FRIDAY)


@pytest.mark.django_db
class TestAverage:
    def test_is_the_mean_of_the_months_published_rates(self, quoted):
        # every weekday of February 2026 but three of them: 1.10 ten times, 1.20 ten times
        days = [date(2026, 2, d) for d in range(2, 28) if date(2026, 2, d).weekday() < 5]
        assert len(days) == 20
        quoted_lines = [f"EUR/USD {d} {'1.10' if n < 10 else '1.20'}" for n, d in enumerate(days)]
        quoted(*quoted_lines, at=datetime(2026, 3, 1, tzinfo=UTC))
        rate = selectors.average_rate(base="EUR", quote="USD", month=date(2026, 2, 11))
        assert (rate.ratio, rate.days, rate.on) == (Fraction("1.15"), 20, date(2026, 2, 28))

    def test_is_not_the_inverse_of_the_other_way_round(self, quoted):
        quoted("EUR/USD 2026-01-05 1", "EUR/USD 2026-01-08 2")
        end = date(2026, 1, 9)
        there = selectors.average_rate(base="EUR", quote="USD", month=end, until=end)
        back = selectors.average_rate(base="USD", quote="EUR", month=end, until=end)
        assert (there.ratio, back.ratio) == (Fraction(3, 2), Fraction(3, 4))

    def test_a_correction_replaces_its_day(self, quoted):
        quoted("EUR/USD 2026-01-05 1", "EUR/USD 2026-01-08 2")
        quoted("EUR/USD 2026-01-08 3")
        end = date(2026, 1, 9)
        rate = selectors.average_rate(base="EUR", quote="USD", month=end, until=end)
        assert rate.ratio == 2
        assert rate.days == 2

    def test_a_gap_in_the_month_is_refused(self, quoted):
        quoted("EUR/USD 2026-01-05 1", "EUR/USD 2026-01-12 2", "EUR/USD 2026-01-15 2")
        with pytest.raises(errors.RateMissing):
            selectors.average_rate(base="EUR", quote="USD", month=FRIDAY, until=date(2026, 1, 15))


# --- Properties -------------------------------------------------------------------------
RATIOS = st.fractions(min_value=Fraction(1, 1000), max_value=1000, max_denominator=10**9)
AMOUNTS = st.integers(min_value=-(10**6), max_value=10**6)
CURRENCIES = st.sampled_from(sorted(SCALES))


def rate(base, quote, ratio):
    return Rate(base, quote, FRIDAY, ratio)


@for_all(base=CURRENCIES, quote=CURRENCIES, ratio=RATIOS, minor=AMOUNTS)
def test_there_and_back_differ_by_at_most_the_rounding(base, quote, ratio, minor):
    scale = Fraction(10) ** (SCALES[quote] - SCALES[base])
    there = rate(base, quote, ratio).apply(Money(minor, base))
    back = rate(quote, base, 1 / ratio).apply(there)
    # Half a unit of quote, turned back, and half a unit of base.
    assert abs(back.minor - minor) <= Fraction(1, 2) / (ratio * scale) + Fraction(1, 2)


@for_all(base=CURRENCIES, quote=CURRENCIES, ratio=RATIOS, minor=AMOUNTS)
def test_a_refund_converts_to_what_its_payment_did(base, quote, ratio, minor):
    each = rate(base, quote, ratio)
    assert each.apply(Money(-minor, base)) == -each.apply(Money(minor, base))


@for_all(base=CURRENCIES, quote=CURRENCIES, ratio=RATIOS, minor=AMOUNTS)
def test_a_conversion_is_within_half_a_unit_of_the_exact_value(base, quote, ratio, minor):
    exact = minor * ratio * Fraction(10) ** (SCALES[quote] - SCALES[base])
    got = rate(base, quote, ratio).apply(Money(minor, base)).minor
    assert abs(got - exact) <= Fraction(1, 2)
