"""Console pages of the inbox: what gateways told us, and the way to hear it again."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import (
    ConsoleAdmin,
    DaysFilter,
    Fact,
    Facts,
    Page,
    Raw,
    Verb,
    as_id,
    change_link,
    state,
    when,
)
from apps.finance.payments import services as payments
from apps.finance.payments.choices import WebhookStatus
from apps.finance.payments.models import WebhookEvent

FINAL = {WebhookStatus.PROCESSED, WebhookStatus.RECEIVED}


def replay_refusal(webhook: WebhookEvent, _by: Any) -> str:
    if webhook.status in FINAL:
        return f"it is {webhook.get_status_display().lower()}; there is nothing to replay."
    return ""


def replay_preview(webhook: WebhookEvent, _by: Any) -> str:
    return (
        f"Puts delivery #{webhook.pk} back in the queue. Every check is made again, so what was "
        "booked is not booked twice and a forgery stays refused."
    )


def replay_run(webhook: WebhookEvent, by: Any, reason: str) -> str:
    payments.replay_webhook(webhook_id=webhook.pk, by=by, reason=reason, now=timezone.now())
    return f"Delivery #{webhook.pk} is back in the queue; its outcome shows here in a moment."


REPLAY = Verb(
    name="replay",
    label="Replay",
    permission="payments.replay_webhook",
    preview=replay_preview,
    refusal=replay_refusal,
    run=replay_run,
    icon="replay",
    is_quiet=True,
)


def pretty(body: bytes) -> str:
    """Return a form's fields one a line, JSON indented, anything else as it came."""
    text = body.decode("utf-8", errors="replace")
    try:
        return json.dumps(json.loads(text), indent=2, sort_keys=True)
    except ValueError:
        fields = parse_qsl(text, keep_blank_values=True)
        return "\n".join(f"{name} = {value}" for name, value in fields) or text


@admin.register(WebhookEvent)
class WebhookEventAdmin(ConsoleAdmin):
    list_display = ("delivery", "event_type", "word", "about", "error", "received")
    list_display_links = ("delivery",)
    list_filter = (DaysFilter.on("received_at"), "status", "gateway")
    search_fields = ("id",)
    search_help_text = "Number of the delivery"
    ordering = ("-received_at", "-id")
    intro = "What gateways told us, stored as it came before anything is believed."
    empty_title = "The inbox is empty"
    empty_text = "A gateway's first notice about a payment appears here."
    verbs = (REPLAY,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEvent]:
        return super().get_queryset(request).select_related("transaction")

    def matching(self, term: str) -> Q | None:
        number = as_id(term)
        return None if number is None else Q(pk=number)

    @admin.display(description="Delivery")
    def delivery(self, row: WebhookEvent) -> str:
        return f"#{row.pk} {row.get_gateway_display()}"

    @admin.display(description="State")
    def word(self, row: WebhookEvent) -> SafeString:
        tones = {"PARKED": "HELD", "IGNORED": "OFF"}
        return state(tones.get(row.status, row.status), row.get_status_display().partition(":")[0])

    @admin.display(description="Transaction")
    def about(self, row: WebhookEvent) -> SafeString:
        text = str(row.transaction.public_id)[:8] if row.transaction else ""
        return change_link("payments_transaction", row.transaction_id, text)

    @admin.display(description="Received")
    def received(self, row: WebhookEvent) -> SafeString:
        return when(row.received_at)

    def page(self, request: HttpRequest, row: WebhookEvent) -> Page:
        return Page(
            title=row.event_type or "Unread delivery",
            subtitle=self.delivery(row),
            state=self.word(row),
            notice=row.error,
            main=[
                Raw("Body", pretty(bytes(row.body)), is_open=True),
                Raw.of_json("Query", row.query),
                Raw.of_json("Headers", row.headers),
            ],
            side=[
                Facts(
                    "Delivery",
                    [
                        Fact("Transaction", self.about(row)),
                        Fact("Received", when(row.received_at)),
                        Fact("From", row.remote_ip or "unknown"),
                        Fact("Processed", when(row.processed_at)),
                        Fact("Attempts", row.attempts),
                        Fact(
                            "Next attempt",
                            when(None if row.processed_at else row.next_attempt_at, "none is due"),
                        ),
                        Fact(
                            "Repeats",
                            change_link(
                                "payments_webhookevent",
                                row.duplicate_of_id,
                                f"#{row.duplicate_of_id}",
                            ),
                        ),
                    ],
                )
            ],
        )
