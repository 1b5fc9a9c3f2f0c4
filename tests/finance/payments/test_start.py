"""PAY-1, PAY-2, PAY-9: how payments begin, what they cost, and what is refused."""

import pytest
from django.test import Client
from hypothesis import given as for_all
from hypothesis import strategies as st

from apps.clusters.models import Cluster
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import errors, selectors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import NEXT, PAID, Kind, Method, Status
from apps.finance.payments.models import MerchantAccount, Transaction
from apps.finance.payments.rules import fees
from apps.finance.payments.rules.transitions import check_move
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory

USD = "USD"


@for_all(
    kind=st.sampled_from(Kind),
    minor=st.integers(1, 10**12),
    platform=st.integers(0, 10_000),
    processing=st.integers(0, 10_000),
    fixed=st.integers(0, 500),
)
def test_fees_and_net_are_the_amount_to_the_cent(kind, minor, platform, processing, fixed):
    rates = fees.Rates(platform, min(processing, 10_000 - platform), fixed)
    split = fees.split(kind=kind, amount=Money(minor, USD), rates=rates)
    borne = 0 if kind == Kind.WALLET_DEPOSIT else split.processing_fee.minor
    assert split.platform_fee.minor + borne + split.net.minor == minor
    assert min(split.platform_fee.minor, split.processing_fee.minor, split.net.minor) >= 0


@for_all(path=st.lists(st.sampled_from(Status), max_size=12))
def test_what_was_paid_stays_paid_whatever_comes(path):
    state = Status.CREATED
    for target in path:
        try:
            check_move(current=state, target=target)
        except errors.WrongState:
            assert target not in NEXT[state]
        else:
            assert target in PAID or state not in PAID
            state = target


@pytest.mark.django_db
class TestTipFromWallet:
    def tip(self, fan, creator, now, amount="10.00", key="k", **more):
        return payments.tip_from_wallet(
            fan=fan, creator=creator, amount=Money.of(amount, USD),
            message=more.get("message", ""), idempotency_key=key, now=now,
        )  # fmt: skip

    def test_is_booked_at_once_and_once(self, now):
        fan, creator = ProfileFactory.create(), CreatorFactory.create()
        given.a_funded_wallet(fan, now=now)

        first, second = self.tip(fan, creator, now), self.tip(fan, creator, now)

        assert first.pk == second.pk
        assert first.status == Status.CAPTURED
        assert ledger.balance_of(postings.wallet(fan.pk), USD).minor == 40_00
        assert ledger.balance_of(postings.creator_payable(creator.pk), USD).minor == 8_00
        assert ledger.balance_of(postings.PLATFORM_REVENUE, USD).minor == 2_00

    def test_a_key_reused_for_something_else_is_refused(self, now):
        fan, creator = ProfileFactory.create(), CreatorFactory.create()
        given.a_funded_wallet(fan, now=now)
        self.tip(fan, creator, now)

        with pytest.raises(errors.KeyReused):
            self.tip(fan, creator, now, amount="11.00")

        assert ledger.balance_of(postings.wallet(fan.pk), USD).minor == 40_00

    def test_an_empty_wallet_refuses_and_keeps_nothing(self, now):
        with pytest.raises(errors.InsufficientWallet):
            self.tip(ProfileFactory.create(), CreatorFactory.create(), now)
        assert not Transaction.objects.exists()

    def test_parties_amounts_and_words_are_checked(self, now):
        fan, creator = ProfileFactory.create(), CreatorFactory.create()
        elsewhere = CreatorFactory.create(
            cluster=Cluster.objects.exclude(pk=fan.cluster_id).first()
        )
        with pytest.raises(errors.CreatorNotFound):
            self.tip(fan, elsewhere, now)
        with pytest.raises(errors.TipToOneself):
            self.tip(creator, creator, now)
        with pytest.raises(errors.NotACreator):
            self.tip(fan, ProfileFactory.create(), now)
        with pytest.raises(errors.AmountOutOfRange):
            self.tip(fan, creator, now, amount="0.99")
        with pytest.raises(errors.MessageTooLong):
            self.tip(fan, creator, now, message="x" * 281)
        with pytest.raises(errors.BadKey):
            self.tip(fan, creator, now, key="")
        assert not Transaction.objects.exists()


