"""The demo's data: people with known logins, creators on every brand, months of business."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.finance.ledger import services as ledger
from apps.finance.subscriptions.services import facts
from apps.ops import errors, rules
from apps.ops.services.cast import (
    Cast,
    Creator,
    open_adult,
    open_creator,
    open_merchant_accounts,
)
from apps.ops.services.demo_accounts import open_demo_accounts
from apps.ops.services.demo_closing import close_demo_months, record_demo_rates
from apps.ops.services.demo_past import first_day, tell_past
from apps.ops.services.demo_people import CREATORS
from apps.ops.services.demo_sales import sales_story
from apps.ops.services.demo_statements import exchange_demo_currency, import_demo_statements
from apps.ops.services.demo_story import lead_roles, story, was_told
from apps.ops.services.demo_subscriptions import subscription_story
from apps.ops.services.demo_trouble import Pair, trouble
from apps.ops.services.play import Deed, Play, deeds_of_day, run_clockwork, stage

PASSWORD = "demo-password-2026"  # noqa: S105  (printed on every start of the demo)
FAN, CREATOR = "fan@fanz.example", "creator@fanz.example"
#: e-mail, role, TOTP key
STAFF = (
    ("payouts1@fanz.example", "payouts", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXA"),
    ("payouts2@fanz.example", "payouts", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXB"),
    ("finance@fanz.example", "finance", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXC"),
    ("admin@fanz.example", "admin", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXD"),
    ("compliance@fanz.example", "compliance", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXE"),
    ("support@fanz.example", "support", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXF"),
)
SIZE = rules.Size(days=30, creators=36, fans=54, seed=1)
#: The last of them is today.
DEMO_DAYS = SIZE.days + 1
#: From here on nothing goes so wrong that it is unsettled when the demo begins: the sandbox
#: that people use then knows none of these payments.
ALL_WELL = timedelta(days=4)


def seed_demo(
    *, now: datetime, size: rules.Size = SIZE, on_day: Callable[[], object] = lambda: None
) -> dict[str, Any]:
    """Make the demo's data unless it is there; return the logins either way.

    For development only: the passwords are public. An interrupted run is taken up again
    where it stopped. ``on_day`` is called after each simulated day.

    :raises SandboxDown: the sandbox does not start
    :raises BooksDoNotBalance: the ledger is wrong afterwards
    """
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=size.days)
    accounts.sync_roles()
    staff = [_staff(email, role, secret, start) for email, role, secret in STAFF]
    brands = open_merchant_accounts(staff=(staff[2], staff[3]), now=start)
    open_demo_accounts(brands=brands, staff=(staff[2], staff[3]), now=start)
    leads = lead_roles(fan=_person(FAN, start), creator=_person(CREATOR, start),
                       staff=(staff[0], staff[1]), brands=brands, now=start)  # fmt: skip
    if was_told(leads):
        return _logins()
    cast = _cast(size, brands, staff, start)
    record_demo_rates(first=first_day(start), now=now)
    tell_past(cast, seed=size.seed, start=start)
    with stage() as sandbox:
        play = Play(size, start, cast, sandbox, all_well_from=now - ALL_WELL)
        pair = Pair(*User.objects.filter(pk__in=[staff[2].pk, staff[3].pk]).order_by("pk"))
        told = [
            *story(play, leads, now=now),
            *subscription_story(play, leads, now=now),
            *sales_story(play, leads, now=now),
            *trouble(play, pair, now=now),
        ]
        _play_until(play, told, now=now, on_day=on_day)
    if not ledger.check_books(now=now).ok:
        raise errors.BooksDoNotBalance()
    close_demo_months(until=start.date(), by=staff[2], now=now)
    exchange_demo_currency(start=start, by=_again(staff[2]), now=now)
    import_demo_statements(start=start, by=staff[2], now=now)
    ledger.roll_forward(now=now)
    facts.make_facts(now=now)
    return _logins()


def _play_until(
    play: Play, told: list[Deed], *, now: datetime, on_day: Callable[[], object]
) -> None:
    """Let the crowd act beside what is told of others, each at their time, until ``now``."""
    told = sorted(told, key=_time_of)
    for day in range(play.size.days + 1):
        ends = play.start + timedelta(days=day + 1)
        today = [deed for deed in told if ends - timedelta(days=1) <= deed[0] < ends]
        for at, do in sorted([*deeds_of_day(play, day), *today], key=_time_of):
            if at <= now:
                do(now=at)
        on_day()
    run_clockwork(play, now=now)


def _time_of(deed: Deed) -> datetime:
    return deed[0]


def _cast(size: rules.Size, brands: dict[str, Any], staff: list[User], now: datetime) -> Cast:
    fans = [
        accounts.ensure_profile(
            user=open_adult(email=f"fan{index}@demo.example", password=None, now=now),
            cluster=brands[rules.brand_of(index, size)],
            now=now,
        )
        for index in range(size.fans)
    ]
    return Cast(
        [_creator(size, index, brands, now) for index in range(size.creators)],
        fans,
        staff[:2],
        staff[2],
    )


def _creator(size: rules.Size, index: int, brands: dict[str, Any], now: datetime) -> Creator:
    slug = rules.brand_of(index, size)
    person = CREATORS[slug][index // len(size.brands)]
    user = open_adult(email=f"{person.handle}@demo.example", password=None, now=now)
    return open_creator(
        user=user,
        cluster=brands[slug],
        handle=person.handle,
        name=person.name,
        bio=person.bio,
        now=now,
    )


@transaction.atomic
def _staff(email: str, role: str, secret: str, now: datetime) -> User:
    """Make a member of staff with a second factor, or return the one there is."""
    user = _person(email, now)
    if not user.groups.filter(name=role).exists():
        accounts.enrol_authenticator(user=user, secret=secret, by=None, now=now)
        accounts.grant_role(user=user, role=role, by=None, reason="Demo", now=now)
    return user


def _again(user: User) -> User:
    """Return somebody with the rights granted since they were first asked about."""
    return User.objects.get(pk=user.pk)


def _person(email: str, now: datetime) -> User:
    return open_adult(email=email, password=PASSWORD, now=now)


def _logins() -> dict[str, Any]:
    return {
        "staff": [
            {"email": email, "password": PASSWORD, "totp_secret": secret, "role": role}
            for email, role, secret in STAFF
        ],
        "fan": {"email": FAN, "password": PASSWORD},
        "creator": {"email": CREATOR, "password": PASSWORD},
    }
