"""The demo's data: people with known logins and a few days of business."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.ops import errors, rules
from apps.ops.services.cast import open_merchant_accounts
from apps.ops.services.simulate import simulate

PASSWORD = "demo-password-2026"  # noqa: S105  (printed on every start of the demo)
SIZE = rules.Size(days=8, creators=6, fans=24, seed=1)
BRANDS = ("boyfanz", "girlfanz")
FAN, CREATOR = "fan@fanz.example", "creator@fanz.example"
#: e-mail, role, TOTP key
STAFF = (
    ("payouts1@fanz.example", "payouts", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXA"),
    ("payouts2@fanz.example", "payouts", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXB"),
    ("finance@fanz.example", "finance", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXC"),
    ("admin@fanz.example", "admin", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXD"),
)


def seed_demo(*, now: datetime) -> dict[str, Any]:
    """Make the demo's data unless it is there; return the logins either way.

    For development only: the passwords are public. An interrupted run is taken up again;
    only its simulation is not repeated.

    :raises SandboxDown: the sandbox does not start
    """
    open_merchant_accounts(now=now)
    accounts.sync_roles(allow_missing=True)
    for email, role, secret in STAFF:
        _staff(email, role, secret, now)
    fan, creator = _person(FAN, now), _person(CREATOR, now)
    _profiles(fan, creator, now)
    try:
        simulate(size=SIZE, now=now)
    except errors.AlreadySimulated:
        return _logins()
    return _logins()


def _staff(email: str, role: str, secret: str, now: datetime) -> None:
    user = _person(email, now)
    if user.groups.filter(name=role).exists():
        return
    accounts.enrol_authenticator(user=user, secret=secret, by=None, now=now)
    accounts.grant_role(user=user, role=role, by=None, reason="Demo", now=now)


def _person(email: str, now: datetime) -> User:
    return accounts.create_account(email=email, password=PASSWORD, now=now, by=None)


def _profiles(fan: User, creator: User, now: datetime) -> None:
    brands = open_merchant_accounts(now=now)
    for slug in BRANDS:
        accounts.ensure_profile(user=fan, cluster=brands[slug], now=now)
        accounts.open_creator_profile(
            user=creator,
            cluster=brands[slug],
            handle="demo-creator",
            display_name="Demo Creator",
            now=now,
            by=creator,
        )


def _logins() -> dict[str, Any]:
    return {
        "staff": [
            {"email": email, "password": PASSWORD, "totp_secret": secret, "role": role}
            for email, role, secret in STAFF
        ],
        "fan": {"email": FAN, "password": PASSWORD},
        "creator": {"email": CREATOR, "password": PASSWORD},
    }
