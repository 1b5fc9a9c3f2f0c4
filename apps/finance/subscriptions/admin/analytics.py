"""Figures of subscriptions in the console: MRR and what moved it, churn, value, cohorts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.utils import timezone

from apps.core.admin import (
    Ask,
    Cell,
    ConsoleAdmin,
    Drawing,
    Fact,
    Facts,
    Heat,
    Page,
    Plot,
    Table,
    Warmth,
    Way,
    amount,
)
from apps.core.api.files import csv_file
from apps.core.db import one_state
from apps.core.money import Money
from apps.core.show import money_text
from apps.finance.subscriptions import exports
from apps.finance.subscriptions.admin.ranges import RangeForm
from apps.finance.subscriptions.choices import Movement
from apps.finance.subscriptions.models import DailyFact
from apps.finance.subscriptions.rules.metrics import CohortRow, Sheet, Step, Trials
from apps.finance.subscriptions.selectors.analytics import (
    Analytics,
    analytics_of,
)

DAY = timedelta(days=1)
#: What a page shows that is asked nothing.
DAYS = 30
#: A cohort of all who stayed is the warmest.
WARMEST = 10


@admin.register(DailyFact)
class FiguresAdmin(ConsoleAdmin):
    has_list = False
    icon = "trending_up"

    def get_urls(self) -> list[Any]:
        gate, name = self.admin_site.admin_view, "subscriptions_dailyfact"
        return [
            path("", gate(self.figures_view), name=f"{name}_changelist"),
            path("file/", gate(self.file_view), name=f"{name}_file"),
            *super().get_urls(),
        ]

    def page(self, request: HttpRequest, row: DailyFact) -> Page:
        raise Http404

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """A day's line has no page of its own."""
        return None

    def chosen(self, request: HttpRequest) -> list[Any]:
        return []

    def figures_view(self, request: HttpRequest) -> HttpResponse:
        """Answer by GET, so that a view can be sent to a colleague as an address."""
        form = self._asked(request)
        here = self.address("changelist")
        main: list[Any] = [
            Ask("Range", form, here, "Show", "Last 30 days"),
        ]
        found = None
        if form.is_valid():
            with one_state():
                found = analytics_of(form.wanted())
            main += pieces_of(found)
        query = request.GET.urlencode()
        file = f"{self.address('file')}?{query}" if query else self.address("file")
        made = found.made_at if found else None
        page = Page(
            title="Figures of subscriptions",
            subtitle=f"Made from the history up to {made:%d %b %Y, %H:%M} UTC"
            if made
            else "Not made yet: the next tick does",
            ways=[Way("CSV", file)] if found else [],
            main=main,
        )
        context = {"title": page.title, "page": page, "verbs": []}
        status = 422 if form.errors else 200
        return self.drawn(request, "admin/console/detail.html", context, status=status)

    def file_view(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """The movements of the range as CSV, on record."""
        form = self._asked(request)
        if not form.is_valid():
            return self.figures_view(request)
        with one_state():
            found = analytics_of(form.wanted())
        rows = sum(len(sheet.steps) for sheet in found.sheets)
        self.admin_site.record_export(  # type: ignore[attr-defined]
            request, self.opts.label_lower, request.GET.dict(), rows
        )
        return csv_file(f"mrr-{found.wanted.start}-{found.wanted.end}", exports.mrr_lines(found))

    def _asked(self, request: HttpRequest) -> RangeForm:
        """:raises PermissionDenied: the person's roles do not include the figures"""
        if not self.has_view_permission(request):
            raise PermissionDenied
        today = timezone.now().date()
        given = {"start": today - (DAYS - 1) * DAY, "end": today, **request.GET.dict()}
        return RangeForm(given)


def pieces_of(found: Analytics) -> list[Any]:
    """Return the sections of a range: each currency by itself, then trials and cohorts."""
    pieces: list[Any] = []
    for sheet in found.sheets:
        pieces += [figures_of(sheet), drawing_of(sheet), taken_of(sheet)]
    if not found.sheets:
        empty = "No subscription was paid in or before this range, as it is narrowed."
        pieces.append(Table("MRR", [Cell("MRR")], [], empty=empty))
    return [*pieces, trials_of(found.trials), heat_of(found.cohorts)]


def figures_of(sheet: Sheet) -> Facts:
    churned = sheet.of(Movement.CHURN)
    return Facts(
        f"At a glance, {sheet.currency}",
        [
            Fact("MRR", money_text(sheet.mrr_end), f"{money_text(sheet.mrr_start)} at the start"),
            Fact(
                "Paying subscribers",
                f"{sheet.subscribers_end:,}",
                f"{sheet.subscribers_start:,} at the start",
            ),
            Fact(
                "Subscriber churn",
                _percent(sheet.churn_percent),
                f"{churned.count:,} ended, by 100 at the start",
            ),
            Fact(
                "Revenue churn",
                _percent(sheet.revenue_churn_percent),
                "churn and contraction, by 100 of MRR at the start",
            ),
            Fact("ARPU", _money(sheet.arpu), "MRR for each subscriber"),
            Fact("LTV", _money(sheet.ltv), "ARPU over monthly churn in the range"),
        ],
    )


def _percent(value: Any) -> str:
    return "not known" if value is None else f"{value} %"


def _money(value: Money | None) -> str:
    return "not known" if value is None else money_text(value)


#: What stands in the table of movements, in this order.
_COLUMNS = (
    Movement.NEW,
    Movement.REACTIVATION,
    Movement.EXPANSION,
    Movement.CONTRACTION,
    Movement.CHURN,
)


def drawing_of(sheet: Sheet) -> Drawing:
    """What came and what went as bars, MRR as a line; all five movements in the table."""
    came = [
        _sum(step, Movement.NEW, Movement.REACTIVATION, Movement.EXPANSION) for step in sheet.steps
    ]
    went = [_sum(step, Movement.CONTRACTION, Movement.CHURN) for step in sheet.steps]
    currency = sheet.currency
    plots = [
        Plot("Came: new, reactivation, expansion", _decimals(came, currency), "first"),
        Plot("Went: contraction, churn", _decimals(went, currency), "second"),
        Plot("MRR", [str(step.mrr_end.decimal) for step in sheet.steps], "line", is_line=True),
    ]
    names = [Cell("Day" if _is_by_day(sheet) else "Month"),
             *(Cell(str(each.label), number=True) for each in _COLUMNS),
             Cell("MRR at the end", number=True), Cell("Subscribers", number=True)]  # fmt: skip
    return Drawing(
        f"MRR and what moved it, {currency}",
        [_label(step, sheet) for step in sheet.steps],
        plots,
        Table(
            f"Movements of MRR, {currency}",
            names,
            [_row(step, sheet) for step in reversed(sheet.steps)],
            totals=[_total(sheet)],
            empty="",
        ),
        note="MRR at the end of each is that before it and the movements between.",
    )


def _sum(step: Step, *movements: Movement) -> int:
    return sum(step.moved[each].minor for each in movements if each in step.moved)


def _decimals(minors: Sequence[int], currency: str) -> list[str]:
    return [str(Money(minor, currency).decimal) for minor in minors]


def _is_by_day(sheet: Sheet) -> bool:
    return all(step.start == step.end for step in sheet.steps)


def _label(step: Step, sheet: Sheet) -> str:
    day = step.start
    return f"{day.day} {day:%b}" if _is_by_day(sheet) else f"{day:%b %y}"


def _row(step: Step, sheet: Sheet) -> list[Any]:
    return [
        f"{step.start:%Y-%m-%d}" if _is_by_day(sheet) else f"{step.start:%B %Y}",
        *(amount(_sum(step, each), sheet.currency) for each in _COLUMNS),
        amount(step.mrr_end.minor, sheet.currency),
        f"{step.subscribers_end:,}",
    ]


def _total(sheet: Sheet) -> list[Any]:
    return [
        "All",
        *(amount(sheet.of(each).minor, sheet.currency) for each in _COLUMNS),
        amount(sheet.mrr_end.minor, sheet.currency),
        f"{sheet.subscribers_end:,}",
    ]


def taken_of(sheet: Sheet) -> Table:
    taken = sheet.taken
    parts = (
        ("Gross", taken.gross),
        ("Tax", taken.tax),
        ("Platform's fee", taken.platform_fee),
        ("Processing", taken.processing_fee),
        ("Creators' net", taken.net),
        ("Given back", taken.refunded),
    )
    return Table(
        f"Taken by {taken.payments:,} payments, {sheet.currency}",
        [Cell("Part"), Cell("Amount", number=True)],
        [[name, amount(money.minor, money.currency)] for name, money in parts],
        empty="",
    )


def trials_of(trials: Trials) -> Facts:
    return Facts(
        "Trials that were over in the range",
        [
            Fact("Over", f"{trials.over:,}"),
            Fact("Went on to pay", f"{trials.converted:,}"),
            Fact("Conversion", _percent(trials.conversion_percent), "of those decided"),
            Fact("Not decided", f"{trials.undecided:,}", "past due, or being charged"),
        ],
    )


def heat_of(cohorts: Sequence[CohortRow]) -> Heat:
    ages = max((len(row.stayed) for row in cohorts), default=0)
    names = (f"+{age}" if age else "Month" for age in range(ages))
    columns = [
        Cell("Began"),
        Cell("Fans", number=True),
        *(Cell(name, number=True) for name in names),
    ]
    return Heat(
        "Who stayed, by the month they began to pay",
        columns,
        [_cohort(row, ages) for row in cohorts],
        note="Share that paid at the end of each month after; the newest is as of now.",
        empty="Nobody began to pay in these months.",
    )


def _cohort(row: CohortRow, ages: int) -> tuple[list[Any], list[Warmth | None]]:
    cells: list[Warmth | None] = []
    for age in range(ages):
        share = row.percent(age)
        cells.append(
            None
            if share is None
            else Warmth(
                f"{share:.0f} %",
                max(0, min(WARMEST, round(share * WARMEST / 100))),
                f"{row.stayed[age]:,} of {row.began:,}, {age} months later",
            )
        )
    return [f"{row.month:%b %Y}", f"{row.began:,}"], cells
