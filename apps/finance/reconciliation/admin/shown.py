"""How statements, lines and exceptions look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin import Cell, Facts, Table, Way, amount, change_link, source_link, state
from apps.finance.ledger import selectors as ledger
from apps.finance.reconciliation.choices import WAITING, Progress, State, Type
from apps.finance.reconciliation.models import (
    BookItem,
    ReconciliationException,
    Statement,
    StatementLine,
)

#: The tone of each state's word, by a word the console has a tone for.
_STATES = {
    State.RECEIVED: "PENDING",
    State.LOADING: "PROCESSING",
    State.LOADED: "PROCESSING",
    State.REFUSED: "REFUSED",
    State.OPEN: "WAITING",
    State.COMPLETE: "OK",
}
_TYPES = {
    Type.MISSING: "FAILED",
    Type.EXTRA: "FAILED",
    Type.DIFFERENT: "FAILED",
    Type.DUPLICATE: "WAITING",
    Type.LATE: "WAITING",
}
_PROGRESS = {Progress.OPEN: "WAITING", Progress.ACCEPTED: "OK", Progress.RESOLVED: "OK"}


@dataclass(frozen=True, slots=True)
class Figures(Facts):
    """Facts below a bar that shows how far something is, and ways on."""

    done: int = 0
    total: int = 0
    bar: str = ""
    ways: Sequence[Way] = ()


def statement_state(row: Statement) -> SafeString:
    return state(_STATES[State(row.state)], row.get_state_display())


def exception_state(row: ReconciliationException) -> SafeString:
    word = row.get_state_display()
    if row.state == Progress.OPEN and row.proposed_by_id:
        word = "Needs a second person"
    return state(_PROGRESS[Progress(row.state)], word)


def exception_type(row: ReconciliationException) -> SafeString:
    return state(_TYPES[Type(row.type)], row.get_type_display())


def day(value: date | None) -> SafeString:
    if value is None:
        return format_html('<span class="c-none">{}</span>', "none")
    return format_html(
        '<time class="c-when" datetime="{}">{}</time>', value.isoformat(), f"{value:%d %b %Y}"
    )


def days(row: Statement) -> SafeString:
    return format_html("{} to {}", day(row.period_start), day(row.period_end))


def mono(text: str) -> SafeString:
    if not text:
        return format_html('<span class="c-none">{}</span>', "none")
    return format_html('<span class="c-mono c-whole">{}</span>', text)


def progress_bar(done: int, total: int, label: str) -> SafeString:
    """A bar that a screen reader reads too."""
    return format_html(
        '<progress class="c-progress" value="{}" max="{}" aria-label="{}"></progress> '
        '<span class="c-when">{} of {}</span>',
        done,
        max(total, 1),
        label,
        f"{done:,}",
        f"{total:,}",
    )


def progress_of(row: Statement) -> SafeString:
    if row.state in WAITING:
        return format_html("{} rows read", f"{row.loaded_rows:,}")
    if row.state == State.REFUSED:
        return format_html("{} rows cannot be read", f"{row.problem_count:,}")
    return progress_bar(row.matched_count, row.line_count, f"Matched lines of {row}")


def entry_link(entry_id: int, effective_on: date) -> SafeString:
    return change_link("ledger_entry", entry_id, f"JE-{effective_on.year}-{entry_id:06d}")


def lines_table(lines: Sequence[StatementLine], currency: str, *, title: str, empty: str) -> Table:
    return Table(
        title,
        [
            Cell("Row"),
            Cell("Booked"),
            Cell("Reference"),
            Cell("Who and what"),
            Cell("Fee", number=True),
            Cell("Amount", number=True),
        ],
        [
            [
                change_link("reconciliation_statementline", line.pk, line.n),
                day(line.booked_on),
                mono(line.reference),
                " · ".join(filter(None, (line.counterparty, line.text))) or "",
                amount(line.fee_minor, currency) if line.fee_minor else "",
                amount(line.compared_minor, currency),
            ]
            for line in lines
        ],
        empty=empty,
    )


def items_table(items: Sequence[BookItem], currency: str, *, title: str, empty: str) -> Table:
    return Table(
        title,
        [
            Cell("Entry"),
            Cell("Accounting date"),
            Cell("Reference"),
            Cell("For"),
            Cell("Amount", number=True),
        ],
        [
            [
                entry_link(item.entry_id, item.effective_on),
                day(item.effective_on),
                mono(item.reference),
                source_link(item.event),
                amount(item.amount_minor, currency),
            ]
            for item in items
        ],
        empty=empty,
    )


def entry_of(source: str) -> Any:
    """Return a link to the journal entry of an event, or that there is none."""
    entry = ledger.entry_of(source) if source else None
    return change_link("ledger_entry", entry.pk if entry else None, entry and entry.number)


def exception_type_word(kind: str, href: str) -> SafeString:
    return format_html('<a class="c-link" href="{}">{}</a>', href, Type(kind).label)


#: The database keeps the words of a wish in no order.
_WISH = ("do", "of", "gross", "fees", "counted on", "reserve", "rest", "counter", "lines", "on")


def wish_of(row: ReconciliationException) -> str:
    """Say who wants what, as a second person must repeat it."""
    said = ", ".join(f"{name} {row.proposal[name]}" for name in _WISH if row.proposal.get(name))
    return f" {row.proposed_by} has said: {said}. If you say the same, it is done."
