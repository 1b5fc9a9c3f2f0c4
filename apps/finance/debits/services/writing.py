"""The bytes of a file, and by what name the bank will know each of its entries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from text_unidecode import unidecode

from apps.finance.debits.adapters import pain008
from apps.finance.debits.choices import AccountKind
from apps.finance.debits.models import Debit, DebitFile, FileSequence, Mandate
from apps.finance.debits.rules import nacha
from apps.finance.debits.selectors import config_of, origin_of
from apps.finance.debits.services.mandates import account_behind

_TEXT = "FANZ wallet deposit"
_MESSAGE = re.compile(rb"<MsgId>([^<]{1,35})</MsgId>")


class Item(NamedTuple):
    """A debit, or (without one) the prenote of a mandate."""

    mandate: Mandate
    debit: Debit | None = None
    #: Prenotes count theirs here; a debit knows its own.
    presentation: int = 1

    @property
    def cents(self) -> int:
        return self.debit.amount_minor if self.debit else 0

    @property
    def is_again(self) -> bool:
        return self.debit is not None and self.debit.retries > 0


class Made(NamedTuple):
    """``references`` are in the order of the items."""

    body: bytes
    references: list[str]
    entry_hash: str = ""
    message_id: str = ""


def write_nacha(
    account: Any, items: Sequence[Item], sequence: FileSequence, cut_off: datetime, on: date
) -> Made:
    """
    Write items, those that are presented again last; moves the account's counter of traces on.

    :raises NotConfigured, AccountInvalid, WrongState: see ``rules.nacha``
    """
    origin = origin_of(account)
    entries = [_entry(item, sequence) for item in items]
    pairs = list(zip(items, entries, strict=True))
    batches = [
        nacha.Batch([entry for item, entry in pairs if item.is_again is again], description)
        for again, description in ((False, "DEPOSIT"), (True, nacha.RETRY))
    ]
    earlier = DebitFile.objects.filter(
        merchant_account_id=account.pk,
        cut_off__gte=cut_off.replace(hour=0, minute=0),
        cut_off__lt=cut_off,
    ).count()
    body = nacha.write(
        origin,
        [batch for batch in batches if batch.entries],
        made_at=cut_off,
        modifier=nacha.modifier_of(earlier),
        effective_on=on,
    )
    return Made(
        body,
        [nacha.trace_of(origin.odfi, entry.trace) for entry in entries],
        entry_hash=f"{nacha.totals_of(entries).entry_hash:010d}",
    )


def write_sepa(
    account: Any, items: Sequence[Item], sequence: FileSequence, cut_off: datetime, on: date
) -> Made:
    """
    Write collections as one batch; SEPA has no prenotes.

    :raises NotConfigured, AccountInvalid: see ``adapters.pain008``
    """
    del cut_off
    sequence.last_trace += len(items)
    references = [_end_to_end(item) for item in items]
    collections = []
    for item, reference in zip(items, references, strict=True):
        behind = account_behind(item.mandate)
        collections.append(
            pain008.Collection(
                reference=reference,
                name=item.mandate.holder,
                iban=behind["iban"],
                bic=behind["bic"],
                cents=item.cents,
                mandate=item.mandate.reference,
                signed_on=item.mandate.signed_at.date(),
            )
        )
    body = pain008.write(config_of(account), collections, collect_on=on, text=_TEXT)
    named = _MESSAGE.search(body)
    return Made(body, references, message_id=named[1].decode() if named else "")


def _entry(item: Item, sequence: FileSequence) -> nacha.Entry:
    sequence.last_trace += 1
    behind = account_behind(item.mandate)
    code = nacha.SAVINGS if behind["kind"] == AccountKind.SAVINGS else nacha.CHECKING
    debit = item.debit
    return nacha.Entry(
        code=code if debit else nacha.PRENOTES[code],
        routing=behind["routing"],
        account=behind["account"],
        cents=item.cents,
        individual_id=f"D{debit.pk:014d}" if debit else f"M{item.mandate.pk:014d}",
        name=unidecode(item.mandate.holder),
        trace=sequence.last_trace,
        discretionary="S",
    )


def _end_to_end(item: Item) -> str:
    """Of a debit that is in a file again, the name differs: news must say which it is about."""
    debit = item.debit
    if debit is None:
        raise TypeError("SEPA has no prenotes")
    return debit.end_to_end_id + ("" if debit.presentation == 1 else f"-{debit.presentation}")
