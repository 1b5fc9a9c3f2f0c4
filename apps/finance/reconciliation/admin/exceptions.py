"""The queue: what does not agree, and what staff may do about it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
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
    Timeline,
    Verb,
    amount,
    as_id,
    change_link,
    when,
)
from apps.core.show import money_text
from apps.finance.reconciliation import rules, selectors
from apps.finance.reconciliation import services as reconciliation
from apps.finance.reconciliation.admin.forms import DifferenceForm
from apps.finance.reconciliation.admin.shown import (
    day,
    entry_of,
    exception_state,
    exception_type,
    items_table,
    lines_table,
    mono,
    wish_of,
)
from apps.finance.reconciliation.admin.transfers import FIRST_WORD, FUNDING, SETTLEMENT
from apps.finance.reconciliation.choices import Counter, Progress, Type
from apps.finance.reconciliation.models import ReconciliationException, StatementSource


def refusal(row: ReconciliationException, by: Any) -> str:
    if row.state != Progress.OPEN:
        return f"it is {row.get_state_display().lower()}."
    if row.proposed_by_id == by.pk and row.proposal.get("do") == "accept":
        return "you have said so; now somebody else must."
    return ""


def post_refusal(row: ReconciliationException, by: Any) -> str:
    if row.state != Progress.OPEN:
        return f"it is {row.get_state_display().lower()}."
    if row.type == Type.LATE:
        return "nothing differs but the day."
    if row.proposed_by_id == by.pk and row.proposal.get("do") == "post":
        return "you have said so; now somebody else must."
    return ""


def eyes_text(row: ReconciliationException) -> str:
    """Say what a person must know about the second pair of eyes."""
    if row.proposed_by is not None:
        return wish_of(row)
    if not rules.needs_two(row.statement.money(row.difference_minor)):
        return ""
    return " It is so much that two people must want the same; nothing is done before."


def accept_preview(row: ReconciliationException, _by: Any) -> str:
    what = "The match stays." if row.type == Type.LATE else "It stays unmatched."
    return f"{what} Nothing is posted, and nobody is asked again.{eyes_text(row)}"


def accept_run(row: ReconciliationException, by: Any, reason: str) -> str:
    done = reconciliation.accept_exception(
        exception_id=row.pk, by=by, reason=reason, now=timezone.now()
    )
    return "Accepted." if done.state == Progress.ACCEPTED else FIRST_WORD


def post_preview(row: ReconciliationException, _by: Any) -> str:
    money = row.statement.money(row.difference_minor)
    account = row.statement.source.account
    name = f"{account.code} {account.owner}"
    way = f"debit {name}, credit" if money.minor > 0 else f"credit {name}, debit"
    size = money_text(max(money, -money))
    return (
        f"Posts 2 lines over {size}: {way} the account you choose, and matches the new "
        f"line.{eyes_text(row)}"
    )


def post_run(
    row: ReconciliationException,
    by: Any,
    reason: str,
    *,
    counter: Counter,
    effective_on: date | None,
) -> str:
    done = reconciliation.post_difference(
        exception_id=row.pk,
        counter=counter,
        effective_on=effective_on,
        by=by,
        reason=reason,
        now=timezone.now(),
    )
    if done.state == Progress.OPEN:
        return FIRST_WORD
    return f"Posted to {counter.value} {counter.label} and matched."


ACCEPT = Verb(
    name="accept",
    label="Accept as it is",
    permission="reconciliation.settle_exception",
    preview=accept_preview,
    refusal=refusal,
    run=accept_run,
    is_quiet=True,
    help="For what is late, or explained without an entry: a test payment, a line they take back.",
)
POST = Verb(
    name="post",
    label="Post the difference",
    permission="reconciliation.settle_exception",
    preview=post_preview,
    refusal=post_refusal,
    run=post_run,
    form=DifferenceForm,
    danger=True,
    is_quiet=True,
    help="Only when the statement is right, not the books. Suspense if you do not know yet.",
)


#: Worked off from what was found first.
QUEUES = QueueFilter.of(open=Queue("To settle", Q(state=Progress.OPEN), ("found_at", "id")))


class SourceFilter(admin.SimpleListFilter):
    title = "source"
    parameter_name = "source"
    column = "statement__source"

    @classmethod
    def on(cls, column: str) -> type[SourceFilter]:
        return type("SourceFilter", (cls,), {"column": column})

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = StatementSource.objects.order_by("name").values_list("pk", "name")[:100]
        return [(str(pk), name) for pk, name in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        number = as_id(self.value() or "")
        if number is None:
            return queryset
        return queryset.filter(**{self.column: number})


class StatementFilter(admin.SimpleListFilter):
    """Narrows to one statement, by the link of its page."""

    title = "statement"
    parameter_name = "statement"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = request.GET.get("statement", "")
        return [(chosen, f"Statement {chosen}")] if as_id(chosen) is not None else [("0", "None")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        number = as_id(self.value() or "")
        return queryset if number is None else queryset.filter(statement=number)


@admin.register(ReconciliationException)
class ExceptionAdmin(ConsoleAdmin):
    list_display = ("number", "kind", "source_name", "reference", "booked", "money", "word")
    list_display_links = ("number",)
    list_filter = (QUEUES, "state", "type", SourceFilter, StatementFilter)
    list_select_related = ("statement__source", "line", "item", "proposed_by", "match")
    search_fields = ("id",)
    search_help_text = "Number, or the reference of a line or a book item"
    intro = "What statements and books do not agree on. Each is settled with a reason."
    empty_title = "Nothing differs"
    empty_text = "What statements and books do not agree on waits here for a person."
    verbs = (SETTLEMENT, FUNDING, ACCEPT, POST)
    export_columns = (
        "id",
        "type",
        "state",
        "statement.source.name",
        "statement.period_start",
        "statement.period_end",
        "line.n",
        "line.booked_on",
        "line.reference",
        "item.entry_id",
        "item.effective_on",
        "item.reference",
        "difference_minor",
        "statement.source.currency",
        "found_at",
        "decided_at",
        "reason",
        "entry_source",
    )

    def matching(self, term: str) -> Q:
        meaning = Q(line__reference=term) | Q(item__reference=term)
        number = as_id(term)
        return meaning if number is None else meaning | Q(pk=number)

    @admin.display(description="Exception")
    def number(self, row: ReconciliationException) -> str:
        return f"#{row.pk}"

    @admin.display(description="What")
    def kind(self, row: ReconciliationException) -> SafeString:
        return exception_type(row)

    @admin.display(description="Source")
    def source_name(self, row: ReconciliationException) -> str:
        return row.statement.source.name

    def where(self, row: ReconciliationException) -> SafeString:
        return change_link("reconciliation_statement", row.statement_id, row.statement)

    @admin.display(description="Reference")
    def reference(self, row: ReconciliationException) -> SafeString:
        if row.match_id:
            return change_link("reconciliation_match", row.match_id, f"Match #{row.match_id}")
        part = row.line or row.item
        return mono(part.reference if part else "")

    @admin.display(description="Booked")
    def booked(self, row: ReconciliationException) -> SafeString:
        if row.line:
            return day(row.line.booked_on)
        return day(row.item.effective_on if row.item else None)

    @admin.display(description="Difference")
    def money(self, row: ReconciliationException) -> SafeString:
        return amount(row.difference_minor, row.statement.source.currency)

    @admin.display(description="State")
    def word(self, row: ReconciliationException) -> SafeString:
        return exception_state(row)

    def page(self, request: HttpRequest, row: ReconciliationException) -> Page:
        return Page(
            title=f"{row.get_type_display()} #{row.pk}",
            subtitle=f"Exception on {row.statement}",
            state=exception_state(row),
            amount=self.money(row),
            notice=eyes_text(row).strip() if row.proposed_by_id else "",
            main=[*parts_of(row), timeline_of(row)],
            side=[
                Facts(
                    "Exception",
                    [
                        Fact("Statement", self.where(row)),
                        Fact("Found", when(row.found_at)),
                        Fact("Decided", when(row.decided_at)),
                        Fact(
                            "By",
                            row.decided_by or ("the platform" if row.decided_at else "nobody yet"),
                        ),
                        Fact("Entry", entry_of(row.entry_source)),
                    ],
                )
            ],
        )


def parts_of(row: ReconciliationException) -> list[Any]:
    """Show both sides, and what could belong to a line that stands alone."""
    currency = row.statement.source.currency
    lines = [row.line] if row.line else []
    items = [row.item] if row.item else []
    if row.match:
        lines = list(row.match.lines.order_by("id")[: selectors.ROWS])
        items = list(row.match.items.order_by("id")[: selectors.ROWS])
    shown: list[Any] = [
        lines_table(
            lines, currency, title="On the statement", empty="Nothing: it is in the books only."
        ),
        items_table(
            items, currency, title="In the books", empty="Nothing: it is on the statement only."
        ),
    ]
    candidates = selectors.could_belong_to(row) if row.state == Progress.OPEN else []
    if candidates:
        shown.append(items_table(candidates, currency, title="Could belong to it", empty=""))
    return shown


def timeline_of(row: ReconciliationException) -> Timeline:
    events = [Event(row.found_at, "Found", "Platform", row.get_type_display(), "warning")]
    if row.decided_at:
        by = row.decided_by or "Platform"
        events.append(Event(row.decided_at, row.get_state_display(), by, row.reason, "success"))
    return Timeline("Timeline", events)
