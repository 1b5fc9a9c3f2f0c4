"""Files of the bank are looked for in its drop, and read where nobody has read them before."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.db import outside_transaction
from apps.core.errors import DomainError
from apps.finance.debits import errors
from apps.finance.debits.adapters import storage as drop
from apps.finance.debits.adapters.sniff import format_of
from apps.finance.debits.choices import FoundState
from apps.finance.debits.models import FoundFile
from apps.finance.debits.selectors.banks import Place, place_of
from apps.finance.debits.services.receive import FORMATS_OF, LARGEST_FILE, receive_bank_file
from apps.finance.payments.selectors.banks import bank_accounts

log = structlog.get_logger(__name__)

#: A file that was judged is looked at again for so long: it may not have been whole yet.
CHANGES_FOR = timedelta(days=2)
MOST_AT_ONCE = 50


@outside_transaction
def fetch_files(*, now: datetime) -> int:
    """
    Take in what lies in the drops of our banks; return how many files were judged. A drop that
    cannot be reached, or a file that cannot be read, does not stop the others. Nothing is deleted
    there. Safe twice at once and to kill anywhere: a file is taken once, by its bytes.
    """
    judged = 0
    for account in bank_accounts():
        place = place_of(account)
        if place is None or not place.can_fetch:
            continue
        try:
            judged += _fetch(account, place, now=now)
        except (errors.BankNotReached, errors.NotConfigured) as error:
            log.warning("bank_not_reached", account=account.pk, error=repr(error))
    return judged


@atomic
def settle_found(*, found_id: int, by: User, reason: str) -> FoundFile:
    """
    Staff dealt with a file that could not be read.

    :raises DebitsNotAllowed: ``by`` lacks debits.settle_foundfile
    :raises ReasonMissing, FileNotFound, WrongState: as they say
    """
    if not by.has_perm("debits.settle_foundfile"):
        raise errors.DebitsNotAllowed()
    if not reason.strip():
        raise errors.ReasonMissing()
    found = FoundFile.objects.select_for_update(of=("self",)).filter(pk=found_id).first()
    if found is None:
        raise errors.FileNotFound()
    if found.state != FoundState.UNREAD:
        raise errors.WrongState(state=found.state, wanted=FoundState.SETTLED)
    found.state, found.settled_by = FoundState.SETTLED, by
    found.save(update_fields=["state", "settled_by"])
    audit.record(by=by, action="debits.found_file_settled", subject=found, reason=reason)
    return found


def _fetch(account: Any, place: Place, *, now: datetime) -> int:
    storage = drop.storage_of(place.storage)
    names = drop.names_in(storage, place.in_folder)
    done = set(
        FoundFile.objects.filter(
            merchant_account_id=account.pk, path__in=names, found_at__lte=now - CHANGES_FOR
        ).values_list("path", flat=True)
    )
    judged = 0
    for name in names:
        if name in done:
            continue
        found = drop.look_at(storage, name)
        if _is_known(account, found):
            continue
        judged += _judge(account, storage, found, now=now)
        if judged >= MOST_AT_ONCE:
            break
    return judged


def _is_known(account: Any, found: drop.Found) -> bool:
    return FoundFile.objects.filter(
        merchant_account_id=account.pk,
        path=found.path,
        size=found.size,
        modified_at=found.modified_at,
    ).exists()


def _judge(account: Any, storage: Any, found: drop.Found, *, now: datetime) -> bool:
    if found.size > LARGEST_FILE:
        return _keep(account, found, why="The file is too large.", now=now)
    with drop.fetched(storage, found.path, largest=LARGEST_FILE) as file:
        try:
            return _take(account, found, file, now=now)
        except DomainError as error:
            why = f"{error} {error.facts.get('why', '')}".strip()
            return _keep(account, found, why=why, now=now)


@atomic
def _take(account: Any, found: drop.Found, file: Any, *, now: datetime) -> bool:
    """What the file tells, and that it was judged, are one transaction."""
    format_name = format_of(file)
    if format_name not in FORMATS_OF[account.gateway]:
        raise errors.WrongFile(why="it is no file that this account has")
    received = receive_bank_file(
        account_id=account.pk,
        gateway=account.gateway,
        format_name=str(format_name),
        file=file,
        name=found.path,
        by=None,
        now=now,
    )
    FoundFile.objects.filter(
        merchant_account_id=account.pk, path=found.path, state=FoundState.UNREAD
    ).update(state=FoundState.SETTLED, why="It was whole later")
    return _keep(account, found, bank_file=received.file, now=now)


@atomic
def _keep(
    account: Any, found: drop.Found, *, now: datetime, why: str = "", bank_file: Any = None
) -> bool:
    _, is_new = FoundFile.objects.get_or_create(
        merchant_account_id=account.pk,
        path=found.path,
        size=found.size,
        modified_at=found.modified_at,
        defaults={
            "state": FoundState.TAKEN if bank_file else FoundState.UNREAD,
            "why": why[:200],
            "bank_file": bank_file,
            "found_at": now,
        },
    )
    if is_new and why:
        log.error("bank_file_unread", account=account.pk, path=found.path, why=why)
    return is_new
