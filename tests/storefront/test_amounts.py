"""Amounts people type are read as strictly as the API reads them."""

import pytest
from django.forms import ValidationError
from django.test import Client

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger.selectors import balance_of
from apps.storefront.views.forms import DollarsField
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory


class TestDollars:
    @pytest.mark.parametrize(("typed", "cents"), [("12.50", 12_50), ("$20", 20_00), (" 5 ", 5_00)])
    def test_plain_amounts_are_read(self, typed, cents):
        assert DollarsField().clean(typed) == Money(cents, "USD")

    @pytest.mark.parametrize(
        "typed", ["1e3", "٢٠", "1,50", "NaN", "-5", "0", "0.00", "1.234", "$$5", "9" * 19]
    )
    def test_others_are_refused_with_an_example(self, typed):
        with pytest.raises(ValidationError, match=r"for example 12\.50"):
            DollarsField().clean(typed)


@pytest.mark.django_db
def test_a_wallet_tip_above_the_balance_says_what_is_missing(now):
    fan, creator = ProfileFactory.create(), CreatorFactory.create(handle="ada")
    given.a_funded_wallet(fan, "50.00", now=now)
    client = Client(headers={"host": "boyfanz.localhost"})
    client.force_login(fan.user)
    key = client.get("/@ada/").context["key"]
    wish = {"preset": "other", "amount": "80.25", "method": "WALLET", "key": key}

    answer = client.post(f"/@{creator.handle}/", wish)

    assert answer.status_code == 422
    assert "Your wallet holds $50.00: $30.25 is missing." in answer.content.decode()
    assert balance_of(postings.wallet(fan.pk), "USD") == Money.of("50.00", "USD")
