"""Months in the console: what stands against closing one, and the steps towards it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, register_converter, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin import Cell, ConsoleAdmin, Event, Page, Table, Timeline, state, when
from apps.core.errors import DomainError
from apps.finance.ledger import services as ledger
from apps.finance.ledger.admin.closed import (
    closing_facts,
    figures_table,
    month_state,
    report_ways,
)
from apps.finance.ledger.admin.shown import proposals_table
from apps.finance.ledger.choices import PeriodState
from apps.finance.ledger.models import Period
from apps.finance.ledger.selectors import periods as months
from apps.finance.ledger.selectors.closed import closed_with
from apps.finance.ledger.selectors.proposals import open_proposal_of, proposals_of
from apps.finance.ledger.services import periods

CLOSE, REOPEN = "ledger.close_period", "ledger.propose_reopening"
#: Where somebody mends what a line of the checklist finds: app and model of a list, its query.
MEND = {
    "order": ("ledger", "period", ""),
    "proof": ("ledger", "bookscheck", ""),
    "suspense": ("ledger", "account", "?q=2900"),
    "proposals": ("ledger", "proposal", "?queue=decide"),
    "payments": ("payments", "transaction", "?status__exact=UNKNOWN"),
    "reconciliation": ("reconciliation", "reconciliationexception", ""),
}


class Month:
    """``2026-01`` in an address."""

    regex = r"20[0-9]{2}-(?:0[1-9]|1[0-2])"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(f"{value}-01")

    def to_url(self, value: date) -> str:
        return f"{value:%Y-%m}"


register_converter(Month, "month")


@dataclass(frozen=True, slots=True)
class Step:
    """Something staff do to a month: previewed, with a reason, then told what became of it."""

    name: str
    label: str
    permission: str
    preview: Callable[[date], str]
    refusal: Callable[[date], str]
    run: Callable[[date, Any, str, str], str]
    help: str = ""
    danger: bool = False
    is_second: bool = False
    icon: str = "check"


def start_refusal(month: date) -> str:
    if months.state_of(month) != PeriodState.OPEN:
        return "its closing was started before."
    upcoming = months.next_to_close()
    if upcoming and month != upcoming:
        return f"{upcoming:%B %Y} comes first."
    return "" if timezone.now().date() > months.end_of(month) else "it is not over."


def close_refusal(month: date) -> str:
    if months.state_of(month) != PeriodState.CLOSING:
        return "its closing was not started."
    found = months.checklist_of(month, now=timezone.now())
    # Closing itself brings the totals up to date.
    left = [item.title for item in found if not item.is_done and item.key != "rolled"]
    return f"not yet true: {'; '.join(left)}." if left else ""


def abandon_refusal(month: date) -> str:
    return "" if months.state_of(month) == PeriodState.CLOSING else "it is not being closed."


def reopen_refusal(month: date) -> str:
    closed = months.closed_to()
    if closed is None or closed.replace(day=1) != month:
        return "only the last closed month can be opened again."
    waiting = open_proposal_of(f"period:{month:%Y-%m}")
    return f"proposal {waiting.pk} about it waits for a decision." if waiting else ""


def started(month: date, by: Any, reason: str, _key: str) -> str:
    periods.start_closing(month=month, by=by, reason=reason, now=timezone.now())
    return f"{month:%B %Y} takes only entries made for its closing."


def closed(month: date, by: Any, reason: str, _key: str) -> str:
    periods.close_period(month=month, by=by, reason=reason, now=timezone.now())
    return f"{month:%B %Y} is closed."


def abandoned(month: date, by: Any, reason: str, _key: str) -> str:
    periods.abandon_closing(month=month, by=by, reason=reason, now=timezone.now())
    return f"{month:%B %Y} is open again."


def reopening_proposed(month: date, by: Any, reason: str, key: str) -> str:
    proposal = ledger.propose_reopening(
        month=month, by=by, reason=reason, key=key, now=timezone.now()
    )
    return f"Proposal {proposal.pk} waits for a second person."


STEPS = (
    Step(
        "start-closing",
        "Start closing",
        CLOSE,
        lambda _month: (
            "From then on only adjustments, corrections and reversals can be dated in it. "
            "Payments of those days that come late count in the next month."
        ),
        start_refusal,
        started,
        icon="lock_clock",
    ),
    Step(
        "close",
        "Close",
        CLOSE,
        lambda month: (
            "Nothing can be dated in it any more; what stands at its end is kept. "
            + (
                "It ends the year: income and expenses go to retained earnings."
                if month.month == periods.LAST_MONTH_OF_YEAR
                else "Only two people together can open it again."
            )
        ),
        close_refusal,
        closed,
        help="Reports of a closed month do not change.",
        icon="lock",
    ),
    Step(
        "abandon",
        "Leave open",
        CLOSE,
        lambda _month: "Every kind of entry can be dated in it again.",
        abandon_refusal,
        abandoned,
        is_second=True,
        icon="lock_open",
    ),
    Step(
        "propose-reopening",
        "Propose to reopen",
        REOPEN,
        lambda _month: "Nothing happens until a second person approves. Reports may then change.",
        reopen_refusal,
        reopening_proposed,
        danger=True,
        icon="lock_open",
    ),
)
#: Steps that make no sense in a state are not mentioned in it.
OFFERED = {
    PeriodState.OPEN: ("start-closing",),
    PeriodState.CLOSING: ("close", "abandon"),
    PeriodState.CLOSED: ("propose-reopening",),
}


class KeyForm(forms.Form):
    key = forms.CharField(widget=forms.HiddenInput, initial=uuid4, max_length=80)


@admin.register(Period)
class PeriodAdmin(ConsoleAdmin):
    intro = "Months are closed one after the other, when everything in them is proved."
    icon = "event_available"
    has_list = False

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        return [
            path("", gate(self.months_view), name="ledger_period_changelist"),
            path("<month:month>/", gate(self.month_view), name="ledger_period_month"),
            path("<month:month>/<slug:name>/", gate(self.step_view), name="ledger_period_step"),
            *super().get_urls(),
        ]

    def page(self, request: HttpRequest, row: Period) -> Page:
        return month_page(request, row.month)

    def months_view(self, request: HttpRequest) -> HttpResponse:
        """List the months of the books, the newest first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {"title": "Months", "intro": self.intro, "section": months_table()}
        return self.drawn(request, "admin/ledger/months.html", context)

    def month_view(self, request: HttpRequest, month: date) -> HttpResponse:
        """Show a month: its state, the checklist, its history and what may be done now."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            "title": f"{month:%B %Y}",
            "page": month_page(request, month),
            "verbs": offered(request, month),
        }
        return self.drawn(request, "admin/console/detail.html", context)

    def step_view(self, request: HttpRequest, month: date, name: str) -> HttpResponse:
        """Preview a step on GET; with a reason, take it on POST."""
        step = next((step for step in STEPS if step.name == name), None)
        if step is None:
            raise Http404
        if not request.user.has_perm(step.permission):
            raise PermissionDenied
        reason, key = request.POST.get("reason", "").strip(), request.POST.get("key", "")[:80]
        if request.method != "POST" or not reason:
            return self.step_page(request, month, step, missing=request.method == "POST")
        try:
            self.message_user(
                request, step.run(month, request.user, reason, key), messages.SUCCESS
            )
        except DomainError as error:
            self.message_user(request, str(error), messages.ERROR)
        return HttpResponseRedirect(address_of(month))

    def step_page(
        self, request: HttpRequest, month: date, step: Step, *, missing: bool
    ) -> HttpResponse:
        refusal = step.refusal(month)
        ask = {
            "row": f"{month:%B %Y}",
            "href": address_of(month),
            "refusal": refusal,
            "preview": step.preview(month),
        }
        context = {
            "title": step.label,
            "verb": step,
            "asked": [ask],
            "ready": [] if refusal else [ask],
            "ids": "",
            "back": address_of(month),
            "form": KeyForm(),
            "reason": "",
            "reason_missing": missing,
        }
        return self.drawn(
            request, "admin/console/verb.html", context, status=422 if missing else 200
        )


def address_of(month: date) -> str:
    return reverse("admin:ledger_period_month", args=[month])


def month_link(month: date) -> SafeString:
    return format_html('<a class="c-link" href="{}">{}</a>', address_of(month), f"{month:%B %Y}")


def months_table() -> Table:
    rows = [
        [
            month_link(row.month),
            month_state(row.state),
            when(row.closed_at),
            "the next to close" if row.is_next else "",
        ]
        for row in months.period_rows(today=timezone.now().date())
    ]
    columns = [Cell("Month"), Cell("State"), Cell("Closed"), Cell("Note")]
    return Table("Months", columns, rows, empty="The first entry opens the first month.")


def offered(request: HttpRequest, month: date) -> list[dict[str, Any]]:
    names = OFFERED[months.state_of(month)]
    return [
        {
            "label": step.label,
            "icon": step.icon,
            "danger": step.danger,
            "is_second": step.is_second,
            "href": reverse("admin:ledger_period_step", args=[month, step.name]),
            "refusal": step.refusal(month),
            "is_quiet": False,
        }
        for step in STEPS
        if step.name in names and request.user.has_perm(step.permission)
    ]


def month_page(request: HttpRequest, month: date) -> Page:
    found = months.state_of(month)
    proposed = proposals_of(f"period:{month:%Y-%m}", limit=20)
    kept = closed_with(month) if found == PeriodState.CLOSED else None
    checklist = [] if found == PeriodState.CLOSED else [checklist_table(month, request.user)]
    return Page(
        title=f"{month:%B %Y}",
        subtitle="Month of the books",
        state=month_state(found),
        ways=report_ways(month, request.user),
        side=closing_facts(kept) if kept else [],
        main=[
            *([figures_table(kept)] if kept else []),
            *checklist,
            *([proposals_table("Proposed about it", proposed)] if proposed else []),
            history(month),
        ],
    )


def checklist_table(month: date, by: Any) -> Table:
    """What must be true before the month is closed, and where to mend what is not."""
    rows = [
        [
            state("YES", "Done") if item.is_done else state("NO", "Open"),
            item.title,
            item.detail,
            "" if item.is_done else mend_link(item.key, by),
        ]
        for item in months.checklist_of(month, now=timezone.now())
    ]
    columns = [Cell("State"), Cell("What"), Cell("Found"), Cell("Mend")]
    return Table("Before it is closed", columns, rows, empty="Nothing is asked.")


def mend_link(key: str, by: Any) -> SafeString | str:
    """Return the way to where it is mended, if there is one that this person may go."""
    app, model, query = MEND.get(key, ("", "", ""))
    if not app or not by.has_perm(f"{app}.view_{model}"):
        return ""
    address = reverse(f"admin:{app}_{model}_changelist")
    return format_html('<a class="c-link" href="{}{}">Look</a>', address, query)


def history(month: date) -> Timeline:
    events = [
        Event(
            move.at,
            f"{PeriodState(move.from_state).label} to {PeriodState(move.to_state).label.lower()}",
            actor=f"{move.by}, approved by {move.approved_by}" if move.approved_by_id else move.by,
            detail=move.reason,
            tone="success" if move.to_state == PeriodState.CLOSED else "info",
        )
        for move in months.moves_of(month)[:50]
    ]
    return Timeline("History", events, empty="Nobody has moved this month yet.")
