"""Plans, changes of prices and promotions in the console, and their moderation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.audit.models import AuditRecord
from apps.finance.subscriptions import errors
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.models import Plan
from tests.factories.accounts import StaffFactory
from tests.factories.subscriptions import (
    PlanFactory,
    PriceFactory,
    PromotionFactory,
    SubscriptionFactory,
)
from tests.finance.subscriptions.priced import live, planned, prices_of_two

pytestmark = pytest.mark.django_db


def _text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_staff_see_what_a_plan_costs_and_brings(console: Callable[..., Client]) -> None:
    now = timezone.now()
    old, new = prices_of_two(now)
    live(old, now)
    change = planned(old, new, now)
    client = console("finance")
    shown = _text(client.get(reverse("admin:subscriptions_plan_change", args=[old.plan_id])))
    for words in (old.plan.name, "$12.00", "$10.00", f"#{change.pk}", "Being told"):
        assert words in shown
    shown = _text(client.get(reverse("admin:subscriptions_pricechange_change", args=[change.pk])))
    assert "Have not answered" in shown


def test_staff_see_what_a_promotion_takes_off_and_who_took_it(
    console: Callable[..., Client],
) -> None:
    row = SubscriptionFactory.create()
    made = PromotionFactory.create(creator=row.creator, code="SPRING", percent_bps=1_250, most=9)
    made.redemptions.create(user=row.fan.user, subscription=row, at=timezone.now())
    client = console("finance")
    shown = _text(client.get(reverse("admin:subscriptions_promotion_change", args=[made.pk])))
    for words in ("SPRING", "12.50 %", "at most 9", row.fan.user.email):
        assert words in shown


@pytest.mark.parametrize("name", ["plan", "pricechange", "promotion"])
def test_lists_cost_the_same_for_many_rows(name: str, console: Callable[..., Client]) -> None:
    now, client = timezone.now(), console("finance")
    path = reverse(f"admin:subscriptions_{name}_changelist")

    def add(count: int) -> None:
        for _ in range(count):
            old, new = prices_of_two(now)
            planned(old, new, now)
            PromotionFactory.create(creator=old.plan.creator)

    add(2)
    client.get(path)
    few = _queries(client, path)
    add(6)
    assert _queries(client, path) == few


def test_a_moderator_archives_a_plan_with_a_reason_and_its_subscribers_keep_it(
    console: Callable[..., Client],
) -> None:
    now = timezone.now()
    row = live(PriceFactory.create(), now)
    path = reverse("admin:subscriptions_plan_change", args=[row.plan_id])
    shown = _text(console("moderator").get(path))
    assert "Archive" in shown
    assert "Archive" not in _text(console("support").get(path)).replace("Archived", "")
    staff = StaffFactory.create(role="moderator")
    with pytest.raises(errors.ReasonMissing):
        subscriptions.archive_plan(plan=row.plan, by=staff, now=now)
    with pytest.raises(errors.StaffNotAllowed):
        subscriptions.archive_plan(
            plan=row.plan, by=StaffFactory.create(role="support"), now=now, reason="Why"
        )
    assert Plan.objects.get().status == "ACTIVE"
    subscriptions.archive_plan(plan=row.plan, by=staff, now=now, reason="Not allowed here")
    [record] = AuditRecord.objects.filter(action="subscriptions.plan_archived")
    assert (record.actor_id, record.reason) == (staff.pk, "Not allowed here")
    row.refresh_from_db()
    assert (row.state, Plan.objects.get().status) == ("ACTIVE", "ARCHIVED")


def test_a_moderator_ends_a_promotion_with_a_reason() -> None:
    promotion, now = PromotionFactory.create(), timezone.now()
    staff = StaffFactory.create(role="moderator")
    with pytest.raises(errors.ReasonMissing):
        subscriptions.end_promotion(promotion=promotion, by=staff, now=now)
    with pytest.raises(errors.StaffNotAllowed):
        subscriptions.end_promotion(
            promotion=promotion, by=PlanFactory.create().creator.user, now=now, reason="Mine"
        )
    promotion.refresh_from_db()
    assert promotion.status == "ACTIVE"
    subscriptions.end_promotion(
        promotion=promotion, by=staff, now=now + timedelta(days=1), reason="Misleading"
    )
    promotion.refresh_from_db()
    assert promotion.status == "ENDED"


def _queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)
