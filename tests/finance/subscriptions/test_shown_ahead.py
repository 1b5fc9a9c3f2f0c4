"""Page, API and console say the charge that will come, whatever price holds then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.core.money import Money
from apps.finance.subscriptions import services
from apps.finance.subscriptions.rules.notice import TOLD_AFTER
from apps.finance.subscriptions.selectors.timeline import coming_of
from apps.finance.subscriptions.services.tick import bill_due
from tests.finance.subscriptions.asking import client_of, one
from tests.finance.subscriptions.test_price_change_renewals import _billed_until, _changed, _paid
from tests.given_subscriptions import a_subscription, fresh
from tests.storefront.test_subscriptions import browser_of, text_of

pytestmark = pytest.mark.django_db
NEXT = timedelta(days=70)


def page_of(row):
    return text_of(browser_of(row.fan).get(f"/subscriptions/{row.public_id}/"))


def next_in_api(row):
    return client_of(row.fan).get(one(row)).json()["subscription"]["next_charge"]


def told(row, amount, *, now):
    """The price rises, the fan is told, and the last charge of the old one is past."""
    _changed(row, amount, now=now)
    services.tell_price_changes(now=now + TOLD_AFTER)
    _billed_until(now, 33)
    return fresh(row)


def test_a_rise_that_needs_no_word_is_shown_as_it_is_charged(now, boyfanz):
    row = told(a_subscription(now=now), "12.00", now=now)
    assert next_in_api(row)["amount"] == {"amount": "12.00", "currency": "USD"}
    assert "$12.00 on" in page_of(row)
    assert "it is $12.00 a month instead of $10.00 a month" in page_of(row)
    assert any(line.what.startswith("$12.00 is charged") for line in coming_of(row, now=now))

    bill_due(now=now + NEXT)
    assert _paid(row)[-1] == Money.of("12.00", "USD").minor


@pytest.mark.parametrize("says", ["nothing", "no"])
def test_a_rise_without_the_yes_it_needs_ends_it_and_says_so(now, boyfanz, says):
    row = a_subscription(now=now)
    row = told(row, "20.00", now=now)
    if says == "no":
        services.refuse_price(
            subscription_id=row.public_id, fan=row.fan, now=now + timedelta(days=34)
        )
        row = fresh(row)
    assert next_in_api(row) is None
    page = page_of(row)
    assert "None: ends" in page
    assert ("You said no to the new price." in page) is (says == "no")
    assert coming_of(row, now=now)[0].what == "It ends"

    bill_due(now=now + NEXT)
    assert (fresh(row).state, _paid(row)) == ("ENDED", [1_000, 1_000])
