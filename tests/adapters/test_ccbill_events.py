"""CCBill's events beyond the sale, its one-click answers, and DataLink's refusals."""

import pytest

from apps.core.money import Money
from apps.finance.payments.adapters import ccbill_datalink, gateway_for
from apps.finance.payments.adapters.answers import GatewayTrouble
from apps.finance.payments.adapters.base import Delivery, NotAuthentic, Order, Renewal, Told
from apps.finance.payments.adapters.ccbill import recurring_form_digest
from tests.adapters.pages import ACCOUNT, SECRET, TOKEN, delivery, md5, signed

CCBILL = gateway_for("ccbill")
BASE = {"clientAccnum": "900000", "clientSubacc": "0002", "subscriptionId": "9",
        "transactionId": "77", "timestamp": "2026-01-15 05:00:00"}  # fmt: skip
MONEY = {"amount": "5.25", "currency": "EUR", "currencyCode": "978"}
BILLED = {"billedAmount": "9.99", "billedCurrency": "USD", "billedCurrencyCode": "840"}


def read(event, **fields):
    sent = delivery("ccbill", {**BASE, **fields})
    [notice] = CCBILL.read_webhook(
        Delivery({"eventType": event}, {}, sent.body, "127.0.0.1"), ACCOUNT
    )
    return notice


@pytest.mark.parametrize(
    ("event", "fields", "told", "amount"),
    [
        ("RenewalSuccess", BILLED, Told.RENEWED, Money(999, "USD")),
        ("RenewalFailure", {"failureCode": "BE-140"}, Told.RENEWAL_FAILED, None),
        ("Cancellation", {}, Told.RENEWAL_ENDED, None),
        ("Expiration", {}, Told.RENEWAL_ENDED, None),
        ("Refund", MONEY, Told.REFUNDED, Money(525, "EUR")),
        ("Void", MONEY, Told.VOIDED, Money(525, "EUR")),
        ("Chargeback", MONEY, Told.CHARGEBACK, Money(525, "EUR")),
        ("Return", MONEY, Told.CHARGEBACK, Money(525, "EUR")),
        ("Refund", {"accountingAmount": "5.5", "accountingCurrency": "USD"}, Told.REFUNDED,
         Money(550, "USD")),
        ("CustomerDataUpdate", {}, Told.NOTHING, None),
        ("SomethingNew", {}, Told.NEEDS_STAFF, None),
    ],
)  # fmt: skip
def test_every_event_is_told_in_the_words_of_the_platform(event, fields, told, amount):
    notice = read(event, **fields)
    assert (notice.told, notice.amount, notice.reference) == (told, amount, "9")
    assert (notice.dispute is not None) is (told is Told.CHARGEBACK)


def test_two_refunds_of_one_sale_in_one_second_are_two():
    keys = {
        read(
            "Refund",
            **MONEY,
        ).dedupe_key,
        read("Refund", **{**MONEY, "amount": "1.00"}).dedupe_key,
    }
    assert len(keys) == 2
    assert read("Refund", **MONEY).dedupe_key in keys


def test_a_sale_keeps_the_card_without_its_number():
    [notice] = CCBILL.read_webhook(delivery("ccbill", signed("ccbill")), ACCOUNT)
    means = notice.means
    assert means is not None
    assert (means.token, means.last4, means.expires, means.bin, means.fingerprint) == (
        "9", "1111", "2030-09", "411111", "hash-of-card",
    )  # fmt: skip


def test_a_renewing_page_is_signed_over_all_its_prices():
    order = Order(
        TOKEN,
        Money.of("1.00", "USD"),
        ACCOUNT,
        renewal=Renewal(Money.of("9.99", "USD"), first_days=3, days=30),
    )
    url = CCBILL.open_checkout(order).url
    digest = md5("1.00" + "3" + "9.99" + "30" + "99" + "840" + SECRET)
    assert f"formDigest={digest}" in url
    assert "numRebills=99" in url
    assert digest == recurring_form_digest(
        price="1.00", period="3", recurring_price="9.99", recurring_period="30", rebills="99",
        currency_code="840", salt=SECRET,
    )  # fmt: skip


def test_a_renewing_sale_is_proved_by_the_digest_of_its_form():
    fields = {"initialPeriod": "3", "subscriptionRecurringPrice": "9.99", "recurringPeriod": "30",
              "rebills": "99"}  # fmt: skip
    digest = md5("25.50" + "3" + "9.99" + "30" + "99" + "840" + SECRET)
    sale = {**signed("ccbill", **fields), "dynamicPricingValidationDigest": digest}
    assert CCBILL.read_webhook(delivery("ccbill", sale), ACCOUNT)[0].told is Told.PAID
    with pytest.raises(NotAuthentic):
        CCBILL.read_webhook(delivery("ccbill", {**sale, "rebills": "1"}), ACCOUNT)


def test_a_look_up_without_a_number_says_nothing():

    with pytest.raises(GatewayTrouble):
        ccbill_datalink.view_status(reference="", account=ACCOUNT)
