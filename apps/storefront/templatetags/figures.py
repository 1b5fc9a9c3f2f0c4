"""How brand pages draw a creator's figures; every drawing stands beside a table of the same."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from apps.core.money import Money
from apps.finance.subscriptions.choices import Movement

if TYPE_CHECKING:
    from apps.finance.subscriptions.rules.metrics import CohortRow, Sheet, Step

register = template.Library()

#: Units of a drawing. It is stretched to its place, so it holds no words.
WIDE, HIGH = 1000, 100
#: The highest point of a line keeps this much below the edge.
TOP = 96
#: Of the room of a day or month, in hundredths: the rest parts it from the next.
BAR = 70
#: A cohort of all who stayed is the warmest.
WARMEST = 10
CAME = (Movement.NEW, Movement.REACTIVATION, Movement.EXPANSION)
WENT = (Movement.CONTRACTION, Movement.CHURN)


NOT_KNOWN = mark_safe('<span class="none">Not known yet</span>')


@register.filter
def percent(value: Decimal | None) -> str:
    """Write ``12.5 %``; what cannot be known is not 0."""
    return NOT_KNOWN if value is None else f"{value} %"


@register.filter
def known(value: Money | None) -> str:
    """Write an amount, or that it cannot be known."""
    return NOT_KNOWN if value is None else value.formatted


@register.filter
def came(step: Step) -> Money:
    """Return the MRR that new fans, old ones who came back, and upgrades brought."""
    return _sum(step, CAME)


@register.filter
def went(step: Step) -> Money:
    """Return the MRR that downgrades and those who left took; zero or less."""
    return _sum(step, WENT)


@register.filter
def moved(sheet: Sheet) -> list[tuple[str, Any, Money]]:
    """Return each kind of movement with what it came to in the range."""
    return [
        (str(each.label), found, Money(found.minor, sheet.currency))
        for each in (*CAME, *WENT)
        for found in (sheet.of(each),)
    ]


@register.filter
def step_name(step: Step) -> str:
    """Write a day, or the month of a long range."""
    day = step.start
    return f"{day:%b} {day.day}" if day == step.end else f"{day:%b %Y}"


@register.filter
def highest(sheet: Sheet) -> Money:
    """Return the highest MRR that a day or month ended with: the top of its drawing."""
    return max(step.mrr_end for step in sheet.steps)


@register.filter
def mrr_line(sheet: Sheet) -> SafeString:
    """Draw MRR at the end of each day or month."""
    values = [step.mrr_end.minor for step in sheet.steps]
    top = max(*values, 1, 1)
    room = WIDE // len(values)
    points = [
        (n * room + room // 2, HIGH - _part(value, top) * TOP // HIGH)
        for n, value in enumerate(values)
    ]
    first, last = points[0][0], points[-1][0]
    line = " ".join(f"{x},{y}" for x, y in points)
    return _picture(
        f"MRR from {sheet.mrr_start.formatted} to {sheet.mrr_end.formatted}; the table below "
        "has each figure",
        format_html(
            '<polygon class="area" points="{},{} {} {},{}"/><polyline class="line" points="{}"/>',
            first, HIGH, line, last, HIGH, line,
        ),
    )  # fmt: skip


@register.filter
def moves_bars(sheet: Sheet) -> SafeString:
    """Draw what came above a line and what went below it, by day or month."""
    up = [came(step).minor for step in sheet.steps]
    down = [-went(step).minor for step in sheet.steps]
    # The expansion of one plan alone may be below zero: what came is then drawn as gone.
    ups = [max(a, 0) + max(-b, 0) for a, b in zip(up, down, strict=True)]
    downs = [max(b, 0) + max(-a, 0) for a, b in zip(up, down, strict=True)]
    top, deep = max(ups), max(downs)
    whole = max(top + deep, 1)
    middle = _part(top, whole)
    bars = [
        *_bars("came", ups, whole, from_line=middle, above=True),
        *_bars("went", downs, whole, from_line=middle, above=False),
    ]
    drawn = format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>', bars)
    return _picture(
        "What came and what went; the table below has each figure",
        format_html(
            '{}<line class="zero" x1="0" y1="{}" x2="{}" y2="{}"/>', drawn, middle, WIDE, middle
        ),
    )


def _bars(
    name: str, values: Sequence[int], whole: int, *, from_line: int, above: bool
) -> list[tuple[str, int, int, int, int]]:
    room = WIDE // len(values)
    found = []
    for n, value in enumerate(values):
        if value:
            high = max(_part(value, whole), 1)
            top = from_line - high if above else from_line
            wide = max(room * BAR // 100, 1)
            found.append((name, n * room + (room - wide) // 2, top, wide, high))
    return found


@register.filter
def warmth(row: CohortRow) -> list[tuple[int, str, str]]:
    """Return of each later month how warm its cell is, its share, and the heads it is made of."""
    cells = []
    for age, stayed in enumerate(row.stayed):
        share = row.percent(age) or Decimal(0)
        step = max(0, min(WARMEST, int(share * WARMEST / 100)))
        cells.append((step, f"{share:.0f} %", f"{stayed:,} of {row.began:,}"))
    return cells


@register.filter
def ages(cohorts: Sequence[CohortRow]) -> range:
    """Return the months after the first that any cohort has."""
    return range(max((len(row.stayed) for row in cohorts), default=0))


def _sum(step: Step, movements: Sequence[Movement]) -> Money:
    minor = sum(step.moved[each].minor for each in movements if each in step.moved)
    return Money(minor, step.mrr_end.currency)


def _part(value: int, whole: int) -> int:
    """Return how high a value is drawn, of HIGH."""
    return max(0, value) * HIGH // whole


def _picture(title: str, drawn: SafeString) -> SafeString:
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img"'
        ' aria-label="{}">{}</svg>',
        WIDE, HIGH, title, drawn,
    )  # fmt: skip
