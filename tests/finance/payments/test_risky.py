"""What risk says of a payment is done, over HTTP, with a rule that two people made live."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.core import http
from apps.core.money import Money
from apps.dash import selectors as dash
from apps.finance.payments import errors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import AttemptKind, AttemptStatus, Status
from apps.finance.payments.models import Attempt, PaymentMethod, Transaction
from apps.finance.payments.selectors.candidates import forget_candidates
from apps.finance.risk import services as risk
from apps.finance.risk.models import Assessment
from apps.finance.routing.models import Decision
from sandbox import accounts
from tests.factories.accounts import ProfileFactory, StaffFactory
from tests.factories.payments import MerchantAccountFactory
from tests.finance.payments.charging import a_token, an_account, sales_of, stored_means, wallet
from tests.finance.payments.test_api import ROOT, client_of
from tests.finance.risk.made import live

pytestmark = pytest.mark.django_db(transaction=True)

ALLOW, CHALLENGE, REVIEW, BLOCK = 10, 45, 65, 90


@pytest.fixture
def payer(sandbox):
    http.reset_breakers()
    return ProfileFactory.create()


def judged(score):
    """Every payment from now on scores so much."""
    live("LARGE_AMOUNT", score, now=timezone.now(), currency="USD", more_than=1)


def account_at(payer, gateway, **changes):
    forget_candidates()
    return MerchantAccountFactory.create(
        cluster=payer.cluster,
        gateway=gateway,
        account_number=accounts.NUMBERS.get(gateway, "900000"),
        **changes,
    )


def post(payer, path, body=None):
    key = {"HTTP_IDEMPOTENCY_KEY": uuid.uuid4().hex}
    return client_of(payer).post(f"{ROOT}{path}", body or {}, format="json", **key)


def deposit(payer, **more):
    return post(payer, "deposits/", {"amount": {"amount": "50.00", "currency": "USD"}, **more})


#: What a wallet gives the payer's browser.
TOKEN = {"token": "a-wallets-token", "wallet": "applepay"}


class TestBlocked:
    def test_nothing_opens_it_later_and_what_was_thought_is_kept(self, payer):
        account_at(payer, "ccbill")
        judged(BLOCK)

        refused = deposit(payer)

        assert (refused.status_code, refused.json()["code"]) == (403, "payments.refused")
        assert "risk" not in refused.content.decode().lower()
        payment = Transaction.objects.get()
        assert (payment.status, payment.risk_outcome) == (Status.FAILED, "BLOCK")
        assessment = Assessment.objects.get(subject=f"transaction:{payment.public_id}")
        assert (assessment.outcome, assessment.score) == ("BLOCK", BLOCK)
        for path in ("checkout/", "charge/"):
            again = post(payer, f"transactions/{payment.public_id}/{path}", {"token": "tok"})
            assert again.json()["code"] == "payments.refused"
        with pytest.raises(errors.PaymentRefused):
            payments.open_checkout(transaction=payment, now=timezone.now())
        payment.refresh_from_db()
        assert (payment.status, wallet(payer)) == (Status.FAILED, 0)
        assert not Attempt.objects.exists()

    def test_a_repeated_request_is_refused_alike(self, payer):
        account_at(payer, "ccbill")
        judged(BLOCK)
        wish = {
            "fan": payer,
            "amount": Money.of("50.00", "USD"),
            "idempotency_key": "k",
            "now": timezone.now(),
        }
        for _ in range(2):
            with pytest.raises(errors.PaymentRefused):
                payments.start_deposit(**wish)
        assert (Transaction.objects.count(), Assessment.objects.count()) == (1, 1)


class TestReview:
    def held(self, payer, **more):
        begun = deposit(payer, **more)
        assert (begun.status_code, begun.json()["next_action"]) == (201, None)
        payment = Transaction.objects.latest("id")
        assert payment.review_since
        return payment

    def decided(self, payment, *, approve):
        decide = risk.approve if approve else risk.reject
        decide(
            assessment_id=Assessment.objects.get(subject=f"transaction:{payment.public_id}").pk,
            by=StaffFactory.create(role="finance"),
            reason="Looked at it",
            now=timezone.now(),
        )
        payment.refresh_from_db()
        return payment

    def test_it_waits_then_leads_on(self, payer):
        account_at(payer, "ccbill")
        judged(REVIEW)
        payment = self.held(payer)
        path = f"transactions/{payment.public_id}/checkout/"

        assert post(payer, path).json()["next_action"] is None
        self.decided(payment, approve=True)

        assert post(payer, path).json()["next_action"]["url"]

    def test_the_home_page_and_the_menu_say_that_it_waits(self, payer, console):
        account_at(payer, "ccbill")
        judged(REVIEW)
        self.held(payer)

        [queue] = [
            each
            for each in dash.queues(by=StaffFactory.create(role="compliance"), now=timezone.now())
            if each.key == "payments_to_review"
        ]
        assert queue.count == 1
        page = console("compliance").get(reverse("admin:index")).content.decode()
        assert "Payments to review" in page

    def test_rejected_it_ends(self, payer):
        account_at(payer, "ccbill")
        judged(REVIEW)
        payment = self.decided(self.held(payer), approve=False)

        assert payment.status == Status.CANCELLED
        ended = post(payer, f"transactions/{payment.public_id}/checkout/").json()
        assert (ended["transaction"]["status"], ended["next_action"]) == ("CANCELLED", None)
        with pytest.raises(errors.WrongState):
            payments.open_checkout(transaction=payment, now=timezone.now())

    def test_a_stored_means_is_charged_only_when_its_payer_says_yes_again(self, sandbox, payer):
        an_account(payer)
        means = stored_means(sandbox, payer, now=timezone.now())
        judged(REVIEW)
        payment = self.held(payer, payment_method=str(means.public_id))
        with pytest.raises(errors.WrongState):
            payments.charge(transaction=payment, now=timezone.now())

        self.decided(payment, approve=True)
        assert sales_of(sandbox, payment) == []
        for _ in range(2):
            done = post(payer, f"transactions/{payment.public_id}/checkout/").json()

        assert done["transaction"]["status"] == "CAPTURED"
        assert (wallet(payer), len(sales_of(sandbox, payment))) == (100_00, 1)


class TestChallenge:
    def test_it_goes_where_the_bank_can_be_had_to_ask(self, payer):
        account_at(payer, "ccbill", rank=1)
        asks = account_at(payer, "rapyd", cost_bps=900)
        judged(CHALLENGE)

        begun = deposit(payer).json()

        assert begun["next_action"]["gateway"] == "rapyd"
        payment = Transaction.objects.get()
        assert (payment.merchant_account, payment.risk_outcome) == (asks, "CHALLENGE")
        assert len(Decision.objects.get().ranked) == 2

    def test_a_stored_means_is_asked_before_it_is_charged(self, sandbox, payer):
        account_at(payer, "adyen")
        first = deposit(payer, checkout="FIELDS", keep=True).json()["transaction"]["id"]
        post(payer, f"transactions/{first}/charge/", TOKEN)
        means = PaymentMethod.objects.get()
        judged(CHALLENGE)

        asked = deposit(payer, payment_method=str(means.public_id)).json()

        assert asked["transaction"]["status"] == "REQUIRES_ACTION"
        assert asked["next_action"]["url"].startswith(sandbox.url)
        assert wallet(payer) == 50_00

    def test_where_fields_cannot_ask_a_page_that_always_does(self, payer, settings):
        an_account(payer)
        page = account_at(payer, "ccbill")
        settings.CCBILL = {**settings.CCBILL, "page_asks_3ds": "always"}
        judged(CHALLENGE)

        begun = deposit(payer, checkout="FIELDS").json()

        assert begun["next_action"]["type"] == "redirect"
        attempt = Attempt.objects.get()
        assert (attempt.merchant_account, attempt.kind) == (page, AttemptKind.HOSTED)

    def test_where_nobody_can_ask_a_person_looks(self, payer):
        account_at(payer, "ccbill")
        judged(CHALLENGE)

        begun = deposit(payer)

        assert (begun.json()["transaction"]["status"], begun.json()["next_action"]) == (
            "CREATED", None,
        )  # fmt: skip
        assessment = Assessment.objects.get()
        assert (assessment.outcome, assessment.review) == ("CHALLENGE", "WAITING")
        assert Transaction.objects.get().review_since


class TestTokens:
    def test_a_second_token_is_not_charged_while_the_first_waits(self, sandbox, payer):
        """The bank asks about the first: both would be taken."""
        account_at(payer, "adyen")
        judged(CHALLENGE)
        begun = deposit(payer, checkout="FIELDS").json()["transaction"]["id"]
        path = f"transactions/{begun}/charge/"

        first = post(payer, path, TOKEN).json()
        second = post(payer, path, TOKEN).json()

        assert first["next_action"]["url"]
        assert first["next_action"] == second["next_action"]
        assert len(sandbox.sales("adyen", begun)) == 1
        assert Attempt.objects.get().status == AttemptStatus.WAITING

    def test_a_payment_takes_so_many_declined_cards_and_no_more(self, sandbox, payer):
        an_account(payer)
        begun = deposit(payer, checkout="FIELDS").json()["transaction"]["id"]
        answers = [
            post(
                payer,
                f"transactions/{begun}/charge/",
                {"token": a_token(sandbox, "4000000000000002").token},
            )
            for _ in range(7)
        ]
        assert {each.json()["transaction"]["status"] for each in answers[:6]} == {"FAILED"}
        assert (answers[6].status_code, answers[6].json()["code"]) == (
            409, "payments.too_many_tries",
        )  # fmt: skip
        assert Attempt.objects.count() == 6
        assert wallet(payer) == 0


def test_the_facts_of_a_stored_card_reach_routing(sandbox, payer):
    an_account(payer)
    means = stored_means(sandbox, payer, now=timezone.now())
    PaymentMethod.objects.update(brand="visa", bin="411111")

    deposit(payer, payment_method=str(means.public_id))

    facts = Decision.objects.latest("id").facts
    assert (facts["card_brand"], facts["bin"], facts["method"]) == ("VISA", "411111", "CARD")
    assert (facts["first_purchase"], facts["risk_score"]) == (False, 0)


def test_a_refusal_without_a_route_keeps_decision_and_assessment(payer):
    account_at(payer, "ccbill", processes_until="2020-01-01")

    refused = deposit(payer)

    assert refused.json()["code"] == "payments.no_route"
    assert [each["why"] for each in Decision.objects.get().excluded] == ["NO_LONGER"]
    assert Assessment.objects.get().subject == Decision.objects.get().subject
    assert not Transaction.objects.exists()
