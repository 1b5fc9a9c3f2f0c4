"""Accounts made by staff tools: the sign-up pages make all others."""

from __future__ import annotations

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.db import transaction

from apps.accounts.models import User
from apps.audit import services as audit


@transaction.atomic
def create_account(*, email: str, password: str | None, now: datetime, by: User | None) -> User:
    """Open an account whose e-mail address counts as verified, or return the one there is.

    Without a ``password`` nobody can sign in by one.
    """
    existing = User.objects.filter(email__iexact=email).first()
    if existing:
        return existing
    user = User.objects.create_user(email, password, date_joined=now)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    audit.record(by=by, action="accounts.created", subject=user, facts={"at": now.isoformat()})
    return user


@transaction.atomic
def enrol_authenticator(*, user: User, secret: str, by: User | None, now: datetime) -> None:
    """Give somebody a TOTP factor with a known ``secret`` (base 32) and recovery codes.

    For demo data and tests; people enrol on their own pages, where nobody else sees it.
    """
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    audit.record(
        by=by, action="accounts.factor_added", subject=user, facts={"at": now.isoformat()}
    )
