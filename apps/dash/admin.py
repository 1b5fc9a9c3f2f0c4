"""Console page of the outbox: events on their way."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import ConsoleAdmin, Fact, Facts, Page, Raw, Verb, as_id, state, when
from apps.core.models import OutboxMessage
from apps.dash import services


def requeue_refusal(message: OutboxMessage, _by: Any) -> str:
    return "" if message.parked_at else "it is not parked."


def requeue_preview(message: OutboxMessage, _by: Any) -> str:
    return (
        f"Gives “{message.name}” to its subscribers again, from the first attempt. "
        "They take an event once, so nothing is done twice."
    )


def requeue_run(message: OutboxMessage, by: Any, reason: str) -> str:
    services.requeue_event(message_id=message.pk, by=by, reason=reason, now=timezone.now())
    return "Back in the queue; it leaves within seconds."


REQUEUE = Verb(
    name="requeue",
    label="Deliver again",
    permission="core.requeue_outboxmessage",
    preview=requeue_preview,
    refusal=requeue_refusal,
    run=requeue_run,
    icon="replay",
    is_quiet=True,
)


class DeliveryFilter(admin.SimpleListFilter):
    title = "delivery"
    parameter_name = "delivery"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waiting", "Waiting"), ("parked", "Parked"), ("delivered", "Delivered")]

    def queryset(
        self,
        request: HttpRequest,
        queryset: QuerySet[OutboxMessage],
    ) -> QuerySet[OutboxMessage]:
        if self.value() == "parked":
            return queryset.filter(parked_at__isnull=False)
        if self.value() in {"waiting", "delivered"}:
            return queryset.filter(delivered_at__isnull=self.value() == "waiting")
        return queryset


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ConsoleAdmin):
    list_display = ("id", "name", "delivery", "attempts", "parked", "recorded")
    verbs = (REQUEUE,)
    list_filter = (DeliveryFilter,)
    search_fields = ("id",)
    search_help_text = "Number"
    intro = "Facts that one part of the platform tells another. They leave within seconds."
    empty_text = "Every payment and payout will leave its events here."

    def matching(self, term: str) -> Q | None:
        number = as_id(term)
        return None if number is None else Q(pk=number)

    @admin.display(description="Delivery")
    def delivery(self, row: OutboxMessage) -> SafeString:
        if row.parked_at:
            return state("DEAD", "Parked")
        return state("DELIVERED") if row.delivered_at else state("WAITING")

    @admin.display(description="Recorded")
    def recorded(self, row: OutboxMessage) -> SafeString:
        return when(row.recorded_at)

    @admin.display(description="Parked")
    def parked(self, row: OutboxMessage) -> SafeString:
        return when(row.parked_at, "no")

    def page(self, request: HttpRequest, row: OutboxMessage) -> Page:
        return Page(
            title=row.name,
            subtitle=f"Event {row.pk}",
            state=self.delivery(row),
            notice=row.error,
            main=[Raw.of_json("What it says", row.payload)],
            side=[
                Facts(
                    "Delivery",
                    [
                        Fact("Recorded", when(row.recorded_at)),
                        Fact("Delivered", when(row.delivered_at)),
                        Fact("Attempts", row.attempts),
                        Fact("Next attempt", when(row.next_attempt_at)),
                        Fact("Parked", when(row.parked_at, "no")),
                        Fact("Request", row.request_id or "none"),
                    ],
                )
            ],
        )
