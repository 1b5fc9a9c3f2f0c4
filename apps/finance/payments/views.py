"""Where gateways deliver webhooks: store, answer, process afterwards."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from apps.core import broker
from apps.core.context import client_address
from apps.finance.payments import services as payments
from apps.finance.payments.adapters import GATEWAYS
from apps.finance.payments.selectors.inbox import set_of_address

#: The largest message known, a gateway's batch of disputes, has less than half of it.
MOST_BYTES = 256 * 1024
MOST_QUERY = 16 * 1024

#: It holds up nobody: with the queue down the tick finds what is stored.
process_soon = broker.Nudge("payments.process_webhooks")


@csrf_exempt
def webhook(request: HttpRequest, gateway: str, token: str) -> HttpResponse:
    """Store what was sent and answer with the gateway's word; it sends again on anything else.

    Nothing of the body is read into a meaning here, so that nothing in it can fail.
    """
    adapter = GATEWAYS.get(gateway)
    if adapter is None:
        return HttpResponse(status=404)
    credentials = set_of_address(gateway, token)
    if credentials is None:
        payments.record_wrong_token(gateway=gateway, remote_ip=client_address.get())
        return HttpResponse(status=404)
    known = adapter.capabilities
    if request.method not in known.webhook_methods:
        return HttpResponseNotAllowed(sorted(known.webhook_methods))
    if refused := _too_large(request):
        return HttpResponse(status=refused)
    try:
        query, body = _query(request), request.body
    except (ValueError, UnreadablePostError):
        return HttpResponse(status=400)
    payments.receive_webhook(
        gateway=gateway,
        credentials=credentials,
        method=request.method,
        query=query,
        raw_query=request.META.get("QUERY_STRING", ""),
        headers=_headers(request),
        body=body,
        remote_ip=client_address.get(),
        now=timezone.now(),
    )
    process_soon()
    return HttpResponse(known.webhook_reply, content_type="text/plain")


def _too_large(request: HttpRequest) -> int:
    """Return the status to refuse with, or 0. No more is read than the announced length."""
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
