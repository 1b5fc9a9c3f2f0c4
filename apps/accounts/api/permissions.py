"""Who among the staff may read a part of the API."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

from allauth.headless.tokens.strategies.jwt.internal import get_token_session
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.accounts.middleware import passed_factor


class StaffPermission(BasePermission):
    """Staff with ``permission`` whose session has passed a second factor, as in the console."""

    permission: ClassVar[str]
    message = "Your roles do not allow this, or the second factor is missing."

    def has_permission(self, request: Request, view: Any) -> bool:
        del view
        return is_staff_with(request, self.permission)


def is_staff_with(request: Request, permission: str) -> bool:
    """Test if staff with this permission asks, having passed a second factor."""
    user = request.user
    return bool(
        user.is_authenticated
        and user.is_active
        and user.is_staff
        and user.has_perm(permission)
        and _has_second_factor(request)
    )


def _has_second_factor(request: Request) -> bool:
    """Test it of the session, or of the session that a token belongs to."""
    is_verified = getattr(request.user, "is_verified", None)  # set by the middleware
    if is_verified is not None:
        return bool(is_verified())
    session = get_token_session(request.auth) if isinstance(request.auth, Mapping) else None
    if session is None:
        return False
    return passed_factor(SimpleNamespace(session=session), request.user) is not None
