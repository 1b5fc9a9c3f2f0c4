"""Two people approve a file, one takes it to the bank, once."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db.models import F
from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.finance.debits import errors
from apps.finance.debits.choices import DebitState, FileState, MandateState
from apps.finance.debits.models import Debit, DebitFile, FileApproval, FileCopy, Mandate
from apps.finance.debits.services.files import hold_from, proved_from
from apps.finance.debits.services.mandates import IN_FORCE, cancel_waiting
from apps.finance.debits.services.moves import write_debits

APPROVALS = 2


@atomic
def approve_file(*, file_id: int, by: User, reason: str, now: datetime) -> DebitFile:
    """
    Approve a file; with the second person's word it may be handed over.

    :raises DebitsNotAllowed: ``by`` lacks debits.approve_file
    :raises FileNotFound, WrongState: there is none, or it waits for no approval
    :raises SecondPersonNeeded: ``by`` approved it before
    :raises FileDamaged: the bytes are not what was made
    """
    if not by.has_perm("debits.approve_file"):
        raise errors.DebitsNotAllowed()
    file = _locked(file_id)
    if file.state != FileState.MADE:
        raise errors.WrongState(state=file.state, wanted=FileState.APPROVED)
    if file.approvals.filter(by=by).exists():
        raise errors.SecondPersonNeeded()
    body_of(file)
    FileApproval.objects.create(file=file, by=by, at=now, reason=reason[:200])
    if file.approvals.count() >= APPROVALS:
        file.state = FileState.APPROVED
        file.save(update_fields=["state"])
        FileCopy.objects.create(file=file, number=1, released_by=by, released_at=now)
    _record(file, "debits.file_approved", by=by, reason=reason)
    return file


@atomic
def take_file(*, file_id: int, by: User, now: datetime) -> bytes:
    """
    Return the bytes of an approved file, to be given to the bank; each released copy once.

    With the first the debits' hold begins.

    :raises DebitsNotAllowed: ``by`` lacks debits.hand_over_file
    :raises FileNotFound: there is none
    :raises WrongState: two people have not approved it yet
    :raises AlreadyHandedOver: no copy is left; another needs a second person (``release_copy``)
    :raises FileDamaged: the bytes are not what was made
    """
    if not by.has_perm("debits.hand_over_file"):
        raise errors.DebitsNotAllowed()
    file = _locked(file_id)
    if file.state == FileState.MADE:
        raise errors.WrongState(state=file.state, wanted=FileState.HANDED_OVER)
    copy = file.copies.filter(taken_at__isnull=True).order_by("number").first()
    if copy is None:
        raise errors.AlreadyHandedOver(file=file.name)
    body = body_of(file)
    copy.taken_by, copy.taken_at = by, now
    copy.save(update_fields=["taken_by", "taken_at"])
    handed_over(file, now=now, by=by)
    _record(file, "debits.file_handed_over", by=by, facts={"copy": copy.number})
    return body


@atomic
def release_copy(*, file_id: int, by: User, reason: str, now: datetime) -> FileCopy:
    """
    Let a file be taken once more, when the bank surely has none (docs/runbooks/bank-debits.md).

    :raises DebitsNotAllowed: ``by`` lacks debits.approve_file
    :raises ReasonMissing, FileNotFound: as they say
    :raises WrongState: it was never handed over, or a copy waits already
    :raises SecondPersonNeeded: ``by`` took the last copy, or released it to the machine
    """
    if not by.has_perm("debits.approve_file"):
        raise errors.DebitsNotAllowed()
    if not reason.strip():
        raise errors.ReasonMissing()
    file = _locked(file_id)
    last = file.copies.order_by("-number").first()
    if last is None or last.taken_at is None:
        raise errors.WrongState(state=file.state, wanted="another copy")
    if by.pk == (last.released_by_id if last.place else last.taken_by_id):
        raise errors.SecondPersonNeeded()
    copy = FileCopy.objects.create(
        file=file,
        number=last.number + 1,
        released_by=by,
        released_at=now,
        reason=reason.strip()[:200],
    )
    _record(file, "debits.copy_released", by=by, reason=reason, facts={"copy": copy.number})
    return copy


@atomic
def refuse_file(*, file_id: int, by: User, reason: str, now: datetime) -> int:
    """
    The bank refused a file as a whole: its debits wait for the next one, or are cancelled where
    their mandate has ended meanwhile; return how many there are.

    What the bank returned one by one meanwhile stays as it is. Nothing is booked.

    :raises DebitsNotAllowed: ``by`` lacks debits.approve_file
    :raises ReasonMissing, FileNotFound: as they say
    :raises WrongState: it was not handed over, or a debit of it counts as paid
    :raises SecondPersonNeeded: ``by`` took it to the bank
    """
    if not by.has_perm("debits.approve_file"):
        raise errors.DebitsNotAllowed()
    if not reason.strip():
        raise errors.ReasonMissing()
    file = _locked(file_id)
    here = Debit.objects.filter(items__file=file, items__presentation=F("presentation"))
    if file.state != FileState.HANDED_OVER:
        raise errors.WrongState(state=file.state, wanted=FileState.REFUSED)
    if file.handed_to_id == by.pk:
        raise errors.SecondPersonNeeded()
    mandates = list(
        Mandate.objects.select_for_update(of=("self",))
        .filter(pk__in=list(here.values_list("mandate", flat=True)))
        .order_by("id")
    )
    locked = list(
        Debit.objects.select_for_update(of=("self",))
        .filter(pk__in=list(here.values_list("pk", flat=True)))
        .order_by("id")
    )
    if any(debit.state == DebitState.SETTLED for debit in locked):
        raise errors.WrongState(state=DebitState.SETTLED, wanted=FileState.REFUSED)
    file.state, file.refused_at, file.problem = FileState.REFUSED, now, ""
    file.save(update_fields=["state", "refused_at", "problem"])
    back = [debit for debit in locked if debit.state == DebitState.IN_FILE]
    for debit in back:
        debit.presentation, debit.hold_until, debit.needs_staff = debit.presentation + 1, None, ""
        debit.state = DebitState.READY
    Debit.objects.bulk_update(
        back, ["presentation", "hold_until", "needs_staff", "state"], batch_size=1000
    )
    write_debits(back, DebitState.IN_FILE, now=now, reason=f"Bank refused {file.name}", by=by)
    _cancel_ended(mandates, now=now, by=by)
    Mandate.objects.filter(prenotes__file=file, state=MandateState.CHECKING).update(
        usable_from=None
    )
    _record(file, "debits.file_refused", by=by, reason=reason, facts={"debits": len(back)})
    return len(back)


@joins_transaction
def _cancel_ended(mandates: list[Mandate], *, now: datetime, by: User) -> None:
    """Cancel what waits again under a mandate that ended meanwhile: no later file takes it."""
    for mandate in mandates:
        if mandate.state not in IN_FORCE:
            cancel_waiting(mandate, now=now, by=by)


@joins_transaction
def handed_over(file: DebitFile, *, now: datetime, by: User | None) -> None:
    """The bank has a locked file: with the first time its debits' hold, and prenotes, begin."""
    if file.state not in {FileState.APPROVED, FileState.SENDING}:
        return
    file.state, file.handed_at, file.handed_to = FileState.HANDED_OVER, now, by
    file.problem = ""
    file.save(update_fields=["state", "handed_at", "handed_to", "problem"])
    Debit.objects.filter(items__file=file, items__presentation=F("presentation")).update(
        hold_until=hold_from(file, now)
    )
    Mandate.objects.filter(prenotes__file=file, state=MandateState.CHECKING).update(
        usable_from=proved_from(file, now)
    )


def body_of(file: DebitFile) -> bytes:
    """
    :raises FileDamaged: the bytes are not what was made
    """
    body = bytes(file.body)
    if hashlib.sha256(body).hexdigest() != file.sha256 or len(body) != file.size:
        raise errors.FileDamaged(file=file.name)
    return body


def _locked(file_id: int) -> DebitFile:
    file = DebitFile.objects.select_for_update(of=("self",)).filter(pk=file_id).first()
    if file is None:
        raise errors.FileNotFound()
    return file


def _record(
    file: DebitFile,
    action: str,
    *,
    by: User,
    reason: str = "",
    facts: dict[str, int] | None = None,
) -> None:
    audit.record(
        by=by,
        action=action,
        subject=file,
        reason=reason,
        facts={"sha256": file.sha256, "name": file.name, **(facts or {})},
    )
