"""The dunning queue: charges that failed, why, what is tried next, and how much is at risk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString

from apps.core.admin import ConsoleAdmin, Page, Queue, QueueFilter, amount, state, when
from apps.finance.subscriptions.admin.shown import meaning_of
from apps.finance.subscriptions.admin.subscriptions import SubscriptionAdmin
from apps.finance.subscriptions.admin.verbs import CANCEL, GRACE, RETRY
from apps.finance.subscriptions.choices import DeclineClass, State
from apps.finance.subscriptions.models import PastDue, Subscription
from apps.finance.subscriptions.selectors.queues import (
    HELD,
    PAST_DUE,
    in_dunning,
    past_due_for_a_person,
)
from apps.finance.subscriptions.services.reminders import NOT_DELIVERED

#: What is to be done about each class of decline, in its colour.
_CLASSES = {
    DeclineClass.NEVER: ("FAILED", "Never again"),
    DeclineClass.LATER: ("PROCESSING", "Later"),
    DeclineClass.PAYER: ("PENDING", "Needs the fan"),
}

_HELD_WORDS = {NOT_DELIVERED: "A notice before the charge did not arrive"}

QUEUES = QueueFilter.of(
    person=Queue(
        "Needs a person: no try follows",
        lambda _by: Q(pk__in=past_due_for_a_person().values("pk")),
        ordering=("due_at", "id"),
    ),
    held=Queue("Held: a notice did not arrive", HELD, ordering=("due_at", "id")),
    all=Queue("Past due, soonest try first", PAST_DUE, ordering=("due_at", "id")),
)


@admin.register(PastDue)
class PastDueAdmin(ConsoleAdmin):
    list_display = (
        "number", "who", "to", "kind", "why", "made", "at_risk", "follows", "access",
    )  # fmt: skip
    list_display_links = ("number",)
    list_filter = (QUEUES, "renews_by", ("cluster", admin.RelatedFieldListFilter))
    list_select_related = ("fan", "creator", "plan", "cluster")
    search_fields = ("public_id",)
    search_help_text = "Number, public id, e-mail, or handle of fan or creator"
    list_title = "Past due"
    intro = (
        "Charges that failed. The machine tries again by the schedule; where it may not, the fan "
        "must pay another way before the subscription ends. Held are those of which a notice that "
        "must come first did not arrive: they are charged once a person has looked."
    )
    empty_title = "Nothing is past due"
    empty_text = (
        "A renewal that can't be charged appears here until it is paid or ends, one that is held "
        "until it may be charged."
    )
    icon = "credit_card_off"
    verbs = (RETRY, GRACE, CANCEL)
    export_columns = (
        "public_id",
        "cluster.slug",
        "fan.handle",
        "creator.handle",
        "plan.name",
        "amount_minor",
        "currency",
        "tries",
        "decline_class",
        "decline_code",
        "tried_at",
        "next_try_at",
        "access_until",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[PastDue]:
        del request
        return in_dunning()

    def matching(self, term: str) -> Q | None:
        return meaning_of(term)

    @admin.display(description="Number")
    def number(self, row: Any) -> str:
        return f"#{row.pk}"

    @admin.display(description="Fan")
    def who(self, row: Any) -> str:
        return f"@{row.fan.handle}"

    @admin.display(description="Creator and plan")
    def to(self, row: Any) -> str:
        return f"@{row.creator.handle}, {row.plan.name}"

    @admin.display(description="Decline")
    def kind(self, row: Any) -> SafeString:
        if row.state != State.PAST_DUE:
            return state("PENDING", "Held")
        found = _CLASSES.get(row.decline_class)
        return state(*found) if found else state("PENDING", "No try yet")

    @admin.display(description="Reason")
    def why(self, row: Any) -> str:
        if row.state != State.PAST_DUE:
            return _HELD_WORDS.get(row.held_why) or str(row.held_why)
        return row.decline_reason or row.decline_code or "not said"

    @admin.display(description="Tries")
    def made(self, row: Any) -> int:
        return int(row.tries)

    @admin.display(description="At risk")
    def at_risk(self, row: Any) -> SafeString:
        return amount(row.amount_minor, row.currency)

    @admin.display(description="Next try")
    def follows(self, row: Any) -> SafeString:
        follows = row.next_try_at if row.state == State.PAST_DUE else None
        return when(follows, absent="none by itself")

    @admin.display(description="Access to")
    def access(self, row: Any) -> SafeString:
        return when(row.access_until)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Lead to the subscription's own page."""
        del form_url, extra_context
        if not self.has_view_permission(request):
            raise PermissionDenied
        home = SubscriptionAdmin(Subscription, self.admin_site)
        if not object_id.isdecimal():
            raise Http404
        return HttpResponseRedirect(home.address("change", object_id))

    def page(self, request: HttpRequest, row: Any) -> Page:
        return SubscriptionAdmin(Subscription, self.admin_site).page(request, row)
