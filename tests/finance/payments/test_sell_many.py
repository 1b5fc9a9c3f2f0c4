"""Sales to many wallets at once: the same to the cent as one by one, and none lost or doubled."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import close_old_connections, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Profile
from apps.clusters.models import Cluster
from apps.core.models import OutboxMessage
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.models import Account, Entry
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Occasion, Status
from apps.finance.payments.models import FeeSchedule, Transaction, TransactionEvent
from apps.finance.tax import services as tax_services
from apps.finance.tax.choices import Product, TaxKind
from apps.finance.tax.models import TaxLine
from tests.factories.accounts import CreatorFactory, ProfileFactory, StaffFactory
from tests.finance.payments.selling import a_purchase

pytestmark = pytest.mark.django_db


def funded(*amounts: str, now, currency="USD", **traits) -> list[Profile]:
    """Fans with so much in their wallets."""
    fans = []
    for amount in amounts:
        fan = ProfileFactory.create(**traits)
        with transaction.atomic():
            ledger.post(
                postings.wallet_deposit(
                    transaction_id=10**9 + fan.pk,
                    fan_id=fan.pk,
                    gateway="ccbill",
                    amount=Money.of(amount, currency),
                    processing_fee=Money.zero(currency),
                    cluster=fan.cluster.slug,
                ),
                now=now,
            )
        fans.append(fan)
    return fans


def a_sale(fan, creator, amount="10.00", **more):
    given = {
        "subject": f"subscription:{fan.pk}:period:2",
        "idempotency_key": f"renewal:{fan.pk}:2",
        "occasion": Occasion.RENEWAL,
        **more,
    }
    currency = given.pop("currency", "USD")
    return payments.WalletSale(
        fan_id=fan.pk,
        creator_id=creator.pk,
        cluster_id=fan.cluster_id,
        cluster_slug=fan.cluster.slug,
        amount=Money.of(amount, currency),
        **given,
    )


def sell(sales, now, kind=Kind.SUBSCRIPTION):
    with transaction.atomic():
        return payments.sell_many_from_wallet(sales, kind=kind, now=now)


def wallet(fan, currency="USD"):
    return ledger_selectors.balance_of(postings.wallet(fan.pk), currency).minor


def earned(creator, currency="USD"):
    return ledger_selectors.balance_of(postings.creator_payable(creator.pk), currency).minor


class TestEachIsSold:
    def test_as_one_alone_would_be_to_the_row(self, now):
        alone, many = funded("50.00", "50.00", now=now)
        creator = CreatorFactory.create()
        with transaction.atomic():
            one = payments.sell_from_wallet(
                a_purchase(alone, creator, "9.99", occasion=Occasion.RENEWAL,
                           subject="subscription:1:period:2", idempotency_key="k"),
                now=now,
            )  # fmt: skip
        [sold] = sell(
            [a_sale(many, creator, "9.99", subject="subscription:1:period:2",
                    idempotency_key="k")],
            now,
        )  # fmt: skip

        names = [
            field.attname for field in Transaction._meta.concrete_fields
            if field.attname not in {"id", "public_id", "payer_id"}
        ]  # fmt: skip
        rows = Transaction.objects.values(*names)
        assert rows.get(pk=sold.transaction_id) == rows.get(pk=one.pk)
        assert sold == payments.Sold(sold.transaction_id, Money(999, "USD"))
        kinds = [(e.kind, e.cluster, e.source) for e in Entry.objects.order_by("-id")[:2]]
        assert kinds == [
            ("RENEWAL_WALLET", "boyfanz", f"transaction:{sold.transaction_id}:captured"),
            ("RENEWAL_WALLET", "boyfanz", f"transaction:{one.pk}:captured"),
        ]
        told = [m.payload for m in OutboxMessage.objects.filter(name="payments.captured")]
        for payload in told:
            assert payload.pop("transaction_id") in {one.pk, sold.transaction_id}
            assert payload.pop("payer_id") in {alone.pk, many.pk}
        assert told[0] == told[1]
        assert told[0]["subject"] == "subscription:1:period:2"
        assert told[0]["occasion"] == "RENEWAL"

    def test_and_booked_to_the_cent(self, now):
        fans = funded("50.00", "9.99", "100.00", now=now)
        creator = CreatorFactory.create()
        sales = [a_sale(fan, creator, "9.99") for fan in fans]

        answers = sell(sales, now)

        assert [answer.amount.minor for answer in answers] == [999] * 3
        assert [wallet(fan) for fan in fans] == [4001, 0, 9001]
        assert earned(creator) == 3 * 799  # 20 % of 9.99 is 2.00
        revenue = ledger_selectors.balance_of(postings.PLATFORM_REVENUE, "USD").minor
        assert revenue == 3 * 200
        history = TransactionEvent.objects.filter(by=None, from_status="", to_status="CAPTURED")
        assert history.count() == TransactionEvent.objects.count() == 3
        assert OutboxMessage.objects.filter(name="payments.captured").count() == 3

    @pytest.mark.parametrize(
        ("kind", "occasion", "entry"),
        [
            (Kind.SUBSCRIPTION, Occasion.FIRST, EntryKind.SUBSCRIPTION_WALLET),
            (Kind.SUBSCRIPTION, Occasion.CHANGE, EntryKind.SUBSCRIPTION_WALLET),
            (Kind.SUBSCRIPTION, Occasion.RENEWAL, EntryKind.RENEWAL_WALLET),
            (Kind.SUBSCRIPTION, Occasion.TRIAL, EntryKind.TRIAL_WALLET),
            (Kind.CONTENT, Occasion.NONE, EntryKind.PPV_CONTENT_WALLET),
            (Kind.MESSAGE, Occasion.NONE, EntryKind.PPV_MESSAGE_WALLET),
            (Kind.TIP, Occasion.NONE, EntryKind.TIP_WALLET),
        ],
    )
    def test_by_the_entry_of_its_kind(self, now, kind, occasion, entry):
        [fan] = funded("50.00", now=now)
        creator = CreatorFactory.create()
        [sold] = sell([a_sale(fan, creator, occasion=occasion)], now, kind)
        assert Entry.objects.latest("id").kind == entry
        assert wallet(fan) == 40_00
        assert earned(creator) == 8_00
        assert Transaction.objects.get(pk=sold.transaction_id).kind == kind

    def test_in_every_brand_and_currency_by_its_own_rates(self, now):
        other = Cluster.objects.get(slug="girlfanz")
        FeeSchedule.objects.create(
            cluster=other, kind="SUBSCRIPTION", method="WALLET", platform_bps=1000,
            processing_bps=0, effective_from=now - timedelta(days=1),
        )  # fmt: skip
        [here] = funded("50.00", now=now)
        [there] = funded("50.00", now=now, cluster=other)
        [euro] = funded("50.00", now=now, currency="EUR")
        creator, elsewhere = CreatorFactory.create(), CreatorFactory.create(cluster=other)

        sell(
            [
                a_sale(here, creator),
                a_sale(there, elsewhere),
                a_sale(euro, creator, "20.00", currency="EUR"),
            ],
            now,
        )

        assert (wallet(here), wallet(there), wallet(euro, "EUR")) == (40_00, 40_00, 30_00)
        assert (earned(creator), earned(elsewhere), earned(creator, "EUR")) == (8_00, 9_00, 16_00)

    def test_with_the_tax_of_its_buyers_place(self, now, boyfanz):
        one, other = StaffFactory.create(role="finance"), StaffFactory.create(role="finance")
        rate = tax_services.set_rate(
            place="DE", product=Product.DIGITAL, kind=TaxKind.VAT, percent=Decimal(19),
            is_inclusive=True, valid_from=date(2026, 1, 1), source="law", by=one,
            reason="letter", now=now,
        )  # fmt: skip
        tax_services.confirm_rate(rate_id=rate.pk, by=other, reason="read it", now=now)
        tax_services.turn_tax(
            cluster=boyfanz, is_on=True, by=one, reason="registered", now=now - timedelta(1)
        )
        german, unknown = funded("50.00", "50.00", now=now)
        creator = CreatorFactory.create()

        sold, refused = sell(
            [a_sale(german, creator, "11.90", buyer_country="DE"), a_sale(unknown, creator)], now
        )

        row = Transaction.objects.get(pk=sold.transaction_id)
        assert (row.tax_minor, row.tax_place, row.net_minor) == (190, "DE", 800)
        assert row.place_proofs == ["DECLARED:DE"]
        line = TaxLine.objects.get()
        assert (line.source, line.tax_minor, line.base_minor) == (row.source, 190, 1000)
        assert ledger_selectors.balance_of(postings.sales_tax("DE"), "USD").minor == 190
        assert refused.code == "tax.place_missing"
        assert wallet(unknown) == 50_00


class TestWhatIsRefused:
    def test_keeps_nothing_and_stops_no_other(self, now):
        poor, rich = funded("5.00", "50.00", now=now)
        stranger = funded("50.00", now=now)[0]
        creator, plain = CreatorFactory.create(), ProfileFactory.create()
        far = CreatorFactory.create(cluster=Cluster.objects.get(slug="girlfanz"))
        itself = CreatorFactory.create(user=rich.user, cluster=far.cluster)
        Profile.objects.filter(pk=itself.pk).update(is_creator=True)

        answers = sell(
            [
                a_sale(poor, creator),
                a_sale(rich, creator),
                a_sale(stranger, plain),
                a_sale(stranger, far, idempotency_key="far"),
                a_sale(stranger, stranger, idempotency_key="self"),
                a_sale(stranger, creator, "5000.01", idempotency_key="much"),
                a_sale(stranger, creator, subject="", idempotency_key="nameless"),
                a_sale(stranger, creator, occasion=Occasion.NONE, idempotency_key="none"),
            ],
            now,
        )

        assert [getattr(answer, "code", "sold") for answer in answers] == [
            "payments.insufficient_wallet",
            "sold",
            "payments.not_a_creator",
            "payments.creator_not_found",
            "payments.sold_to_oneself",
            "payments.amount_out_of_range",
            "payments.not_for_sale",
            "payments.not_for_sale",
        ]
        assert answers[0].facts == {"amount": "10.00", "currency": "USD"}
        assert list(Transaction.objects.values_list("payer", flat=True)) == [rich.pk]
        assert TransactionEvent.objects.count() == 1
        assert OutboxMessage.objects.filter(name="payments.captured").count() == 1
        assert (wallet(poor), wallet(rich), wallet(stranger)) == (5_00, 40_00, 50_00)

    def test_two_sales_of_one_wallet_are_judged_one_after_the_other(self, now):
        [fan] = funded("25.00", now=now)
        creator = CreatorFactory.create()
        sales = [
            a_sale(fan, creator, amount, idempotency_key=f"k{n}")
            for n, amount in enumerate(["10.00", "20.00", "15.00", "0.01"])
        ]

        answers = sell(sales, now)

        sold = [isinstance(answer, payments.Sold) for answer in answers]
        assert sold == [True, False, True, False]
        assert wallet(fan) == 0

    def test_a_balance_that_moves_after_it_was_seen_costs_only_its_own_sale(
        self, now, monkeypatch
    ):
        fans = funded(*["10.00"] * 6, now=now)
        creator = CreatorFactory.create()
        spent = fans[3]
        see = ledger_selectors.available_of_many

        def see_then_spend(accounts):
            seen = see(accounts)
            payments.tip_from_wallet(
                fan=spent, creator=creator, amount=Money.of("1.00", "USD"), message="",
                idempotency_key="meanwhile", now=now,
            )  # fmt: skip
            return seen

        monkeypatch.setattr(ledger_selectors, "available_of_many", see_then_spend)
        answers = sell([a_sale(fan, creator) for fan in fans], now)

        assert [getattr(a, "code", "") for a in answers] == [
            "", "", "", "payments.insufficient_wallet", "", "",
        ]  # fmt: skip
        assert [wallet(fan) for fan in fans] == [0, 0, 0, 9_00, 0, 0]
        assert not Transaction.objects.filter(payer=spent, subject__gt="").exists()
        assert Transaction.objects.filter(subject__gt="").count() == 5
        assert TransactionEvent.objects.filter(from_status="").exclude(
            to_status=Status.CREATED
        ).count() == 5  # fmt: skip

    def test_a_frozen_account_is_its_own_trouble(self, now, staff):
        fans = funded("10.00", "10.00", "10.00", now=now)
        creator = CreatorFactory.create()
        account = Account.objects.get(code="2000", owner=f"profile:{fans[1].pk}")
        ledger.freeze_account(account_id=account.pk, by=staff(), reason="test", now=now)

        answers = sell([a_sale(fan, creator) for fan in fans], now)

        assert [getattr(a, "code", "") for a in answers] == ["", "ledger.account_closed", ""]
        assert [wallet(fan) for fan in fans] == [0, 10_00, 0]

    def test_nothing_to_sell_is_no_work(self, now, django_assert_num_queries):
        with transaction.atomic(), django_assert_num_queries(0):
            assert payments.sell_many_from_wallet([], kind=Kind.SUBSCRIPTION, now=now) == []


class TestSoldOnce:
    def test_the_same_keys_again_are_answered_with_the_first_payments(self, now):
        fans = funded("10.00", "20.00", "15.00", now=now)
        creator = CreatorFactory.create()
        sales = [a_sale(fan, creator) for fan in fans]
        first = sell(sales, now)

        again = sell(sales, now + timedelta(days=1))

        assert again == [each._replace(replayed=True) for each in first]
        assert [wallet(fan) for fan in fans] == [0, 10_00, 5_00]
        assert Transaction.objects.count() == 3
        assert OutboxMessage.objects.filter(name="payments.captured").count() == 3

    def test_a_batch_of_old_and_new_sells_the_new_with_what_is_left(self, now):
        [fan] = funded("20.00", now=now)
        creator = CreatorFactory.create()
        old = a_sale(fan, creator)
        new = a_sale(fan, creator, idempotency_key="new", subject="subscription:9:period:1")
        sell([old], now)

        answers = sell([old, new, new], now)

        assert [answer.replayed for answer in answers] == [True, False, True]
        assert answers[1].transaction_id == answers[2].transaction_id
        assert wallet(fan) == 0

    def test_a_key_reused_for_something_else_is_refused(self, now):
        [fan] = funded("50.00", now=now)
        creator = CreatorFactory.create()
        sell([a_sale(fan, creator)], now)

        answers = sell(
            [
                a_sale(fan, creator, "11.00"),
                a_sale(fan, creator, idempotency_key="twice"),
                a_sale(fan, creator, "12.00", idempotency_key="twice"),
            ],
            now,
        )

        codes = [getattr(answer, "code", "sold") for answer in answers]
        assert codes == ["payments.key_reused", "sold", "payments.key_reused"]
        assert wallet(fan) == 30_00


def test_the_number_of_statements_does_not_grow(now):
    creator = CreatorFactory.create()
    counted = []
    for size in (2, 30):
        fans = funded(*["50.00"] * size, now=now)
        sales = [a_sale(fan, creator, f"{10 + n}.00") for n, fan in enumerate(fans)]
        with (
            transaction.atomic(),
            CaptureQueriesContext(connection) as caught,
        ):
            payments.sell_many_from_wallet(sales, kind=Kind.SUBSCRIPTION, now=now)
        counted.append(len(caught))
    assert counted == [counted[0]] * 2
    assert counted[0] <= 12


@pytest.mark.django_db(transaction=True)
def test_two_batches_over_the_same_wallets_at_once_sell_each_once(now):
    fans = funded(*["10.00"] * 40, now=now)
    creators = [CreatorFactory.create() for _ in range(3)]
    sales = [a_sale(fan, creators[n % 3]) for n, fan in enumerate(fans)]
    others = [sale._replace(idempotency_key=f"other:{sale.fan_id}") for sale in sales]
    batches = [sales, list(reversed(sales)), others, list(reversed(others))]
    answers: list[list[payments.Sold | payments.Refused]] = [[]] * len(batches)
    start = threading.Barrier(len(batches))

    def work(place):
        try:
            start.wait(timeout=20)
            answers[place] = sell(batches[place], now)
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert all(answers)
    sold = [a for batch in answers for a in batch if isinstance(a, payments.Sold)]
    assert len({a.transaction_id for a in sold}) == 40  # 10.00 each: one sale a wallet
    assert len([a for a in sold if not a.replayed]) == 40
    assert Transaction.objects.count() == 40
    assert [wallet(fan) for fan in fans] == [0] * 40
    assert sum(earned(creator) for creator in creators) == 40 * 8_00
