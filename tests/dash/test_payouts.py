"""Approving payouts in FanzDash, as staff do it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from apps.audit.models import AuditRecord
from apps.core.money import Money
from apps.payouts import services as payouts
from apps.payouts.choices import Status
from apps.payouts.models import Payout
from tests import given

pytestmark = pytest.mark.django_db


def do(verb: str) -> str:
    return reverse("admin:payouts_payout_do", args=[verb])


def page(payout: Payout) -> str:
    return reverse("admin:payouts_payout_change", args=[payout.pk])


class TestApprove:
    def test_takes_two_members_of_staff_each_with_a_reason(self, console, now):
        payout = given.a_requested_payout("50.00", now=now)
        first, second = console("payouts"), console("payouts")

        asked = first.get(do("approve"), {"ids": payout.pk}).content.decode()
        assert "approval 1 of 2 for $50.00" in asked
        assert "Nothing is sent yet" in asked
        first.post(do("approve"), {"ids": payout.pk, "reason": "known creator"})
        payout.refresh_from_db()
        assert payout.status == Status.IN_REVIEW

        asked = second.get(do("approve"), {"ids": payout.pk}).content.decode()
        assert "the last approval (2 of 2)" in asked
        second.post(do("approve"), {"ids": payout.pk, "reason": "checked"})
        payout.refresh_from_db()
        assert payout.status == Status.APPROVED
        assert [str(a.by) for a in payout.approvals.order_by("id")] == [
            first.user.email,
            second.user.email,
        ]
        shown = second.get(page(payout)).content.decode()
        assert "Approvals: 2 of 2" in shown

    def test_by_the_same_person_twice_counts_once(self, console, now):
        payout = given.a_requested_payout("50.00", now=now)
        client = console("payouts")
        client.post(do("approve"), {"ids": payout.pk, "reason": "once"})

        answer = client.post(do("approve"), {"ids": payout.pk, "reason": "again"}, follow=True)

        payout.refresh_from_db()
        assert payout.status == Status.IN_REVIEW
        assert payout.approvals.count() == 1
        assert "you have approved it" in answer.content.decode()

    def test_of_ones_own_money_is_neither_offered_nor_done(self, console, staff, now):
        payee = staff("payouts")
        creator = given.a_creator("50.00", now=now, user=payee)
        payout = given.a_requested_payout("50.00", now=now, creator=creator)
        client = console(payee)

        assert "the money would go to you" in client.get(page(payout)).content.decode()
        client.post(do("approve"), {"ids": payout.pk, "reason": "mine"})

        payout.refresh_from_db()
        assert payout.status == Status.REQUESTED
        assert not payout.approvals.exists()

    def test_without_a_reason_does_nothing(self, console, now):
        payout = given.a_requested_payout("50.00", now=now)

        answer = console("payouts").post(do("approve"), {"ids": payout.pk, "reason": "  "})

        assert answer.status_code == 422
        assert "Say why" in answer.content.decode()
        payout.refresh_from_db()
        assert payout.status == Status.REQUESTED

    def test_by_looking_alone_does_nothing(self, console, now):
        payout = given.a_requested_payout("50.00", now=now)

        console("payouts").get(do("approve"), {"ids": payout.pk, "reason": "x"})

        payout.refresh_from_db()
        assert payout.status == Status.REQUESTED

    @pytest.mark.parametrize("role", ["finance", "compliance", "support", "moderator", "security"])
    @pytest.mark.parametrize("verb", ["approve", "reject"])
    def test_is_closed_to_other_roles(self, console, now, role, verb):
        payout = given.a_requested_payout("50.00", now=now)

        answer = console(role).post(do(verb), {"ids": payout.pk, "reason": "x"})

        assert answer.status_code == 403
        payout.refresh_from_db()
        assert payout.status == Status.REQUESTED

    def test_of_many_tells_what_became_of_each(self, console, staff, now):
        payee = staff("payouts")
        own = given.a_requested_payout(
            "50.00", now=now, creator=given.a_creator("50.00", now=now, user=payee)
        )
        creator = given.a_creator("50.00", now=now)
        elsewhere = given.a_payout_method(creator, now=now, email="other@domain.example")
        other = payouts.request_payout(
            creator=creator,
            method_id=elsewhere.pk,
            amount=Money.of("50.00", "USD"),
            idempotency_key="other",
            now=now,
        )

        answer = console(payee).post(
            do("approve"), {"ids": f"{own.pk},{other.pk}", "reason": "weekly run"}
        )

        text = answer.content.decode()
        assert "1 of 2 done" in text
        own.refresh_from_db()
        other.refresh_from_db()
        assert (own.status, other.status) == (Status.REQUESTED, Status.IN_REVIEW)

    def test_from_the_list_leads_to_the_preview(self, console, now):
        payout = given.a_requested_payout("50.00", now=now)

        answer = console("payouts").post(
            reverse("admin:payouts_payout_changelist"),
            {"action": "approve", "_selected_action": [payout.pk], "index": "0"},
        )

        assert answer.status_code == 302
        assert answer["Location"] == f"{do('approve')}?ids={payout.pk}"


class TestReject:
    def test_gives_the_money_back_and_keeps_the_reason(self, console, now):
        payout = given.a_requested_payout("50.00", now=now)

        console("payouts").post(do("reject"), {"ids": payout.pk, "reason": "wrong address"})

        payout.refresh_from_db()
        assert payout.status == Status.REJECTED
        record = AuditRecord.objects.get(action="payouts.rejected")
        assert record.reason == "wrong address"


class TestUnknownVerbsAndRows:
    def test_are_not_found(self, console, now):
        client = console("payouts")

        assert client.get(do("delete"), {"ids": 1}).status_code == 404
        assert client.get(do("approve"), {"ids": 999}).status_code == 404
        assert client.get(do("approve"), {"ids": "a'; --"}).status_code == 404
        assert client.get(reverse("admin:payouts_payout_change", args=[999])).status_code == 404


class TestTheQueueOfApprovals:
    def test_lists_as_many_as_its_badge_counts(self, console, now):
        client = console("payouts")
        mine = given.a_creator("50.00", now=now, user=client.user)
        given.a_requested_payout("50.00", now=now, creator=mine)
        seen = given.a_requested_payout("40.00", now=now, key="seen", email="b@domain.example")
        payouts.approve_payout(payout_id=seen.pk, by=client.user, reason="ok", now=now)
        open_ = given.a_requested_payout("30.00", now=now, key="open", email="c@domain.example")

        answer = client.get(reverse("admin:payouts_payout_changelist"), {"queue": "approve"})

        badges = {
            item["title"]: item.get("badge")
            for group in answer.context["sidebar_navigation"]
            for item in group["items"]
        }
        assert [row.pk for row in answer.context["cl"].result_list] == [open_.pk]
        assert badges["To approve"] == "1"
