"""Support opens and closes access by hand, with a reason; the rest is for looking at."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from apps.accounts.models import Profile, User
from apps.audit.models import AuditRecord
from apps.clusters.models import Cluster
from apps.core.errors import DomainError
from apps.finance.entitlements import errors, services
from apps.finance.entitlements.choices import Scope
from apps.finance.entitlements.models import Entitlement
from tests.factories.accounts import CreatorFactory, ProfileFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/entitlements/entitlement/"


def wanted(fan: Profile, creator: Profile, by: User, now: datetime) -> dict[str, Any]:
    return {
        "profile": fan,
        "creator": creator,
        "until_at": now + timedelta(days=7),
        "tier": 1,
        "key": uuid.uuid4(),
        "by": by,
        "reason": "Goodwill",
        "now": now,
    }


def test_support_grants_finds_and_withdraws(
    fan: Profile, creator: Profile, console: Callable[..., Client]
) -> None:
    browser = console("support")
    form = {
        "fan": fan.pk,
        "creator": creator.pk,
        "tier": 2,
        "until": "2126-02-28",
        "reason": "Sorry for the outage",
        "key": str(uuid.uuid4()),
    }
    for _ in range(2):
        browser.post(f"{LIST}new/", form)
    row = Entitlement.objects.get()
    assert (row.profile, row.creator, row.tier) == (fan, creator, 2)
    assert row.until_at == datetime(2126, 3, 1, tzinfo=UTC)

    for term in (f"@{fan.handle}", fan.user.email, row.source, str(row.pk)):
        assert row.source in browser.get(LIST, {"q": term}).content.decode(), term
    assert row.source not in browser.get(LIST, {"q": "@somebody"}).content.decode()
    page = browser.get(f"{LIST}{row.pk}/change/").content.decode()
    assert "Sorry for the outage" in page

    browser.post(f"{LIST}do/withdraw/?ids={row.pk}", {"reason": "By mistake"})
    row.refresh_from_db()
    assert row.withdrawn_why == "By mistake"
    actions = AuditRecord.objects.filter(action__startswith="entitlements.")
    assert list(actions.order_by("id").values_list("action", "reason")) == [
        ("entitlements.granted", "Sorry for the outage"),
        ("entitlements.withdrawn", "By mistake"),
    ]


def test_finance_looks_and_touches_nothing(
    fan: Profile, creator: Profile, console: Callable[..., Client], now: datetime
) -> None:
    with transaction.atomic():
        services.grant(
            services.Grant(fan.pk, creator.pk, fan.cluster_id, Scope.CREATOR, "gift:1"), now=now
        )
    row, browser = Entitlement.objects.get(), console("finance")

    assert browser.get(f"{LIST}{row.pk}/change/").status_code == 200
    assert browser.get(f"{LIST}new/").status_code == 403
    assert browser.get(f"{LIST}do/withdraw/?ids={row.pk}").status_code == 403


def test_wrong_grants_are_refused_and_nothing_is_granted(
    fan: Profile, creator: Profile, staff: Callable[..., User], now: datetime
) -> None:
    clerk = staff("support")
    own = ProfileFactory.create(user=clerk)
    elsewhere = CreatorFactory.create(cluster=Cluster.objects.get(slug="girlfanz"))
    wrong: list[tuple[dict[str, Any], type[DomainError]]] = [
        ({"by": staff("finance")}, errors.MayNotGrant),
        ({"profile": own}, errors.MayNotGrant),
        ({"reason": " "}, errors.ReasonMissing),
        ({"creator": elsewhere}, errors.OtherBrand),
        ({"creator": fan}, errors.OtherBrand),
        ({"creator": ProfileFactory.create()}, errors.OtherBrand),
        ({"until_at": now}, errors.GrantEnded),
    ]
    for change, refusal in wrong:
        with pytest.raises(refusal):
            services.grant_by_staff(**(wanted(fan, creator, clerk, now) | change))

    assert not Entitlement.objects.exists()


def test_what_is_withdrawn_or_missing_cannot_be_withdrawn(
    fan: Profile, creator: Profile, staff: Callable[..., User], now: datetime
) -> None:
    clerk = staff("support")
    row = services.grant_by_staff(**wanted(fan, creator, clerk, now))
    services.withdraw_by_staff(entitlement_id=row.pk, by=clerk, reason="x", now=now)

    for pk, refusal in ((row.pk, errors.AlreadyWithdrawn), (404, errors.EntitlementNotFound)):
        with pytest.raises(refusal):
            services.withdraw_by_staff(entitlement_id=pk, by=clerk, reason="y", now=now)
    with pytest.raises(errors.MayNotGrant):
        services.withdraw_by_staff(entitlement_id=row.pk, by=staff("finance"), reason="y", now=now)
    row.refresh_from_db()
    assert row.withdrawn_why == "x"
