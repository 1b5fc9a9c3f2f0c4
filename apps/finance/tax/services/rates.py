"""Rates are entered by one person and confirmed by another; brands turn tax on."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import transaction

from apps.accounts.models import User
from apps.audit import services as audit
from apps.finance.tax import errors
from apps.finance.tax.adapters import FiledRate, read_rates
from apps.finance.tax.choices import Product, TaxKind
from apps.finance.tax.models import BrandTaxation, TaxRate
from apps.finance.tax.rules.countries import is_place
from apps.finance.tax.rules.due import PLACES

if TYPE_CHECKING:
    from apps.clusters.models import Cluster


@transaction.atomic
def set_rate(
    *,
    place: str,
    product: Product,
    kind: TaxKind,
    percent: Decimal,
    is_inclusive: bool,
    valid_from: date,
    source: str,
    by: User,
    reason: str,
    now: datetime,
) -> TaxRate:
    """Enter a rate; nothing is collected by it until another person confirms it.

    A rate that ends is entered as zero from the day on which it ends. Sales made before keep the
    rate they were made by, also where the new row is of an earlier day.

    :raises NotPermitted: ``by`` lacks tax.set_rate
    :raises ReasonMissing, SourceMissing: nothing to judge the rate by
    :raises PlaceUnknown: there is no such place
    :raises RateOutOfRange: below 0, over 100, or over four places
    """
    if not by.has_perm("tax.set_rate"):
        raise errors.NotPermitted()
    if not reason.strip():
        raise errors.ReasonMissing()
    filed = FiledRate(place, product, kind, percent, is_inclusive, valid_from, source.strip())
    row = _create(filed, by=by, reason=reason.strip(), now=now)
    audit.record(
        by=by, action="tax.rate_set", subject=row, reason=reason.strip(), facts=_facts(row)
    )
    return row


@transaction.atomic
def import_rates(*, path: Path, by: User | None, now: datetime) -> tuple[int, int]:
    """Enter the rates of a file, all or none; return how many it has and how many were new.

    None is confirmed by that. What the table says already is passed over.

    :raises FileUnreadable: not such a file, or a bad line
    :raises PlaceUnknown, RateOutOfRange, SourceMissing: a line that is no rate
    """
    read = created = 0
    for filed in read_rates(path):
        read += 1
        latest = (
            TaxRate.objects.filter(
                place=filed.place,
                product=filed.product,
                kind=filed.kind,
                valid_from=filed.valid_from,
            )
            .order_by("-id")
            .first()
        )
        if latest and (latest.percent, latest.is_inclusive) == (filed.percent, filed.is_inclusive):
            continue
        _create(filed, by=by, reason=f"file {path.name}"[:200], now=now)
        created += 1
    audit.record(
        by=by,
        action="tax.rates_imported",
        subject="tax.taxrate:file",
        facts={"file": path.name[:100], "read": read, "new": created},
    )
    return read, created


@transaction.atomic
def confirm_rate(*, rate_id: int, by: User, reason: str, now: datetime) -> TaxRate:
    """Let a rate count: brands that collect tax collect by it from its day on.

    :raises NotPermitted: ``by`` lacks tax.confirm_rate
    :raises ReasonMissing: no reason is given
    :raises RateNotFound: there is no such rate
    :raises AlreadyConfirmed: somebody has
    :raises OwnRate: ``by`` entered it
    """
    if not by.has_perm("tax.confirm_rate"):
        raise errors.NotPermitted()
    if not reason.strip():
        raise errors.ReasonMissing()
    row = TaxRate.objects.select_for_update().filter(pk=rate_id).first()
    if row is None:
        raise errors.RateNotFound(rate_id=rate_id)
    if row.is_confirmed:
        raise errors.AlreadyConfirmed()
    if row.by_id == by.pk:
        raise errors.OwnRate()
    row.confirmed_at, row.confirmed_by = now, by
    row.save(update_fields=["confirmed_at", "confirmed_by"])
    audit.record(
        by=by, action="tax.rate_confirmed", subject=row, reason=reason.strip(), facts=_facts(row)
    )
    return row


@transaction.atomic
def turn_tax(
    *, cluster: Cluster, is_on: bool, by: User, reason: str, now: datetime
) -> BrandTaxation:
    """Let a brand collect tax from now on, or no longer. Payments begun before stay as they are.

    :raises NotPermitted: ``by`` lacks tax.turn_tax
    :raises ReasonMissing: no reason is given
    :raises AlreadySo: the brand is set so
    """
    if not by.has_perm("tax.turn_tax"):
        raise errors.NotPermitted()
    if not reason.strip():
        raise errors.ReasonMissing()
    latest = BrandTaxation.objects.filter(cluster=cluster).order_by("-since", "-id").first()
    if (latest is not None and latest.is_on) == is_on:
        raise errors.AlreadySo()
    row = BrandTaxation.objects.create(
        cluster=cluster, is_on=is_on, since=now, by=by, reason=reason.strip()[:200]
    )
    audit.record(
        by=by,
        action="tax.turned_on" if is_on else "tax.turned_off",
        subject=row,
        reason=reason.strip(),
        cluster=cluster,
    )
    return row


def _create(filed: FiledRate, *, by: User | None, reason: str, now: datetime) -> TaxRate:
    if not is_place(filed.place):
        raise errors.PlaceUnknown(place=filed.place[:10])
    if not filed.source:
        raise errors.SourceMissing()
    _check_percent(filed.percent)
    return TaxRate.objects.create(
        place=filed.place,
        product=filed.product,
        kind=filed.kind,
        percent=filed.percent,
        is_inclusive=filed.is_inclusive,
        valid_from=filed.valid_from,
        source=filed.source[:300],
        reason=reason[:200],
        recorded_at=now,
        by=by,
    )


def _check_percent(percent: Decimal) -> None:
    if not percent.is_finite() or not 0 <= percent <= 100:  # noqa: PLR2004 - the whole
        raise errors.RateOutOfRange(percent=str(percent)[:20])
    exponent = percent.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > PLACES:
        raise errors.RateOutOfRange(percent=str(percent)[:20])


def _facts(row: TaxRate) -> dict[str, str]:
    return {
        "rate": str(row),
        "product": row.product,
        "from": row.valid_from.isoformat(),
        "source": row.source,
    }
