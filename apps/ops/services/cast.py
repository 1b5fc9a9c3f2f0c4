"""The people of a simulation, signed up by the same services as everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from apps.accounts import services as accounts
from apps.accounts.choices import AgeState
from apps.accounts.models import Profile, User
from apps.clusters import selectors as clusters
from apps.core.money import Money
from apps.finance.payments.rules.merchants import Place, Terms
from apps.ops import rules
from apps.ops.errors import AlreadySimulated
from apps.ops.services.merchants import Mid, open_mids
from apps.ops.services.play_subscriptions import offer_plans
from apps.payouts import services as payouts

if TYPE_CHECKING:
    from apps.clusters.models import Cluster

#: Our numbers at the sandbox: sub-accounts in the order of the brands.
ACCOUNT_NUMBER, FLEX_ID = "900000", "fanz-flex"
LARGEST_CHARGE = Money.of("1000.00", "USD")
COST_BPS = 1_150


@dataclass(frozen=True, slots=True)
class Creator:
    """A creator and the account the earnings go to."""

    profile: Profile
    email: str
    method_id: int


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who takes part."""

    creators: list[Creator]
    fans: list[Profile]
    staff: list[User]
    finance: User


def open_merchant_accounts(*, staff: tuple[User, User], now: datetime) -> dict[str, Cluster]:
    """Give every brand its sandbox account; return the brands by slug. Safe to repeat."""
    brands = {brand.slug: brand for brand in clusters.active_clusters()}
    open_mids(
        [
            Mid(
                slug,
                Place("ccbill", ACCOUNT_NUMBER, "USD", f"{brand.position:04}", FLEX_ID),
                Terms(
                    f"CCBILL.COM *{brand.name.upper()}",
                    295,
                    LARGEST_CHARGE.minor,
                    cost_bps=COST_BPS,
                ),
            )
            for slug, brand in brands.items()
        ],
        brands=brands,
        staff=staff,
        now=now,
    )
    return brands


def gather(size: rules.Size, *, now: datetime) -> Cast:
    """Sign everybody up.

    :raises AlreadySimulated: the seed's people are there already
    """
    accounts.sync_roles()
    staff = [_user(size, f"payouts{number}", now) for number in (1, 2)]
    finance, second = (_user(size, name, now) for name in ("finance", "finance2"))
    if any(user.groups.exists() for user in (*staff, finance)):
        raise AlreadySimulated(seed=size.seed)
    for user in staff:
        accounts.grant_role(user=user, role="payouts", by=None, reason="Simulation", now=now)
    for user in (finance, second):
        accounts.grant_role(user=user, role="finance", by=None, reason="Simulation", now=now)
    brands = open_merchant_accounts(staff=(finance, second), now=now)
    fans = [
        accounts.ensure_profile(
            user=_user(size, f"fan{index}", now),
            cluster=brands[rules.brand_of(index, size)],
            now=now,
        )
        for index in range(size.fans)
    ]
    creators = [
        _creator(size, index, brands[rules.brand_of(index, size)], now)
        for index in range(size.creators)
    ]
    return Cast(creators, fans, staff, finance)


def _creator(size: rules.Size, index: int, cluster: Cluster, now: datetime) -> Creator:
    return open_creator(
        user=_user(size, f"creator{index}", now),
        cluster=cluster,
        handle=f"star-{size.seed}-{index}",
        name=f"Star {index + 1}",
        bio="",
        now=now,
    )


def open_creator(
    *, user: User, cluster: Cluster, handle: str, name: str, bio: str, now: datetime
) -> Creator:
    """Make somebody a creator with a Paxum account on one brand. Safe to repeat."""
    profile = accounts.open_creator_profile(
        user=user, cluster=cluster, handle=handle, display_name=name, now=now, by=user
    )
    profile = accounts.edit_profile(profile=profile, by=user, now=now, bio=bio)
    offer_plans(profile, now=now)
    first, _, last = name.partition(" ")
    method = payouts.add_method(
        profile=profile,
        rail="PAXUM",
        details={"email": user.email, "first_name": first, "last_name": last or first},
        now=now,
    )
    return Creator(profile, user.email, method.pk)


def open_adult(*, email: str, password: str | None, now: datetime) -> User:
    """Open an account of somebody whose age was checked, who may buy. Safe to repeat."""
    user = accounts.create_account(email=email, password=password, now=now, by=None)
    if user.age_state == AgeState.UNKNOWN:
        accounts.record_age_check(
            user=user, state=AgeState.ADULT, by=None, reason="Invented person", now=now
        )
    return user


def _user(size: rules.Size, name: str, now: datetime) -> User:
    return open_adult(email=f"{name}@sim-{size.seed}.example", password=None, now=now)
