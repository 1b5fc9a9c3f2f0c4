"""Rights to see come and go, alone and in batches, and the history says what happened."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.utils import DatabaseError

from apps.accounts.models import Profile
from apps.finance.entitlements import errors, selectors, services
from apps.finance.entitlements.choices import Scope, Why
from apps.finance.entitlements.models import Entitlement, EntitlementChange
from tests.factories.accounts import CreatorFactory, ProfileFactory, StaffFactory

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)


@pytest.fixture
def fan() -> Profile:
    return ProfileFactory.create()


@pytest.fixture
def creator() -> Profile:
    return CreatorFactory.create()


def to(fan: Profile, creator: Profile, source: str = "subscription:7", **more: Any) -> Any:
    return services.Grant(
        fan.pk, creator.pk, fan.cluster_id, more.pop("scope", Scope.CREATOR), source, **more
    )


def give(*grants: services.Grant, now: datetime) -> None:
    with transaction.atomic():
        services.grant_many(grants, now=now)


def take(*sources: str, now: datetime, why: str = "Refunded") -> int:
    with transaction.atomic():
        return services.withdraw_many(sources, why=why, now=now)


def story(source: str) -> list[tuple[str, str]]:
    return [(row.change, row.why) for row in selectors.history_of(source)]


def seen(fan: Profile, thing: selectors.Thing, *, now: datetime) -> Why:
    [access] = selectors.access_to(fan.pk, [thing], now=now)
    return access.why


def test_a_grant_lets_in_until_its_end(fan: Profile, creator: Profile, now: datetime) -> None:
    thing = selectors.Thing("content:9", creator.pk, least_tier=1)
    give(to(fan, creator, tier=1, until_at=now + MONTH, why="Subscribed"), now=now)

    assert seen(fan, thing, now=now) == Why.SUBSCRIBED
    assert seen(fan, thing, now=now + MONTH) == Why.ENDED
    assert seen(ProfileFactory.create(), thing, now=now) == Why.NOT_SUBSCRIBED
    assert story("subscription:7") == [("GRANTED", "Subscribed")]


def test_a_grant_of_one_thing_opens_that_and_nothing_else(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    give(to(fan, creator, "purchase:3", scope=Scope.ITEM, item="content:9"), now=now)

    assert seen(fan, selectors.Thing("content:9", creator.pk), now=now) == Why.BOUGHT
    assert seen(fan, selectors.Thing("content:8", creator.pk), now=now) == Why.NOT_BOUGHT


def test_renewals_move_the_end_and_write_no_history(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    for months in (1, 2, 3):
        give(to(fan, creator, until_at=now + months * MONTH), now=now + (months - 1) * MONTH / 2)

    row = Entitlement.objects.get()
    assert (row.from_at, row.until_at) == (now, now + 3 * MONTH)
    assert story("subscription:7") == [("GRANTED", "")]


def test_what_is_more_than_a_renewal_is_history(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    give(to(fan, creator, until_at=now + MONTH, tier=1), now=now)
    give(to(fan, creator, until_at=now + MONTH, tier=2, why="Upgraded"), now=now)
    give(to(fan, creator, until_at=now + MONTH / 2, tier=2, why="Ends sooner"), now=now)
    give(to(fan, creator, until_at=now + 3 * MONTH, tier=2, why="Paid late"), now=now + MONTH)
    assert take("subscription:7", now=now + MONTH) == 1
    give(to(fan, creator, until_at=now + 3 * MONTH, tier=2, why="Dispute won"), now=now + MONTH)

    assert story("subscription:7") == [
        ("GRANTED", ""),
        ("CHANGED", "Upgraded"),
        ("CHANGED", "Ends sooner"),
        ("RESTORED", "Paid late"),
        ("WITHDRAWN", "Refunded"),
        ("RESTORED", "Dispute won"),
    ]
    row = Entitlement.objects.get()
    assert (row.withdrawn_at, row.withdrawn_why, row.tier) == (None, "", 2)


def test_withdrawing_twice_keeps_the_first_word(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    give(to(fan, creator), now=now)

    assert take("subscription:7", now=now, why="Chargeback") == 1
    assert take("subscription:7", now=now + MONTH, why="Refunded") == 0
    row = Entitlement.objects.get()
    assert (row.withdrawn_at, row.withdrawn_why) == (now, "Chargeback")
    assert story("subscription:7") == [("GRANTED", ""), ("WITHDRAWN", "Chargeback")]


def test_what_was_never_granted_is_not_withdrawn(now: datetime) -> None:
    assert take("subscription:404", now=now) == 0
    assert take(now=now) == 0
    assert not EntitlementChange.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": Scope.ITEM},
        {"item": "content:9"},
        {"source": ""},
        {"source": "x" * 81},
    ],
)
def test_a_grant_that_does_not_fit_is_refused(
    fan: Profile, creator: Profile, now: datetime, wrong: dict[str, Any]
) -> None:
    with pytest.raises(errors.GrantMalformed):
        give(to(fan, creator, **wrong), now=now)

    assert not Entitlement.objects.exists()


def test_one_source_twice_in_a_batch_is_refused(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    with pytest.raises(errors.GrantMalformed):
        give(to(fan, creator), to(fan, creator), now=now)

    assert not Entitlement.objects.exists()


def test_nobody_is_granted_their_own(creator: Profile, now: datetime) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        services.grant(to(creator, creator), now=now)


def test_the_history_is_written_once(fan: Profile, creator: Profile, now: datetime) -> None:
    give(to(fan, creator), now=now)

    for change in (EntitlementChange.objects.all().delete, _update):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def _update() -> None:
    EntitlementChange.objects.update(why="something else")


def test_who_did_it_stands_in_the_history(fan: Profile, creator: Profile, now: datetime) -> None:
    clerk = StaffFactory.create(role="support")
    with transaction.atomic():
        services.grant(to(fan, creator, "support:1", why="Goodwill"), now=now, by=clerk)
        services.withdraw("support:1", why="By mistake", now=now, by=clerk)

    assert [row.by for row in selectors.history_of("support:1")] == [clerk, clerk]


def test_a_batch_is_one_statement(
    fan: Profile, creator: Profile, now: datetime, django_assert_num_queries: Any
) -> None:
    grants = [to(fan, creator, f"subscription:{n}", until_at=now + MONTH) for n in range(500)]
    with transaction.atomic():
        with django_assert_num_queries(1):
            services.grant_many(grants, now=now)
        with django_assert_num_queries(1):
            services.withdraw_many([grant.source for grant in grants], why="", now=now)

    assert Entitlement.objects.filter(withdrawn_at=now).count() == 500
    assert EntitlementChange.objects.count() == 1000


def test_a_hundred_things_are_one_query(
    fan: Profile, now: datetime, django_assert_num_queries: Any
) -> None:
    creators = [CreatorFactory.create() for _ in range(4)]
    give(
        to(fan, creators[0], until_at=now + MONTH, tier=1),
        to(fan, creators[1], "purchase:1", scope=Scope.ITEM, item="content:1"),
        now=now,
    )
    things = [
        selectors.Thing(f"content:{n}", creators[n % 4].pk, least_tier=n % 3) for n in range(100)
    ]

    with django_assert_num_queries(1):
        answers = selectors.access_to(fan.pk, things, now=now)

    assert [answer.thing for answer in answers] == things
    assert {n for n, answer in enumerate(answers) if answer.allowed} == {1} | {
        n for n in range(0, 100, 4) if n % 3 <= 1
    }
    with django_assert_num_queries(0):
        strangers = selectors.access_to(None, things, now=now)
    assert {answer.why for answer in strangers} == {Why.NOT_SUBSCRIBED}


@pytest.mark.django_db(transaction=True)
def test_batches_that_cross_do_not_lock_each_other_out(now: datetime) -> None:
    fan, creator = ProfileFactory.create(), CreatorFactory.create()
    grants = [to(fan, creator, f"subscription:{n:03}", until_at=now + MONTH) for n in range(200)]
    start = threading.Barrier(4)

    def work(number: int) -> None:
        order = grants if number % 2 else grants[::-1]
        try:
            start.wait()
            for _ in range(5):
                give(*order, now=now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert Entitlement.objects.count() == 200


def test_a_renewal_touches_no_index(fan: Profile, creator: Profile, now: datetime) -> None:
    """PostgreSQL keeps the new version in the same page (HOT) as no indexed column changes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.attname FROM pg_index i JOIN pg_attribute a"
            " ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)"
            " WHERE i.indrelid = 'entitlements_entitlement'::regclass"
        )
        indexed = {name for (name,) in cursor.fetchall()}

    assert indexed == {"id", "source", "profile_id", "creator_id", "item"}
