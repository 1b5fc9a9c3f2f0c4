"""Read the filters of the books' lists."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from rest_framework import serializers

from apps.clusters.models import Cluster
from apps.core.api.cursors import PageQuery
from apps.core.api.fields import DayField
from apps.core.money import SCALES, UnknownCurrency
from apps.finance.ledger import errors
from apps.finance.ledger.chart import CHART, leaves_under
from apps.finance.ledger.choices import EntryKind, Side
from apps.finance.ledger.selectors.journal import Journal

#: Codes, kinds, owners: a list with commas is as long as the chart at most.
LONG = 600


class AccountsQuery(PageQuery):
    code = serializers.CharField(
        required=False, max_length=LONG, help_text="Codes of the chart, or of its groups: 1,2100."
    )
    owner = serializers.CharField(required=False, max_length=80, help_text="profile:17")
    currency = serializers.CharField(required=False, max_length=5)


class EntriesQuery(AccountsQuery):
    kind = serializers.CharField(required=False, max_length=2000, help_text="TIP_CARD,TIP_WALLET")
    not_kind = serializers.CharField(required=False, max_length=2000)
    brand = serializers.CharField(required=False, max_length=50, help_text="Slug of a brand.")
    start = DayField(required=False, help_text="From the beginning without it.")
    end = DayField(required=False, help_text="Counted in; today without it.")
    side = serializers.ChoiceField(
        choices=Side.choices, required=False, help_text="Only lines on that side."
    )
    beside = serializers.CharField(
        required=False,
        max_length=LONG,
        help_text="Only in entries with a line on one of these codes too, in the same currency.",
    )


class StatementQuery(PageQuery):
    start = DayField(required=False, help_text="The month's first day without it.")
    end = DayField(required=False, help_text="Counted in; today without it.")


def journal_of(asked: Mapping[str, Any], *, today: date) -> Journal:
    """Return the filter that a checked query asks for.

    :raises UnknownAccount: the chart has no such code
    :raises UnknownKind: no entry is of such a kind
    :raises UnknownBrand: no brand has that slug
    :raises UnknownCurrency: the platform does not know it
    :raises EndBeforeStart: the period ends before it starts
    """
    start, end = asked.get("start"), asked.get("end", today)
    if start is not None:
        check_order(start, end)
    return Journal(
        start=start,
        end=end,
        codes=codes_of(asked.get("code")),
        kinds=kinds_of(asked.get("kind")),
        but_kinds=kinds_of(asked.get("not_kind")),
        cluster=brand_of(asked.get("brand")),
        currency=currency_of(asked.get("currency")),
        owner=asked.get("owner", ""),
        side=asked.get("side", ""),
        beside=codes_of(asked.get("beside")),
    )


def codes_of(written: str | None) -> tuple[str, ...]:
    """Return the codes of accounts that a list of codes and groups means."""
    codes: list[str] = []
    for code in (written or "").split(",") if written else ():
        if code not in CHART:
            raise errors.UnknownAccount(code=code[:20])
        codes += [leaf.code for leaf in leaves_under(code)]
    return tuple(dict.fromkeys(codes))


def kinds_of(written: str | None) -> tuple[str, ...]:
    kinds = tuple(written.split(",")) if written else ()
    for kind in kinds:
        if kind not in EntryKind.values:
            raise errors.UnknownKind(kind=kind[:40])
    return kinds


def brand_of(slug: str | None) -> str:
    if slug and not Cluster.objects.filter(slug=slug).exists():
        raise errors.UnknownBrand(brand=slug)
    return slug or ""


def currency_of(code: str | None) -> str:
    if code and code not in SCALES:
        raise UnknownCurrency(currency=code[:20])
    return code or ""


def check_order(start: date, end: date) -> None:
    """
    :raises EndBeforeStart: the period ends before it starts
    """
    if end < start:
        raise errors.EndBeforeStart(start=start.isoformat(), end=end.isoformat())
