"""A request sent twice is carried out once (the Idempotency-Key header).

The key belongs to one user, brand, method and path, and to the body it first came with.
The first run holds a lease; when its process dies, the request may be repeated after the
lease, so the view passes the key on to its service, which recognises what it has done.

Final answers are stored for good: successes, and refusals by a service (a late repeat must
not suddenly pay). Not stored are answers given before a service ran (shape, permission,
throttle: the key is free again) and failures (500, 503: the same request may be repeated).
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from rest_framework.exceptions import APIException, NotAuthenticated, ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.errors import Conflict, DomainError, Invalid
from apps.core.models import IdempotencyRecord

HEADER = "Idempotency-Key"
LEASE = timedelta(seconds=60)
_KEY = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class KeyRequired(Invalid):
    code = "idempotency.key_required"
    message = "Send an Idempotency-Key header: one key for each thing you want done."


class KeyMalformed(Invalid):
    code = "idempotency.key_malformed"
    message = "An Idempotency-Key has 1 to 64 letters, digits and -_.: characters."


class KeyReused(Invalid):
    code = "idempotency.key_reused"
    message = "This Idempotency-Key was used for a different request."


class InProgress(Conflict):
    code = "idempotency.in_progress"
    message = "The first request with this Idempotency-Key is still running."


def idempotent(method: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Make a REST view's method demand and honour an Idempotency-Key.

    :raises KeyRequired, KeyMalformed, KeyReused: 422
    :raises InProgress: 409, with Retry-After
    """

    @functools.wraps(method)
    def once(view: APIView, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        lease = uuid.uuid4()
        record, first = _claim(request, lease, now=timezone.now())
        if record.status is not None:
            return _replay(record)
        response = None
        try:
            response = method(view, request, *args, **kwargs)
        except DomainError as refusal:
            response = view.handle_exception(refusal)
        except APIException:
            if first:
                _forget(record, lease)
            raise
        finally:
            if response is None:  # whatever ended it: the same request may come again at once
                _release(record, lease)
        _store(record, lease, response)
        return response

    return once


def key_of(request: Request) -> str:
    """Return the request's key.

    :raises KeyRequired: there is none
    :raises KeyMalformed: it is too long or has other characters
    """
    key = request.headers.get(HEADER)
    if not key:
        raise KeyRequired
    if not _KEY.fullmatch(key):
        raise KeyMalformed
    return key


@transaction.atomic
def _claim(request: Request, lease: uuid.UUID, *, now: datetime) -> tuple[IdempotencyRecord, bool]:
    key = key_of(request)
    if request.user.pk is None:
        raise NotAuthenticated
    fingerprint = _fingerprint(request)
    record, first = IdempotencyRecord.objects.get_or_create(
        user_id=request.user.pk,
        cluster=getattr(getattr(request, "cluster", None), "slug", ""),
        method=request.method,
        path=request.path,
        key=key,
        defaults={"fingerprint": fingerprint, "lease": lease, "lease_until": now + LEASE},
    )
    if first:
        return record, True
    record = IdempotencyRecord.objects.select_for_update().get(pk=record.pk)
    if record.fingerprint != fingerprint:
        raise KeyReused
    if record.status is not None:
        return record, False
    if record.lease_until and record.lease_until > now:
        raise InProgress(retry_after_seconds=2)
    record.lease, record.lease_until = lease, now + LEASE
    record.save(update_fields=["lease", "lease_until"])
    return record, False


def _fingerprint(request: Request) -> str:
    body = request.body
    try:
        with suppress(ValueError):  # what is not JSON counts by its bytes
            body = json.dumps(json.loads(body, parse_float=str), sort_keys=True).encode()
    except RecursionError as error:
        raise ParseError("The JSON is nested too deeply.") from error
    query = request.META.get("QUERY_STRING", "").encode()
    return hashlib.sha256(query + b"\0" + body).hexdigest()


def _mine(record: IdempotencyRecord, lease: uuid.UUID) -> Any:
    return IdempotencyRecord.objects.filter(pk=record.pk, lease=lease, status=None)


def _release(record: IdempotencyRecord, lease: uuid.UUID) -> None:
    _mine(record, lease).update(lease=None, lease_until=None)


def _forget(record: IdempotencyRecord, lease: uuid.UUID) -> None:
    _mine(record, lease).delete()


def _store(record: IdempotencyRecord, lease: uuid.UUID, response: HttpResponseBase) -> None:
    status = HTTPStatus(response.status_code)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        _release(record, lease)
        return
    data = response.data if isinstance(response, Response) else None
    _mine(record, lease).update(
        status=response.status_code,
        body=JSONRenderer().render(data).decode() if data is not None else "",
        content_type=getattr(response, "content_type", None) or "application/json",
        answered_at=timezone.now(),
        lease=None,
        lease_until=None,
    )


def _replay(record: IdempotencyRecord) -> HttpResponse:
    return HttpResponse(
        record.body,
        status=record.status,
        content_type=record.content_type,
        headers={"Idempotent-Replayed": "true"},
    )
