"""Files for the bank: made once for an account and a cut-off, then only handed over."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Any

import structlog
from django.db.models import Count, Q, Sum
from django.db.transaction import atomic

from apps.audit import services as audit
from apps.core.db import outside_transaction
from apps.core.errors import DomainError
from apps.finance.debits import errors
from apps.finance.debits.choices import (
    CURRENCY_OF,
    SCHEME_OF,
    DebitState,
    FileState,
    MandateState,
    Scheme,
)
from apps.finance.debits.models import Debit, DebitFile, FileItem, FileSequence, Mandate
from apps.finance.debits.rules import calendars
from apps.finance.debits.selectors import terms_of
from apps.finance.debits.services.moves import write_debits
from apps.finance.debits.services.writing import Item, Made, write_nacha, write_sepa
from apps.finance.payments.selectors.banks import bank_account, bank_accounts

log = structlog.get_logger(__name__)

#: One file, one batch; what is more waits for the next cut-off.
MOST_ITEMS = 5000
#: Prenotes in files that the bank did not refuse.
_ON_THE_WAY = Count("prenotes", filter=~Q(prenotes__file__state=FileState.REFUSED))


@outside_transaction
def make_files(*, now: datetime) -> int:
    """
    Make the files that are due; return how many. An account that fails does not stop the others.
    """
    made = 0
    for account in bank_accounts(gateways=tuple(SCHEME_OF)):
        try:
            made += make_file(account_id=account.pk, gateway=account.gateway, now=now) is not None
        except DomainError:
            log.exception("debit_file_not_made", account=account.pk)
    return made


@atomic
def make_file(*, account_id: int, gateway: str, now: datetime) -> DebitFile | None:
    """
    Make the file of the last cut-off, if nobody has and something is due; None otherwise.

    Bytes, items and the debits' states are one transaction: killed anywhere there is no file.

    :raises NotConfigured, AccountInvalid, WrongState: it cannot be written; nothing is kept of it
    """
    account = bank_account(account_id=account_id, gateway=gateway)
    if account is None:
        return None
    scheme = SCHEME_OF[gateway]
    cut_off = calendars.last_cut_off(now, terms_of(scheme).cut_off, scheme)
    FileSequence.objects.get_or_create(merchant_account_id=account.pk)
    sequence = FileSequence.objects.select_for_update().get(merchant_account_id=account.pk)
    if DebitFile.objects.filter(merchant_account_id=account.pk, cut_off=cut_off).exists():
        return None
    collect_on = calendars.days_later(cut_off.date(), 1, scheme)
    items = _due(account, scheme, cut_off, collect_on)
    if not items:
        return None
    write = write_nacha if scheme == Scheme.ACH else write_sepa
    made = write(account, items, sequence, cut_off, collect_on)
    sequence.save()
    return _keep(account, scheme, items, made, cut_off=cut_off, collect_on=collect_on, now=now)


def _due(account: Any, scheme: Scheme, cut_off: datetime, collect_on: date) -> list[Item]:
    """Return debits and prenotes that were asked for before the cut-off, debits locked."""
    debits = list(
        Debit.objects.select_for_update(of=("self",))
        .filter(
            merchant_account_id=account.pk,
            state=DebitState.READY,
            collect_on__lte=collect_on,
            created_at__lte=cut_off,
            mandate__state=MandateState.ACTIVE,
        )
        .select_related("mandate")
        .order_by("id")[:MOST_ITEMS]
    )
    items = [Item(debit.mandate, debit, debit.presentation) for debit in debits]
    # What is presented again stands in a batch of its own, behind the others.
    items.sort(key=lambda item: item.is_again)
    return (_prenotes(account, cut_off) if scheme == Scheme.ACH else []) + items


def _prenotes(account: Any, cut_off: datetime) -> list[Item]:
    checking = (
        Mandate.objects.filter(
            merchant_account_id=account.pk,
            state=MandateState.CHECKING,
            signed_at__lte=cut_off,
        )
        .annotate(sent=Count("prenotes"), on_the_way=_ON_THE_WAY)
        .filter(on_the_way=0)
        .order_by("id")[:MOST_ITEMS]
    )
    return [Item(mandate, presentation=mandate.sent + 1) for mandate in checking]


def _keep(
    account: Any,
    scheme: Scheme,
    items: list[Item],
    made: Made,
    *,
    cut_off: datetime,
    collect_on: date,
    now: datetime,
) -> DebitFile:
    extension = "ach" if scheme == Scheme.ACH else "xml"
    debits = [item.debit for item in items if item.debit is not None]
    file = DebitFile.objects.create(
        merchant_account_id=account.pk,
        scheme=scheme,
        cut_off=cut_off,
        collect_on=collect_on,
        name=f"{scheme.lower()}-{account.pk}-{cut_off:%Y%m%d-%H%M}.{extension}",
        body=made.body,
        sha256=hashlib.sha256(made.body).hexdigest(),
        size=len(made.body),
        items=len(items),
        total_minor=sum(item.cents for item in items),
        currency=CURRENCY_OF[scheme],
        entry_hash=made.entry_hash,
        message_id=made.message_id,
        made_at=now,
    )
    FileItem.objects.bulk_create(
        [
            FileItem(
                file=file,
                debit=item.debit,
                mandate=None if item.debit else item.mandate,
                presentation=item.presentation,
                number=number,
                reference=reference,
                amount_minor=item.cents,
            )
            for number, (item, reference) in enumerate(zip(items, made.references, strict=True), 1)
        ],
        batch_size=1000,
    )
    _check_total(file)
    for debit in debits:
        debit.state = DebitState.IN_FILE
    Debit.objects.filter(pk__in=[debit.pk for debit in debits]).update(state=DebitState.IN_FILE)
    write_debits(debits, DebitState.READY, now=now, reason=f"In {file.name}")
    audit.record(
        by=None,
        action="debits.file_made",
        subject=file,
        facts={"sha256": file.sha256, "items": file.items, "total": str(file.total)},
        cluster=account.cluster,
    )
    return file


def _check_total(file: DebitFile) -> None:
    """
    :raises FileDamaged: the items do not add up to what the file says
    """
    if file.entries.aggregate(total=Sum("amount_minor"))["total"] != file.total_minor:
        raise errors.FileDamaged(file=file.name)


def hold_from(file: DebitFile, handed_at: datetime) -> date:
    """Return until when the debits of a file are held: it may have been handed over late."""
    scheme = Scheme(file.scheme)
    start = _settled_on(file, handed_at)
    return calendars.days_later(start, terms_of(scheme).hold_days, scheme)


def proved_from(file: DebitFile, handed_at: datetime) -> date:
    """
    Return from when accounts whose prenotes stand in a file count as proved.

    Nacha Operating Rules 2.6.2: the third banking day after the prenote's settlement date.
    """
    scheme = Scheme(file.scheme)
    start = _settled_on(file, handed_at)
    return calendars.days_later(start, terms_of(scheme).prenote_days, scheme)


def _settled_on(file: DebitFile, handed_at: datetime) -> date:
    scheme = Scheme(file.scheme)
    day = handed_at.astimezone(calendars.ZONE_OF[scheme]).date()
    return max(file.collect_on, calendars.days_later(day, 1, scheme))
