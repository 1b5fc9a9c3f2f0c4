"""pain.002 and camt.053 (ISO 20022, any version), read as they stream by.

Entities and document types are refused (defusedxml), so a file cannot read others or blow up.
Each entry leaves the memory when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.debits import errors
from apps.finance.debits.adapters.base import News, child_of, children_of, name_of, text_of
from apps.finance.debits.choices import ItemKind
from apps.finance.debits.rules.references import references_in

_NO_REFERENCE = frozenset({"", "NOTPROVIDED"})
_REJECTED = "RJCT"
#: Statuses of entries that move the balance; older versions need not say it.
_BOOKED = frozenset({"", "BOOK"})


def read_pain002(file: BinaryIO) -> Iterator[News]:
    """
    Yield the rejected debits; a refusal by our message id where all of a file were rejected, as
    a group or as its one batch.

    :raises WrongFile: it is no pain.002
    """
    message = ""
    singly: list[str] = []

    def status(element: Element) -> Iterator[News]:
        for news in _status(element):
            singly.append(news.reference)
            yield news

    def group(element: Element) -> Iterator[News]:
        nonlocal message
        message = text_of(element, "OrgnlMsgId")
        if text_of(element, "GrpSts") == _REJECTED:
            yield _refusal(message, element)

    def batch(element: Element) -> Iterator[News]:
        if text_of(element, "PmtInfSts") == _REJECTED and not singly:
            yield _refusal(message, element)
        singly.clear()

    reader = _Reader("CstmrPmtStsRpt", "TxInfAndSts", "OrgnlPmtInfAndSts", status)
    yield from reader.read(file, on_other={"OrgnlGrpInfAndSts": group, "OrgnlPmtInfAndSts": batch})


def read_camt053(file: BinaryIO, *, iban: str) -> Iterator[News]:
    """
    Yield returned debits, credits of debits, and transfers that carry a reference of ours' form.

    :raises WrongFile: it is no camt.053, or of another account
    """
    seen: list[str] = []
    sums = _Statement()

    def entry(element: Element) -> Iterator[News]:
        sums.count(element)
        yield from _entry(element)

    def end(element: Element) -> Iterator[News]:
        sums.check(element)
        yield from ()

    def account(element: Element) -> Iterator[News]:
        found = text_of(element, "Id", "IBAN").replace(" ", "")
        seen.append(found)
        if found != iban:
            raise errors.WrongFile(why="the statement is of another account")
        yield from ()

    reader = _Reader("BkToCstmrStmt", "Ntry", "Stmt", entry)
    yield from reader.read(
        file, on_child={("Stmt", "Acct"): account, ("BkToCstmrStmt", "Stmt"): end}
    )
    if not seen:
        raise errors.WrongFile(why="the statement does not say of which account it is")


class _Statement:
    """What a statement's entries add up to, held against what it says of itself."""

    def __init__(self) -> None:
        self.entries = self.moved = 0

    def count(self, entry: Element) -> None:
        self.entries += 1
        if (text_of(entry, "Sts", "Cd") or text_of(entry, "Sts")) in _BOOKED:
            self.moved += _signed(entry)

    def check(self, statement: Element) -> None:
        """
        :raises WrongFile: the number of entries, or opening balance and entries, do not agree
        """
        said = text_of(statement, "TxsSummry", "TtlNtries", "NbOfNtries")
        if said and said != str(self.entries):
            raise errors.WrongFile(why=f"it counts {said[:9]} entries, there are {self.entries}")
        balances = {
            text_of(one, "Tp", "CdOrPrtry", "Cd"): _signed(one)
            for one in children_of(statement, "Bal")
        }
        opening = balances.get("OPBD", balances.get("PRCD"))
        closing = balances.get("CLBD")
        if opening is not None and closing is not None and opening + self.moved != closing:
            raise errors.WrongFile(why="its entries do not lead from one balance to the other")
        self.entries = self.moved = 0


