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
    Cell,
    ConsoleAdmin,
    DaysFilter,
    Fact,
    Facts,
    Page,
    Queue,
    QueueFilter,
    Raw,
    Table,
    Verb,
    amount,
    as_id,
    change_link,
    state,
    when,
)
from apps.core.logs import without_secrets
from apps.finance.payments import services as payments
from apps.finance.payments.choices import WEBHOOK_NEEDS_STAFF, CardData, WebhookStatus
from apps.finance.payments.models import WebhookEvent
from apps.finance.payments.services.replay import IGNORABLE, PARKABLE, REPLAYABLE

#: Colours of states that the console does not know by their own names.
TONES = {
    "PARKED": "HELD",
    "QUARANTINED": "HELD",
    "IGNORED": "OFF",
    "DONE": "PROCESSED",
    "NOTHING": "OFF",
    "REPEAT": "OFF",
}
#: Failed: somebody must look. Waiting: not processed yet, late: for longer than a minute.
QUEUES = QueueFilter.of(
    failed=Queue(
        "Failed: needs a person", Q(status__in=sorted(WEBHOOK_NEEDS_STAFF)), ("received_at", "id")
    ),
    waiting=Queue(
        "Waits to be processed", Q(status=WebhookStatus.RECEIVED), ("received_at", "id")
    ),
    tried=Queue(
        "Tried and not done yet",
        Q(status=WebhookStatus.RECEIVED, attempts__gt=0),
        ("received_at", "id"),
    ),
)


def replay_refusal(webhook: WebhookEvent, _by: Any) -> str:
    if webhook.status not in REPLAYABLE:
        return f"it is {webhook.get_status_display().lower()}; there is nothing to replay."
    if webhook.emptied_at:
        return "what was sent is emptied after its time, so it cannot be heard again."
    if webhook.card_data == CardData.HIDDEN:
        return "it may have held a card number, which is hidden: its proof no longer fits it."
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


def park_refusal(webhook: WebhookEvent, _by: Any) -> str:
    if webhook.status not in PARKABLE:
        return f"it is {webhook.get_status_display().lower()}."
    return ""


def park_preview(webhook: WebhookEvent, _by: Any) -> str:
    return (
        f"Takes delivery #{webhook.pk} out of the queue until somebody replays it. Nothing that "
        "was booked is undone."
    )


def park_run(webhook: WebhookEvent, by: Any, reason: str) -> str:
    payments.park_webhook(webhook_id=webhook.pk, by=by, reason=reason, now=timezone.now())
    return f"Delivery #{webhook.pk} is parked."


PARK = Verb(
    name="park",
    label="Park",
    permission="payments.replay_webhook",
    preview=park_preview,
    refusal=park_refusal,
    run=park_run,
    icon="local_parking",
    is_quiet=True,
)


def ignore_refusal(webhook: WebhookEvent, _by: Any) -> str:
    if webhook.status not in IGNORABLE:
        return f"it is {webhook.get_status_display().lower()}."
    return ""


def ignore_preview(webhook: WebhookEvent, _by: Any) -> str:
    return (
        f"Says that nothing needs to be done about delivery #{webhook.pk}: it leaves the queue of "
        "failed ones. It can be replayed as long as what was sent is kept."
    )


def ignore_run(webhook: WebhookEvent, by: Any, reason: str) -> str:
    payments.ignore_webhook(webhook_id=webhook.pk, by=by, reason=reason, now=timezone.now())
    return f"Delivery #{webhook.pk} is ignored."


IGNORE = Verb(
    name="ignore",
    label="Ignore",
    permission="payments.replay_webhook",
    preview=ignore_preview,
    refusal=ignore_refusal,
    run=ignore_run,
    icon="visibility_off",
    is_quiet=True,
)


def pretty(body: bytes) -> str:
    """Return a form's fields one a line, JSON indented, anything else as it came; masked."""
    text = body.decode("utf-8", errors="replace")
    try:
        return json.dumps(without_secrets(json.loads(text)), indent=2, sort_keys=True)
    except (ValueError, RecursionError):
        fields = without_secrets(dict(parse_qsl(text, keep_blank_values=True)))
        return "\n".join(f"{name} = {value}" for name, value in fields.items()) or str(
            without_secrets(text)
        )


def body_of(row: WebhookEvent) -> str:
    """Return the body to read, or what is left of it."""
    if row.emptied_at:
        return f"Emptied after its time. SHA-256: {bytes(row.body_sha256 or b'').hex()}"
    if row.card_data == CardData.SEALED:
        return "Sealed: it may hold a card number. Its digits are hidden once it is heard."
    return pretty(bytes(row.body))


def masked(headers: dict[str, str]) -> dict[str, str]:
    """Return headers without what proves a sender."""
    return {name: str(without_secrets(value, name)) for name, value in headers.items()}


def notices_of(row: WebhookEvent) -> Table:
    """What the delivery told, and what each piece of news did."""
    notices = row.notices.select_related("transaction", "repeats").order_by("number")[:100]
    return Table(
        "What it told",
        [
            Cell("News", number=True),
            Cell("Event"),
            Cell("Amount", number=True),
            Cell("Transaction"),
            Cell("Outcome"),
            Cell("Why"),
        ],
        [
            [
                notice.number,
                notice.event_type,
                amount(notice.amount_minor, notice.currency)
                if notice.amount_minor is not None
                else "",
                change_link(
                    "payments_transaction",
                    notice.transaction_id,
                    str(notice.transaction.public_id)[:8] if notice.transaction else "",
                ),
                state(TONES.get(notice.outcome, notice.outcome), notice.get_outcome_display()),
                notice.text,
            ]
            for notice in notices
        ],
        empty="Nothing yet: it was not heard, or did not prove its sender.",
    )


@admin.register(WebhookEvent)
class WebhookEventAdmin(ConsoleAdmin):
    list_display = ("delivery", "event_type", "word", "about", "error", "received")
    list_display_links = ("delivery",)
    list_filter = (QUEUES, DaysFilter.on("received_at"), "status", "gateway")
    search_fields = ("id",)
    search_help_text = "Number of the delivery"
    ordering = ("-received_at", "-id")
    intro = "What gateways told us, stored as it came before anything is believed."
    empty_title = "The inbox is empty"
    empty_text = "A gateway's first notice about a payment appears here."
    verbs = (REPLAY, PARK, IGNORE)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEvent]:
        return super().get_queryset(request).select_related("transaction").defer("body")

    def matching(self, term: str) -> Q | None:
        number = as_id(term)
        return None if number is None else Q(pk=number)

    @admin.display(description="Delivery")
    def delivery(self, row: WebhookEvent) -> str:
        return f"#{row.pk} {row.get_gateway_display()}"

    @admin.display(description="State")
    def word(self, row: WebhookEvent) -> SafeString:
        return state(TONES.get(row.status, row.status), row.get_status_display().partition(":")[0])

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
                notices_of(row),
                Raw("Body", body_of(row), is_open=True),
                Raw.of_json("Query", without_secrets(row.query)),
                Raw.of_json("Headers", masked(row.headers)),
            ],
            side=[
                Facts(
                    "Delivery",
                    [
                        Fact("Transaction", self.about(row)),
                        Fact("Secrets of", row.credentials or row.gateway),
                        Fact("Received", when(row.received_at)),
                        Fact("From", row.remote_ip or "unknown"),
                        Fact("Processed", when(row.processed_at)),
                        Fact("Emptied", when(row.emptied_at, "not yet")),
                        Fact("Card data", row.get_card_data_display()),
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
