"""News of a gateway: taxed sales in batches, renewals, kept cards, signed queries, and staff."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest

from apps.audit.models import AuditRecord
from apps.core import events
from apps.core.models import OutboxMessage
from apps.core.money import Money
from apps.core.sealing import digest_of, seal
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.ledger.models import Entry, Line
from apps.finance.payments import services as payments
from apps.finance.payments import views
from apps.finance.payments.adapters import vendo_sign
from apps.finance.payments.adapters.adyen_webhooks import body_signature
from apps.finance.payments.choices import Status
from apps.finance.payments.events import PaymentRenewed
from apps.finance.payments.models import (
    PaymentMethod,
    WebhookEvent,
    WebhookNotice,
)
from apps.finance.payments.selectors.inbox import webhook_address
from apps.finance.payments.services import webhooks
from apps.finance.payments.services.drain import book_batch
from apps.finance.payments.services.hear import hear_delivery
from apps.finance.payments.services.methods import SEALED_AS
from apps.finance.tax import selectors as tax
from apps.finance.tax import services as tax_services
from apps.finance.tax.choices import Product, TaxKind
from apps.finance.tax.models import TaxLine
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory, StaffFactory, UserFactory
from tests.factories.payments import MerchantAccountFactory
from tests.finance.payments.inboxes import KEY, OTHER_KEY, SETS

pytestmark = pytest.mark.django_db

USD = "USD"
SALE = 10**18


def claimed(now):
    return webhooks.claim_batch(now, webhooks.BATCH)


def stored(webhook_id):
    return WebhookEvent.objects.get(pk=webhook_id)


class TestTaxedSales:
    """27.50 by card is 25.00 and 10 % on top; the processor takes 5 % of 27.50, which is 1.38."""

    @pytest.fixture
    def tips(self, now):
        fan, creator = ProfileFactory.create(), CreatorFactory.create()
        MerchantAccountFactory.of(fan.cluster)
        one, other = StaffFactory.create(role="finance"), StaffFactory.create(role="finance")
        rate = tax_services.set_rate(
            place="US-AL", product=Product.ANY, kind=TaxKind.LEVY, percent=Decimal(10),
            is_inclusive=False, valid_from=date(2026, 1, 1), source="law", by=one,
            reason="letter", now=now,
        )  # fmt: skip
        tax_services.confirm_rate(rate_id=rate.pk, by=other, reason="read it", now=now)
        tax_services.turn_tax(
            cluster=fan.cluster, is_on=True, by=one, reason="registered", now=now - timedelta(1)
        )
        return [
            payments.start_card_tip(
                fan=fan, creator=creator, amount=Money.of("25.00", USD), message="",
                idempotency_key=f"tip-{n}", now=now, buyer=tax.Buyer("US-AL", "US"),
            )
            for n in range(3)
        ]  # fmt: skip

    def test_in_a_batch_are_booked_to_the_line_as_one_by_one(self, now, tips):
        for tip in tips:
            given.a_delivery(tip, now=now, subscriptionId=str(SALE + tip.pk), country="US")
        alone, *together = claimed(now)

        assert hear_delivery(alone.pk, now=now) is True
        assert book_batch(together, now=now) == {each.pk for each in together}

        for tip in tips:
            entry = Entry.objects.get(source=f"transaction:{tip.pk}:captured")
            lines = Line.objects.filter(entry=entry).select_related("account").order_by("n")
            assert [
                (line.account.code, line.account.owner, line.amount_minor) for line in lines
            ] == [
                ("1100", "processor:ccbill", 2750),
                ("2100", f"profile:{tip.payee_id}", -1987),
                ("4000", "", -375),
                ("2200", "", -138),
                ("2400", "tax:US-AL", -250),
            ]
            line = TaxLine.objects.get(source=entry.source)
            assert (line.place, line.base, line.tax) == (
                "US-AL", Money(2500, USD), Money(250, USD),
            )  # fmt: skip
            assert (line.proofs, line.proofs_agree) == (
                ["DECLARED:US-AL", "ADDRESS:US", "BILLING:US"], True,
            )  # fmt: skip
        assert ledger.balance_of(postings.sales_tax("US-AL"), USD).minor == 3 * 250
        assert ledger.balance_of(postings.PLATFORM_REVENUE, USD).minor == 3 * 375

    def test_paid_without_the_tax_are_refused_in_a_batch_as_alone(self, now, tips):
        for tip in tips[:2]:
            tip.amount_minor = 25_00
            given.a_delivery(tip, now=now, subscriptionId=str(SALE + tip.pk))

        assert book_batch(claimed(now), now=now) == set()
        payments.process_webhooks(now=now + timedelta(hours=1))

        assert {row.status for row in WebhookEvent.objects.all()} == {"REFUSED"}
        assert not Entry.objects.exists()
        assert not TaxLine.objects.exists()


def renewal(sale, transaction_id, *, now, **changed):
    """CCBill's word that it charged a renewal; no digest of ours is in it."""
    fields = {
        "clientAccnum": "900000", "clientSubacc": changed.pop("subaccount"),
        "subscriptionId": sale, "transactionId": transaction_id,
        "timestamp": "2026-02-14 05:00:00", "billedAmount": "9.99", "billedCurrency": "USD",
        "billedCurrencyCode": "840", **changed,
    }  # fmt: skip
    return payments.receive_webhook(
        gateway="ccbill",
        query={"eventType": "RenewalSuccess"},
        headers={"Content-Type": "application/json"},
        body=json.dumps(fields).encode(),
        remote_ip="127.0.0.1",
        now=now,
    )


