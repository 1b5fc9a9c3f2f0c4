"""Subscriptions in FanzDash: found, told, and worked on with a reason."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.audit.models import AuditRecord
from apps.core.money import Money
from apps.dash.selectors import queues
from apps.finance.payments.models import Refund
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import EndReason, RunState, State, What
from apps.finance.subscriptions.models import (
    BillingFailure,
    BillingRun,
    DunningTry,
    Subscription,
    SubscriptionEvent,
)
from apps.finance.subscriptions.selectors.queues import open_failures, past_due_for_a_person
from apps.finance.subscriptions.selectors.timeline import coming_of
from apps.finance.subscriptions.services import staff as by_staff
from tests import given_subscriptions as given
from tests.factories.accounts import ProfileFactory, UserFactory
from tests.factories.subscriptions import PriceFactory
from tests.finance.subscriptions.histories import History, a_fan_with_money
from tests.given import a_funded_wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    """Pages say what comes next from the real clock."""
    return timezone.now().replace(microsecond=0)


def past_due(now, *, next_in: int | None = 2, kind: str = "LATER") -> Subscription:
    """One whose renewal failed yesterday."""
    began, at = now - timedelta(days=32), now - timedelta(days=1)
    it = History(a_fan_with_money(began), PriceFactory.create(), at=began).begins(began, until=at)
    DunningTry.objects.create(
        subscription=it.it,
        period_number=2,
        number=1,
        at=at,
        decline_class=kind,
        code="too_low",
        reason="The wallet holds too little",
        next_at=now + timedelta(days=next_in) if next_in else None,
    )
    it.it.tries, it.it.due_at = 1, now + timedelta(days=next_in or 13)
    it.it.access_until = at + timedelta(days=3)
    it.move(State.PAST_DUE, What.DECLINED, at)
    return it.it


def page(client, row, model="subscription") -> str:
    answer = client.get(reverse(f"admin:subscriptions_{model}_change", args=[row.pk]))
    assert answer.status_code == 200
    text: str = answer.content.decode()
    return text


def do(client, name, *rows, model="subscription", **answers):
    """Look at the preview, then do it; return both texts."""
    address = reverse(f"admin:subscriptions_{model}_do", args=[name])
    ids = ",".join(str(row.pk) for row in rows)
    preview = client.get(address, {"ids": ids})
    assert preview.status_code == 200
    answer = client.post(address, {"ids": ids, "reason": "They asked", **answers}, follow=True)
    return preview.content.decode(), answer.content.decode()


class TestList:
    def find(self, client, term) -> set[str]:
        found = client.get(reverse("admin:subscriptions_subscription_changelist"), {"q": term})
        return set(
            re.findall(r"/subscriptions/subscription/(\d+)/change/", found.content.decode())
        )

    def test_is_searched_by_number_public_id_mail_and_handle(self, console, now):
        fan = ProfileFactory.create(handle="wanted", user__email="wanted@mail.example")
        one = given.a_subscription(now=now, fan=given_money(fan, now))
        given.a_subscription(now=now)
        client = console("support")

        for term in (
            f"#{one.pk}", str(one.public_id), "Wanted@mail.example", "@wanted", "wanted",
            one.creator.handle,
        ):  # fmt: skip
            assert self.find(client, term) == {str(one.pk)}, term
        for term in ("nobody", "nobody@mail.example", "#999999999"):
            assert self.find(client, term) == set(), term

    @pytest.mark.parametrize("model", ["subscription", "pastdue", "billingfailure", "mrrmove"])
    def test_costs_the_same_however_many_there_are(self, console, now, model):
        client = console("finance")
        address = reverse(f"admin:subscriptions_{model}_changelist")

        def cost() -> int:
            with CaptureQueriesContext(connection) as asked:
                assert client.get(address).status_code == 200
            return len(asked)

        a_failure(now), past_due(now)
        cost()
        few = cost()
        for _ in range(4):
            a_failure(now), past_due(now)

        assert cost() == few

    def test_its_page_costs_the_same_however_long_the_story(self, console, now):
        client, began = console("finance"), now - timedelta(days=200)
        it = History(a_fan_with_money(began), PriceFactory.create(), at=began).begins(began)

        def cost() -> int:
            with CaptureQueriesContext(connection) as asked:
                page(client, it.it)
            return len(asked)

        cost()
        few = cost()
        for month in range(1, 6):
            it.renews(began + timedelta(days=30 * month))

        assert cost() == few


def given_money(fan, now):
    a_funded_wallet(fan, "100.00", now=now)
    return fan


def a_failure(now) -> BillingFailure:
    it = given.a_subscription(now=now)
    run, _ = BillingRun.objects.get_or_create(
        pk=1, defaults={"started_at": now, "worked_at": now, "due": 1}
    )
    Subscription.objects.filter(pk=it.pk).update(due_at=now + timedelta(hours=1))
    return BillingFailure.objects.create(
        run=run, subscription=it, at=now, code="LockTimeout", reason="waited too long"
    )


class TestPage:
    def test_tells_the_story_and_what_comes_next(self, console, now):
        it = given.a_subscription(now=now)

        text = page(console("finance"), it)

        assert "Began" in text
        assert "Period 1: paid" in text
        assert "$10.00 is charged from the fan" in text
        assert "Mail: confirmed" in text

    def test_of_one_past_due_says_why_and_when_the_next_try_is(self, console, now):
        text = page(console("finance"), past_due(now))

        assert "The wallet holds too little" in text
        assert "Try 2 from the fan" in text
        assert "Access ends if nothing is paid" in text

    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            ("NEVER", "may not be tried again"),
            ("PAYER", "must do something first"),
            ("LATER", "All tries are used up"),
        ],
    )
    def test_of_one_without_a_next_try_says_when_it_ends(self, now, kind, words):
        [coming, *_] = [
            each for each in coming_of(past_due(now, next_in=None, kind=kind), now=now)
            if each.what == "It ends as not paid"
        ]  # fmt: skip

        assert words in coming.why

    def test_of_one_that_ended_says_that_nothing_comes(self, console, now):
        it = History(a_fan_with_money(now), PriceFactory.create(), at=now).begins(now).ends(now)

        assert coming_of(it.it, now=now) == []
        assert "Who wants to come back subscribes anew" in page(console("finance"), it.it)

    def test_is_found_by_its_public_id(self, console, now):
        it = given.a_subscription(now=now)
        address = reverse("admin:subscriptions_subscription_change", args=[it.public_id])

        assert console("finance").get(address).status_code == 200


class TestVerbs:
    def test_cancel_says_until_when_then_charges_nothing_more(self, console, now):
        it = given.a_subscription(now=now)
        client = console("support")

        preview, answer = do(client, "cancel", it)

        assert "Access goes on to" in preview
        assert "Cancelled. Access goes on to" in answer
        it.refresh_from_db()
        assert (it.state, it.cancel_at_end) == (State.ACTIVE, True)
        line = SubscriptionEvent.objects.get(subscription=it, what=What.CANCELLED)
        assert (line.by, line.reason) == (client.user, "They asked")
        assert AuditRecord.objects.get(action="subscriptions.cancelled").actor == client.user

    def test_end_takes_access_and_gives_nothing_back(self, console, now):
        it = given.a_subscription(now=now)

        preview, answer = do(console("support"), "end", it)

        assert "no money is given back" in re.sub(r"\s+", " ", preview)
        assert "no money was given back" in answer
        it.refresh_from_db()
        assert (it.state, it.end_reason) == (State.ENDED, EndReason.STAFF)
        assert not Refund.objects.exists()

    def test_end_and_refund_says_how_much_goes_back(self, console, now):
        it = given.a_subscription(now=now)

        preview, _ = do(console("finance"), "end-and-refund", it)

        assert "$10.00" in preview
        it.refresh_from_db()
        assert it.state == State.ENDED
        assert Refund.objects.get().amount == Money.of("10.00", "USD")

    def test_retry_makes_it_due_now(self, console, now):
        it = past_due(now)

        preview, answer = do(console("support"), "retry", it)

        assert "1 failed before" in preview
        assert "A worker tries it now" in answer
        it.refresh_from_db()
        assert it.due_at is not None
        assert it.due_at <= timezone.now()

    def test_many_are_retried_at_once_with_a_result_each(self, console, now):
        rows = [past_due(now), past_due(now)]

        _, answer = do(console("support"), "retry", *rows, model="pastdue")

        assert "2 of 2 done" in answer
        assert Subscription.objects.filter(due_at__lte=timezone.now()).count() == 2

    def test_grace_is_extended_and_the_end_waits(self, console, now):
        it = past_due(now, next_in=None)
        before = it.due_at

        _, answer = do(console("support"), "grace", it, days="30")

        assert "Access goes on to" in answer
        it.refresh_from_db()
        assert it.access_until is not None
        assert it.access_until > max(before, now + timedelta(days=29))
        assert it.due_at == it.access_until
        assert AuditRecord.objects.get(action="subscriptions.grace_extended").facts["days"] == 30

    def test_grace_never_becomes_less(self, staff, now):
        it = past_due(now)
        who = staff("support")

        for days, access in ((20, 20), (5, 20)):
            by_staff.extend_grace(
                subscription_id=it.public_id, days=days, by=who, reason="Illness", now=now
            )
            it.refresh_from_db()
            assert it.access_until == now + timedelta(days=access)
        assert it.due_at == now + timedelta(days=2), "the next try is when it was"

    def test_a_note_changes_nothing_else(self, console, now):
        it = given.a_subscription(now=now)
        before = Subscription.objects.filter(pk=it.pk).values().get()

        do(console("support"), "note", it)

        assert Subscription.objects.filter(pk=it.pk).values().get() == before
        assert SubscriptionEvent.objects.filter(what=What.NOTE, reason="They asked").count() == 1

    def test_without_a_reason_nothing_happens(self, console, now):
        it = given.a_subscription(now=now)
        address = reverse("admin:subscriptions_subscription_do", args=["end"])

        answer = console("support").post(address, {"ids": str(it.pk), "reason": " "})

        assert answer.status_code == 422
        it.refresh_from_db()
        assert it.state == State.ACTIVE

    @pytest.mark.parametrize("verb", ["cancel", "end", "end-and-refund", "retry", "grace", "note"])
    def test_who_only_looks_can_do_none(self, console, now, verb):
        it = given.a_subscription(now=now)
        address = reverse("admin:subscriptions_subscription_do", args=[verb])
        client = console("compliance")

        assert client.get(address, {"ids": str(it.pk)}).status_code == 403
        assert client.post(address, {"ids": str(it.pk), "reason": "x"}).status_code == 403
        it.refresh_from_db()
        assert (it.state, it.cancel_at_end) == (State.ACTIVE, False)

    @pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
    def test_the_services_ask_for_a_reason_too(self, staff, now, reason):
        it = past_due(now)
        who = staff("support")

        for run in (by_staff.cancel_for, by_staff.write_note, by_staff.bill_again):
            with pytest.raises(errors.ReasonMissing):
                run(subscription_id=it.public_id, by=who, reason=reason, now=now)
        with pytest.raises(errors.ReasonMissing):
            by_staff.extend_grace(
                subscription_id=it.public_id, days=3, by=who, reason=reason, now=now
            )
        assert AuditRecord.objects.filter(action__startswith="subscriptions.").count() == 0

    def test_the_services_refuse_strangers(self, now):
        it = past_due(now)

        for run in (by_staff.cancel_for, by_staff.write_note, by_staff.bill_again):
            with pytest.raises(errors.StaffNotAllowed):
                run(subscription_id=it.public_id, by=UserFactory.create(), reason="x", now=now)


class TestRuns:
    def test_a_run_under_way_is_loaded_again_and_says_how_far_it_is(self, console, now):
        run = BillingRun.objects.create(
            started_at=now, worked_at=now, due=200, renewed=90, declined=10, money={"USD": 90_000}
        )
        client = console("finance")
        address = reverse("admin:subscriptions_billingrun_change", args=[run.pk])

        answer = client.get(address)
        assert answer["Refresh"] == "3"
        assert "50 % of 200" in answer.content.decode()
        assert "$900.00" in answer.content.decode()

        BillingRun.objects.filter(pk=run.pk).update(state=RunState.DONE, ended_at=now)
        answer = client.get(address)
        assert "Refresh" not in answer
        assert "90.0 %" in answer.content.decode()

    def test_a_failure_leads_to_its_subscription_and_is_billed_again_once_asked(
        self, console, now
    ):
        failure = a_failure(now)
        client = console("finance")
        assert f"#{failure.subscription_id}" in page(client, failure.run, "billingrun")
        assert list(open_failures()) == [failure]

        do(client, "again", failure, model="billingfailure")

        due_at = Subscription.objects.get(pk=failure.subscription_id).due_at
        assert due_at is not None
        assert due_at <= timezone.now()
        assert list(open_failures()) == []
        assert AuditRecord.objects.filter(action="subscriptions.billed_again").count() == 1


class TestQueues:
    def test_past_due_counts_only_where_no_try_follows(self, staff, now):
        past_due(now)
        waits = past_due(now, next_in=None)

        assert [row.pk for row in past_due_for_a_person()] == [waits.pk]
        found = {queue.key: queue.count for queue in queues(by=staff("support"), now=now)}
        assert found["past_due"] == 1

    def test_the_list_of_past_due_says_what_is_at_risk_and_next(self, console, now):
        past_due(now)
        past_due(now, next_in=None, kind="PAYER")
        client = console("support")
        address = reverse("admin:subscriptions_pastdue_changelist")

        text = client.get(address).content.decode()
        assert "Needs the fan" in text
        assert "$10.00" in text
        person = client.get(address, {"queue": "person"}).content.decode()
        assert "none by itself" in person
        assert person.count("/pastdue/") < text.count("/pastdue/")

    def test_a_row_leads_to_the_subscription(self, console, now):
        it = past_due(now)

        answer = console("support").get(
            reverse("admin:subscriptions_pastdue_change", args=[it.pk])
        )

        assert answer.url == reverse("admin:subscriptions_subscription_change", args=[it.pk])