@pytest.mark.django_db
class TestByCard:
    def test_a_brand_whose_account_is_inactive_cannot_charge(self, now):
        fan = ProfileFactory.create()
        given.a_deposit(fan, now=now)
        MerchantAccount.objects.update(is_active=False)
        with pytest.raises(errors.NoMerchantAccount):
            given.a_deposit(fan, now=now, key="second")

    @pytest.mark.parametrize("amount", ["2.94", "100.01"])
    def test_the_accounts_price_window_holds(self, now, amount):
        with pytest.raises(errors.AmountOutOfRange):
            given.a_deposit(ProfileFactory.create(), amount, now=now)

    def test_another_brands_and_persons_payments_are_not_found(self, now):
        fan = ProfileFactory.create()
        deposit = given.a_deposit(fan, now=now)
        twin = ProfileFactory.create(user=fan.user, cluster=Cluster.objects.exclude(
            pk=fan.cluster_id).first())  # fmt: skip
        for stranger in (twin, ProfileFactory.create()):
            assert list(selectors.transactions_of(stranger)) == []
            with pytest.raises(errors.TransactionNotFound):
                selectors.transaction_for(stranger, deposit.public_id)

    def test_a_quote_says_what_a_tip_splits_into(self, now):
        quote = selectors.quote(
            cluster=ProfileFactory.create().cluster, kind=Kind.TIP, method=Method.CARD,
            amount=Money.of("25.00", USD), at=now,
        )  # fmt: skip
        assert (quote.platform_fee.minor, quote.processing_fee.minor, quote.net.minor) == (
            3_75, 1_25, 20_00,
        )  # fmt: skip


@pytest.mark.django_db
class TestApi:
    HEADERS = {"host": "boyfanz.localhost"}

    def client(self, user=None):
        client = Client(headers=self.HEADERS)
        if user:
            client.force_login(user)
        return client

    def test_a_card_tip_answers_with_the_way_to_the_payment_page(self, now):
        fan, creator = ProfileFactory.create(), CreatorFactory.create()
        given.a_deposit(fan, now=now)
        client, url = self.client(fan.user), "/api/v1/payments/tips/"
        body = {
            "creator": creator.handle, "method": "CARD",
            "amount": {"amount": "25.00", "currency": "USD"},
        }  # fmt: skip
        answers = [
            client.post(
                url, body, content_type="application/json", headers={"idempotency-key": "one"}
            )
            for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [201, 201], answers[0].content
        first, second = (answer.json() for answer in answers)
        assert first["transaction"]["id"] == second["transaction"]["id"]
        assert first["next_action"]["type"] == "redirect"
        assert Transaction.objects.filter(kind=Kind.TIP).count() == 1

    def test_a_payment_without_a_key_is_refused(self):
        answer = self.client(ProfileFactory.create().user).post(
            "/api/v1/payments/deposits/",
            {"amount": {"amount": "25.00", "currency": "USD"}},
            content_type="application/json",
        )
        assert answer.status_code == 422
        assert not Transaction.objects.exists()

    def test_lists_only_mine_in_a_fixed_number_of_queries(
        self, now, django_assert_max_num_queries
    ):
        fan = ProfileFactory.create()
        given.a_deposit(ProfileFactory.create(), now=now)
        for n in range(5):
            given.a_deposit(fan, now=now, key=str(n))
        client = self.client(fan.user)
        with django_assert_max_num_queries(12):
            answer = client.get("/api/v1/payments/transactions/?kind=WALLET_DEPOSIT")
        assert len(answer.json()["results"]) == 5

    @pytest.mark.parametrize("path", ["transactions/", "quote/"])
    def test_strangers_are_turned_away(self, path):
        assert self.client().get(f"/api/v1/payments/{path}").status_code in {401, 403}

    def test_health_is_public_and_tells_no_secret(self, settings):
        answer = self.client().get("/api/v1/payments/health/")
        assert answer.status_code == 200
        assert settings.CCBILL["salt"] not in answer.content.decode()
