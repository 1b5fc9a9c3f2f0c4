"""Refunds and disputes in FanzDash, as the people of finance use them."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.audit.models import AuditRecord
from apps.finance.payments.adapters.base import Told
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Dispute, EvidencePack, Refund, RefundPolicy
from apps.finance.payments.rules.disputes import Stage
from apps.finance.payments.rules.refunds import RefundState
from apps.finance.payments.services.deadlines import watch_deadlines
from apps.finance.payments.services.debts import recover_debts
from tests.finance.payments.refunding import (
    a_paid_tip,
    a_policy,
    a_wallet_tip,
    ask,
    books_are_balanced,
    creator_has,
    fresh,
)
from tests.finance.payments.test_disputes import day, hear

pytestmark = pytest.mark.django_db

KEY = "7a0f5a3e-9a55-4a0a-a0a8-2e90a0b5f1a1"


def do(client, model, name, *rows, **answers):
    address = reverse(f"admin:payments_{model}_do", args=[name])
    ids = ",".join(str(row.pk) for row in rows)
    preview = client.get(address, {"ids": ids})
    assert preview.status_code == 200
    answer = client.post(address, {"ids": ids, "reason": "Because", **answers}, follow=True)
    return preview.content.decode(), answer


def test_refund_from_the_payments_page_shows_the_postings_first(console, now):
    a_policy(now=now)
    tip = a_wallet_tip("20.00", now=now)
    client = console("finance")
    wish = {"key": KEY, "amount": "5.00", "reason_code": "ASKED", "destination": ""}
    preview, answer = do(client, "transaction", "refund", tip, **wish)
    assert "$20.00 can go back" in preview
    assert f"2100 Creator payable · profile:{tip.payee_id} $16.00" in preview
    assert answer.status_code == 200
    assert fresh(tip).refunded_minor == 5_00
    do(client, "transaction", "refund", tip, **wish)
    assert fresh(tip).refunded_minor == 5_00, "pressed twice"
    page = client.get(reverse("admin:payments_transaction_change", args=[tip.pk])).content.decode()
    assert "Refunds and disputes" in page
    assert str(Refund.objects.get().public_id)[:8] in page


def test_the_timeline_tells_all_of_a_payment_in_its_order(console, staff, now):
    a_policy(now=now)
    tip = a_paid_tip("50.00", now=now)
    refund = ask(tip, "10.00", by=staff("finance"), now=day(now, 1))
    hear(tip, Told.CHARGEBACK, at=day(now, 2), amount="50.00", case="case-9", now=day(now, 2))
    page = console("finance").get(reverse("admin:payments_transaction_change", args=[tip.pk]))
    text = page.content.decode()
    told = ("Risk assessed", "Route chosen", "Try 1 at CCBill",
            "Refund of $10.00: approved, to be sent", "Refund of $10.00: failed",
            "Dispute case-9: the bank took the money")  # fmt: skip
    places = [text.index(words) for words in told]
    assert places == sorted(places)
    assert str(refund.public_id)[:8] in text


def test_a_queue_of_refunds_is_approved_at_once_with_a_result_for_each(console, staff, now):
    tips = [a_wallet_tip("20.00", now=now) for _ in range(3)]
    clerk = staff("finance")
    refunds = [ask(tip, "20.00", by=clerk, now=now) for tip in tips]
    client = console("finance")
    mine = ask(a_wallet_tip("20.00", now=now), "1.00", by=client.user, now=now)
    queue = client.get(reverse("admin:payments_refund_changelist"), {"queue": "approve"})
    text = queue.content.decode()
    assert all(str(refund.public_id)[:8] in text for refund in refunds)
    assert str(mine.public_id)[:8] not in text
    preview, answer = do(client, "refund", "approve", *refunds, mine)
    assert "you asked for it" in preview
    told = answer.content.decode()
    assert "3 of 4 done" in told
    assert [fresh(tip).status for tip in tips] == [Status.REFUNDED] * 3
    mine.refresh_from_db()
    assert mine.state == RefundState.REQUESTED


def test_the_refund_page_shows_what_it_would_post(console, staff, now):
    tip = a_paid_tip("100.00", now=now)
    refund = ask(tip, "50.00", by=staff("finance"), now=now)
    page = console("finance").get(reverse("admin:payments_refund_change", args=[refund.pk]))
    text = page.content.decode()
    assert "What it would post" in text
    assert "4000 Platform revenue" in text
    assert "$7.50" in text


def test_disputes_stand_by_deadline_with_their_urgency(console, now):
    real = timezone.now()
    for number, hours in enumerate((200, 10, 60, -5)):
        hear(
            a_paid_tip("50.00", now=now), Told.CHARGEBACK, at=now, case=f"case-{number}",
            due=real + timedelta(hours=hours, minutes=1), now=now,
        )  # fmt: skip
    page = console("finance").get(reverse("admin:payments_dispute_changelist"), {"queue": "due"})
    text = page.content.decode()
    order = [text.index(f"case-{number}") for number in (3, 1, 2, 0)]
    assert order == sorted(order)
    for words in ("missed", "10 h left", "60 h left", "8 days left"):
        assert words in text


def test_evidence_is_made_taken_and_recorded_as_sent(console, now):
    tip = a_paid_tip("100.00", now=now)
    dispute = hear(tip, Told.CHARGEBACK, at=now, now=now)
    client = console("finance")
    do(client, "dispute", "evidence", dispute, statement="Delivered and opened.")
    pack = EvidencePack.objects.get()
    taken = client.get(reverse("admin:payments_dispute_evidence", args=[pack.pk]))
    assert (taken["Content-Type"], taken.content[:5]) == ("application/pdf", b"%PDF-")
    assert AuditRecord.objects.filter(action="payments.evidence_taken").count() == 1
    do(client, "dispute", "represent", dispute)
    dispute.refresh_from_db()
    assert dispute.stage == Stage.REPRESENTED
    page = client.get(reverse("admin:payments_dispute_change", args=[dispute.pk]))
    assert f"Pack {pack.pk} (PDF)" in page.content.decode()


@pytest.mark.parametrize("role", ["support", "compliance", "moderator"])
def test_others_may_look_at_most(console, role, now):
    tip = a_paid_tip("100.00", now=now)
    dispute = hear(tip, Told.CHARGEBACK, at=now, now=now)
    client = console(role)
    for name in ("evidence", "represent", "accept", "close"):
        answer = client.get(reverse("admin:payments_dispute_do", args=[name]), {"ids": dispute.pk})
        assert answer.status_code == 403
    assert client.get(reverse("admin:payments_dispute_evidence", args=[1])).status_code == 404
    assert balance_unchanged(tip)


def balance_unchanged(tip):
    return creator_has(tip)[0] == "0.00" and Dispute.objects.get().stage == Stage.CHARGEBACK


@pytest.mark.parametrize("model", ["refund", "dispute"])
def test_lists_take_few_queries_whatever_their_length(
    console, staff, now, model, django_assert_max_num_queries
):
    client = console("finance")
    clerk = staff("finance")
    for number in range(6):
        tip = a_paid_tip("50.00", now=now)
        ask(tip, "1.00", by=clerk, now=now)
        hear(tip, Told.INQUIRY, at=now, case=f"case-{number}", now=now)
    address = reverse(f"admin:payments_{model}_changelist")
    client.get(address)
    with django_assert_max_num_queries(32):
        assert client.get(address).status_code == 200


class TestDeadlines:
    def test_72_and_24_hours_before_and_once_missed(self, now, caplog):
        due = day(now, 10)
        dispute = hear(a_paid_tip("50.00", now=now), Told.CHARGEBACK, at=now, due=due, now=now)
        hours = (-100, -72, -71, -24, -1, 1, 2)
        told = [watch_deadlines(now=due + timedelta(hours=hour)) for hour in hours]
        assert told == [0, 1, 0, 1, 0, 1, 0]
        assert dispute.history.filter(word="NOTE").count() == 3
        assert AuditRecord.objects.filter(action="payments.dispute_deadline_missed").count() == 1
        assert "dispute_deadline_missed" in caplog.text

    def test_nothing_is_said_of_one_that_was_answered(self, now):
        tip = a_paid_tip("50.00", now=now)
        hear(tip, Told.CHARGEBACK, at=now, due=day(now, 1), now=now)
        hear(tip, Told.CHARGEBACK_WON, at=now + timedelta(hours=1), now=now)
        assert watch_deadlines(now=day(now, 5)) == 0


def test_debts_are_recovered_from_later_earnings(staff, now):
    a_policy(now=now)
    tip = a_paid_tip("100.00", now=now)
    hear(tip, Told.CHARGEBACK_LOST, at=now, amount="100.00", now=now)
    policy_fee = a_policy(now=now, chargeback_fee_minor=25_00, chargeback_fee_borne_by="CREATOR")
    assert policy_fee.pk
    second = a_paid_tip("10.00", creator=tip.payee, now=now)
    hear(second, Told.CHARGEBACK, at=now, case="case-2", now=now)
    assert creator_has(tip) == ("0.00", "0.00", "17.00")
    assert recover_debts(now=now) == 0
    a_paid_tip("20.00", creator=tip.payee, now=now)
    assert recover_debts(now=now) == 1
    assert creator_has(tip) == ("0.00", "0.00", "1.00")
    assert recover_debts(now=now) == 0
    assert books_are_balanced()


class TestPolicies:
    WISH = {
        "cluster": "", "currency": "USD", "since": "2099-01-01", "platform_fee_returned": "on",
        "kept_fees_borne_by": "PLATFORM", "four_eyes_from": "50.00", "loss_borne_by": "CREATOR",
        "chargeback_fee": "25.00", "chargeback_fee_borne_by": "PLATFORM", "hold_share": "on",
        "refund_alerts_to": "10.00", "reason": "The board",
    }  # fmt: skip

    def test_are_set_from_a_day_to_come_and_never_changed(self, console):
        client = console("finance")
        address = reverse("admin:payments_refundpolicy_new")
        assert client.post(address, self.WISH, follow=True).status_code == 200
        row = RefundPolicy.objects.get()
        assert (row.four_eyes_from_minor, row.refund_alerts_to_minor) == (50_00, 10_00)
        assert (row.kept_fees_borne_by, row.processing_fee_returned) == ("PLATFORM", False)
        assert AuditRecord.objects.filter(action="payments.refund_policy_set").count() == 1
        again = client.post(address, self.WISH)
        assert (again.status_code, RefundPolicy.objects.count()) == (422, 1)
        past = client.post(address, {**self.WISH, "since": "2020-01-01"})
        assert (past.status_code, RefundPolicy.objects.count()) == (422, 1)
        assert (
            "$50.00"
            in client.get(
                reverse("admin:payments_refundpolicy_change", args=[row.pk])
            ).content.decode()
        )

    def test_are_set_by_nobody_else(self, console):
        client = console("support")
        address = reverse("admin:payments_refundpolicy_new")
        assert client.post(address, self.WISH).status_code == 403
        assert not RefundPolicy.objects.exists()