class _Reader:
    """Streams the elements ``each`` within ``holder`` of a document whose body is ``body``."""

    def __init__(
        self, body: str, each: str, holder: str, make: Callable[[Element], Iterator[News]]
    ) -> None:
        self.body, self.each, self.holder, self.make = body, each, holder, make

    def read(
        self,
        file: BinaryIO,
        *,
        on_other: dict[str, Callable[[Element], Iterator[News]]] | None = None,
        on_child: dict[tuple[str, str], Callable[[Element], Iterator[News]]] | None = None,
    ) -> Iterator[News]:
        path: list[Element] = []
        try:
            for event, element in ElementTree.iterparse(
                file, events=("start", "end"), forbid_dtd=True
            ):
                if event == "start":
                    path.append(element)
                    self._check_body(path)
                    continue
                path.pop()
                name = name_of(element)
                parent = name_of(path[-1]) if path else ""
                if name == self.each and parent == self.holder:
                    yield from self.make(element)
                    path[-1].remove(element)
                elif on_other and name in on_other:
                    yield from on_other[name](element)
                elif on_child and (parent, name) in on_child:
                    yield from on_child[parent, name](element)
        except (ElementTree.ParseError, DefusedXmlException) as error:
            raise errors.WrongFile(why="it is not readable XML") from error

    def _check_body(self, path: list[Element]) -> None:
        """The second level says what kind of document it is."""
        is_body = len(path) == len(("Document", "body"))
        if is_body and name_of(path[-1]) != self.body:
            raise errors.WrongFile(why=f"it is no {self.body}")


def _status(element: Element) -> Iterator[News]:
    if text_of(element, "TxSts") != _REJECTED:
        return
    reference = text_of(element, "OrgnlEndToEndId")
    minor, currency = _money(child_of(element, "OrgnlTxRef", "Amt", "InstdAmt"))
    yield News(
        ItemKind.RETURN,
        f"{reference}:R" if reference else text_of(element, "StsId"),
        reference,
        _code(child_of(element, "StsRsnInf")),
        minor,
        currency,
        text_of(element, "StsRsnInf", "AddtlInf")[:200],
    )


def _refusal(message: str, element: Element) -> News:
    reason = child_of(element, "StsRsnInf")
    said = text_of(reason, "AddtlInf")[:150]
    return News(ItemKind.REFUSAL, f"file:{message}", message[:35], _code(reason), text=said)


def _entry(entry: Element) -> Iterator[News]:
    status = text_of(entry, "Sts", "Cd") or text_of(entry, "Sts")
    if status not in _BOOKED:
        return
    details = [
        one for group in children_of(entry, "NtryDtls") for one in children_of(group, "TxDtls")
    ]
    for number, part in enumerate(details or [entry], 1):
        whole = len(details) <= 1
        yield from _line(entry, part, number=number, is_whole=whole)


def _line(entry: Element, part: Element, *, number: int, is_whole: bool) -> Iterator[News]:
    reference = text_of(part, "Refs", "EndToEndId")
    reference = "" if reference in _NO_REFERENCE else reference
    amount = child_of(part, "Amt")
    if amount is None:
        amount = child_of(part, "AmtDtls", "TxAmt", "Amt")
    if amount is None and is_whole:
        amount = child_of(entry, "Amt")
    minor, currency = _money(amount)
    own = text_of(part, "Refs", "AcctSvcrRef") or text_of(entry, "AcctSvcrRef")
    identity = f"{own}:{number}" if own else ""
    is_credit = text_of(entry, "CdtDbtInd") == "CRDT"
    said = _said(part)
    if child_of(part, "RtrInf") is not None:
        if not is_credit:
            code = _code(child_of(part, "RtrInf"))
            key = f"{reference}:R" if reference else identity
            yield News(ItemKind.RETURN, key, reference[:35], code, minor, currency, said)
        return
    if not is_credit:
        return
    found = references_in(f"{said} {reference}")
    if found:
        yield News(ItemKind.TRANSFER, identity, found[0], "", minor, currency, said)
    elif reference:
        yield News(ItemKind.PAID, f"{reference}:P", reference[:35], "", minor, currency, said)


def _signed(element: Element) -> int:
    minor, _ = _money(child_of(element, "Amt"))
    return -(minor or 0) if text_of(element, "CdtDbtInd") == "DBIT" else (minor or 0)


def _said(part: Element) -> str:
    """The structured creditor reference first: it is the one machines wrote."""
    words = [text_of(one, "CdtrRefInf", "Ref") for one in _remittances(part, "Strd")]
    words += [(one.text or "").strip() for one in _remittances(part, "Ustrd")]
    return " ".join(filter(None, words))[:200]


def _remittances(part: Element, name: str) -> list[Element]:
    return children_of(child_of(part, "RmtInf"), name)


def _code(element: Element | None) -> str:
    return (text_of(element, "Rsn", "Cd") or text_of(element, "Rsn", "Prtry"))[:4]


def _money(amount: Element | None) -> tuple[int | None, str]:
    """
    :raises WrongFile: what stands there is no amount
    """
    if amount is None:
        return None, ""
    currency = amount.get("Ccy", "")
    try:
        money = Money.of((amount.text or "").strip(), currency)
    except DomainError as error:
        raise errors.WrongFile(why=f"{(amount.text or '')[:20]!r} is not an amount") from error
    return money.minor, currency
