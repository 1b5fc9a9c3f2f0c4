"""An account's lines with the balance that each left: newest first, or of chosen days."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

from django.db.models import DecimalField, F, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin import Cell, Table, amount, as_id, when
from apps.core.show import money_text
from apps.finance.ledger.admin.shown import entry_link, sign_of
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.models import Account, Balance, Entry, Line
from apps.finance.ledger.selectors.accounts import (
    LineKey,
    LineRow,
    account_by_id,
    statement_page,
)

STATEMENT_ROWS = 50
#: PostgreSQL sums BIGINT as NUMERIC.
NUMERIC = DecimalField(max_digits=30, decimal_places=0)


def cursor_of(text: str) -> tuple[int, int] | None:
    """Read the ``<entry>.<n>`` of a link to older lines; None for anything else."""
    entry, _, n = text.partition(".")
    pk, number = as_id(entry), as_id(n)
    return None if pk is None or number is None else (pk, number)


def lines_below(account: Account, before: tuple[int, int] | None) -> QuerySet[Any]:
    """The account's lines, newest first, each with ``net`` and ``newer``.

    ``net`` is the account's balance now, ``newer`` what the lines from ``before`` on moved, both
    debits less credits. They come with the lines in one statement, so in one state of the
    books; only the pages already turned are summed, never the account's whole life.
    """
    mine = Line.objects.filter(account=account)
    balance = (
        Balance.objects.filter(account=account)
        .values("account_id")
        .annotate(total=Sum(F("debits_minor") - F("credits_minor")))
        .values("total")
    )
    if before is None:
        return mine.annotate(net=Subquery(balance), newer=Value(0))
    entry, n = before
    is_older = Q(entry_id__lt=entry) | Q(entry_id=entry, n__lt=n)
    turned = (
        mine.filter(entry_id__gte=entry)
        .exclude(is_older)
        .order_by()
        .values("account_id")
        .annotate(total=Sum("amount_minor"))
        .values("total")
    )
    return mine.filter(is_older, entry_id__lte=entry).annotate(
        net=Subquery(balance), newer=Coalesce(Subquery(turned), Value(0), output_field=NUMERIC)
    )


def statement(account: Account, before: tuple[int, int] | None) -> Table:
    """The account's lines, newest first, each with the balance that it left."""
    lines = lines_below(account, before).select_related("entry")
    shown = list(lines.order_by("-entry_id", "-n")[: STATEMENT_ROWS + 1])
    running, sign, rows = shown[0].net - shown[0].newer if shown else 0, sign_of(account), []
    for line in shown[:STATEMENT_ROWS]:
        rows.append(
            [
                entry_link(line.entry_id, line.entry.number),
                line.entry.get_kind_display(),
                dates_of(line.entry),
                amount(sign * line.amount_minor, line.currency),
                amount(sign * int(running), line.currency),
            ]
        )
        running -= line.amount_minor
    last = shown[STATEMENT_ROWS - 1] if len(shown) > STATEMENT_ROWS else None
    return Table(
        "Statement",
        [
            Cell("Entry"),
            Cell("What"),
            Cell("Posted"),
            Cell("Amount", number=True),
            Cell("Balance", number=True),
        ],
        rows,
        empty="No line has touched this account.",
        more=f"?before={last.entry_id}.{last.n}" if last else "",
    )


def dates_of(entry: Entry) -> SafeString:
    """Return when an entry was posted, and its accounting date where that is another day."""
    posted = when(entry.posted_at)
    if entry.effective_on == entry.posted_at.astimezone(UTC).date():
        return posted
    return format_html("{}<small>counts on {}</small>", posted, f"{entry.effective_on:%d %b %Y}")


def dated_statement(account: Account, start: date | None, end: date | None, after: str) -> Table:
    """The account's lines of some accounting days, oldest first, from opening to closing."""
    row = account_by_id(account.pk)
    if row is None:
        raise Http404
    first = start or date.min
    last = end or max(timezone.now().date(), first)
    found = statement_page(row, start=first, end=last, after=key_of(after), limit=STATEMENT_ROWS)
    opening = ["Opening balance", "", "", "", amount(found.opening.minor, account.currency)]
    rows: list[list[Any]] = [] if after else [opening]
    rows += [dated_line(line) for line in found.lines]
    full = len(found.lines) == STATEMENT_ROWS
    until = f"&end={end}" if end else ""
    more = f"?start={start or ''}{until}&after={written_key(found.lines[-1].key)}" if full else ""
    return Table(
        f"{f'From {start:%d %b %Y}' if start else 'Everything'} to {last:%d %b %Y}",
        [
            Cell("Entry"),
            Cell("What"),
            Cell("Accounting date"),
            Cell("Amount", number=True),
            Cell("Balance", number=True),
        ],
        rows,
        empty="No line is dated in these days.",
        totals=[["Closing balance", "", "", "", money_text(found.closing)]],
        more=more,
        more_text="Later lines",
    )


def dated_line(line: LineRow) -> list[Any]:
    return [
        entry_link(line.entry_id, line.number),
        EntryKind(line.kind).label,
        f"{line.effective_on:%d %b %Y}",
        amount(line.amount.minor, line.amount.currency),
        amount(line.balance.minor, line.balance.currency),
    ]


def written_key(key: LineKey) -> str:
    day, entry, n = key
    return f"{day.isoformat()}.{entry}.{n}"


def key_of(text: str) -> LineKey | None:
    """Read the ``<day>.<entry>.<n>`` of a link to later lines; None for anything else."""
    day, _, rest = text.partition(".")
    line = cursor_of(rest)
    try:
        return (date.fromisoformat(day), *line) if line else None
    except ValueError:
        return None