class TestRenewals:
    """A gateway that renews by itself has charged somebody: its news is kept until booked."""

    @pytest.fixture(autouse=True)
    def _nobody_keeps_subscriptions(self, monkeypatch):
        others = {
            name: handlers
            for name, handlers in events._handlers.items()
            if name != PaymentRenewed.name
        }
        monkeypatch.setattr(events, "_handlers", defaultdict(list, others))

    @pytest.fixture
    def sold(self, now):
        deposit = given.a_deposit(ProfileFactory.create(), now=now)
        given.a_delivery(deposit, now=now, subscriptionId=str(SALE))
        payments.process_webhooks(now=now)
        deposit.refresh_from_db()
        return deposit

    def tell(self, sold, number, *, now):
        subaccount = sold.merchant_account.subaccount
        return renewal(str(SALE), number, now=now, subaccount=subaccount)

    def test_wait_for_a_person_where_nobody_keeps_subscriptions(self, now, sold):
        before = (Entry.objects.count(), sold.history.count(), sold.attempts.count())
        first, again = (self.tell(sold, "R1", now=now) for _ in range(2))
        later = self.tell(sold, "R2", now=now)

        assert payments.process_webhooks(now=now) == 3

        assert [stored(each).status for each in (first, again, later)] == [
            "PARKED", "IGNORED", "PARKED",
        ]  # fmt: skip
        assert stored(again).duplicate_of_id == first
        row = WebhookNotice.objects.get(webhook=first)
        assert (row.told, row.amount_minor, row.currency, row.reference, row.transaction_id) == (
            "RENEWED", 999, USD, str(SALE), sold.pk,
        )  # fmt: skip
        assert (Entry.objects.count(), sold.history.count(), sold.attempts.count()) == before
        sold.refresh_from_db()
        assert (sold.status, sold.amount) == (Status.CAPTURED, Money(5000, USD))

    def test_parked_are_kept_whole_beyond_the_time_of_others(self, now, sold):
        webhook_id = self.tell(sold, "R1", now=now)
        payments.process_webhooks(now=now)
        sent = bytes(stored(webhook_id).body)

        payments.empty_webhooks(now=now + timedelta(days=3650))

        assert bytes(stored(webhook_id).body) == sent
        assert b"9.99" in sent

    def test_replayed_once_somebody_keeps_subscriptions_are_told_once(
        self, now, sold, monkeypatch
    ):
        staff = UserFactory.create(is_superuser=True)
        first, again = (self.tell(sold, "R1", now=now) for _ in range(2))
        payments.process_webhooks(now=now)
        monkeypatch.setattr(events, "_handlers", {PaymentRenewed.name: [print]})
        monkeypatch.setattr(events, "_types", {PaymentRenewed.name: PaymentRenewed})

        for webhook_id in (first, again):
            payments.replay_webhook(webhook_id=webhook_id, by=staff, reason="They are", now=now)
        payments.process_webhooks(now=now)

        assert (stored(first).status, stored(again).status) == ("PROCESSED", "IGNORED")
        [message] = OutboxMessage.objects.filter(name=PaymentRenewed.name)
        assert {
            name: message.payload[name]
            for name in ("gateway", "reference", "transaction_id", "amount_minor", "currency")
        } == {
            "gateway": "ccbill", "reference": str(SALE), "transaction_id": sold.pk,
            "amount_minor": 999, "currency": USD,
        }  # fmt: skip


