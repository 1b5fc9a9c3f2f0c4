"""Money is exact, and refuses everything that is not."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers

from apps.core import money
from apps.core.api.fields import MoneyField
from apps.core.money import BPS_WHOLE, MOST_MINOR, SCALES, Money

minors = st.integers(money.LEAST_MINOR, MOST_MINOR)
currencies = st.sampled_from(sorted(SCALES))


class TestOf:
    @pytest.mark.parametrize(
        ("amount", "currency", "minor"),
        [
            ("12.50", "USD", 1250),
            ("-0.01", "USD", -1),
            ("500", "JPY", 500),
            ("1.000", "USD", 100),
            ("0.00000001", "BTC", 1),
            (Decimal("12.5"), "EUR", 1250),
            ("92233720368547758.07", "USD", MOST_MINOR),
        ],
    )
    def test_reads_whole_units(self, amount, currency, minor):
        assert Money.of(amount, currency) == Money(minor, currency)

    @pytest.mark.parametrize(
        "amount",
        [
            "NaN", "Infinity", "-Infinity", "1e30", "1E2", "", " ", " 5.00", "5.00\n", "+5.00",
            "1,000.00", "5.", ".5", "0x10", "1_000", "\N{ARABIC-INDIC DIGIT FIVE}.00",
            "9" * 20, "0." + "0" * 19,
            Decimal("NaN"), Decimal("Infinity"), 5, 5.0, True, None, [], {},
        ],
    )  # fmt: skip
    def test_refuses_what_is_not_plainly_an_amount(self, amount):
        with pytest.raises(money.NotAnAmount) as refusal:
            Money.of(amount, "USD")
        assert refusal.value.code == "money.not_an_amount"

    @pytest.mark.parametrize("currency", ["XXX", "usd", "", None, 1, [], {}])
    def test_refuses_an_unknown_currency(self, currency):
        with pytest.raises(money.UnknownCurrency):
            Money.of("5.00", currency)

    @pytest.mark.parametrize(
        ("amount", "currency"),
        [
            ("0.001", "USD"),
            ("0.5", "JPY"),
            (Decimal("1e-999999"), "USD"),
            (Decimal("1e-9999999999"), "USD"),
            ("9000000000000000000.000000000000000001", "JPY"),
        ],
    )
    def test_refuses_places_that_the_currency_has_not(self, amount, currency):
        with pytest.raises(money.InexactAmount):
            Money.of(amount, currency)

    @pytest.mark.parametrize(
        "amount", ["92233720368547758.08", "-92233720368547758.09", Decimal("1e999999")]
    )
    def test_refuses_what_no_bigint_holds(self, amount):
        with pytest.raises(money.AmountTooLarge):
            Money.of(amount, "USD")

    @given(minors, currencies)
    def test_reads_back_what_it_writes(self, minor, currency):
        amount = Money(minor, currency)

        assert Money.of(f"{amount.decimal:f}", currency) == amount
        assert Money.of(amount.decimal, currency) == amount


class TestArithmetic:
    @given(minors, st.lists(st.integers(0, 10**6), min_size=1, max_size=9).filter(any))
    def test_a_split_loses_nothing_and_is_fair(self, minor, weights):
        shares = [share.minor for share in Money(minor, "USD").allocate(weights)]

        assert sum(shares) == minor
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share * sum(weights) - minor * weight) < sum(weights)

    @pytest.mark.parametrize("weights", [[], [0], [1, -1], [3, -1]])
    def test_a_split_needs_weights(self, weights):
        with pytest.raises(ValueError, match="weights"):
            Money(100, "USD").allocate(weights)

    @given(minors, st.integers(0, BPS_WHOLE))
    def test_a_share_is_within_half_a_unit_and_never_more_than_the_whole(self, minor, bps):
        amount = Money(minor, "USD")
        share = amount.share_bps(bps).minor

        assert abs(share * BPS_WHOLE - minor * bps) * 2 <= BPS_WHOLE
        assert abs(share) <= abs(minor)
        assert (-amount).share_bps(bps) == Money(-share, "USD")

    @pytest.mark.parametrize(
        ("minor", "bps", "share"), [(100, 50, 1), (-100, 50, -1), (99, 50, 0), (1999, 2000, 400)]
    )
    def test_half_a_unit_of_a_share_goes_up_in_size(self, minor, bps, share):
        assert Money(minor, "USD").share_bps(bps) == Money(share, "USD")

    def test_two_currencies_do_not_mix(self):
        for mix in (Money.__add__, Money.__sub__, Money.__lt__, Money.__le__):
            with pytest.raises(money.CurrencyMismatch):
                mix(Money(1, "USD"), Money(1, "EUR"))


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Money(125_000, "USD"), "$1,250.00"),
        (Money(-500, "USD"), "\N{MINUS SIGN}$5.00"),
        (Money(300, "EUR"), "€3.00"),
        (Money(500, "JPY"), "¥500"),
        (Money(1, "BTC"), "0.00000001 BTC"),
        (Money(-1, "USDT"), "\N{MINUS SIGN}0.000001 USDT"),
    ],
)
def test_people_read_it_in_one_form(amount, text):
    assert amount.formatted == text


class TestMoneyField:
    def test_reads_and_writes_text(self):
        wire = {"amount": "25.00", "currency": "USD"}

        assert MoneyField().run_validation(wire) == Money(2500, "USD")
        assert MoneyField().to_representation(Money(2500, "USD")) == wire

    def test_writes_small_amounts_without_an_exponent(self):
        assert MoneyField().to_representation(Money(1, "BTC"))["amount"] == "0.00000001"

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            ("25.00", "money.shape"),
            (25, "money.shape"),
            ({}, "money.shape"),
            ({"amount": "1.00"}, "money.shape"),
            ({"amount": "1.00", "currency": "USD", "more": 1}, "money.shape"),
            ({"amount": 25.0, "currency": "USD"}, "money.not_an_amount"),
            ({"amount": "1e30", "currency": "USD"}, "money.not_an_amount"),
            ({"amount": "1.00", "currency": "DOGE"}, "money.unknown_currency"),
            ({"amount": "1.001", "currency": "USD"}, "money.inexact_amount"),
            ({"amount": "9" * 19, "currency": "USD"}, "money.amount_too_large"),
        ],
    )
    def test_says_what_is_wrong(self, data, code):
        with pytest.raises(serializers.ValidationError) as refusal:
            MoneyField().run_validation(data)
        assert refusal.value.get_codes() == [code]
