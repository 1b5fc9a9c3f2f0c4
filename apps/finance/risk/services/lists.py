"""Block lists: what is put on is refused at the next payment, until it ends or is taken off."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.audit import services as audit
from apps.finance.risk import errors
from apps.finance.risk.choices import ListKind
from apps.finance.risk.models import Assessment, BlockEntry
from apps.finance.risk.rules.checks import clean_entry


@transaction.atomic
def add_entry(
    *,
    kind: ListKind,
    value: str,
    expires_at: datetime | None,
    by: User,
    reason: str,
    now: datetime,
) -> BlockEntry:
    """Put something on a list. An entry that has expired makes room for a new one.

    Payments are refused by it when a live rule looks at the list.

    :raises NotPermitted: ``by`` lacks risk.edit_block_list
    :raises ReasonMissing: no reason is given
    :raises EntryWrong: it is none of its kind, or ends before it begins
    :raises OnTheList: it is on it
    """
    _check_may(by, reason)
    value = clean_entry(kind, value)
    if expires_at is not None and expires_at <= now:
        raise errors.EntryWrong(field="expires_at", why="It would have ended already.")
    BlockEntry.objects.filter(
        kind=kind, value=value, removed_at__isnull=True, expires_at__lte=now
    ).update(removed_at=now)
    try:
        with transaction.atomic():
            entry = BlockEntry.objects.create(
                kind=kind,
                value=value,
                reason=reason.strip()[:300],
                added_by=by,
                added_at=now,
                expires_at=expires_at,
            )
    except IntegrityError as error:
        raise errors.OnTheList() from error
    audit.record(
        by=by,
        action="risk.listed",
        subject=entry,
        reason=reason.strip(),
        facts={
            "kind": kind.value,
            "value": value,
            "until": expires_at.isoformat() if expires_at else None,
        },
    )
    return entry


def block_part(
    *,
    assessment_id: int,
    kind: ListKind,
    expires_at: datetime | None,
    by: User,
    reason: str,
    now: datetime,
) -> BlockEntry:
    """Put a payment's payer, card, network, mail domain or card number's beginning on a list.

    :raises AssessmentNotFound: there is no such assessment
    :raises EntryWrong: the payment has no such part, or it is forgotten by now
    :raises NotPermitted, ReasonMissing, OnTheList: as ``add_entry``
    """
    row = Assessment.objects.filter(pk=assessment_id).first()
    if row is None:
        raise errors.AssessmentNotFound(assessment=assessment_id)
    value = {
        ListKind.PAYER: str(row.payer_id),
        ListKind.CARD: row.card_hash,
        ListKind.NETWORK: row.network,
        ListKind.EMAIL_DOMAIN: row.facts.get("email_domain", ""),
        ListKind.BIN: row.facts.get("bin", ""),
    }[kind]
    if not value:
        raise errors.EntryWrong(field="kind", why="The payment does not say it.")
    return add_entry(kind=kind, value=value, expires_at=expires_at, by=by, reason=reason, now=now)


@transaction.atomic
def remove_entry(*, entry_id: int, by: User, reason: str, now: datetime) -> BlockEntry:
    """Take something off its list; the entry stays, as what was.

    :raises NotPermitted: ``by`` lacks risk.edit_block_list
    :raises ReasonMissing: no reason is given
    :raises EntryNotFound: there is no such entry
    :raises NotOnTheList: it was taken off before
    """
    _check_may(by, reason)
    entry = BlockEntry.objects.select_for_update().filter(pk=entry_id).first()
    if entry is None:
        raise errors.EntryNotFound(entry=entry_id)
    if entry.removed_at:
        raise errors.NotOnTheList()
    entry.removed_by, entry.removed_at = by, now
    entry.save(update_fields=["removed_by", "removed_at"])
    audit.record(
        by=by,
        action="risk.taken_off",
        subject=entry,
        reason=reason.strip(),
        facts={"kind": entry.kind, "value": entry.value},
    )
    return entry


def _check_may(by: User, reason: str) -> None:
    if not by.has_perm("risk.edit_block_list"):
        raise errors.NotPermitted()
    if not reason.strip():
        raise errors.ReasonMissing()
