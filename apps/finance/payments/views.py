"""Where gateways deliver webhooks: store, answer, process afterwards."""

from __future__ import annotations

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from apps.core import broker
from apps.core.context import client_address
from apps.finance.payments import services as payments
from apps.finance.payments.adapters import GATEWAYS
from apps.finance.payments.selectors.inbox import set_of_address

log = structlog.get_logger(__name__)

#: The largest message known, a gateway's batch of disputes, has less than half of it.
MOST_BYTES = 256 * 1024
MOST_QUERY = 16 * 1024

_DATABASE_AWAY = (OperationalError, InterfaceError)
_RETRY_SECONDS = "30"

#: It holds up nobody: with the queue down the tick finds what is stored.
process_soon = broker.Nudge("payments.process_webhooks")


@csrf_exempt
def webhook(request: HttpRequest, gateway: str, token: str) -> HttpResponse:
    """Store what was sent and answer with the gateway's word; it sends again on anything else.

    Nothing of the body is read into a meaning here, so that nothing in it can fail. Where it could
    not be stored the answer is 503: all of them send again.
    """
    adapter = GATEWAYS.get(gateway)
    if adapter is None:
        return HttpResponse(status=404)
    credentials = set_of_address(gateway, token)
    if credentials is None:
        return _not_found(gateway)
    known = adapter.capabilities
    if request.method not in known.webhook_methods:
        return HttpResponseNotAllowed(sorted(known.webhook_methods))
    return _take(request, gateway, credentials, reply=known.webhook_reply)


def _take(request: HttpRequest, gateway: str, credentials: str, *, reply: str) -> HttpResponse:
    if refused := _too_large(request):
        return HttpResponse(status=refused)
    try:
        query, body = _query(request), request.body
    except (ValueError, UnreadablePostError):
        return HttpResponse(status=400)
    try:
        payments.receive_webhook(
            gateway=gateway,
            credentials=credentials,
            method=request.method or "",
            query=query,
            raw_query=request.META.get("QUERY_STRING", ""),
            headers=_headers(request),
            body=body,
            remote_ip=client_address.get(),
            now=timezone.now(),
        )
    except _DATABASE_AWAY as error:
        log.warning("webhook_not_stored", gateway=gateway, error=str(error))
        return HttpResponse(status=503, headers={"Retry-After": _RETRY_SECONDS})
    process_soon()
    return HttpResponse(reply, content_type="text/plain")


def _not_found(gateway: str) -> HttpResponse:
    """The database may be away: that is no news to who guesses addresses."""
    try:
        payments.record_wrong_token(gateway=gateway, remote_ip=client_address.get())
    except _DATABASE_AWAY as error:
        log.warning("webhook_with_wrong_token_not_recorded", gateway=gateway, error=str(error))
    return HttpResponse(status=404)


def _too_large(request: HttpRequest) -> int:
    """Return the status to refuse with, or 0. No more is read than the announced length."""
    if request.META.get("HTTP_TRANSFER_ENCODING"):
        return 411  # in chunks, without a length: nobody could say when it is too much
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if not announced.isdecimal() or int(announced) > MOST_BYTES:
        return 413
    return 414 if len(request.META.get("QUERY_STRING", "")) > MOST_QUERY else 0


def _query(request: HttpRequest) -> dict[str, str]:
    """:raises ValueError: a name stands twice, or a NUL, which the database does not keep"""
    if not request.META.get("QUERY_STRING"):
        return {}
    fields = {}
    for name, values in request.GET.lists():
        [value] = values
        if "\0" in name or "\0" in value:
            raise ValueError(name)
        fields[name] = value
    return fields


def _headers(request: HttpRequest) -> dict[str, str]:
    headers = {
        name[5:].replace("_", "-").title(): value
        for name, value in request.META.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if value := request.META.get(name):
            headers[name.replace("_", "-").title()] = value
    return headers
