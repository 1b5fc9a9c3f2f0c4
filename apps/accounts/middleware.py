"""Tells django-otp which second factor a session has passed, from allauth's own records."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest
from django_otp.middleware import OTPMiddleware

from apps.accounts.models import Factor

#: A second factor opens the console for a working day, not for the life of the session.
MAX_AGE_SECONDS = 12 * 3600


class SecondFactorMiddleware(OTPMiddleware):
    """``user.is_verified()`` is true when this session passed a factor that still exists."""

    def _verify_user_sync(self, request: HttpRequest, user: Any) -> Any:
        self._init_user_fields(user)
        if user.is_authenticated and (ids := _passed(request, user)):
            user.otp_device = Factor.objects.filter(user=user, pk__in=ids).first()
        return user


def _passed(request: HttpRequest, user: Any) -> list[int]:
    now = time.time()
    return [
        record["id"]
        for record in get_authentication_records(request, user)
        if record.get("method") == "mfa" and now - record["at"] < MAX_AGE_SECONDS
    ]
