"""SSO-7: how often a client may ask, told in RateLimit headers on every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import redis
import structlog
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apps.core import throttling
from apps.core.middleware import client_ip

if TYPE_CHECKING:
    # Its own settings name this module: importing it here would be a circle.
    from rest_framework.views import APIView

log = structlog.get_logger(__name__)


class ApiThrottle(BaseThrottle):
    """100 requests a minute for a person, or for an address when nobody is signed in."""

    limit: ClassVar[throttling.Limit] = throttling.API

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the request. Without Valkey it is let through: the limit is not a lock."""
        who = (
            throttling.person(request.user.pk)
            if request.user.is_authenticated
            else throttling.place(client_ip(request._request))  # noqa: SLF001 (DRF's own way)
        )
        try:
            self.verdict = throttling.hit(self.limit, who)
        except redis.RedisError as error:
            log.error("throttle.unavailable", error=str(error))  # noqa: TRY400
            return True
        vars(request._request)["rate_limit_headers"] = self.verdict.headers  # noqa: SLF001
        return self.verdict.allowed

    def wait(self) -> float | None:
        return self.verdict.reset_seconds


class UploadThrottle(ApiThrottle):
    """10 uploads a minute."""

    limit = throttling.UPLOADS
