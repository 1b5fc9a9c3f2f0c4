"""CommerceGate's callbacks: sealed JSON of the REST interface, and the older ``#``-joined text.

From public code only. The seal is weak by today's measure: the digest is MD5 and is encrypted,
not signed, so whoever has seen one can choose half of another's digest. The sender's networks
are checked as well; the older text has no other proof.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from apps.core.money import MOST_MINOR, SCALES, Money
from apps.finance.payments.adapters import strict
from apps.finance.payments.adapters.base import (
    Account,
    Delivery,
    Disputed,
    NotAuthentic,
    Notice,
    Told,
    Unreadable,
)
from apps.finance.payments.adapters.proof import check_network, header, same

#: Our names for the fields of a sealed callback and theirs, as far as public code shows them.
FIELDS: Final = {
    "type": "type", "status": "status", "order": "orderId", "transaction": "transactionId",
    "token": "externalId", "merchant": "merchantId", "website": "merchantWebsiteId",
    "amount": "amount", "currency": "currency", "code": "errorCode", "reason": "errorMessage",
    "date": "date",
}  # fmt: skip
_TOLD: Final = {
    ("SALE", "SUCCESS"): Told.PAID,
    ("SALE", "FAILED"): Told.DECLINED,
    ("REBILL", "SUCCESS"): Told.RENEWED,
    ("REBILL", "FAILED"): Told.RENEWAL_FAILED,
    ("REBILL_FAILED", "FAILED"): Told.RENEWAL_FAILED,
    ("CANCEL", "SUCCESS"): Told.RENEWAL_ENDED,
}
#: The nineteen parts of the older text, in their order; a ``#`` in a value would move them.
PARTS: Final = (
    "transactiontype", "transactionid", "transactionreferenceid", "offername", "offerid",
    "amount", "currency", "userid", "userpw", "email", "ip", "countryiso", "cardholder",
    "customerid", "websiteid", "op1", "op2", "op3", "nmu",
)  # fmt: skip
_OLDER: Final = {
    # Unsigned, so it grants nothing: the order is asked about, or its sealed callback comes.
    "SALE": Told.PENDING,
    "REFUND": Told.REFUNDED,
    "CHARGEBACK": Told.CHARGEBACK,
    "CANCELMEMBERSHIP": Told.RENEWAL_ENDED,
}


def body_digest(body: bytes) -> str:
    """MD5 in hex of the bytes of a callback's body; MD5 is CommerceGate's choice."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def open_seal(*, signature: str, init_vector: str, key: str) -> str:
    """
    Return the text that ``signature`` holds: AES-256-CBC, everything in hex.

    :raises NotAuthentic: it can't be opened with this key
    """
    try:
        cipher = Cipher(AES(bytes.fromhex(key)), CBC(bytes.fromhex(init_vector))).decryptor()
        padded = cipher.update(bytes.fromhex(signature)) + cipher.finalize()
        unpadder = padding.PKCS7(AES.block_size).unpadder()
        return (unpadder.update(padded) + unpadder.finalize()).decode("ascii")
    except ValueError as error:
        raise NotAuthentic(
            "the seal can't be opened: altered, or not made with our key"
        ) from error


def read(delivery: Delivery, account: Account) -> Notice:
    """
    Authenticate and read either kind of callback.

    :raises NotAuthentic: another network, or a seal that is not of this body
    :raises Unreadable: its form is not understood
    """
    check_network(delivery.remote_ip, account.config["webhook_networks"])
    sealed = header(delivery.headers, "signature").strip()
    if not sealed:
        return _older(delivery)
    held = open_seal(
        signature=sealed,
        init_vector=header(delivery.headers, "signatureInitVector").strip(),
        key=account.config["security_key"],
    )
    if not same(body_digest(delivery.body), held.lower()):
        raise NotAuthentic("the seal is of another body")
    return _sealed(delivery.body, _names(account.config.get("callback_fields", "")))


def minor_amount(fields: Mapping[str, str]) -> Money | None:
    """
    Read ``amount`` (the smallest unit) and ``currency``.

    :raises Unreadable: not a whole number, or not a currency of ours
    """
    text, currency = fields.get("amount", ""), fields.get("currency", "").upper()
    if not text and not currency:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(MOST_MINOR)):
        raise Unreadable("the amount is no whole number")
    if currency not in SCALES or int(text) > MOST_MINOR:
        raise Unreadable("the amount is not one we know")
    return Money(int(text), currency)


def _names(configured: str) -> dict[str, str]:
    """``token=externalId,amount=value``: ours first; what is not named stays."""
    pairs = (each.partition("=") for each in configured.split(",") if "=" in each)
    return FIELDS | {ours.strip(): theirs.strip() for ours, _, theirs in pairs}


def _sealed(body: bytes, names: Mapping[str, str]) -> Notice:
    given = strict.texts(strict.read_json(body))
    fields = {ours: given.get(theirs, "") for ours, theirs in names.items()}
    kind, status = fields["type"].upper(), fields["status"].upper()
    identity = fields["transaction"] or fields["order"]
    if not kind or not identity:
        raise Unreadable("no type, or nothing tells this callback from others")
    told, amount = _TOLD.get((kind, status), Told.NEEDS_STAFF), minor_amount(fields)
    if told is Told.PAID and (amount is None or not fields["order"]):
        raise Unreadable("a sale without its order or amount")
    return Notice(
        event_type=kind[:40],
        told=told,
        dedupe_key=f"{kind}:{status}:{identity}"[:120],
        account=Account(fields["merchant"], fields["website"]),
        token=fields["token"],
        reference=fields["order"][:80],
        gateway_transaction=fields["transaction"][:40],
        amount=amount,
        occurred_at=_time(fields["date"]),
        code=fields["code"][:40],
        reason=fields["reason"][:200],
    )


def _older(delivery: Delivery) -> Notice:
    if not delivery.body.startswith(b"message="):
        raise NotAuthentic("neither a seal nor the older form")
    message = strict.read_form(delivery.body).get("message", "")
    parts = message.split("#")
    if len(parts) != len(PARTS):
        raise Unreadable("not the nineteen parts of a callback")
    fields = dict(zip(PARTS, parts, strict=True))
    kind, transaction = fields["transactiontype"].upper(), fields["transactionid"]
    if not kind or not transaction:
        raise Unreadable("no type or no transaction")
    told = _OLDER.get(kind, Told.NEEDS_STAFF)
    return Notice(
        event_type=kind[:40],
        told=told,
        dedupe_key=f"{kind}:{transaction}"[:120],
        account=Account(fields["customerid"], fields["websiteid"]),
        token=fields["op1"],
        reference=(fields["op2"] or fields["transactionreferenceid"])[:80],
        gateway_transaction=transaction[:40],
        amount=strict.money(fields["amount"], fields["currency"]) if fields["amount"] else None,
        reason="" if kind in _OLDER else f"{kind} is not acted on"[:200],
        dispute=Disputed(transaction[:80]) if told is Told.CHARGEBACK else None,
        # Name, address, password and card holder are in the message; none of them is kept here.
        facts={"offer": fields["offerid"][:40], "country": fields["countryiso"][:2]},
    )


def _time(text: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(text)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
