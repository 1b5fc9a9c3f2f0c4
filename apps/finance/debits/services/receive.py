"""Take a file of the bank in: read whole or not at all, known once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.sealing import seal
from apps.finance.debits import errors
from apps.finance.debits.adapters.base import News
from apps.finance.debits.adapters.nacha_in import read_nacha
from apps.finance.debits.adapters.xml_in import read_camt053, read_pain002
from apps.finance.debits.choices import Format
from apps.finance.debits.models import BankFile, BankItem
from apps.finance.debits.selectors import config_of, origin_of
from apps.finance.payments.selectors.banks import bank_account

LARGEST_FILE = 50 * 1024 * 1024
_PIECE, _AT_ONCE = 256 * 1024, 500
#: Which formats are of which accounts.
FORMATS_OF = {
    "ach": frozenset({Format.NACHA}),
    "sepa": frozenset({Format.PAIN002, Format.CAMT053}),
    "wire": frozenset({Format.CAMT053}),
}
DATA = "debits.correction"


class Received(NamedTuple):
    """``replayed`` when the same bytes were taken for the same account before."""

    file: BankFile
    replayed: bool


@atomic
def receive_bank_file(
    *,
    account_id: int,
    gateway: str,
    format_name: str,
    file: BinaryIO,
    name: str,
    by: User | None,
    now: datetime,
) -> Received:
    """
    Store what a bank's file tells; ``apply_waiting`` acts on it. The same file again: no change.

    News that an earlier file told already are counted, not stored again. ``by`` is None where the
    machine found it at the bank.

    :raises DebitsNotAllowed: ``by`` lacks debits.take_bankfile
    :raises BankNotOfThis: there is no such account, or it has no files of this format
    :raises WrongFile, FileTooLarge: it cannot be read, or not be of this account; nothing is kept
    """
    if by is not None and not by.has_perm("debits.take_bankfile"):
        raise errors.DebitsNotAllowed()
    account = bank_account(account_id=account_id, gateway=gateway, also_closed=True)
    if account is None or format_name not in FORMATS_OF.get(gateway, frozenset()):
        raise errors.BankNotOfThis()
    digest, size = _digest(file)
    kept, is_new = BankFile.objects.get_or_create(
        merchant_account_id=account.pk,
        sha256=digest,
        defaults={
            "format": format_name,
            "name": name[-200:],
            "size": size,
            "received_at": now,
            "received_by": by,
        },
    )
    if not is_new:
        return Received(kept, replayed=True)
    file.seek(0)
    _store(kept, _news(format_name, file, account))
    audit.record(
        by=by,
        action="debits.bank_file_received",
        subject=kept,
        facts={"name": kept.name, "sha256": digest, "items": kept.items},
        cluster=account.cluster,
    )
    return Received(kept, replayed=False)


def _news(format_name: str, file: BinaryIO, account: Any) -> Iterator[News]:
    if format_name == Format.NACHA:
        origin = origin_of(account)
        ours = frozenset({origin.destination, origin.origin, origin.company_id, origin.odfi})
        return read_nacha(file, ours=ours)
    if format_name == Format.PAIN002:
        return read_pain002(file)
    iban = config_of(account, "iban")["iban"]
    return read_camt053(file, iban=iban.replace(" ", ""))


def _store(kept: BankFile, news: Iterator[News]) -> None:
    told = 0
    while some := list(islice(news, _AT_ONCE)):
        rows = []
        for one in some:
            told += 1
            identity = one.identity or f"{kept.sha256}:{told}"
            rows.append(
                BankItem(
                    file=kept,
                    number=told,
                    kind=one.kind,
                    key=f"{kept.merchant_account_id}:{one.kind}:{identity}"[:120],
                    reference=one.reference[:35],
                    code=one.code[:4],
                    amount_minor=one.amount_minor,
                    currency=one.currency,
                    text=one.text[:200],
                    sealed=seal(one.data, purpose=DATA) if one.data else "",
                )
            )
        BankItem.objects.bulk_create(rows, ignore_conflicts=True)
    kept.items = kept.news.count()
    kept.repeats = told - kept.items
    kept.save(update_fields=["items", "repeats"])


def _digest(file: BinaryIO) -> tuple[str, int]:
    """
    :raises WrongFile, FileTooLarge: it is empty, or too large
    """
    file.seek(0)
    hashed, size = hashlib.sha256(), 0
    while piece := file.read(_PIECE):
        hashed.update(piece)
        size += len(piece)
        if size > LARGEST_FILE:
            raise errors.FileTooLarge(largest_bytes=LARGEST_FILE)
    if not size:
        raise errors.WrongFile(why="it is empty")
    return hashed.hexdigest(), size
