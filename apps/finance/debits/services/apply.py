"""Act on what the bank's files told: each piece of news once, what fits nothing to a person."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import structlog
from django.db.models import F
from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.db import joins_transaction, outside_transaction
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.core.sealing import unseal
from apps.finance.debits import errors
from apps.finance.debits.choices import (
    DebitState,
    FileState,
    ItemKind,
    ItemState,
    MandateState,
    Scheme,
    TransferState,
)
from apps.finance.debits.models import BankItem, Debit, DebitFile, FileItem, Mandate, Transfer
from apps.finance.debits.rules import calendars
from apps.finance.debits.rules.codes import (
    BLOCKS,
    RETRIED,
    RETRIED_WITHIN_DAYS,
    RETURNS,
    meaning_of,
)
from apps.finance.debits.selectors import terms_of
from apps.finance.debits.services.collect import settle
from apps.finance.debits.services.mandates import block_mandate, correct_mandate
from apps.finance.debits.services.moves import move_debit
from apps.finance.debits.services.receive import DATA
from apps.finance.payments.services.bank import BankReturn, bank_paid, bank_returned

log = structlog.get_logger(__name__)

#: Of a sale's name at a gateway.
REFERENCE_LENGTH = 80


class _ForStaff(Exception):
    """A person must look; the text says why."""


class _Repeat(Exception):
    """It was told before, by other news."""


@outside_transaction
def apply_waiting(*, now: datetime, limit: int = 500) -> int:
    """
    Act on news that wait; return how many. Each is a transaction of its own: safe twice at once,
    and to stop anywhere. What fits nothing, or not now, goes to the queue with the reason.
    """
    waiting = list(
        BankItem.objects.filter(state=ItemState.WAITING)
        .order_by("id")
        .values_list("pk", flat=True)[:limit]
    )
    return sum(apply_one(pk, now=now) for pk in waiting)


@outside_transaction
def apply_one(pk: int, *, now: datetime) -> bool:
    """Act on one piece of news; False where another worker has it."""
    try:
        return _apply(pk, now=now)
    except (_ForStaff, DomainError) as error:
        log.warning("bank_news_queued", item=pk, error=repr(error))
        return _end(pk, ItemState.QUEUED, str(error), now=now)
    except _Repeat as repeat:
        return _end(pk, ItemState.REPEAT, str(repeat), now=now)


@atomic
def settle_item(*, item_id: int, by: User, reason: str, now: datetime) -> BankItem:
    """
    Staff settled by hand what a queued piece of news is about; nothing is booked from here.

    :raises DebitsNotAllowed: ``by`` lacks debits.settle_bankitem
    :raises ReasonMissing, ItemNotFound: as they say
    :raises WrongState: it is not in the queue
    """
    item = _queued(item_id, by=by, reason=reason)
    item.state, item.settled_by, item.applied_at = ItemState.SETTLED, by, now
    item.save()
    _record(item, "debits.news_settled", by=by, reason=reason)
    return item


@atomic
def try_again(*, item_id: int, by: User, reason: str, now: datetime) -> BankItem:
    """
    Let the machine act on a queued piece of news once more, after what hindered it is mended.

    :raises DebitsNotAllowed: ``by`` lacks debits.settle_bankitem
    :raises ReasonMissing, ItemNotFound: as they say
    :raises WrongState: it is not in the queue
    """
    item = _queued(item_id, by=by, reason=reason)
    item.state, item.why, item.applied_at = ItemState.WAITING, "", None
    item.save()
    _record(item, "debits.news_tried_again", by=by, reason=reason)
    return item


@atomic
def _apply(pk: int, *, now: datetime) -> bool:
    item = (
        BankItem.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("file__received_by")
        .filter(pk=pk, state=ItemState.WAITING)
        .first()
    )
    if item is None:
        return False
    if item.kind == ItemKind.TRANSFER:
        _transfer(item, now)
    elif item.kind == ItemKind.REFUSAL:
        raise _ForStaff("The bank refused a whole file: nothing of it is captured")
    else:
        _of_entry(item, now)
    item.state, item.applied_at = ItemState.APPLIED, now
    item.save()
    return True


@atomic
def _end(pk: int, state: ItemState, why: str, *, now: datetime) -> bool:
    item = BankItem.objects.select_for_update(of=("self",)).get(pk=pk)
    if item.state != ItemState.WAITING:
        return False
    item.state, item.why, item.applied_at = state, (why or "It did not fit")[:200], now
    if item.kind == ItemKind.REFUSAL:
        _hold_back(item)
    elif item.kind != ItemKind.TRANSFER:
        entry = _entry_of(item)
        item.debit_id = entry.debit_id if entry else None
    item.save()
    if item.debit_id and state == ItemState.QUEUED:
        Debit.objects.filter(pk=item.debit_id).update(needs_staff=item.why)
    return True


@joins_transaction
def _hold_back(item: BankItem) -> None:
    """The bank refused a file: its debits are not captured until a person has decided."""
    file = DebitFile.objects.filter(
        merchant_account_id=item.file.merchant_account_id,
        message_id=item.reference or "none",
        state=FileState.HANDED_OVER,
    ).first()
    if file is None:
        return
    why = f"The bank refused the file: {item.code} {item.text}".strip()[:200]
    DebitFile.objects.filter(pk=file.pk).update(problem=why)
    Debit.objects.filter(
        items__file=file, items__presentation=F("presentation"), state=DebitState.IN_FILE
    ).update(needs_staff=why)


def _entry_of(item: BankItem) -> FileItem | None:
    return FileItem.objects.filter(
        reference=item.reference, file__merchant_account_id=item.file.merchant_account_id
    ).first()


@joins_transaction
def _of_entry(item: BankItem, now: datetime) -> None:
    entry = _entry_of(item) if item.reference else None
    if entry is None:
        raise _ForStaff("No debit of this account has this reference")
    if entry.debit_id is None:
        _prenote(item, entry, now)
        return
    item.debit = _debit_of(item, entry)
    _ACTS[ItemKind(item.kind)](item, item.debit, now)


def _debit_of(item: BankItem, entry: FileItem) -> Debit:
    """Return the debit, locked after its mandate."""
    found = Debit.objects.only("mandate_id").get(items=entry)
    mandate = Mandate.objects.select_for_update(of=("self",)).get(pk=found.mandate_id)
    debit = Debit.objects.select_for_update(of=("self",)).get(pk=found.pk)
    debit.mandate = mandate
    if item.kind == ItemKind.CORRECTION:
        return debit
    if item.amount_minor is not None:
        told = (item.amount_minor, item.currency)
        if told != (debit.amount_minor, debit.currency):
            raise _ForStaff(f"It is about {item.amount_minor} {item.currency}, not {debit.amount}")
    if entry.presentation != debit.presentation:
        raise _ForStaff("It is about an earlier time that this debit was in a file")
    return debit


@joins_transaction
def _prenote(item: BankItem, entry: FileItem, now: datetime) -> None:
    """What the bank says of an account that is, or was, proved by a prenote."""
    mandate = Mandate.objects.select_for_update(of=("self",)).get(prenotes=entry)
    if item.kind == ItemKind.CORRECTION:
        _correct(item, mandate, now)
        return
    if item.kind != ItemKind.RETURN or item.code not in RETURNS:
        raise _ForStaff(f"The code {item.code or '(none)'} is none we know of a prenote")
    block_mandate(mandate, code=item.code, now=now)


@joins_transaction
def _returned(item: BankItem, debit: Debit, now: datetime) -> None:
    if debit.state == DebitState.RETURNED:
        raise _Repeat("The debit was returned before")
    if item.code not in RETURNS:
        raise _ForStaff(f"The code {item.code or '(none)'} is none we know")
    if item.code.startswith("R6"):
        raise _ForStaff("A return was dishonoured: the bank disputes it")
    reason = f"{item.code} {meaning_of(item.code)}"
    debit.needs_staff = ""
    again_on = _again_on(debit, item.code, now)
    if again_on is not None:
        debit.presentation, debit.retries = debit.presentation + 1, debit.retries + 1
        debit.collect_on, debit.hold_until = again_on, None
        why = f"{reason}: presented again from {again_on:%d %b %Y}"
        move_debit(debit, DebitState.READY, now=now, reason=why)
        return
    debit.return_code = item.code
    move_debit(debit, DebitState.RETURNED, now=now, reason=reason)
    bank_returned(
        transaction_id=debit.transaction_id,
        news=BankReturn(item.key, item.code, reason, debit.amount),
        now=now,
    )
    if item.code in BLOCKS:
        block_mandate(debit.mandate, code=item.code, now=now)


def _again_on(debit: Debit, code: str, now: datetime) -> date | None:
    """Return when to present a debit again that lacked money, or None where it may not be."""
    terms, scheme = terms_of(debit.scheme), Scheme(debit.scheme)
    if (
        code not in RETRIED
        or scheme != Scheme.ACH
        or debit.state != DebitState.IN_FILE
        or debit.retries >= terms.retries
        or debit.mandate.state != MandateState.ACTIVE
    ):
        return None
    first = debit.items.select_related("file").defer("file__body").earliest("presentation")
    today = now.astimezone(calendars.ZONE_OF[scheme]).date()
    day = calendars.days_later(today, terms.retry_after_days, scheme)
    return day if day <= first.file.collect_on + timedelta(days=RETRIED_WITHIN_DAYS) else None


@joins_transaction
def _corrected(item: BankItem, debit: Debit, now: datetime) -> None:
    _correct(item, debit.mandate, now)


@joins_transaction
def _correct(item: BankItem, mandate: Mandate, now: datetime) -> None:
    data = unseal(item.sealed, purpose=DATA) if item.sealed else ""
    by = item.file.received_by
    if not correct_mandate(mandate, code=item.code, data=data, by=by, now=now):
        raise _ForStaff(f"{item.code} is a change that a person must make")
    item.sealed = ""


@joins_transaction
def _paid(item: BankItem, debit: Debit, now: datetime) -> None:
    """The statement shows the money: it ends the hold only where the scheme's terms say so."""
    if debit.state == DebitState.IN_FILE and terms_of(debit.scheme).statement_settles:
        settle(debit, now=now, reason="On the account's statement")


