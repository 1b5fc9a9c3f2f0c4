"""Take a file in: known once, stored whole, read later."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Any, BinaryIO, NamedTuple

from django.db import IntegrityError, transaction

from apps.audit import services as audit
from apps.finance.reconciliation import errors
from apps.finance.reconciliation.choices import State
from apps.finance.reconciliation.models import Statement, StatementChunk, StatementSource

#: A million lines of CSV; more is no statement.
LARGEST_FILE = 200 * 1024 * 1024
CHUNK = 256 * 1024


class Received(NamedTuple):
    """``replayed`` when the same file had been received for the same source and period."""

    statement: Statement
    replayed: bool


@transaction.atomic
def receive_statement(
    *,
    source_id: int,
    file: BinaryIO,
    file_name: str,
    period_start: date,
    period_end: date,
    opening_minor: int | None,
    closing_minor: int | None,
    by: Any,
    now: datetime,
) -> Received:
    """Store a statement's file; the tick reads it. The same file again changes nothing.

    Balances are in the smallest unit, positive where the account holds money for us; None where
    the file says them itself, or where nobody does: then it opens as the one before closed.

    :raises SourceUnknown: there is no such source, or it is switched off
    :raises PeriodInvalid: it ends before it begins
    :raises FileEmpty, FileTooLarge: as they say
    :raises FileSeenBefore: the file was imported for another source or period
    :raises PeriodOverlaps: another statement of the source covers some of the days
    """
    source = StatementSource.objects.select_for_update(no_key=True).filter(pk=source_id).first()
    if source is None or not source.is_active:
        raise errors.SourceUnknown(source=source_id)
    if period_end < period_start:
        raise errors.PeriodInvalid(start=str(period_start), end=str(period_end))
    digest, size = _digest(file)
    before = Statement.objects.filter(file_sha256=digest).exclude(state=State.REFUSED).first()
    if before is not None:
        if (before.source_id, before.period_start, before.period_end) == (
            source.pk,
            period_start,
            period_end,
        ):
            return Received(before, replayed=True)
        raise errors.FileSeenBefore(statement=before.pk)
    _check_period(source, period_start, period_end)
    statement = _store(
        Statement(
            source=source,
            period_start=period_start,
            period_end=period_end,
            opening_minor=opening_minor,
            closing_minor=closing_minor,
            file_name=file_name[-200:],
            file_sha256=digest,
            file_bytes=size,
            received_at=now,
            received_by=by,
        ),
        file,
    )
    audit.record(
        by=by,
        action="reconciliation.statement_received",
        subject=statement,
        facts={"source": source.name, "file": statement.file_name, "sha256": digest},
    )
    return Received(statement, replayed=False)


def _digest(file: BinaryIO) -> tuple[str, int]:
    """
    :raises FileEmpty, FileTooLarge: as they say
    """
    file.seek(0)
    hashed, size = hashlib.sha256(), 0
    while piece := file.read(CHUNK):
        hashed.update(piece)
        size += len(piece)
        if size > LARGEST_FILE:
            raise errors.FileTooLarge(largest_bytes=LARGEST_FILE)
    if not size:
        raise errors.FileEmpty()
    return hashed.hexdigest(), size


def _check_period(source: StatementSource, start: date, end: date) -> None:
    """
    :raises PeriodOverlaps: another statement of the source covers some of the days
    """
    other = (
        source.statements.exclude(state=State.REFUSED)
        .filter(period_start__lte=end, period_end__gte=start)
        .first()
    )
    if other is not None:
        raise errors.PeriodOverlaps(statement=other.pk, period=str(other))


def _store(statement: Statement, file: BinaryIO) -> Statement:
    """
    :raises FileSeenBefore: another session stores the same file at this moment
    """
    try:
        with transaction.atomic():
            statement.save()
    except IntegrityError as error:
        raise errors.FileSeenBefore(sha256=statement.file_sha256) from error
    file.seek(0)
    n = 0
    while piece := file.read(CHUNK):
        StatementChunk.objects.create(statement=statement, n=n, data=piece)
        n += 1
    return statement
