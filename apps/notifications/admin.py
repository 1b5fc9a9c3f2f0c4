"""Console pages of mail: what was said to whom, and whether it arrived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.template import TemplateDoesNotExist
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.admin import (
    ConsoleAdmin,
    Event,
    Fact,
    Facts,
    Page,
    Queue,
    QueueFilter,
    Raw,
    Timeline,
    Verb,
    as_id,
    change_link,
    source_link,
    state,
    when,
)
from apps.core.show import tone_of
from apps.notifications import selectors
from apps.notifications import services as notifications
from apps.notifications.choices import NOT_REACHED, State
from apps.notifications.errors import KindUnknown
from apps.notifications.exports import write
from apps.notifications.models import Message
from apps.notifications.rules.letters import Written
from apps.notifications.rules.names import is_of, number_in
from apps.notifications.services.staff import SENT_AGAIN_FROM

MANAGE = "notifications.resend_message"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as its reader sees it: in a frame where nothing runs, loads or leads on."""

    title: str
    html: str
    template: str = "admin/console/letter.html"


def again_refusal(row: Message, _by: Any) -> str:
    if row.state not in SENT_AGAIN_FROM:
        return "it is queued already." if row.state == State.QUEUED else "it was taken back."
    return "" if row.context else "its words were emptied."


def again_preview(row: Message, _by: Any) -> str:
    double = " They have it already." if row.state == State.SENT else ""
    return f"Sends “{row.title}” to {row.user.email} within seconds.{double}"


def again_run(row: Message, by: Any, reason: str) -> str:
    notifications.send_again(message_id=row.pk, by=by, reason=reason, now=timezone.now())
    return f"It is on its way to {row.user.email}."


def bounced_refusal(row: Message, _by: Any) -> str:
    return "" if row.state == State.SENT else "it was not sent, or bounced already."


def bounced_run(row: Message, by: Any, reason: str) -> str:
    notifications.mark_bounced(message_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Bounced. Whoever had it sent is told."


def looked_refusal(row: Message, _by: Any) -> str:
    if row.state not in NOT_REACHED:
        return "nothing is wrong with it."
    return "somebody has looked at it." if row.looked_at else ""


def looked_run(row: Message, by: Any, reason: str) -> str:
    notifications.look_at(message_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Out of the queue. It stays as it is."


VERBS = (
    Verb("again", "Send again", MANAGE, again_preview, again_run, again_refusal, icon="replay"),
    Verb("looked", "Nothing more to do", MANAGE,
         lambda row, _: f"Takes {row} out of the queue of mail that did not arrive.",
         looked_run, looked_refusal, icon="done", is_quiet=True),
    Verb("bounced", "Mark as bounced", MANAGE,
         lambda row, _: f"Records that {row} did not reach {row.address or row.user.email}. A "
         "reminder that did not arrive may hold up a charge.",
         bounced_run, bounced_refusal, icon="undo", is_quiet=True),
)  # fmt: skip
#: Worked off from what was given up first.
QUEUES = QueueFilter.of(
    look=Queue("Did not arrive", Q(state__in=NOT_REACHED, looked_at__isnull=True))
)


@admin.register(Message)
class MessageAdmin(ConsoleAdmin):
    list_display = ("kind_shown", "to", "brand", "word", "at", "about")
    list_display_links = ("kind_shown",)
    list_filter = (QUEUES, "state", "cluster")
    list_select_related = ("user", "cluster")
    search_fields = ("message",)
    search_help_text = "A person's e-mail, what it is about (subscription:7), a Message-ID or key"
    icon = "mail"
    list_title = "Mail"
    intro = "Each mail to one person: what it says, and whether it arrived."
    empty_title = "No mail yet"
    empty_text = "Receipts, reminders and confirmations appear here as they are queued."
    verbs = VERBS

    def matching(self, term: str) -> Q | None:
        if number := number_in(term):
            found = Message.objects.filter(pk=number).values_list("key", flat=True).first()
            secret = settings.SECRET_KEY
            is_its = found and is_of(term, pk=number, key=found, secret=secret)
            return Q(pk=number) if is_its else None
        if "@" in term:
            return Q(Exact(Lower("user__email"), term.lower()))
        number = as_id(term)
        return Q(pk=number) if number is not None else Q(subject_ref=term) | Q(key=term)

    @admin.display(description="Kind")
    def kind_shown(self, row: Message) -> str:
        return row.title

    @admin.display(description="To")
    def to(self, row: Message) -> SafeString:
        return change_link("accounts_user", row.user_id, row.user)

    @admin.display(description="Brand")
    def brand(self, row: Message) -> str:
        return row.cluster.name

    @admin.display(description="State")
    def word(self, row: Message) -> SafeString:
        return state(row.state, row.get_state_display())

    @admin.display(description="When")
    def at(self, row: Message) -> SafeString:
        return when(row.ended_at or row.send_at)

    @admin.display(description="About")
    def about(self, row: Message) -> SafeString | str:
        return source_link(row.subject_ref) if row.subject_ref else ""

    def page(self, request: HttpRequest, row: Message) -> Page:
        main: list[Any] = [timeline_of(row)]
        shown = written(row)
        if row.text or shown:
            main.append(Raw("Text", row.text or getattr(shown, "text", ""), is_open=True))
        if shown:
            title = "As HTML" if row.state == State.QUEUED else "As HTML, by today's template"
            main.append(Letter(title, shown.html))
        return Page(
            title=row.subject or (shown.subject if shown else row.title),
            state=self.word(row),
            subtitle=row.title,
            notice=notice_of(row),
            main=main,
            side=[self.facts(row)],
        )

    def facts(self, row: Message) -> Facts:
        return Facts(
            "Mail",
            [
                Fact("To", self.to(row)),
                Fact("Address", row.address or "the person's, when it is sent"),
                Fact("Brand", row.cluster),
                Fact("About", self.about(row) or "nothing else"),
                Fact("Kind", row.kind),
                Fact("Queued", when(row.queued_at)),
                Fact("Not before", when(row.send_at)),
                Fact("Tries", row.attempts),
                Fact(
                    "Next try",
                    when(row.next_attempt_at if row.state == State.QUEUED else None, "none"),
                ),
                Fact("Last answer", row.last_answer or "none"),
                Fact("Key", row.key, hint="The same key is queued once."),
                Fact("SHA-256 of the words", row.digest or "not sent yet"),
            ],
        )


def written(row: Message) -> Written | None:
    """Return the mail as it would be written now, unless its words are gone."""
    if not row.context:
        return None
    try:
        return write(kind=row.kind, context=row.context, brand=row.cluster, user_id=row.user_id)
    except (KindUnknown, TemplateDoesNotExist):
        return None


def timeline_of(row: Message) -> Timeline:
    first = Event(at=row.queued_at, title="Queued", actor="Platform")
    return Timeline(
        "History",
        [
            first,
            *[
                Event(
                    at=step.at,
                    title=step.get_what_display(),
                    actor=step.by or "Platform",
                    detail=step.note,
                    tone=tone_of(step.what),
                )
                for step in selectors.history_of(row)
            ],
        ],
    )


def notice_of(row: Message) -> str:
    if row.state in NOT_REACHED and row.looked_at is None:
        return "It did not arrive. See what was answered, then send it again or say why not."
    if not row.context:
        return "Its words were emptied after their time. That it was sent stays on record."
    return ""
