"""Verbs of staff beside approvals: roles, settling by hand, events delivered again."""

from __future__ import annotations

import pytest
from django.urls import reverse

from apps.accounts.models import User
from apps.audit.models import AuditRecord
from apps.core.models import OutboxMessage
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.payouts import adapters
from apps.payouts import services as payouts
from apps.payouts.choices import Status
from tests import given
from tests.factories.accounts import UserFactory
from tests.payouts.rail import FakeRail

pytestmark = pytest.mark.django_db


def do(label: str, verb: str) -> str:
    return reverse(f"admin:{label}_do", args=[verb])


class TestRoles:
    def test_are_granted_with_a_reason_on_record(self, console):
        user = UserFactory.create()

        answer = console("admin").post(
            do("accounts_user", "grant-role"),
            {"ids": user.pk, "role": "finance", "reason": "Joined the team"},
        )

        assert answer.status_code == 302
        user = User.objects.get(pk=user.pk)
        assert user.is_staff
        assert [group.name for group in user.groups.all()] == ["finance"]
        assert AuditRecord.objects.filter(
            action="accounts.role_granted", reason="Joined the team", subject_id=str(user.pk)
        ).exists()

    def test_are_taken_away(self, console, staff):
        user = staff("finance")

        console("admin").post(
            do("accounts_user", "revoke-role"),
            {"ids": user.pk, "role": "finance", "reason": "Left"},
        )

        assert not User.objects.get(pk=user.pk).is_staff

    def test_of_ones_own_stay(self, console):
        client = console("admin")
        url = do("accounts_user", "grant-role")

        client.post(url, {"ids": client.user.pk, "role": "payouts", "reason": "Mine"})

        assert not client.user.groups.filter(name="payouts").exists()
        shown = client.get(url, {"ids": client.user.pk}).content.decode()
        assert "nobody changes their own roles" in shown

    @pytest.mark.parametrize("role", ["", "god"])
    def test_need_a_role_of_the_table(self, console, role):
        user = UserFactory.create()

        answer = console("admin").post(
            do("accounts_user", "grant-role"), {"ids": user.pk, "role": role, "reason": "Because"}
        )

        assert answer.status_code == 422
        assert "Because" in answer.content.decode()
        assert not user.groups.exists()

    @pytest.mark.parametrize("role", ["support", "security", "compliance", "payouts"])
    def test_are_not_for_other_roles(self, console, role):
        user = UserFactory.create()

        answer = console(role).post(
            do("accounts_user", "grant-role"), {"ids": user.pk, "role": role, "reason": "x"}
        )

        assert answer.status_code == 403
        assert not user.groups.exists()


class TestMarkReturned:
    def test_by_two_people_gives_the_amount_back(self, console, now, monkeypatch):
        payout = a_paid_payout(monkeypatch, now=now)
        url = do("payouts_payout", "returned")

        first = console("payouts")
        for _ in range(2):
            first.post(url, {"ids": payout.pk, "reason": "On the statement"})
        payout.refresh_from_db()
        assert payout.status == Status.PAID

        second = console("payouts")
        asked = second.get(url, {"ids": payout.pk}).content.decode()
        assert f"{first.user} has said: verdict RETURNED" in asked
        second.post(url, {"ids": payout.pk, "reason": "On the statement"})

        payout.refresh_from_db()
        assert payout.status == Status.RETURNED
        earned = ledger.balance_of(postings.creator_payable(payout.creator_id), "USD")
        assert earned == Money.of("50.00", "USD")

    @pytest.mark.parametrize("verb", ["returned", "settle-paid", "settle-not-paid", "look-again"])
    def test_and_settling_are_closed_to_finance(self, console, now, verb):
        payout = given.a_requested_payout("50.00", now=now)

        answer = console("finance").post(
            do("payouts_payout", verb), {"ids": payout.pk, "reason": "x"}
        )

        assert answer.status_code == 403

    def test_and_settling_are_not_offered_for_what_waits(self, console, now):
        payout = given.a_requested_payout("50.00", now=now)

        page = reverse("admin:payouts_payout_change", args=[payout.pk])
        shown = [verb["label"] for verb in console("payouts").get(page).context["verbs"]]

        assert shown == ["Approve", "Reject"]


def a_paid_payout(monkeypatch, *, now):
    monkeypatch.setitem(adapters.RAILS, "PAXUM", FakeRail())
    payout = given.an_approved_payout("50.00", now=now)
    payouts.send_approved(now=now)
    return payout


class TestParkedEvents:
    def test_are_delivered_again_on_record(self, console, now):
        message = OutboxMessage.objects.create(
            name="payouts.paid", payload={}, parked_at=now, attempts=9, error="Subscriber died"
        )
        client = console("admin")
        page = client.get(reverse("admin:core_outboxmessage_change", args=[message.pk]))
        assert "Subscriber died" in page.content.decode()

        client.post(
            do("core_outboxmessage", "requeue"), {"ids": message.pk, "reason": "It is mended"}
        )

        message.refresh_from_db()
        assert (message.parked_at, message.attempts) == (None, 0)
        assert AuditRecord.objects.get(action="core.event_requeued").reason == "It is mended"

    def test_only_if_parked(self, console):
        message = OutboxMessage.objects.create(name="payouts.paid", payload={}, attempts=2)

        console("admin").post(
            do("core_outboxmessage", "requeue"), {"ids": message.pk, "reason": "x"}
        )

        message.refresh_from_db()
        assert message.attempts == 2
        assert not AuditRecord.objects.filter(action="core.event_requeued").exists()
