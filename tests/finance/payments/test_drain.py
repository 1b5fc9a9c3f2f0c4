"""Batches: every row as one by one, as many statements for 500 as for 50, and killed anywhere."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core.models import OutboxMessage
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Entry, Line
from apps.finance.payments import errors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import PAID, Status, WebhookStatus
from apps.finance.payments.models import (
    Attempt,
    Transaction,
    TransactionEvent,
    WebhookEvent,
    WebhookNotice,
)
from apps.finance.payments.services import webhooks
from apps.finance.payments.services.capture_many import Paid, capture_many
from apps.finance.payments.services.drain import book_batch
from apps.finance.payments.services.hear import hear_delivery
from apps.finance.payments.services.move import capture
from apps.finance.tax.models import TaxLine
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.factories.payments import failure_fields, webhook_fields

pytestmark = pytest.mark.django_db


def sale_of(deposit):
    return str(10**18 + deposit.pk)


def deposits(count, *, now, fan=None, prefix="batch"):
    fan = fan or ProfileFactory.create()
    return [given.a_deposit(fan, now=now, key=f"{prefix}-{n}") for n in range(count)]


def claimed(now):
    return webhooks.claim_batch(now, webhooks.BATCH)


#: What differs between two rows only because they are two.
OWN = {"id", "public_id", "idempotency_key", "transaction_id", "webhook_id", "entry_id", "key"}


def rows(model, **wanted):
    found = model.objects.filter(**wanted).order_by("pk").values()
    return [{name: value for name, value in row.items() if name not in OWN} for row in found]


def named(text, payment):
    """Write a row without the numbers of its payment."""
    for own, word in ((sale_of(payment), "SALE"), (f":{payment.pk}:", ":N:"),
                      (str(payment.public_id), "ORDER")):  # fmt: skip
        text = text.replace(own, word)
    return text


def written_of(payment):
    """Return every row that a capture writes, in words that two payments can share."""
    entries = Entry.objects.filter(source=f"transaction:{payment.pk}:captured")
    message = OutboxMessage.objects.get(
        name="payments.captured", payload__transaction_id=payment.pk
    )
    parts = {
        "payment": rows(Transaction, pk=payment.pk),
        "history": rows(TransactionEvent, transaction=payment),
        "tries": rows(Attempt, transaction=payment),
        "news": rows(WebhookNotice, transaction=payment),
        "delivery": [
            {k: v for k, v in row.items() if k not in {"body", "headers", "query"}}
            for row in rows(WebhookEvent, transaction=payment)
        ],
        "entry": [(e.kind, e.line_count, e.cluster, e.effective_on, e.memo) for e in entries],
        "lines": list(
            Line.objects.filter(entry__in=entries)
            .order_by("n")
            .values_list("n", "account__code", "account__owner", "amount_minor", "currency")
        ),
        "tax": rows(TaxLine, source=f"transaction:{payment.pk}:captured"),
        "told": {**message.payload, "transaction_id": 0},
    }
    return {name: named(str(part), payment) for name, part in parts.items()}


@pytest.mark.parametrize("kind", ["deposit", "tip"])
def test_a_batch_writes_the_rows_that_one_by_one_writes(now, kind):
    fan, creator = ProfileFactory.create(), CreatorFactory.create()
    made = [
        given.a_deposit(fan, now=now, key=f"k{n}")
        if kind == "deposit"
        else given.a_card_tip(fan, creator, now=now, key=f"k{n}")
        for n in range(3)
    ]
    for payment in made:
        given.a_delivery(
            payment, now=now, subscriptionId=sale_of(payment), cardType="VISA", country="US",
            last4="1111",
        )  # fmt: skip
    alone, *together = claimed(now)

    assert hear_delivery(alone.pk, now=now) is True
    assert book_batch(together, now=now) == {each.pk for each in together}

    one_by_one, *in_batch = [written_of(payment) for payment in made]
    assert in_batch[0] == in_batch[1] == one_by_one
    assert one_by_one["entry"].startswith("[(")
    assert one_by_one["lines"].count("1100") == 1


def test_repeats_and_sales_of_one_batch_are_told_apart(now):
    first, second = deposits(2, now=now)
    ids = [
        given.a_delivery(deposit, now=now, subscriptionId=sale_of(deposit))
        for deposit in (first, first, second, first)
    ]

    assert book_batch(claimed(now), now=now) == set(ids)

    states = WebhookEvent.objects.in_bulk(ids)
    assert [states[each].status for each in ids] == [
        "PROCESSED",
        "IGNORED",
        "PROCESSED",
        "IGNORED",
    ]
    assert {states[each].duplicate_of_id for each in (ids[1], ids[3])} == {ids[0]}
    assert ledger_selectors.balance_of(postings.wallet(first.payer_id), "USD").minor == 2 * 50_00


def test_what_is_not_plain_is_left_to_be_heard_alone(now):
    paid, declined, forged, twice = deposits(4, now=now)
    given.a_delivery(paid, now=now, subscriptionId=sale_of(paid))
    given.a_delivery(declined, now=now, **failure_fields())
    given.a_delivery(forged, now=now, dynamicPricingValidationDigest="0" * 32)
    given.a_delivery(twice, now=now, subscriptionId=sale_of(twice))
    given.a_delivery(twice, now=now, subscriptionId="0117240102000000077")

    assert payments.process_webhooks(now=now) == 5

    states = list(WebhookEvent.objects.order_by("id").values_list("status", flat=True))
    assert states == ["PROCESSED", "PROCESSED", "REFUSED", "PROCESSED", "PARKED"]
    assert ledger_selectors.balance_of(postings.wallet(paid.payer_id), "USD").minor == 2 * 50_00


def test_a_batch_that_fails_as_a_whole_is_heard_one_by_one(now):
    """An entry that is in the books already with other content fails every batch it is in."""
    good, poisoned = deposits(2, now=now)
    with transaction.atomic():
        ledger.post(
            postings.wallet_deposit(
                transaction_id=poisoned.pk,
                fan_id=poisoned.payer_id,
                gateway="ccbill",
                amount=Money.of("1.00", "USD"),
                processing_fee=Money.zero("USD"),
                cluster="boyfanz",
            ),
            now=now,
        )
    for deposit in (poisoned, good):
        given.a_delivery(deposit, now=now, subscriptionId=sale_of(deposit))

    assert payments.process_webhooks(now=now) == 1

    good.refresh_from_db()
    poisoned.refresh_from_db()
    assert (good.status, poisoned.status) == (Status.CAPTURED, Status.REQUIRES_ACTION)
    [left] = WebhookEvent.objects.exclude(status=WebhookStatus.PROCESSED)
    assert (left.status, left.attempts) == (WebhookStatus.RECEIVED, 1)
    assert "SourceReused" in left.error


@pytest.mark.parametrize("status", sorted(PAID))
def test_what_was_paid_once_is_captured_neither_alone_nor_among_others(now, status):
    paid, fresh = deposits(2, now=now)
    given.a_delivery(paid, now=now, subscriptionId=sale_of(paid))
    payments.process_webhooks(now=now)
    paid.refresh_from_db()
    paid.status = status
    tables = (Entry, OutboxMessage, TransactionEvent)
    before = [table.objects.count() for table in tables]

    with pytest.raises(errors.WrongState), transaction.atomic():
        capture_many([Paid(fresh, "A", {}), Paid(paid, "B", {})], now=now, reason="test")
    with pytest.raises(errors.WrongState), transaction.atomic():
        capture(transaction=paid, now=now, reason="test", reference="B")

    fresh.refresh_from_db()
    assert fresh.status == Status.REQUIRES_ACTION
    assert [table.objects.count() for table in tables] == before


@pytest.mark.slow
def test_two_hundred_take_as_many_statements_as_twenty(now):
    fan = ProfileFactory.create()
    counts = []
    for count in (20, 200):
        for deposit in deposits(count, now=now, fan=fan, prefix=f"q{count}"):
            given.a_delivery(deposit, now=now, subscriptionId=sale_of(deposit))
        with CaptureQueriesContext(connection) as queries:
            assert payments.process_webhooks(now=now) == count
        counts.append(len(queries))

    assert counts[0] == counts[1] < 40
    assert Transaction.objects.filter(status=Status.CAPTURED).count() == 220


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_same_event_a_thousand_times_at_once_books_once(settings):
    settings.ALLOWED_HOSTS = ["any.example"]
    now = timezone.now()
    fan = ProfileFactory.create()
    deposit = given.a_deposit(fan, now=now)
    body = urlencode(webhook_fields(deposit))
    path = f"/webhooks/ccbill/{settings.CCBILL['webhook_token']}/?eventType=NewSaleSuccess"

    def post(number):
        client = Client(headers={"host": "any.example"})
        try:
            status = client.post(
                path, body, content_type="application/x-www-form-urlencoded"
            ).status_code
            if number % 100 == 0:
                payments.process_webhooks(now=timezone.now())
            return status
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(post, range(1000)))
    payments.process_webhooks(now=timezone.now() + timedelta(minutes=5))

    assert answers == [200] * 1000
    states = list(WebhookEvent.objects.values_list("status", flat=True))
    assert (states.count("PROCESSED"), states.count("IGNORED")) == (1, 999)
    assert ledger_selectors.balance_of(postings.wallet(fan.pk), "USD").minor == 50_00
