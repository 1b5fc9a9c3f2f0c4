"""Bank statements as camt.053 (ISO 20022 BankToCustomerStatement), any version.

Of each booked entry come the amount, the dates, EndToEndId as the reference and the other
party; an entry that pays many at once (``TxDtls``) becomes one line for each of them, if their
amounts add up to it. Entities and document types are refused (defusedxml), so a file cannot
read others or blow up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.reconciliation.adapters.base import (
    REFERENCE_LENGTH,
    TEXT_LENGTH,
    Balances,
    Format,
    Parsed,
    ParsedLine,
    Problem,
)

#: What a payer's bank writes where the payer gave no reference (EPC rulebook).
NO_REFERENCE = "NOTPROVIDED"
#: Opening and closing booked; PRCD is the previous closing balance.
OPENING, CLOSING = frozenset({"OPBD", "PRCD"}), frozenset({"CLBD"})


class UnreadableEntry(Exception):
    """An entry lacks what every entry has, or has it in no form that is known."""


def check_camt(mapping: Mapping[str, Any]) -> str:
    """Return what is wrong with a mapping: the account's IBAN is all it may hold."""
    unknown = sorted(mapping.keys() - {"iban"})
    return f"It does not know {', '.join(unknown)}." if unknown else ""


def parse_camt(file: BinaryIO, *, currency: str, mapping: Mapping[str, Any]) -> Iterator[Parsed]:
    """Yield the balances, and a line or a problem for each entry; ``row`` counts the entries."""
    reader = _Reader(currency, str(mapping.get("iban", "")).replace(" ", ""))
    try:
        for event, element in ElementTree.iterparse(
            file, events=("start", "end"), forbid_dtd=True
        ):
            yield from reader.see(event, element)
    except (ElementTree.ParseError, DefusedXmlException, UnreadableEntry, ValueError) as error:
        yield Problem(0, f"The file cannot be read: {error}.")
        return
    if reader.statements != 1:
        yield Problem(0, f"The file holds {reader.statements} statements; import them one by one.")
    elif not reader.is_named:
        yield Problem(0, "The statement does not say of which account it is.")


class _Reader:
    """What is known while the elements pass by."""

    def __init__(self, currency: str, iban: str) -> None:
        self.currency, self.iban = currency, iban
        self.count = self.statements = 0
        self.holder: Element | None = None
        self.is_named = not iban

    def see(self, event: str, element: Element) -> Iterator[Parsed]:
        """Make what an element says of it; entries leave the memory at once."""
        name = _name(element)
        if event == "start":
            if name == "Stmt":
                self.holder, self.statements = element, self.statements + 1
        elif name == "Ntry":
            yield from self._entry(element)
        elif name == "Bal":
            yield _balance(element, self.currency)
        elif name == "FrToDt":
            yield _period(element)
        elif name == "Acct" and self.iban:
            self.is_named = True
            if _text(element, "Id", "IBAN").replace(" ", "") != self.iban:
                yield Problem(0, "The statement is of another account.")

    def _entry(self, element: Element) -> Iterator[Parsed]:
        try:
            for line in _lines(element, self.count, self.currency):
                self.count += 1
                yield line
        except (UnreadableEntry, ValueError) as error:
            self.count += 1
            yield Problem(self.count, str(error))
        if self.holder is not None:
            self.holder.remove(element)


def _lines(entry: Element, count: int, currency: str) -> Iterator[ParsedLine]:
    """
    :raises UnreadableEntry: the amount or its sign is missing or in another currency
    """
    status = _text(entry, "Sts", "Cd") or _text(entry, "Sts")
    if status and status != "BOOK":
        return
    booked = _date(_child(entry, "BookgDt"))
    value = _date(_child(entry, "ValDt")) or booked
    if booked is None or value is None:
        raise UnreadableEntry("It has no booking date.")
    total = _amount(entry, currency)
    details = [d for group in _children(entry, "NtryDtls") for d in _children(group, "TxDtls")]
    for part, minor in _shares(details, total, currency):
        count += 1
        names = [n for kind in ("Dbtr", "Cdtr") if (n := _party(part, kind))]
        reference = _text(part, "Refs", "EndToEndId")
        yield ParsedLine(
            n=count,
            booked_on=booked,
            value_on=value,
            amount_minor=minor,
            fee_minor=0,
            reference="" if reference == NO_REFERENCE else reference[:REFERENCE_LENGTH],
            counterparty=(names[0] if minor > 0 else names[-1])[:REFERENCE_LENGTH]
            if names
            else "",
            text=_said(entry, part)[:TEXT_LENGTH],
        )