class TestKeptCards:
    """News of a stored card names the card's name at the gateway, and hardly more."""

    @pytest.fixture(autouse=True)
    def _credentials(self, settings):
        settings.GATEWAY_CREDENTIALS = SETS

    def kept(self, fan, now, *, name="8415", credentials="", default=True):
        account = MerchantAccountFactory.create(
            cluster=fan.cluster, gateway="adyen", account_number=f"Fanz{credentials}{default}",
            subaccount="", flex_id="", credentials=credentials,
        )  # fmt: skip
        return PaymentMethod.objects.create(
            profile=fan, merchant_account=account, gateway="adyen",
            sealed_token=seal(name, purpose=SEALED_AS), token_digest=digest_of(name),
            brand="visa", last4="1111", expires="2029-03", country="DE", bin="411111",
            fingerprint="F1", is_default=default, created_at=now, last_used_at=now,
        )  # fmt: skip

    def tell(self, event, means, *, now, key=KEY, credentials="", identity="E1"):
        body = json.dumps({
            "type": event, "eventId": identity, "createdAt": "2026-01-15T12:00:00Z",
            "data": {
                "merchantAccount": means.merchant_account.account_number, "type": "mc",
                "shopperReference": "S1", "storedPaymentMethodId": "8415",
            },
        }).encode()  # fmt: skip
        webhook_id = payments.receive_webhook(
            gateway="adyen", credentials=credentials, query={},
            headers={"Content-Type": "application/json",
                     "hmacsignature": body_signature(body, key=key)},
            body=body, remote_ip="203.0.113.5", now=now,
        )  # fmt: skip
        payments.process_webhooks(now=now)
        return stored(webhook_id)

    def test_a_replaced_one_keeps_what_the_news_does_not_tell(self, now):
        means = self.kept(ProfileFactory.create(), now)

        later = now + timedelta(days=1)
        assert self.tell("recurring.token.updated", means, now=later).status == "PROCESSED"

        means.refresh_from_db()
        assert (means.brand, means.last4, means.expires) == ("mc", "1111", "2029-03")
        assert (means.country, means.bin, means.fingerprint) == ("DE", "411111", "F1")
        assert (means.is_default, means.removed_at, means.last_used_at) == (True, None, now)
        assert not Entry.objects.exists()

    def test_a_closed_one_is_forgotten_and_the_next_is_the_default(self, now):
        fan = ProfileFactory.create()
        means = self.kept(fan, now)
        other = self.kept(fan, now, name="9999", default=False)

        told = [
            self.tell("recurring.token.disabled", means, now=now, identity=each)
            for each in ("E1", "E1", "E2")
        ]

        assert [each.status for each in told] == ["PROCESSED", "IGNORED", "IGNORED"]
        means.refresh_from_db()
        other.refresh_from_db()
        assert (means.removed_at, means.sealed_token, means.is_default) == (now, "", False)
        assert (other.removed_at, other.is_default) == (None, True)
        record = AuditRecord.objects.get(action="payments.means_removed")
        assert "can be charged no more" in record.reason

    def test_the_secrets_of_another_account_close_nothing(self, now):
        means = self.kept(ProfileFactory.create(), now)
        other = self.kept(ProfileFactory.create(), now, name="9999", credentials="adyen-boyfanz")

        told = self.tell("recurring.token.disabled", other, now=now, key=OTHER_KEY,
                         credentials="adyen-boyfanz")  # fmt: skip

        assert (told.status, told.error) == (
            "IGNORED", "No stored means of payment goes by this name",
        )  # fmt: skip
        means.refresh_from_db()
        assert (means.removed_at, means.last4) == (None, "1111")


