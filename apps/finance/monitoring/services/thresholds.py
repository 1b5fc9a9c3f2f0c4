"""The lines change when a network's bulletin says so: a new row, never an edit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db import IntegrityError
from django.db.transaction import atomic

from apps.audit import services as audit
from apps.finance.monitoring import errors
from apps.finance.monitoring.choices import Network, Programme
from apps.finance.monitoring.models import Threshold
from apps.finance.monitoring.rules import Line

if TYPE_CHECKING:
    from apps.accounts.models import User

WHOLE_BPS = 10_000


@dataclass(frozen=True, slots=True)
class NewLine:
    programme: Programme
    network: Network
    effective_from: date
    line: Line


@atomic
def set_threshold(*, new: NewLine, by: User, reason: str) -> Threshold:
    """
    Set a programme's line from a day on. ``reason`` names the bulletin it is from.

    :raises SettingNotAllowed: ``by`` lacks monitoring.set_threshold
    :raises ReasonMissing: no bulletin is named
    :raises BadLine: a ratio that is none, no least count, or a second line of the same day
    """
    if not by.has_perm("monitoring.set_threshold"):
        raise errors.SettingNotAllowed
    if not reason.strip():
        raise errors.ReasonMissing
    line = new.line
    if not 0 < line.line_bps < WHOLE_BPS or line.least_count < 1:
        raise errors.BadLine(line_bps=line.line_bps, least_count=line.least_count)
    try:
        with atomic():
            row = Threshold.objects.create(
                programme=new.programme,
                network=new.network,
                effective_from=new.effective_from,
                counted=line.counted,
                basis=line.basis,
                line_bps=line.line_bps,
                least_count=line.least_count,
                least_minor=line.least_minor,
                least_sales=line.least_sales,
                source=reason.strip()[:300],
                by=by,
            )
    except IntegrityError as error:
        raise errors.BadLine(effective_from=str(new.effective_from)) from error
    audit.record(
        by=by,
        action="monitoring.threshold_set",
        subject=row,
        reason=reason,
        facts={"programme": row.programme, "line_bps": row.line_bps},
    )
    return row
