"""Whose a charge on a card statement is, and what a text for statements must carry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.accounts.models import Profile
from apps.clusters.models import Cluster
from apps.finance.payments.models import MerchantAccount, PaymentMethod
from apps.finance.payments.rules.statements import best_matches, says_who
from apps.finance.payments.selectors import statements
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.factories.payments import MerchantAccountFactory
from tests.finance.payments.refunding import captured

BOY, GIRL = "CCBILL.COM *BOYFANZ", "CCBILL.COM *GIRLFANZ"
PHONE = "FANZ.EXAMPLE 800-555-0100"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("CCBILL.COM *BOYFANZ", {BOY}),
        ("ccbill.com*boyfanz", {BOY}),
        ("CCBILLCOM BOYFANZ 888-596 AZ", {BOY}),
        ("CCBILL.COM *GIRL", {GIRL}),
        ("boyfanz", {BOY}),
        ("CCBILL.COM", {BOY, GIRL}),
        ("FANZ.EXAMPLE 800-555", {PHONE}),
        ("FANZ.EXAMPLE NEW YORK", {PHONE}),
        ("800-555-0100", {PHONE}),
        ("SOMEBODY ELSE", set()),
        ("FANZ", set()),
        ("* . -", set()),
        ("", set()),
    ],
)
def test_banks_write_a_text_as_they_like(typed: str, expected: set[str]) -> None:
    assert best_matches(typed, {BOY, GIRL, PHONE}) == expected


@pytest.mark.parametrize(
    ("descriptor", "expected"),
    [
        (BOY, True),
        (PHONE, True),
        ("BOYFANZ 800 555 0100", True),
        ("BOYFANZ +1 (800) 555-0100", True),
        ("boyfanz.com", True),
        ("BOYFANZ", False),
        ("FANZ* GIRLFANZ", False),
        ("BOYFANZ 12345", False),
        ("MR. SMITH", False),
    ],
)
def test_a_text_carries_a_site_or_a_number(descriptor: str, expected: bool) -> None:
    assert says_who(descriptor) is expected


@pytest.mark.django_db
class TestByText:
    def test_accounts_of_the_past_count_and_brands_are_named_once(
        self, fan: Profile, girlfanz: Cluster
    ) -> None:
        for number, active in (("900001", True), ("900002", False)):
            MerchantAccountFactory.create(
                cluster=fan.cluster, account_number=number, descriptor=BOY, is_active=active
            )
        MerchantAccountFactory.create(cluster=girlfanz, descriptor=GIRL)

        assert statements.brands_of_text("boyfanz") == [fan.cluster]
        assert statements.brands_of_text("ccbill.com") == [fan.cluster, girlfanz]
        assert statements.brands_of_text("pupfanz") == []


@pytest.mark.django_db
class TestByCharge:
    @pytest.fixture
    def charged(self, fan: Profile, now: datetime) -> PaymentMethod:
        """A tip of 25.00 by a card that is kept."""
        tip = captured(given.a_card_tip(fan, CreatorFactory.create(), now=now), now=now)
        account = tip.merchant_account
        assert isinstance(account, MerchantAccount)
        kept: PaymentMethod = PaymentMethod.objects.create(
            profile=fan, merchant_account=account, gateway=account.gateway, sealed_token="x",
            token_digest="d", last4="4242", created_at=now,
        )  # fmt: skip
        return kept

    def asked(self, now: datetime, **changes: Any) -> list[Cluster]:
        wish: dict[str, Any] = {
            "on": now.date(),
            "amount": Decimal("25.00"),
            "last4": "4242",
        } | changes
        return statements.brands_of_charge(**wish)

    def test_the_brand_is_found_around_the_day_and_nowhere_else(
        self, charged: PaymentMethod, fan: Profile, now: datetime,
        django_assert_num_queries: Callable[..., Any],
    ) -> None:  # fmt: skip
        with django_assert_num_queries(3):
            assert self.asked(now) == [fan.cluster]
        for days in (-1, 3):
            assert self.asked(now, on=(now + timedelta(days=days)).date()) == [fan.cluster]
        for wrong in (
            {"on": (now + timedelta(days=9)).date()},
            {"on": (now - timedelta(days=4)).date()},
            {"amount": Decimal("25.01")},
            {"amount": Decimal(2500)},
            {"last4": "4243"},
        ):
            assert self.asked(now, **wrong) == []

    def test_what_was_not_charged_is_not_told(self, charged: PaymentMethod, now: datetime) -> None:
        other = ProfileFactory.create()
        given.a_card_tip(other, CreatorFactory.create(), "31.00", now=now, key="waits")
        PaymentMethod.objects.filter(pk=charged.pk).update(profile=other)
        assert self.asked(now) == []
        assert self.asked(now, amount=Decimal("31.00")) == []
