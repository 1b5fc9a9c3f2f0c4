"""Console pages of messages on their way to front ends: the delivery log."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import (
    Cell,
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    Queue,
    QueueFilter,
    Raw,
    Table,
    Verb,
    change_link,
    state,
    when,
)
from apps.webhooks import selectors
from apps.webhooks import services as webhooks
from apps.webhooks.choices import EndpointState, SendingState
from apps.webhooks.models import Sending

_WORDS = {
    "http.not_sent": "Not reached: nothing was sent",
    "http.forbidden_address": "A private address: not called",
    "http.circuit_open": "Left alone for a moment after failures",
    "http.outcome_unknown": "No whole answer in time",
    "http.answer_too_large": "Its answer was too large",
}


def in_words(answer: str) -> str:
    """Say what was answered; nothing was where the code of an error stands."""
    return _WORDS.get(answer, answer) or "none yet"


def again_refusal(row: Sending, _by: Any) -> str:
    if row.state == SendingState.WAITING:
        return "it waits to be sent already."
    if row.endpoint.state != EndpointState.ACTIVE:
        return "its endpoint is not active."
    return ""


def again_run(row: Sending, by: Any, reason: str) -> str:
    webhooks.send_again(sending_id=row.pk, by=by, reason=reason, now=timezone.now())
    return f"{row.message.public_id} is sent again, with the same id."


AGAIN = Verb(
    name="again",
    label="Send again",
    permission="webhooks.resend_message",
    preview=lambda row, _: f"Sends {row.message} to {row.endpoint.url} once more.",
    run=again_run,
    refusal=again_refusal,
    icon="replay",
)


#: Worked off from what was given up first.
QUEUES = QueueFilter.of(failed=Queue("Given up", Q(state=SendingState.FAILED)))


@admin.register(Sending)
class SendingAdmin(ConsoleAdmin):
    list_display = ("message_kind", "where", "word", "attempts", "answered", "made")
    list_display_links = ("message_kind",)
    list_filter = (QUEUES, "state")
    list_select_related = ("message", "endpoint", "endpoint__cluster")
    search_fields = ("message",)
    search_help_text = "Message id (msg_…)"
    icon = "outgoing_mail"
    list_title = "Messages to front ends"
    intro = "Each message on its way to one front end, and what was answered."
    empty_title = "Nothing was told yet"
    empty_text = "Messages appear when something happens on a brand with an endpoint."
    verbs = (AGAIN,)

    def matching(self, term: str) -> Q | None:
        return Q(message__public_id=term) if term.startswith("msg_") else None

    @admin.display(description="Message")
    def message_kind(self, row: Sending) -> str:
        return row.message.kind

    @admin.display(description="Endpoint")
    def where(self, row: Sending) -> SafeString:
        return change_link("webhooks_endpoint", row.endpoint_id, row.endpoint.url)

    @admin.display(description="State")
    def word(self, row: Sending) -> SafeString:
        return state(row.state, row.get_state_display())

    @admin.display(description="Last answer")
    def answered(self, row: Sending) -> str:
        return in_words(row.last_answer)

    @admin.display(description="Made")
    def made(self, row: Sending) -> Any:
        return when(row.message.created_at)

    @admin.display(description="Next attempt")
    def next(self, row: Sending) -> Any:
        return when(row.next_attempt_at) if row.state == SendingState.WAITING else ""

    def page(self, request: HttpRequest, row: Sending) -> Page:
        return Page(
            title=row.message.kind,
            state=self.word(row),
            subtitle=row.message.public_id,
            main=[
                Table(
                    "Attempts",
                    [Cell("At"), Cell("Status", number=True), Cell("Took, ms", number=True),
                     Cell("Answer")],
                    [
                        [when(each.at), each.status or "none", each.milliseconds,
                         in_words(each.answer)]
                        for each in selectors.log_of(row)
                    ],
                    empty="It was not sent yet.",
                ),
                Raw.of_json("Body", json.loads(row.message.body)),
            ],
            side=[
                Facts(
                    "Message",
                    [
                        Fact("Endpoint", self.where(row)),
                        Fact("Brand", row.endpoint.cluster),
                        Fact("Made", self.made(row)),
                        Fact("Attempts", row.attempts),
                        Fact("Next attempt", self.next(row) or "none"),
                        Fact("Ended", when(row.ended_at) if row.ended_at else ""),
                    ],
                )
            ],
        )  # fmt: skip
