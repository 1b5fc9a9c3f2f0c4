"""Console page of the outbox: events on their way."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.core.admin.base import ConsoleAdmin
from apps.core.admin.sections import Fact, Facts, Page, Raw
from apps.core.admin.terms import as_id
from apps.core.models import OutboxMessage
from apps.core.show import state, when


class DeliveryFilter(admin.SimpleListFilter):
    title = "delivery"
    parameter_name = "delivery"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waiting", "Waiting"), ("delivered", "Delivered")]

    def queryset(
        self,
        request: HttpRequest,
        queryset: QuerySet[OutboxMessage],
    ) -> QuerySet[OutboxMessage]:
        if self.value() in {"waiting", "delivered"}:
            return queryset.filter(delivered_at__isnull=self.value() == "waiting")
        return queryset


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ConsoleAdmin):
    list_display = ("id", "name", "delivery", "recorded")
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
        return state("DELIVERED") if row.delivered_at else state("WAITING")

    @admin.display(description="Recorded")
    def recorded(self, row: OutboxMessage) -> SafeString:
        return when(row.recorded_at)

    def page(self, request: HttpRequest, row: OutboxMessage) -> Page:
        return Page(
            title=row.name,
            subtitle=f"Event {row.pk}",
            state=self.delivery(row),
            main=[Raw.of_json("What it says", row.payload)],
            side=[
                Facts(
                    "Delivery",
                    [
                        Fact("Recorded", when(row.recorded_at)),
                        Fact("Delivered", when(row.delivered_at)),
                    ],
                )
            ],
        )
