"""The page where a person puts lines and book items together. It works without a script."""

from __future__ import annotations

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

    part: StatementLine | BookItem
    is_chosen: bool
    money: Money


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
        "lines": _lines(lines, row, term),
        "items": _items(items, row, term),
        "chosen_lines": lines,
        "chosen_items": items,
        "chosen": len(lines) + len(items),
        "there": row.money(there),
        "here_sum": row.money(here),
        "difference": row.money(there - here),
        "most": selectors.ROWS,
    }


def _lines(chosen: list[StatementLine], row: Statement, term: str) -> list[Choice]:
    taken = {line.pk for line in chosen}
    others = [line for line in selectors.open_lines(row, term=term) if line.pk not in taken]
    return [
        Choice(part=line, is_chosen=True, money=row.money(line.compared_minor)) for line in chosen
    ] + [
        Choice(part=line, is_chosen=False, money=row.money(line.compared_minor)) for line in others
    ]


def _items(chosen: list[BookItem], row: Statement, term: str) -> list[Choice]:
    taken = {item.pk for item in chosen}
    others = [item for item in selectors.open_items(row, term=term) if item.pk not in taken]
    return [
        Choice(part=item, is_chosen=True, money=row.money(item.amount_minor)) for item in chosen
    ] + [Choice(part=item, is_chosen=False, money=row.money(item.amount_minor)) for item in others]


def _ids(texts: list[str]) -> list[int]:
    found = (as_id(text) for text in texts[: selectors.ROWS])
    return sorted({number for number in found if number is not None})