@joins_transaction
def _transfer(item: BankItem, now: datetime) -> None:
    transfer = (
        Transfer.objects.select_for_update(of=("self",))
        .filter(reference=item.reference, merchant_account=item.file.merchant_account_id)
        .first()
    )
    if transfer is None:
        raise _ForStaff("No transfer has this reference")
    item.transfer = transfer
    if transfer.state == TransferState.PAID:
        raise _ForStaff("This transfer was paid before: the payer sent money twice")
    if item.amount_minor is None or item.currency != transfer.currency:
        raise _ForStaff("It has no amount in the transfer's currency")
    if item.amount_minor != transfer.amount_minor:
        came = Money(item.amount_minor, item.currency)
        raise _ForStaff(f"{came} came, announced was {transfer.amount}")
    bank_paid(
        transaction_id=transfer.transaction_id,
        # Cut off, the keys of two entries without the bank's own number would be one.
        reference=item.key if len(item.key) <= REFERENCE_LENGTH else f"bank-news:{item.pk}",
        reason="On the account's statement",
        now=now,
    )
    transfer.state, transfer.ended_at = TransferState.PAID, now
    transfer.save(update_fields=["state", "ended_at"])


_ACTS = {
    ItemKind.RETURN: _returned,
    ItemKind.CORRECTION: _corrected,
    ItemKind.PAID: _paid,
}


def _queued(item_id: int, *, by: User, reason: str) -> BankItem:
    if not by.has_perm("debits.settle_bankitem"):
        raise errors.DebitsNotAllowed()
    if not reason.strip():
        raise errors.ReasonMissing()
    item = BankItem.objects.select_for_update(of=("self",)).filter(pk=item_id).first()
    if item is None:
        raise errors.ItemNotFound()
    if item.state != ItemState.QUEUED:
        raise errors.WrongState(state=item.state, wanted="settled")
    if item.debit_id is not None:
        Debit.objects.filter(pk=item.debit_id).update(needs_staff="")
    return item


def _record(item: BankItem, action: str, *, by: User, reason: str) -> None:
    audit.record(
        by=by,
        action=action,
        subject=item,
        reason=reason,
        facts={"kind": item.kind, "reference": item.reference, "code": item.code},
    )
