"""Questions about what was done, and whether the answer can be believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import QuerySet

from apps.audit import rules
from apps.audit.models import AuditRecord, ChainHead


@dataclass(frozen=True, slots=True)
class Finding:
    """``kind`` is edited, gap, cut_tail or head_edited; ``number`` the place in the chain."""

    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """``sealed`` records were checked; ``waiting`` ones are not yet part of the chain."""

    sealed: int
    waiting: int
    findings: list[Finding]

    @property
    def ok(self) -> bool:
        return not self.findings


def records(
    *,
    actor_id: int | None = None,
    action: str = "",
    subject_type: str = "",
    subject_id: str = "",
    cluster: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[AuditRecord]:
    """Return what matches everything given, newest first. ``action`` "payouts." is a prefix."""
    found = AuditRecord.objects.select_related("actor").order_by("-id")
    exact = {
        "actor_id": actor_id,
        "subject_type": subject_type,
        "subject_id": subject_id,
        "cluster": cluster,
        "at__gte": since,
        "at__lt": until,
        "action__startswith" if action.endswith(".") else "action": action,
    }
    return found.filter(**{name: value for name, value in exact.items() if value})


def verify_chain() -> Verdict:
    """Read the whole chain and compare it with itself and with every noted head.

    An edit breaks a record's own hash or the link to it, a removed record leaves a gap in the
    numbers, and a removed end no longer reaches the newest head.
    """
    heads = dict(ChainHead.objects.values_list("number", "hash"))
    findings: list[Finding] = []
    expected, previous, sealed = 1, rules.GENESIS, 0
    for row in _sealed_rows():
        number = int(str(row["number"]))
        if number != expected:
            findings.append(Finding("gap", expected))
        elif row["previous_hash"] != previous:
            findings.append(Finding("edited", number - 1))
        if row["hash"] != rules.hash_of(row):
            findings.append(Finding("edited", number))
        if heads.pop(number, row["hash"]) != row["hash"]:
            findings.append(Finding("head_edited", number))
        expected, previous, sealed = number + 1, str(row["hash"]), sealed + 1
    if heads and max(heads) >= expected:
        findings.append(Finding("cut_tail", expected))
    waiting = AuditRecord.objects.filter(number=None).count()
    return Verdict(sealed, waiting, list(dict.fromkeys(findings)))


def _sealed_rows() -> Iterator[dict[str, object]]:
    rows = AuditRecord.objects.filter(number__isnull=False).order_by("number")
    for row in rows.values(*rules.FIELDS, "hash").iterator(chunk_size=2_000):
        yield {**row, "at": row["at"].astimezone(UTC)}
