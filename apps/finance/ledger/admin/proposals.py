"""Proposals in the console: what one person wrote, for another to decide."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
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
    Table,
    Timeline,
    Verb,
    Way,
    as_id,
    state,
    when,
)
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.core.show import money_text, tone_of
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.admin.forms import (
    FIRST_LINES,
    MORE_LINES,
    MOST_LINES,
    EntryForm,
    LineFormSet,
    imbalance_of,
    movements_of,
    sums_of,
)
from apps.finance.ledger.admin.shown import (
    entry_link,
    lines_table,
    preview_table,
    refusal_text,
    totals_text,
)
from apps.finance.ledger.choices import ProposalKind, ProposalState
from apps.finance.ledger.models import Line, Proposal


def to_decide(by: Any) -> Q:
    return Q(pk__in=books.proposals_to_decide(by=by).order_by().values("pk"))


QUEUES = QueueFilter.of(decide=Queue("To decide", to_decide, ordering=("proposed_at", "id")))


def not_open(row: Proposal) -> str:
    if row.state != ProposalState.PROPOSED:
        return f"it is {row.get_state_display().lower()}."
    return "its time is over; propose it again." if row.expires_at <= timezone.now() else ""


def approve_refusal(row: Proposal, by: Any) -> str:
    own = "you proposed it; somebody else must decide." if row.proposed_by_id == by.pk else ""
    return not_open(row) or own


def approve_preview(row: Proposal, by: Any) -> str:
    if row.kind == ProposalKind.REOPEN_PERIOD:
        return f"Opens {row.payload['month'][:7]} for postings again."
    try:
        lines = ledger.rehearse(proposal=row, by=by, now=timezone.now())
    except DomainError as error:
        return f"The books refuse it now: {refusal_text(error)}"
    said = [
        f"{'debit' if line.amount_minor > 0 else 'credit'} {line.code} {line.name}"
        f"{f' {line.owner}' if line.owner else ''}"
        f" {money_text(Money(abs(line.amount_minor), line.currency))}"
        for line in lines
    ]
    return f"Posts {len(lines)} lines: {', '.join(said)}."


def approve_run(row: Proposal, by: Any, reason: str) -> str:
    done = ledger.approve_proposal(proposal_id=row.pk, by=by, reason=reason, now=timezone.now())
    return f"Approved and posted as {done.entry.number}." if done.entry else "Approved."


def reject_refusal(row: Proposal, _by: Any) -> str:
    return not_open(row)


def reject_preview(_row: Proposal, _by: Any) -> str:
    return "Nothing is posted. It can be proposed again."


def reject_run(row: Proposal, by: Any, reason: str) -> str:
    ledger.reject_proposal(proposal_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Rejected. Nothing is posted."


APPROVE = Verb(
    name="approve",
    label="Approve",
    permission="ledger.approve_proposal",
    preview=approve_preview,
    refusal=approve_refusal,
    run=approve_run,
    help="It is posted at once, and stays: what is wrong later is taken back by a reversal.",
)
REJECT = Verb(
    name="reject",
    label="Reject",
    permission="ledger.approve_proposal",
    preview=reject_preview,
    refusal=reject_refusal,
    run=reject_run,
    danger=True,
    icon="block",
    help="Also to withdraw a proposal of your own.",
)


def about(row: Proposal) -> Any:
    """Return in a few words what the proposal would do."""
    if row.kind == ProposalKind.ENTRY:
        return totals_text(row.payload["lines"])
    if row.kind == ProposalKind.REOPEN_PERIOD:
        return row.payload["month"][:7]
    return entry_link(row.payload["entry_id"])


@admin.register(Proposal)
class ProposalAdmin(ConsoleAdmin):
    list_display = ("number", "what", "about_text", "author", "word", "proposed")
    list_display_links = ("number",)
    list_filter = (QUEUES, "state", "kind")
    list_select_related = ("proposed_by", "decided_by")
    search_fields = ("id",)
    search_help_text = "Number"
    intro = "Entries by hand and what changes the past: one person proposes, another decides."
    empty_title = "Nothing is proposed"
    empty_text = "An entry by hand, a reversal or the reopening of a month begins here."
    icon = "fact_check"
    verbs = (APPROVE, REJECT)
    export_columns = (
        "id",
        "kind",
        "subject",
        "state",
        "reason",
        "proposed_by.email",
        "proposed_at",
        "decided_by.email",
        "decided_at",
        "decision_reason",
        "entry_id",
    )

    def matching(self, term: str) -> Q | None:
        number = as_id(term)
        return None if number is None else Q(pk=number)

    def ways_on(self, request: HttpRequest) -> list[Way]:
        if not request.user.has_perm("ledger.propose_entry"):
            return []
        return [Way("Propose an entry", self.address("entry"), is_main=True)]

    def get_urls(self) -> list[Any]:
        gate = self.admin_site.admin_view
        mine = path("entry/", gate(self.entry_view), name="ledger_proposal_entry")
        return [mine, *super().get_urls()]

    def verbs_for(self, request: HttpRequest, row: Proposal) -> list[dict[str, Any]]:
        """Offer nothing on what is decided: its state says why."""
        return super().verbs_for(request, row) if row.state == ProposalState.PROPOSED else []

    @admin.display(description="Proposal")
    def number(self, row: Proposal) -> str:
        return f"Proposal {row.pk}"

    @admin.display(description="What")
    def what(self, row: Proposal) -> str:
        return row.get_kind_display()

    @admin.display(description="About")
    def about_text(self, row: Proposal) -> Any:
        return about(row)

    @admin.display(description="Proposed by")
    def author(self, row: Proposal) -> str:
        return str(row.proposed_by)

    @admin.display(description="State")
    def word(self, row: Proposal) -> SafeString:
        return state(row.state)

    @admin.display(description="Proposed")
    def proposed(self, row: Proposal) -> SafeString:
        return when(row.proposed_at)

    # --- One proposal --------------------------------------------------------------------

    def page(self, request: HttpRequest, row: Proposal) -> Page:
        facts = [Fact("About", about(row)), Fact("Proposed by", row.proposed_by)]
        if row.kind == ProposalKind.ENTRY:
            facts.append(Fact("Accounting date", row.payload["effective_on"]))
            facts.append(Fact("Brand", row.payload["cluster"] or "all"))
        if row.state == ProposalState.PROPOSED:
            facts.append(Fact("To be decided by", when(row.expires_at)))
        if row.entry_id:
            facts.append(Fact("Posted as", entry_link(row.entry_id)))
        notice, table = self.outcome(request, row)
        return Page(
            title=f"Proposal {row.pk}",
            subtitle=row.get_kind_display(),
            state=state(row.state),
            notice=notice,
            main=[*table, story(row)],
            side=[Facts("Proposal", facts), Raw.of_json("As proposed", row.payload)],
        )

    def outcome(self, request: HttpRequest, row: Proposal) -> tuple[str, list[Table]]:
        """Return what approving would post, or has posted; and why it would be refused."""
        if row.entry_id:
            lines = Line.objects.filter(entry_id=row.entry_id).select_related("account")
            return "", [lines_table(list(lines.order_by("n")))]
        if not_open(row) or row.kind == ProposalKind.REOPEN_PERIOD:
            return "", []
        try:
            rehearsed = ledger.rehearse(proposal=row, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        except DomainError as error:
            return f"The books would refuse it now: {refusal_text(error)}", []
        return "", [preview_table("What approving it posts", rehearsed)]

    # --- A new entry -----------------------------------------------------------------------

    def entry_view(self, request: HttpRequest) -> HttpResponse:
        """Take an entry by hand: check it as often as wanted, then propose it."""
        if not request.user.has_perm("ledger.propose_entry"):
            raise PermissionDenied
        if request.method != "POST":
            lines = LineFormSet(initial=[{} for _ in range(FIRST_LINES)])
            today = timezone.now().date()
            return self.entry_page(request, EntryForm(initial={"effective_on": today}), lines)
        if request.POST.get("step") == "more":
            return self.entry_page(request, unbound(request), more_lines(request))
        return self.judged_entry(request)

    def judged_entry(self, request: HttpRequest) -> HttpResponse:
        """Say what is wrong with the entry; else show what it would post, or propose it."""
        form, lines = EntryForm(request.POST), LineFormSet(request.POST)
        if not (form.is_valid() & lines.is_valid()):
            return self.entry_page(request, form, lines, status=422)
        movements = movements_of(lines.forms)
        wrong = imbalance_of(movements)
        if wrong:
            return self.entry_page(request, form, lines, wrong=wrong, status=422)
        asked = {
            "movements": movements,
            "effective_on": form.cleaned_data["effective_on"],
            "cluster": form.cleaned_data["cluster"],
            "by": request.user,
            "now": timezone.now(),
        }
        try:
            if request.POST.get("step") == "propose":
                return self.proposed_entry(request, form, asked)
            preview = preview_table("What it would post", ledger.rehearse_entry(**asked))
        except DomainError as error:
            return self.entry_page(request, form, lines, wrong=refusal_text(error), status=422)
        return self.entry_page(request, form, lines, preview=preview)

    def proposed_entry(
        self, request: HttpRequest, form: EntryForm, asked: dict[str, Any]
    ) -> HttpResponse:
        proposal = ledger.propose_entry(
            **asked, reason=form.cleaned_data["reason"], key=form.cleaned_data["key"]
        )
        self.message_user(request, "Proposed. A second person must approve it.", messages.SUCCESS)
        return HttpResponseRedirect(self.address("change", proposal.pk))

    def entry_page(
        self,
        request: HttpRequest,
        form: Any,
        lines: Any,
        *,
        wrong: str = "",
        preview: Table | None = None,
        status: int = 200,
    ) -> HttpResponse:
        sums = []
        if lines.is_bound and lines.is_valid():
            sums = sums_of(movements_of(lines.forms))
        context = {
            "title": "Propose an entry",
            "form": form,
            "lines": lines,
            "sums": sums,
            "wrong": wrong,
            "preview": preview,
            "back": self.address("changelist"),
        }
        return self.drawn(request, "admin/ledger/entry_form.html", context, status=status)


def unbound(request: HttpRequest) -> EntryForm:
    """Return the form with what was typed, not yet judged."""
    names = EntryForm.base_fields
    return EntryForm(initial={name: request.POST.get(name, "") for name in names})


def more_lines(request: HttpRequest) -> Any:
    """Return the lines as they were typed, and some empty ones below."""
    bound = LineFormSet(request.POST)
    typed: list[dict[str, Any]] = [
        {name: form[name].value() for name in form.fields} for form in bound.forms
    ]
    return LineFormSet(initial=(typed + [{} for _ in range(MORE_LINES)])[:MOST_LINES])


def story(row: Proposal) -> Timeline:
    events = [
        Event(row.proposed_at, "Proposed", actor=row.proposed_by, detail=row.reason, tone="info")
    ]
    if row.decided_at:
        events.append(
            Event(
                row.decided_at,
                row.get_state_display(),
                actor=row.decided_by or "Nobody decided in time",
                detail=row.decision_reason,
                tone=tone_of("PAID" if row.state == ProposalState.APPROVED else row.state),
            )
        )
    return Timeline("What happened", events)
