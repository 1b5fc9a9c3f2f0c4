"""Files for the bank: made once for an account and a cut-off, then only handed over."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Any, NamedTuple

import structlog
from django.db.models import Sum
from django.db.transaction import atomic
from text_unidecode import unidecode

from apps.audit import services as audit
from apps.core.db import outside_transaction
from apps.core.errors import DomainError
from apps.finance.debits import errors
from apps.finance.debits.adapters import pain008
from apps.finance.debits.choices import SCHEME_OF, AccountKind, DebitState, MandateState, Scheme
from apps.finance.debits.models import Debit, DebitFile, FileItem, FileSequence
from apps.finance.debits.rules import calendars, nacha
from apps.finance.debits.selectors import config_of, origin_of, terms_of
from apps.finance.debits.selectors.banks import SEPA_NEEDS
from apps.finance.debits.services.mandates import account_behind
from apps.finance.debits.services.moves import write_debits
from apps.finance.payments.selectors.banks import bank_account, bank_accounts

log = structlog.get_logger(__name__)

#: One file, one batch; what is more waits for the next cut-off.
MOST_ITEMS = 5000
_TEXT = "FANZ wallet deposit"


class _Made(NamedTuple):
    body: bytes
    references: list[str]
    entry_hash: str


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
    if not debits:
        return None
    write = _nacha if scheme == Scheme.ACH else _sepa
    made = write(account, debits, sequence, cut_off, collect_on)
    sequence.save()
    return _keep(account, scheme, debits, made, cut_off=cut_off, collect_on=collect_on, now=now)


def _nacha(
    account: Any, debits: list[Debit], sequence: FileSequence, cut_off: datetime, on: date
) -> _Made:
    origin = origin_of(account)
    entries = []
    for debit in debits:
        sequence.last_trace += 1
        behind = account_behind(debit.mandate)
        savings = behind["kind"] == AccountKind.SAVINGS
        entries.append(
            nacha.Entry(
                code=nacha.SAVINGS if savings else nacha.CHECKING,
                routing=behind["routing"],
                account=behind["account"],
                cents=debit.amount_minor,
                individual_id=f"D{debit.pk:014d}",
                name=unidecode(debit.mandate.holder),
                trace=sequence.last_trace,
                discretionary="S",
            )
        )
    number = DebitFile.objects.filter(
        merchant_account_id=account.pk,
        cut_off__gte=cut_off.replace(hour=0, minute=0),
        cut_off__lt=cut_off,
    ).count()
    body = nacha.write(
        origin,
        entries,
        made_at=cut_off,
        modifier=nacha.modifier_of(number),
        effective_on=on,
    )
    totals = nacha.totals_of(entries)
    return _Made(
        body,
        [nacha.trace_of(origin.odfi, entry.trace) for entry in entries],
        f"{totals.entry_hash:010d}",
    )


def _sepa(
    account: Any, debits: list[Debit], sequence: FileSequence, cut_off: datetime, on: date
) -> _Made:
    collections = []
    for debit in debits:
        sequence.last_trace += 1
        behind = account_behind(debit.mandate)
        collections.append(
            pain008.Collection(
                reference=debit.end_to_end_id,
                name=debit.mandate.holder,
                iban=behind["iban"],
                bic=behind["bic"],
                cents=debit.amount_minor,
                mandate=debit.mandate.reference,
                signed_on=debit.mandate.signed_at.date(),
            )
        )
    body = pain008.write(config_of(account, SEPA_NEEDS), collections, collect_on=on, text=_TEXT)
    return _Made(body, [debit.end_to_end_id for debit in debits], "")


def _keep(
    account: Any,
    scheme: Scheme,
    debits: list[Debit],
    made: _Made,
    *,
    cut_off: datetime,
    collect_on: date,
    now: datetime,
) -> DebitFile:
    extension = "ach" if scheme == Scheme.ACH else "xml"
    file = DebitFile.objects.create(
        merchant_account_id=account.pk,
        scheme=scheme,
        cut_off=cut_off,
        collect_on=collect_on,
        name=f"{scheme.lower()}-{account.pk}-{cut_off:%Y%m%d-%H%M}.{extension}",
        body=made.body,
        sha256=hashlib.sha256(made.body).hexdigest(),
        size=len(made.body),
        items=len(debits),
        total_minor=sum(debit.amount_minor for debit in debits),
        currency=debits[0].currency,
        entry_hash=made.entry_hash,
        made_at=now,
    )
    FileItem.objects.bulk_create(
        [
            FileItem(
                file=file, debit=debit, number=number, reference=reference,
                amount_minor=debit.amount_minor,
            )
            for number, (debit, reference) in enumerate(
                zip(debits, made.references, strict=True), 1
            )
        ],
        batch_size=1000,
    )  # fmt: skip
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