class TestSignedQueries:
    """Vendo signs its query as it stands; the database keeps a query's names in another order."""

    SECRET = "vendo-shared-secret"

    @pytest.fixture
    def deposits(self, settings, now, monkeypatch):
        monkeypatch.setattr(views, "process_soon", lambda: None)  # in tests it would be at once
        settings.WEBHOOK_ORIGIN = "https://fanz.example"
        settings.GATEWAY_CREDENTIALS = {
            "vendo": {
                "api_url": "https://vendo.example", "pay_url": "https://pay.example",
                "shared_secret": self.SECRET, "api_secret": "of-no-use",
                "webhook_token": "vendo-door",
            }
        }  # fmt: skip
        fan = ProfileFactory.create()
        MerchantAccountFactory.create(
            cluster=fan.cluster, gateway="vendo", account_number="900000", subaccount="0002",
            flex_id="",
        )  # fmt: skip
        return [given.a_deposit(fan, now=now, key=f"v{n}") for n in range(2)]

    def query_of(self, deposit):
        fields = {
            "type": "sale", "transaction_id": f"81{deposit.pk}", "subscription_id": "71",
            "amount": str(deposit.amount.decimal), "currency": "USD",
            "merchant_reference": str(deposit.public_id), "merchant_id": "900000",
            "site_id": "0002", "date_time": "2026-01-15 12:00:00", "note": "a b~c",
        }  # fmt: skip
        address = webhook_address("vendo")
        return urlsplit(vendo_sign.signed_url(address, fields, secret=self.SECRET)).query

    def deliver(self, client, query):
        return client.get(f"/webhooks/vendo/vendo-door/?{query}").status_code

    def test_reach_the_batch_as_they_were_signed(self, client, settings, now, deposits):
        settings.ALLOWED_HOSTS = ["testserver"]
        for deposit in deposits:
            assert self.deliver(client, self.query_of(deposit)) == 200
        rows = list(WebhookEvent.objects.order_by("id"))
        batch = claimed(max(row.received_at for row in rows))

        assert list(rows[0].query) != [name for name, _ in parse_qsl(rows[0].raw_query)]
        assert len(batch) == 2
        assert book_batch(batch, now=now) == {row.pk for row in rows}

        for deposit in deposits:
            deposit.refresh_from_db()
            assert (deposit.status, deposit.gateway_reference) == (
                Status.CAPTURED, f"81{deposit.pk}",
            )  # fmt: skip
        wallet = postings.wallet(deposits[0].payer_id)
        assert ledger.balance_of(wallet, USD).minor == 2 * 50_00

    def test_in_another_order_prove_nothing(self, client, settings, now, deposits):
        settings.ALLOWED_HOSTS = ["testserver"]
        turned = "&".join(reversed(self.query_of(deposits[0]).split("&")))
        assert self.deliver(client, turned) == 200

        batch = claimed(WebhookEvent.objects.get().received_at)
        assert book_batch(batch, now=now) == set()
        assert hear_delivery(batch[0].pk, now=now) is True

        assert stored(batch[0].pk).status == "REFUSED"
        assert not Entry.objects.exists()
