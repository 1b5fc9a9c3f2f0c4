"""The page where a person puts lines and book items together. It works without a script."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from apps.core.admin import as_id
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.reconciliation import selectors
from apps.finance.reconciliation import services as reconciliation
from apps.finance.reconciliation.models import BookItem, Statement, StatementLine

if TYPE_CHECKING:
    from apps.core.admin import ConsoleAdmin


class Choice(NamedTuple):
    """A row of one side, ticked or not."""

    name: str
    pk: int
    day: date
    reference: str
    text: str
    money: Money
    is_chosen: bool


def by_hand_page(page: ConsoleAdmin, request: HttpRequest, row: Statement) -> HttpResponse:
    """GET shows both sides and adds up what is chosen; POST with a reason matches it."""
    given = request.POST if request.method == "POST" else request.GET
    line_ids, item_ids = _ids(given.getlist("line")), _ids(given.getlist("item"))
    wrong = ""
    if request.method == "POST":
        try:
            match = reconciliation.match_by_hand(
                statement_id=row.pk,
                line_ids=line_ids,
                item_ids=item_ids,
                by=request.user,
                reason=request.POST.get("reason", ""),
                now=timezone.now(),
            )
        except DomainError as error:
            wrong = str(error)
        else:
            messages.success(request, f"Matched as #{match.pk}.")
            return HttpResponseRedirect(page.address("match", row.pk))
    context = context_of(row, line_ids, item_ids, given.get("q", "").strip())
    context |= {
        "title": f"Match by hand: {row}",
        "wrong": wrong,
        "reason": given.get("reason", ""),
        "back": page.address("change", row.pk),
        "here": page.address("match", row.pk),
    }
    return page.drawn(
        request, "admin/reconciliation/by_hand.html", context, status=422 if wrong else 200
    )


def context_of(
    row: Statement, line_ids: list[int], item_ids: list[int], term: str
) -> dict[str, Any]:
    """Return both sides: what is chosen first, then what could be."""
    lines = selectors.chosen_lines(row, line_ids)
    items = selectors.chosen_items(row, item_ids)
    term = "" if "\0" in term else term
    there = sum(line.compared_minor for line in lines)
    here = sum(item.amount_minor for item in items)
    return {
        "statement": row,
        "term": term,
        "lines": [_line(row, line, is_chosen=True) for line in lines]
        + [
            _line(row, line, is_chosen=False)
            for line in selectors.open_lines(row, term=term)
            if line.pk not in line_ids
        ],
        "items": [_item(row, item, is_chosen=True) for item in items]
        + [
            _item(row, item, is_chosen=False)
            for item in selectors.open_items(row, term=term)
            if item.pk not in item_ids
        ],
        "chosen_lines": lines,
        "chosen_items": items,
        "chosen": len(lines) + len(items),
        "there": row.money(there),
        "here_sum": row.money(here),
        "difference": row.money(there - here),
        "most": selectors.ROWS,
    }


def _line(row: Statement, line: StatementLine, *, is_chosen: bool) -> Choice:
    text = f"{line.counterparty} {line.text}".strip()
    if not line.reference and not text:
        text = f"row {line.n}"
    money = row.money(line.compared_minor)
    return Choice("line", line.pk, line.booked_on, line.reference, text, money, is_chosen)


def _item(row: Statement, item: BookItem, *, is_chosen: bool) -> Choice:
    money = row.money(item.amount_minor)
    return Choice("item", item.pk, item.effective_on, item.reference, item.event, money, is_chosen)


def _ids(texts: list[str]) -> list[int]:
    found = (as_id(text) for text in texts[: selectors.ROWS])
    return sorted({number for number in found if number is not None})
