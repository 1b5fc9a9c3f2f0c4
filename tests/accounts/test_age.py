"""Only adults buy: what is known of somebody's age, from whom, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from apps.accounts import errors, rules, selectors, services
from apps.accounts.choices import AgeState
from apps.accounts.models import User
from apps.audit.models import AuditRecord
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return UserFactory.create(age_state=AgeState.UNKNOWN, age_checked_at=None)


def known(person: User) -> tuple[str, datetime | None]:
    return User.objects.values_list("age_state", "age_checked_at").get(pk=person.pk)


def test_somebody_new_may_not_buy(now: datetime) -> None:
    fresh = services.create_account(email="new@mail.example", password=None, now=now, by=None)

    with pytest.raises(errors.AgeNotVerified):
        selectors.check_may_buy(User.objects.get(pk=fresh.pk))


def test_an_adult_may_buy_until_the_finding_falls(person: User, now: datetime) -> None:
    services.record_age_check(user=person, state="ADULT", by=None, reason="Yoti 17", now=now)
    selectors.check_may_buy(person)
    selectors.check_may_buy(User.objects.get(pk=person.pk))
    assert known(person) == ("ADULT", now)

    later = now + timedelta(days=1)
    services.record_age_check(user=person, state="UNKNOWN", by=None, reason="Expired", now=later)
    with pytest.raises(errors.AgeNotVerified):
        selectors.check_may_buy(person)
    assert known(person) == ("UNKNOWN", later)


def test_a_minor_is_told_so(person: User, now: datetime) -> None:
    services.record_age_check(user=person, state="MINOR", by=None, reason="Passport", now=now)

    with pytest.raises(errors.Underage):
        selectors.check_may_buy(person)


def test_the_record_says_who_found_what_from_what(
    person: User, staff: Callable[..., User], now: datetime
) -> None:
    clerk = staff("compliance")
    services.record_age_check(user=person, state="ADULT", by=clerk, reason="Passport", now=now)

    record = AuditRecord.objects.get(action="accounts.age_checked")
    assert (record.actor_id, record.subject_id, record.reason) == (
        clerk.pk,
        str(person.pk),
        "Passport",
    )
    assert (record.facts["before"], record.facts["after"]) == ("UNKNOWN", "ADULT")


@pytest.mark.parametrize(
    ("state", "reason", "who", "refusal"),
    [
        ("OLD", "Passport", None, errors.AgeStateUnknown),
        ("ADULT", "  ", None, errors.ReasonMissing),
        ("ADULT", "Passport", "support", errors.MayNotCheckAge),
        ("ADULT", "Passport", "finance", errors.MayNotCheckAge),
    ],
)
def test_a_wrong_check_is_refused_and_changes_nothing(
    *,
    person: User,
    staff: Callable[..., User],
    now: datetime,
    state: str,
    reason: str,
    who: str | None,
    refusal: type[Exception],
) -> None:
    by = staff(who) if who else None
    before = AuditRecord.objects.count()

    with pytest.raises(refusal):
        services.record_age_check(user=person, state=state, by=by, reason=reason, now=now)

    assert known(person) == ("UNKNOWN", None)
    assert AuditRecord.objects.count() == before


def test_nobody_checks_themselves(staff: Callable[..., User], now: datetime) -> None:
    clerk = staff("compliance")

    with pytest.raises(errors.OwnAge):
        services.record_age_check(user=clerk, state="MINOR", by=clerk, reason="me", now=now)

    assert known(clerk)[0] == "ADULT"


def test_the_database_wants_a_date_for_a_finding(person: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=person.pk).update(age_state="ADULT")


def test_who_may_record_checks() -> None:
    may = {role for role, entries in rules.ROLES.items() if "accounts.check_age" in entries}

    assert may == {"compliance", "admin"}


def test_staff_record_it_on_the_persons_page(
    person: User, console: Callable[..., Client], now: datetime
) -> None:
    browser: Any = console("compliance")
    page = browser.get(f"/admin/accounts/user/{person.pk}/change/")
    assert "Not checked" in page.content.decode()
    address = f"/admin/accounts/user/do/check-age/?ids={person.pk}"
    assert "Known now: not checked" in browser.get(address).content.decode()

    answer = browser.post(address, {"reason": "Passport seen", "outcome": "ADULT"}, follow=True)

    assert "adult" in answer.content.decode()
    assert known(person)[0] == "ADULT"
    assert console("support").get(address).status_code == 403
