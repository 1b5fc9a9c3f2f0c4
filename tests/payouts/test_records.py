"""Each act on a payout leaves a record of who did it and why; the clock starts its ticks."""

import pytest

from apps.audit.models import AuditRecord
from apps.payouts import services as payouts
from apps.payouts import tasks
from fanz.settings.beat import CELERY_BEAT_SCHEDULE
from tests import given
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db


def record_of(action):
    record = AuditRecord.objects.get(action=action)
    return record.actor_id, record.subject_id, record.reason


def test_asking_approving_and_rejecting(now):
    payout = given.a_requested_payout(now=now)
    one, other = StaffFactory.create(), StaffFactory.create()
    payouts.approve_payout(payout_id=payout.pk, by=one, reason="known", now=now)
    payouts.reject_payout(payout_id=payout.pk, by=other, reason="wrong address", now=now)

    creator = payout.creator.user_id
    assert record_of("payouts.requested") == (creator, str(payout.pk), "")
    assert record_of("payouts.approved") == (one.pk, str(payout.pk), "known")
    assert record_of("payouts.rejected") == (other.pk, str(payout.pk), "wrong address")


def test_cancelling(now):
    payout = given.a_requested_payout(now=now)
    payouts.cancel_payout(payout_id=payout.pk, creator=payout.creator, now=now)
    assert record_of("payouts.cancelled") == (payout.creator.user_id, str(payout.pk), "")


def test_a_method_added_and_switched_off(now):
    creator = given.a_creator(now=now)
    method = given.a_payout_method(creator, now=now)
    payouts.deactivate_method(profile=creator, method_id=method.pk, now=now)
    for action in ("payouts.method_added", "payouts.method_deactivated"):
        assert record_of(action) == (creator.user_id, str(method.pk), "")


def test_the_clock_starts_both_ticks(rail):
    clock = {entry["task"] for entry in CELERY_BEAT_SCHEDULE.values()}
    assert {tasks.send_approved.name, tasks.resolve_unknown.name} <= clock
    assert tasks.send_approved.delay().result == tasks.resolve_unknown.delay().result == 0
