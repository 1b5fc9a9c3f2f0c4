"""Approved files go to the bank's drop by machine: claimed, put, recorded. Each copy once.

Whoever dies, or loses the line, after the claim leaves a copy of which nobody knows whether the
bank has it. It is looked for. Where the drop keeps what it is given, absence proves that it never
came; elsewhere the bank may have fetched it, so a person asks the bank. It is never guessed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db.models import QuerySet
from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.db import outside_transaction
from apps.finance.debits import errors
from apps.finance.debits.adapters import storage as drop
from apps.finance.debits.choices import FileState
from apps.finance.debits.models import DebitFile, FileCopy
from apps.finance.debits.selectors.banks import Place, place_of
from apps.finance.debits.services.hand_over import body_of, handed_over

log = structlog.get_logger(__name__)

#: Longer than any upload takes: who has claimed and said nothing since is dead.
LEASE = timedelta(minutes=10)
_NOT_SURE = "Nobody can tell whether the bank has it: ask the bank"


@outside_transaction
def send_files(*, now: datetime, limit: int = 50) -> int:
    """
    Put what is approved into the bank's drop, and look for what was claimed and not recorded;
    return how many files are surely there now. Safe twice at once, and to kill anywhere.
    """
    waiting = FileCopy.objects.filter(
        taken_at__isnull=True,
        file__state__in=[FileState.APPROVED, FileState.SENDING, FileState.HANDED_OVER],
    )
    lost = FileCopy.objects.filter(
        taken_at__lte=now - LEASE, placed_at__isnull=True, problem=""
    ).exclude(place="")
    sent = sum(_send(pk, now=now) for pk in _keys(waiting, limit))
    return sent + sum(_find(pk, now=now) for pk in _keys(lost, limit))


@atomic
def confirm_copy(*, file_id: int, by: User, reason: str, now: datetime) -> DebitFile:
    """
    Staff asked the bank: it has the file of which we did not know. The hold begins now.

    :raises DebitsNotAllowed: ``by`` lacks debits.hand_over_file
    :raises ReasonMissing, FileNotFound: as they say
    :raises WrongState: nothing about it is unsure, or another copy was released meanwhile
    """
    if not by.has_perm("debits.hand_over_file"):
        raise errors.DebitsNotAllowed()
    if not reason.strip():
        raise errors.ReasonMissing()
    file = DebitFile.objects.select_for_update(of=("self",)).filter(pk=file_id).first()
    if file is None:
        raise errors.FileNotFound()
    last = file.copies.order_by("-number").first()
    if file.state != FileState.SENDING or last is None or not last.problem:
        raise errors.WrongState(state=file.state, wanted=FileState.HANDED_OVER)
    last.placed_at = now
    last.save(update_fields=["placed_at"])
    handed_over(file, now=now, by=by)
    audit.record(by=by, action="debits.copy_confirmed", subject=file, reason=reason)
    return file


def _keys(copies: QuerySet[FileCopy], limit: int) -> list[int]:
    return list(copies.order_by("id").values_list("pk", flat=True)[:limit])


@outside_transaction
def _send(copy_id: int, *, now: datetime) -> bool:
    copy = FileCopy.objects.select_related("file__merchant_account__cluster").get(pk=copy_id)
    file = copy.file
    place = place_of(file.merchant_account)
    if place is None or not place.can_put:
        return False
    path = place.path_for(file.name)
    try:
        body, storage = body_of(file), drop.storage_of(place.storage)
        there = drop.digest_at(storage, path, largest=file.size)
        if there not in {"", file.sha256}:
            raise errors.FileDamaged(file=path)  # noqa: TRY301 - one place says why
    except errors.BankNotReached:
        log.warning("bank_not_reached", file=file.name, storage=place.storage)
        return False
    except (errors.FileDamaged, errors.NotConfigured) as error:
        return _problem(file.pk, str(error))
    if not _claim(copy_id, f"{place.storage}:{path}", now=now):
        return False
    if not there:
        try:
            drop.put(storage, path, body)
        except (errors.BankNotReached, errors.FileDamaged) as error:
            # It may lie there all the same: looked for when the lease is over.
            log.warning("debit_file_in_doubt", file=file.name, error=repr(error))
            return False
    return _record(copy_id, now=now)


@outside_transaction
def _find(copy_id: int, *, now: datetime) -> bool:
    """Look for a file that somebody claimed who said nothing since."""
    copy = FileCopy.objects.select_related("file__merchant_account__cluster").get(pk=copy_id)
    place = place_of(copy.file.merchant_account)
    name, _, path = copy.place.partition(":")
    try:
        there = drop.digest_at(drop.storage_of(name), path, largest=copy.file.size)
    except (errors.BankNotReached, errors.NotConfigured) as error:
        log.warning("bank_not_reached", file=copy.file.name, error=repr(error))
        return False
    if there == copy.file.sha256:
        return _record(copy_id, now=now)
    return _give_up(copy_id, there=there, place=place, now=now)


@atomic
def _claim(copy_id: int, where: str, *, now: datetime) -> bool:
    """Make the copy ours; False where somebody else has it. Nobody puts it but who claimed it."""
    file_id = FileCopy.objects.values_list("file_id", flat=True).get(pk=copy_id)
    file = DebitFile.objects.select_for_update(of=("self",)).get(pk=file_id)
    copy = FileCopy.objects.select_for_update().filter(pk=copy_id, taken_at__isnull=True).first()
    if copy is None or file.state not in {
        FileState.APPROVED, FileState.SENDING, FileState.HANDED_OVER,
    }:  # fmt: skip
        return False
    copy.place, copy.taken_at = where[:300], now
    copy.save(update_fields=["place", "taken_at"])
    if file.state == FileState.APPROVED:
        file.state = FileState.SENDING
        file.save(update_fields=["state"])
    return True


@atomic
def _record(copy_id: int, *, now: datetime) -> bool:
    file_id = FileCopy.objects.values_list("file_id", flat=True).get(pk=copy_id)
    file = DebitFile.objects.select_for_update(of=("self",)).get(pk=file_id)
    copy = FileCopy.objects.select_for_update().get(pk=copy_id)
    if copy.placed_at is not None:
        return False
    copy.placed_at = now
    copy.save(update_fields=["placed_at"])
    handed_over(file, now=now, by=None)
    DebitFile.objects.filter(pk=file.pk).exclude(problem="").update(problem="")
    audit.record(
        by=None,
        action="debits.file_sent",
        subject=file,
        facts={"sha256": file.sha256, "name": file.name, "copy": copy.number, "to": copy.place},
    )
    return True


@atomic
def _give_up(copy_id: int, *, there: str, place: Place | None, now: datetime) -> bool:
    """The file does not lie there, or is not whole: go on only where that proves something."""
    file_id = FileCopy.objects.values_list("file_id", flat=True).get(pk=copy_id)
    file = DebitFile.objects.select_for_update(of=("self",)).get(pk=file_id)
    copy = FileCopy.objects.select_for_update().get(pk=copy_id)
    if copy.placed_at is not None or copy.problem:
        return False
    surely_not_there = not there and place is not None and place.keeps
    copy.problem = "It never arrived" if surely_not_there else _NOT_SURE
    if there:
        copy.problem = "What lies there is not the file: ask the bank to remove it"
    copy.save(update_fields=["problem"])
    if surely_not_there:
        FileCopy.objects.create(
            file=file,
            number=copy.number + 1,
            released_by_id=copy.released_by_id,
            released_at=now,
            reason="It never arrived, and the drop keeps what it is given",
        )
        return False
    file.problem = copy.problem
    file.save(update_fields=["problem"])
    log.error("debit_file_in_doubt", file=file.name, why=copy.problem)
    return False


@atomic
def _problem(file_id: int, why: str) -> bool:
    """Have a person look, once."""
    if DebitFile.objects.filter(pk=file_id, problem="").update(problem=why[:200]):
        log.error("debit_file_not_sent", file=file_id, why=why)
    return False
