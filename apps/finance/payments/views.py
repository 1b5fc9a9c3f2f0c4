"""Where gateways deliver webhooks: store, answer, process afterwards."""

from __future__ import annotations

import hmac
from functools import partial

from django.conf import settings
from django.db.transaction import on_commit
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.core import broker
from apps.core.middleware import client_ip
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Gateway

MOST_BYTES = 64 * 1024


@csrf_exempt
@require_POST
def ccbill_webhook(request: HttpRequest, token: str) -> HttpResponse:
    """Store what was sent and answer 200; CCBill sends again whatever else it gets."""
    expected = settings.CCBILL["webhook_token"]
    if not expected or not hmac.compare_digest(token.encode(), expected.encode()):
        payments.record_wrong_token(gateway=Gateway.CCBILL, remote_ip=client_ip(request))
        return HttpResponse(status=404)
    if _is_too_large(request):
        return HttpResponse(status=413)
    if any("\0" in text for pair in request.GET.items() for text in pair):
        return HttpResponse(status=400)  # the database keeps no NUL
    payments.receive_webhook(
        gateway=Gateway.CCBILL,
        query=request.GET.dict(),
        headers=dict(request.headers),
        body=request.body,
        remote_ip=client_ip(request),
        now=timezone.now(),
    )
    # It never raises and hardly waits: with the queue down the tick finds the stored delivery.
    on_commit(partial(broker.start_soon, "payments.process_webhooks"))
    return HttpResponse("OK", content_type="text/plain")


def _is_too_large(request: HttpRequest) -> bool:
    """Believe the announced length first, so that nothing large is read; then count."""
    announced = request.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > MOST_BYTES:
        return True
    return len(request.body) > MOST_BYTES
