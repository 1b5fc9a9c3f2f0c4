"""Staff set when failed charges are tried again: from a day on, within what networks allow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.audit.models import AuditRecord
from apps.clusters.models import Cluster
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.models import DunningPolicy
from apps.finance.subscriptions.rules.dunning import DEFAULT, Policy
from apps.finance.subscriptions.selectors.policies import all_policies, policies
from apps.finance.subscriptions.services.policy import set_dunning_policy

pytestmark = pytest.mark.django_db

NEW = "admin:subscriptions_dunningpolicy_new"
LIST = "admin:subscriptions_dunningpolicy_changelist"


@pytest.fixture
def now():
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def brand():
    return Cluster.objects.get(slug="boyfanz")


def made():
    """What staff set: without the schedule that came with the tables."""
    return DunningPolicy.objects.filter(effective_from__gte=datetime(2026, 1, 1, tzinfo=UTC))


def a_schedule(by, *, now, **more):
    wanted = {
        "cluster": None,
        "days": [2, 5],
        "grace_days": 4,
        "effective_from": now + timedelta(days=1),
        "reason": "Agreed with compliance",
    }
    return set_dunning_policy(by=by, now=now, **{**wanted, **more})


class TestSet:
    def test_holds_from_its_day_and_is_on_record(self, staff, brand, now):
        by = staff("finance")
        row = a_schedule(by, now=now, cluster=brand)

        assert policies(now=now).of(brand.pk) == DEFAULT
        later = policies(now=now + timedelta(days=1))
        assert later.of(brand.pk) == Policy((2, 5), 4)
        assert later.of(brand.pk + 1) == DEFAULT
        line = AuditRecord.objects.get(action="subscriptions.dunning_policy_set")
        assert (line.actor, line.reason) == (by, "Agreed with compliance")
        assert line.facts["days"] == "2, 5"
        assert str(row) == "Tries after [2, 5] days, 4 days of grace"

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({"days": [3, 1]}, errors.DunningInvalid),
            ({"days": [1, 1]}, errors.DunningInvalid),
            ({"days": [0, 2]}, errors.DunningInvalid),
            ({"days": [31]}, errors.DunningInvalid),
            ({"days": list(range(1, 16))}, errors.DunningInvalid),
            ({"grace_days": 61}, errors.DunningInvalid),
            ({"grace_days": -1}, errors.DunningInvalid),
            ({"reason": " "}, errors.ReasonMissing),
            ({"effective_from": datetime(2026, 1, 1, tzinfo=UTC)}, errors.DunningInThePast),
        ],
    )
    def test_refuses_what_is_no_schedule_or_not_allowed(self, staff, now, change, error):
        with pytest.raises(error):
            a_schedule(staff("finance"), now=now, **change)
        assert not made().exists()
        assert not AuditRecord.objects.filter(action__startswith="subscriptions.").exists()

    def test_refuses_a_second_from_the_same_moment(self, staff, now):
        a_schedule(staff("finance"), now=now)
        with pytest.raises(errors.DunningTaken):
            a_schedule(staff("finance"), now=now, days=[9])
        assert made().get().days == [2, 5]

    @pytest.mark.parametrize("role", ["support", "compliance", "moderator"])
    def test_only_those_who_may(self, staff, now, role):
        with pytest.raises(errors.StaffNotAllowed):
            a_schedule(staff(role), now=now)
        assert not made().exists()


class TestConsole:
    def answers(self, **more):
        day = timezone.now().date() + timedelta(days=2)
        return {"cluster": "", "days": "1, 4, 9", "grace_days": "5", "since": f"{day}",
                "reason": "Fewer declines", **more}  # fmt: skip

    def test_says_what_it_means_before_it_is_set(self, console):
        client = console("finance")
        seen = client.post(reverse(NEW), self.answers())

        text = seen.content.decode()
        assert seen.status_code == 200
        assert "tried again 1, 4 and 9 days after the first failure, 4 charges in all" in text
        assert "ends 9 days after" in text
        assert "1, 3, 7 and 14" in text  # what holds now
        assert not made().exists()

        client.post(reverse(NEW), self.answers(seen="1"))
        assert made().get().days == [1, 4, 9]
        listed = client.get(reverse(LIST)).content.decode()
        assert "1, 4 and 9" in listed
        assert "To come" in listed

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"days": "4, 1"}, "Each day comes after the one before."),
            ({"days": "one"}, "Write days like 1, 3, 7, 14."),
            ({"days": "\u0663"}, "Write days like 1, 3, 7, 14."),
            ({"since": "2026-01-01", "seen": "1"}, "A schedule begins later than now"),
        ],
    )
    def test_says_what_is_wrong_and_sets_nothing(self, console, change, words):
        answer = console("finance").post(reverse(NEW), self.answers(**change))

        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert not made().exists()

    def test_never_again_is_a_schedule_too(self, console):
        seen = console("admin").post(reverse(NEW), self.answers(days=""))
        assert "never tried again by itself" in seen.content.decode()

    def test_is_closed_to_those_who_only_look(self, console):
        assert console("compliance").get(reverse(NEW)).status_code == 403
        assert "Set a schedule" not in console("compliance").get(reverse(LIST)).content.decode()

    def test_tells_what_holds_from_what_held(self, console, staff, brand, now):
        rows = {}
        for name, cluster, days in (("was", None, 9), ("holds", None, 5), ("own", brand, 7)):
            rows[name] = DunningPolicy.objects.create(
                cluster=cluster, days=[1], grace_days=1, effective_from=now - timedelta(days=days)
            )
        policies = all_policies(now=now).filter(pk__in=[row.pk for row in rows.values()])
        found = {row.pk: row.is_replaced for row in policies}  # type: ignore[attr-defined]
        assert found == {rows["was"].pk: True, rows["holds"].pk: False, rows["own"].pk: False}
        client = console("finance")
        page = client.get(
            reverse("admin:subscriptions_dunningpolicy_change", args=[rows["was"].pk])
        )
        assert "Was" in page.content.decode()

        def cost() -> int:
            with CaptureQueriesContext(connection) as asked:
                assert client.get(reverse(LIST)).status_code == 200
            return len(asked)

        cost()
        few = cost()
        for days in range(10, 15):
            DunningPolicy.objects.create(
                cluster=brand, days=[1], grace_days=1, effective_from=now - timedelta(days=days)
            )
        assert cost() == few
