"""Examples of Paxum's keys, NACHA files, IBANs and creditor references."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from apps.ops.services.vectors.entry import Entry, NotUnderstood
from apps.payouts.adapters import paxum as paxum_adapter

#: Parameters a key covers, in order, of calls that no adapter makes (Paxum's API pages).
_PAXUM_OTHERS = {
    "massTransferFunds": ("data", "fromAccountId"),
    "balanceInquiry": ("accountId",),
    "refundTransaction": ("transId",),
    "withdrawFundsToBankAccount": ("fromAccount", "to", "amount", "currency", "transferType"),
    "withdrawFundsToCard": ("fromAccount", "to", "amount", "currency", "transferType"),
    "requestMoney": ("toEmail", "amount", "currency"),
    "login": ("fromEmail",),
}
_MODULUS, _NACHA_BLOCK = 97, 10
_DETAIL, _ADDENDA = "6", "7"
#: Second digit of a transaction code: up to here money goes to the account, above from it.
_LAST_CREDIT = 5
_REFERENCE = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{1,30}", re.ASCII)


def paxum(entry: Entry) -> list[Any]:
    """Version 1: MD5 of the secret and the values in order. Version 2: HMAC-SHA256 of the path."""
    if isinstance(entry.input, str):
        mac = hmac.new(entry.secret.encode(), entry.input.encode(), hashlib.sha256)
        return [mac.hexdigest()]
    fields = entry.fields
    known = {**_PAXUM_OTHERS, **paxum_adapter.SIGNED}
    method = fields.pop("method", "") or next((name for name in known if _names(entry, name)), "")
    fitting = [name for name in known if fields.keys() <= set(known[name])]
    methods = [method] if method in known else fitting
    if not methods:
        raise NotUnderstood("no call whose order of values is known")
    return [_paxum_key(each, known[each], fields, entry.secret) for each in methods]


def _paxum_key(method: str, names: tuple[str, ...], fields: Mapping[str, str], secret: str) -> str:
    if method in paxum_adapter.SIGNED:
        return paxum_adapter.sign(method, fields, secret=secret)
    text = secret + "".join(fields.get(name, "") for name in names)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def ach(entry: Entry) -> list[Any]:
    """The totals of a NACHA file, counted from its entries, as its control record writes them."""
    if not isinstance(entry.input, str) or not isinstance(entry.expected, Mapping):
        raise NotUnderstood("no file with totals")
    totals = nacha_totals(entry.input)
    unknown = entry.expected.keys() - totals.keys()
    if unknown:
        raise NotUnderstood(f"a total that is not counted: {', '.join(sorted(unknown))}")
    return [{name: totals[name] for name in entry.expected}]


def nacha_totals(text: str) -> dict[str, str]:
    """Count a file: entry hash, entries with addenda, batches, blocks of ten, and both sums."""
    lines = text.splitlines()
    details = [line for line in lines if line.startswith(_DETAIL)]
    batches = [line for line in lines if line.startswith("5")]
    addenda = sum(line.startswith(_ADDENDA) for line in lines)
    sums = {True: 0, False: 0}
    routing = 0
    for line in details:
        if not (line[1:3] + line[3:11] + line[29:39]).isdigit():
            raise NotUnderstood("an entry that is none")
        routing += int(line[3:11])
        sums[int(line[2]) <= _LAST_CREDIT] += int(line[29:39])
    return {
        "file_control_entry_hash": f"{routing % 10**10:010}",
        "entry_hash": f"{routing % 10**10:010}",
        "batch_count": f"{len(batches):06}",
        "block_count": f"{-(-len(lines) // _NACHA_BLOCK):06}",
        "entry_addenda_count": f"{len(details) + addenda:08}",
        "total_debit": f"{sums[False]:012}",
        "total_credit": f"{sums[True]:012}",
    }


def reference(entry: Entry) -> list[Any]:
    """The check digits of an IBAN (ISO 13616) or a creditor reference (ISO 11649)."""
    valid, invalid = entry.listed("valid"), entry.listed("invalid")
    if valid or invalid:
        wrong = [str(each) for each in valid if not has_check_digits(_text(each))]
        wrong += [str(each) for each in invalid if has_check_digits(_text(each))]
        return [entry.expected if not wrong else f"wrongly judged: {', '.join(wrong[:3])}"]
    given = _text(entry.input)
    if isinstance(entry.expected, bool):
        return [has_check_digits(given)]
    bare = given.removeprefix("RF")
    return [f"RF{98 - int(_digits(f'{bare}RF00')) % _MODULUS:02}{bare}"]


def has_check_digits(text: str) -> bool:
    """Say whether the check digits of an IBAN or RF reference fit (ISO 7064, mod 97-10)."""
    plain = text.replace(" ", "").upper()
    if not _REFERENCE.fullmatch(plain):
        return False
    return int(_digits(plain[4:] + plain[:4])) % _MODULUS == 1


def _digits(text: str) -> str:
    return "".join(str(int(sign, 36)) for sign in text)


def _text(given: object) -> str:
    if isinstance(given, Mapping):
        given = next(iter(given.values()), "")
    if not isinstance(given, str) or not given.replace(" ", "").isalnum():
        raise NotUnderstood("no reference")
    return str(given)


def _names(entry: Entry, method: str) -> bool:
    return entry.says(method.lower())
