"""Rates come in: from a source's file, or from a person. Nothing is ever changed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from django.db import connection, transaction

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.finance.fx import errors
from apps.finance.fx.adapters import Quoted, read_rates
from apps.finance.fx.adapters.files import is_ecb
from apps.finance.fx.choices import ECB, MANUAL
from apps.finance.fx.models import ExchangeRate
from apps.finance.fx.rules import rates

_SOURCE = re.compile(r"[A-Z][A-Z0-9-]{1,29}", re.ASCII)
_BATCH = 1000
#: An older rate says nothing of today's.
_MONTH = timedelta(days=31)
#: Two imports of one file at once would each miss what the other is about to write.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('fx.rates', 0))"
_INSERT = """
INSERT INTO fx_exchangerate (base, quote, "on", rate, source, recorded_at, by_id, reason)
SELECT new.base, new.quote, new.day, new.rate, %s, %s, %s, %s
  FROM unnest(%s::text[], %s::text[], %s::date[], %s::numeric[])
       WITH ORDINALITY AS new (base, quote, day, rate, n)
 WHERE new.rate IS DISTINCT FROM (
       SELECT known.rate FROM fx_exchangerate known
        WHERE known.base = new.base AND known.quote = new.quote AND known."on" = new.day
          AND known.source = %s
        ORDER BY known.id DESC LIMIT 1)
 ORDER BY new.n
"""


class Imported(NamedTuple):
    """How many rates a file had, and how many of them were new or corrected."""

    read: int
    recorded: int


@transaction.atomic
def import_rates(
    *, path: Path, source: str, by: User | None, reason: str, now: datetime
) -> Imported:
    """Record the rates of a source's file, all or none. Importing it again records nothing.

    A rate that the source gave before with another value is recorded as its correction. A manual
    rate stays in force unless its source says something new after it. Reads row by row: memory
    stays flat.

    :raises FileUnreadable: not a file of rates, or a bad line in it
    :raises SourceMalformed: the source has no proper name
    :raises SourceMismatch: a file of the ECB under another name, or another file as the ECB's
    :raises RateNotPositive: a rate is zero, below, or has too many digits
    :raises WrongWayRound: a pair is written against its order
    :raises RateInTheFuture: a day after today
    """
    if is_ecb(path) != (source == ECB):
        raise errors.SourceMismatch(source=source[:30], file=path.name)
    read = recorded = 0
    rows = read_rates(path)
    while batch := list(islice(rows, _BATCH)):
        recorded += record_rates(rows=batch, source=source, by=by, reason=reason, now=now)
        read += len(batch)
    if not read:
        raise errors.FileUnreadable(file=path.name, why="no rates in it")
    audit.record(
        by=by,
        action="fx.rates_imported",
        subject=f"fx.exchangerate:{source}",
        reason=reason,
        facts={"file": path.name[:100], "read": read, "recorded": recorded},
    )
    return Imported(read, recorded)


@joins_transaction
def record_rates(
    *, rows: Iterable[Quoted], source: str, by: User | None, reason: str, now: datetime
) -> int:
    """Record published rates in one statement; return how many were new or corrected.

    Repeating is harmless: what the source's latest row says already is passed over. A day may
    come once in ``rows``; of several rows of one day all are kept and the last counts.

    :raises SourceMalformed, RateNotPositive, WrongWayRound, SameCurrency, UnknownCurrency:
        a row is not a rate
    :raises RateInTheFuture: a day after today
    """
    if not _SOURCE.fullmatch(source):
        raise errors.SourceMalformed(source=source[:30])
    batch = list(rows)
    today = now.astimezone(UTC).date()
    for row in batch:
        _check(row, today)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        cursor.execute(
            _INSERT,
            [
                source,
                now,
                by.pk if by else None,
                reason[:200],
                [row.base for row in batch],
                [row.quote for row in batch],
                [row.on for row in batch],
                [row.rate for row in batch],
                source,
            ],
        )
        return int(cursor.rowcount)


@transaction.atomic
def record_rate(
    *, base: str, quote: str, on: date, rate: Decimal, by: User, reason: str, now: datetime
) -> ExchangeRate:
    """Record one rate that a person read somewhere, or correct a wrong one.

    One person with a reason is enough because a rate moves no money (an exchange books the
    amounts that the bank states) and stays visible with who and why; but a rate over a quarter
    away from the last known one is refused as a slip, and comes in by its source's file only.

    :raises NotPermitted: ``by`` lacks fx.record_rate
    :raises ReasonMissing: no reason is given
    :raises RateImplausible: too far from the last rate known within a month, or its inverse
    :raises RateNotPositive, WrongWayRound, SameCurrency, UnknownCurrency: not a rate
    :raises RateInTheFuture: a day after today
    """
    if not by.has_perm("fx.record_rate"):
        raise errors.NotPermitted()
    if not reason.strip():
        raise errors.ReasonMissing()
    _check(Quoted(base, quote, on, rate), now.astimezone(UTC).date())
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
    rates.check_plausible(rate, _last_known(base, quote, on))
    row = ExchangeRate.objects.create(
        base=base, quote=quote, on=on, rate=rate, source=MANUAL, recorded_at=now, by=by,
        reason=reason.strip()[:200],
    )  # fmt: skip
    audit.record(
        by=by,
        action="fx.rate_recorded",
        subject=row,
        reason=reason.strip(),
        facts={"pair": f"{base}/{quote}", "on": on.isoformat(), "rate": str(rate)},
    )
    return row


def _check(row: Quoted, today: date) -> None:
    rates.check_pair(row.base, row.quote)
    rates.check_rate(row.rate)
    if row.on > today:
        raise errors.RateInTheFuture(on=row.on.isoformat())


def _last_known(base: str, quote: str, on: date) -> Decimal | None:
    return (
        ExchangeRate.objects.filter(base=base, quote=quote, on__range=(on - _MONTH, on))
        .exclude(source=MANUAL)
        .order_by("-on", "-id")
        .values_list("rate", flat=True)
        .first()
    )