def _shares(
    details: list[Element], total: int, currency: str
) -> Iterator[tuple[Element | None, int]]:
    """Part an entry among its transactions if their amounts are given and add up to it."""
    sign = 1 if total >= 0 else -1
    amounts = [_optional_amount(part, currency) for part in details]
    known = [sign * minor for minor in amounts if minor is not None]
    if len(known) == len(details) > 1 and sum(known) == total:
        yield from zip(details, known, strict=True)
    else:
        yield (details[0] if len(details) == 1 else None), total


def _amount(entry: Element, currency: str) -> int:
    minor = _optional_amount(entry, currency)
    sign = {"CRDT": 1, "DBIT": -1}.get(_text(entry, "CdtDbtInd"))
    if minor is None or sign is None:
        raise UnreadableEntry(f"It has no amount in {currency} or does not say which way it went.")
    return sign * minor


def _optional_amount(element: Element, currency: str) -> int | None:
    found = _child(element, "Amt")
    if found is None:
        details = _child(_child(element, "AmtDtls"), "TxAmt")
        found = _child(details, "Amt")
    if found is None or found.get("Ccy") != currency:
        return None
    try:
        minor = Money.of((found.text or "").strip(), currency).minor
    except DomainError as error:
        raise UnreadableEntry(f"{found.text!r} is not an amount of {currency}.") from error
    if minor < 0:  # CdtDbtInd says which way; read twice, a minus would turn it round
        raise UnreadableEntry(f"{found.text!r} is below zero.")
    return minor


def _balance(element: Element, currency: str) -> Balances:
    code = _text(element, "Tp", "CdOrPrtry", "Cd")
    if code not in OPENING | CLOSING:
        return Balances()
    minor = _amount(element, currency)
    return Balances(opening_minor=minor) if code in OPENING else Balances(closing_minor=minor)


def _period(element: Element) -> Balances:
    first, last = _text(element, "FrDtTm")[:10], _text(element, "ToDtTm")[:10]
    if not first or not last:
        return Balances()
    return Balances(period_start=date.fromisoformat(first), period_end=date.fromisoformat(last))


def _date(element: Element | None) -> date | None:
    text = _text(element, "Dt") or _text(element, "DtTm")[:10]
    return date.fromisoformat(text) if text else None


def _party(part: Element | None, kind: str) -> str:
    party = _child(_child(part, "RltdPties"), kind)
    return _text(party, "Nm") or _text(party, "Pty", "Nm")


def _said(entry: Element, part: Element | None) -> str:
    words = [
        _text(part, "RmtInf", "Ustrd"),
        _text(entry, "AddtlNtryInf"),
        _text(part, "RtrInf", "Rsn", "Cd"),
        _text(entry, "AcctSvcrRef"),
    ]
    return " · ".join(filter(None, words))


def _name(element: Element) -> str:
    """Return the tag without the version's namespace."""
    return str(element.tag).rpartition("}")[2]


def _children(element: Element | None, name: str) -> list[Element]:
    return [] if element is None else [child for child in element if _name(child) == name]


def _child(element: Element | None, name: str) -> Element | None:
    return next(iter(_children(element, name)), None)


def _text(element: Element | None, *path: str) -> str:
    for name in path:
        element = _child(element, name)
    return (element.text or "").strip() if element is not None else ""


CAMT = Format("camt.053", "Bank statement camt.053", parse_camt, check_camt)
