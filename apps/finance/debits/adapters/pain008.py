"""SEPA direct debits as pain.008.001.08, written by sepaxml and held against its schema (XSD).

sepaxml names each file at random (MsgId): a file that is made anew is a new order to the bank.
So the bytes are kept, and never made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sepaxml import SepaDD
from sepaxml.validation import ValidationError

from apps.finance.debits import errors

SCHEMA = "pain.008.001.08"


@dataclass(frozen=True, slots=True)
class Collection:
    """One debit. ``cents`` are of a euro; ``reference`` is the EndToEndId."""

    reference: str
    name: str
    iban: str
    bic: str
    cents: int
    mandate: str
    signed_on: date


def write(
    config: Mapping[str, str], collections: Sequence[Collection], *, collect_on: date, text: str
) -> bytes:
    """
    Return the file, one batch, valid by the schema.

    :raises AccountInvalid: what is written does not fit the schema
    """
    document = SepaDD(
        {
            "name": config["creditor_name"],
            "IBAN": config["iban"],
            "BIC": config["bic"],
            "batch": True,
            "creditor_id": config["creditor_id"],
            "currency": "EUR",
            "instrument": "CORE",
        },
        schema=SCHEMA,
        clean=True,
    )
    for one in collections:
        payment = {
            "name": one.name,
            "IBAN": one.iban,
            "amount": one.cents,
            "type": "RCUR",
            "collection_date": collect_on,
            "mandate_id": one.mandate,
            "mandate_date": one.signed_on,
            "description": text,
            "endtoend_id": one.reference,
        }
        document.add_payment(payment | ({"BIC": one.bic} if one.bic else {}))
    try:
        return bytes(document.export(validate=True))
    except ValidationError as error:
        raise errors.AccountInvalid(schema=str(error)[:200]) from error
