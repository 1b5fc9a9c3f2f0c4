"""How the pages to print write figures and lead to entries."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import urlencode

from django import template
from django.urls import reverse

from apps.core.money import MINUS, Money
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.choices import EntryKind
from apps.finance.reports.rules.statements import Drill, Report

register = template.Library()


@register.filter
def accounting(value: Money) -> str:
    """Write a figure without its currency, which the sheet names: ``1,250.00``."""
    sign = MINUS if value.minor < 0 else ""
    return f"{sign}{abs(value.decimal):,f}"


@register.filter
def turned(value: Money) -> str:
    """Write a credit as a positive amount."""
    return (-value).formatted


@register.filter
def percent(value: Decimal) -> str:
    """Write a change: ``+12.5``."""
    return f"{MINUS if value < 0 else '+'}{abs(value):,f}"


@register.filter
def entries_page(drill: Drill) -> str:
    """Return the address of the page with the entries of a figure."""
    return f"{reverse('ledger:entries')}?{urlencode(drill.params() | {'format': 'html'})}"


@register.filter
def width(report: Report) -> int:
    """Return how many columns of figures a statement has, with those of a comparison."""
    compared = report.scope.compared is not None and len(report.columns) == 2  # noqa: PLR2004
    return len(report.columns) + 2 * compared


@register.filter
def account_name(code: str) -> str:
    return CHART[code].name


@register.filter
def kind_name(kind: str) -> str:
    return str(EntryKind(kind).label)
