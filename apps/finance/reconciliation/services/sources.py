"""Set up where statements come from, and by which rules they are compared."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from apps.audit import services as audit
from apps.core.money import SCALES
from apps.finance.reconciliation import errors, rules
from apps.finance.reconciliation.adapters import FORMATS
from apps.finance.reconciliation.choices import Compares
from apps.finance.reconciliation.models import StatementSource

#: What the rules of a source may be changed to later; the account it proves never changes.
CHANGEABLE = frozenset({
    "name", "format", "mapping", "date_window_days", "settlement_days", "tolerance_minor",
    "is_active",
})  # fmt: skip
LONGEST_WINDOW = 60
#: The column's length.
LONGEST_NAME = 80


@transaction.atomic
def add_source(
    *,
    name: str,
    code: str,
    owner: str,
    currency: str,
    format_name: str,
    mapping: dict[str, Any],
    compares: str = Compares.NET,
    date_window_days: int = 3,
    settlement_days: int = 7,
    tolerance_minor: int = 0,
    by: Any,
    now: datetime,
) -> StatementSource:
    """Name an account that another party's statements prove, and how their files are read.

    :raises SourceInvalid: account, currency, format, mapping or rules cannot be
    :raises SourceExists: the account or the name has a source
    """
    source = StatementSource(
        name=name.strip(),
        code=code,
        owner=owner,
        currency=currency,
        format=format_name,
        mapping=mapping,
        compares=compares,
        date_window_days=date_window_days,
        settlement_days=settlement_days,
        tolerance_minor=tolerance_minor,
        created_at=now,
    )
    _check(source)
    _save(source)
    audit.record(by=by, action="reconciliation.source_added", subject=source, facts=_facts(source))
    return source


@transaction.atomic
def set_source(
    *, source_id: int, changes: dict[str, Any], by: Any, reason: str, now: datetime
) -> StatementSource:
    """Change the rules of a source for the runs to come; matches made stay.

    :raises SourceUnknown: there is no such source
    :raises ReasonMissing: no reason is given
    :raises SourceInvalid: the rules cannot be so, or may not be changed
    :raises SourceExists: another source has the name
    """
    del now
    if not reason.strip():
        raise errors.ReasonMissing()
    source = StatementSource.objects.select_for_update(no_key=True).filter(pk=source_id).first()
    if source is None:
        raise errors.SourceUnknown(source=source_id)
    if changes.keys() - CHANGEABLE:
        raise errors.SourceInvalid(why=f"{sorted(changes.keys() - CHANGEABLE)} stay as they are.")
    before = _facts(source)
    for key, value in changes.items():
        setattr(source, key, value)
    _check(source)
    _save(source)
    audit.record(
        by=by,
        action="reconciliation.source_set",
        subject=source,
        reason=reason,
        facts={"before": before, "after": _facts(source)},
    )
    return source


def _save(source: StatementSource) -> None:
    """
    :raises SourceExists: the account or the name has a source
    """
    try:
        with transaction.atomic():
            source.save()
    except IntegrityError as error:
        raise errors.SourceExists(account=str(source.account)) from error


def _check(source: StatementSource) -> None:
    """
    :raises SourceInvalid: it says what is wrong
    """
    why = _wrong(source)
    if why:
        raise errors.SourceInvalid(why=why)


def _wrong(source: StatementSource) -> str:
    """Return the first thing that cannot be, or nothing."""
    days = (source.date_window_days, source.settlement_days)
    checks = (
        (1 <= len(source.name) <= LONGEST_NAME, f"A name has 1 to {LONGEST_NAME} characters."),
        (
            rules.is_provable(source.code, source.owner),
            "Only 1000 bank:NAME, 1100 processor:NAME and 1200 rail:NAME are kept by others.",
        ),
        (source.currency in SCALES, "The currency is not known."),
        (source.compares in Compares.values, "It compares NET or GROSS."),
        (source.format in FORMATS, f"The formats are {', '.join(FORMATS)}."),
        (min(days) >= 0 and max(days) <= LONGEST_WINDOW, f"Days are 0 to {LONGEST_WINDOW}."),
        (source.tolerance_minor >= 0, "The tolerance is zero or more."),
        (isinstance(source.mapping, dict), "The mapping is an object of JSON."),
    )
    for holds, why in checks:
        if not holds:
            return why
    return str(FORMATS[source.format].check(source.mapping))


def _facts(source: StatementSource) -> dict[str, Any]:
    fields = CHANGEABLE | {"code", "owner", "currency", "compares"}
    return {field: getattr(source, field) for field in sorted(fields)}
