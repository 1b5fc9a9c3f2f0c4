"""Paxum, Payment API v1: a form goes out, XML comes back.

https://us.paxum.com/developers/api-documentation (pages "Transaction flow and content",
"transferFunds", "transactionHistory"). Paxum has no idempotency key: whoever sends
twice pays twice, so a payout is found again by our ``reference`` in the history.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import TYPE_CHECKING

from defusedxml import DefusedXmlException, ElementTree
from django.conf import settings

from apps.core import http
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.payouts.adapters import paxum_codes
from apps.payouts.adapters.base import (
    Found,
    Instruction,
    Later,
    Outcome,
    Paid,
    Record,
    Refused,
    Unclear,
    Unknown,
)

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TIMEOUT_SECONDS = 30

#: Which values the key signs, in the documented order; an absent one adds nothing.
SIGNED = {
    "transferFunds": (
        "toEmail",
        "amount",
        "currency",
        "note",
        "firstName",
        "lastName",
        "businessName",
        "reference",
        "subscriptionFrequency",
        "subscriptionEndDate",
        "subscriptionUserCancel",
        "subscriptionTransactions",
        "fromAccount",
        "transactionCategory",
    ),
    "transactionHistory": ("accountId", "fromDate", "toDate", "pageSize", "pageNumber"),
}

LONGEST_ID = 64
PAGE_SIZE = 100
#: Pages read for one payout; a history that does not end by then proves nothing.
MOST_PAGES = 200
#: Paxum's days are those of its own zone (IPN: EST); a day on each side covers any zone.
DAY_MARGIN = timedelta(days=1)


class Unreadable(Exception):
    """The answer is not what the documentation promises; it proves nothing."""


def sign(method: str, fields: Mapping[str, str], *, secret: str) -> str:
    """Return ``key``: MD5 of the shared secret and the values in documented order, in hex."""
    text = secret + "".join(fields.get(name, "") for name in SIGNED[method])
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class Paxum:
    """The rail ``PAXUM``. Its address, secret and account are settings.PAXUM."""

    def send(self, instruction: Instruction) -> Outcome:
        """
        Pay by transferFunds.

        The payee's names are sent along: Paxum then pays only when they match its file,
        so a mistyped e-mail pays nobody. ``fromAccount`` pins the account whose history
        ``look_up`` reads.
        """
        payee = instruction.destination
        try:
            answer = self._call(
                "transferFunds",
                {
                    "toEmail": payee["email"],
                    "amount": str(instruction.amount.decimal),
                    "currency": instruction.amount.currency,
                    "note": instruction.note,
                    "firstName": payee.get("first_name", ""),
                    "lastName": payee.get("last_name", ""),
                    "businessName": payee.get("business_name", ""),
                    "reference": instruction.reference,
                    "fromAccount": settings.PAXUM["account_id"],
                },
            )
            return _outcome(answer, instruction.amount.currency)
        except http.NotSent as error:
            return Later("NOT_SENT", error.message)
        except http.OutcomeUnknown as error:
            return Unknown("NO_ANSWER", error.message)
        except Unreadable as error:
            return Unknown("UNREADABLE", str(error))

    def look_up(
        self, *, reference: str, currency: str, since: datetime, until: datetime
    ) -> Found | Unclear:
        """
        Read every page of transactionHistory between the two days; keep ``reference``.

        The days reach to Paxum's today, whatever time the caller lives in: days too
        many cost a page, a day too few could cost a second payment. Only an empty page ends
        the history: a short one may just be as long as Paxum lets a page be. A short first
        page makes the reading begin anew with pages of its length, for it is not
        known whether Paxum counted the pages by our length or by its own. A row that moves
        to the next page while we read is seen twice and counts once.
        """
        today = datetime.now(UTC)
        first, last = min(since, today) - DAY_MARGIN, max(until, today) + DAY_MARGIN
        records: dict[str, Record] = {}
        size, page = PAGE_SIZE, 1
        try:
            for _ in range(MOST_PAGES):
                rows = self._history_page(page, size, first, last)
                if not rows:
                    return Found(tuple(records.values()))
                for record in _records(rows, reference, currency):
                    records[record.transaction_id] = record
                if page == 1 and len(rows) < size:
                    size = len(rows)
                else:
                    page += 1
        except (http.NotSent, http.OutcomeUnknown) as error:
            return Unclear("NO_ANSWER", error.message)
        except Unreadable as error:
            return Unclear("UNREADABLE", str(error))
        return Unclear("TOO_LONG", f"The history has over {MOST_PAGES} pages.")

    def _history_page(
        self, number: int, size: int, first: datetime, last: datetime
    ) -> Sequence[Element]:
        answer = self._call(
            "transactionHistory",
            {
                "accountId": settings.PAXUM["account_id"],
                "fromDate": f"{first:%Y-%m-%d}",
                "toDate": f"{last:%Y-%m-%d}",
                "pageSize": str(size),
                "pageNumber": str(number),
            },
        )
        code = _text(answer, "ResponseCode")
        if code != paxum_codes.PAID:
            raise Unreadable(f"The history was refused with code {code[:10]}.")
        rows = answer.find(HISTORY["rows"])
        if rows is None:
            # An empty history shows an empty list. No list at all is not an empty history.
            raise Unreadable("The history has no list.")
        return rows.findall(HISTORY["row"])

    def _call(self, method: str, fields: Mapping[str, str]) -> Element:
        config = settings.PAXUM
        present = {name: value for name, value in fields.items() if value}
        response = http.Client(service="paxum", timeout=TIMEOUT_SECONDS).request(
            "POST",
            config["api_url"],
            data={
                "method": method,
                "fromEmail": config["from_email"],
                **present,
                "key": sign(method, present, secret=config["shared_secret"]),
            },
        )
        if response.status != HTTPStatus.OK:
            raise Unreadable(f"HTTP {response.status}.")
        return _parse(response.body, method=method, environment=config["environment"])


#: Where transactionHistory keeps what. [unverified] The page of the documentation that
#: shows it is not public: check against the account's own before the first real payout.
HISTORY = {
    "rows": "Transactions",
    "row": "Transaction",
    "transaction_id": "TransactionId",
    "reference": "Reference",
    "amount": "Amount",
    "currency": "Currency",
    "fee": "Fee",
    "payee": "ToEmail",
    "status": "Status",
    "completed": "completed",
}


def _parse(body: bytes, *, method: str, environment: str) -> Element:
    """Read an answer that comes from where we asked, about what we asked."""
    try:
        # Paxum's answers may begin with blank lines, which XML forbids before its declaration.
        answer: Element = ElementTree.fromstring(body.strip())
    except (ElementTree.ParseError, DefusedXmlException, ValueError) as error:
        raise Unreadable("The answer is not XML.") from error
    if answer.tag != "Response":
        raise Unreadable("The answer is not a Response.")
    if _text(answer, "Environment").upper() != environment:
        raise Unreadable("The answer comes from another environment.")
    if _text(answer, "Method") not in {"", method}:
        raise Unreadable("The answer is about another method.")
    return answer


def _outcome(answer: Element, currency: str) -> Outcome:
    code = _text(answer, "ResponseCode").upper()
    said = _text(answer, "ResponseDescription")[:200]
    if code == paxum_codes.PAID:
        transaction_id = _text(answer, "TransactionId")
        if not transaction_id or len(transaction_id) > LONGEST_ID:
            raise Unreadable("It was paid without a TransactionId.")
        return Paid(transaction_id, _money(_text(answer, "Fee") or "0", currency))
    if code in paxum_codes.REFUSED:
        return Refused(code, paxum_codes.REFUSED[code])
    if code in paxum_codes.LATER:
        return Later(code, paxum_codes.LATER[code])
    return Unknown(code[:20] or "NO_CODE", said or "Paxum gave no certain answer.")


def _records(rows: Sequence[Element], reference: str, currency: str) -> Iterator[Record]:
    """
    :raises Unreadable: a payment of ours has no id, so nothing tells it from another
    """
    for row in rows:
        if _tag(row, "reference") == reference:
            record = _record(row, currency)
            if not record.transaction_id:
                raise Unreadable("A payment in the history has no id.")
            yield record


def _record(row: Element, currency: str) -> Record:
    """Read a row of the history; the fee is in the currency of the payment."""
    paid_in = _tag(row, "currency") or currency
    return Record(
        transaction_id=_tag(row, "transaction_id"),
        amount=_money(_tag(row, "amount"), paid_in),
        fee=_money(_tag(row, "fee") or "0", paid_in),
        payee=_tag(row, "payee").lower(),
        completed=_tag(row, "status").lower() == HISTORY["completed"],
    )


def _tag(row: Element, name: str) -> str:
    return _text(row, HISTORY[name])


def _text(element: Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def _money(text: str, currency: str) -> Money:
    """Read "2,310.01" or "-5.00"; the history shows what left us as negative or not."""
    try:
        return Money.of(abs(Decimal(text.replace(",", ""))), currency)
    except (InvalidOperation, KeyError, ValueError, DomainError) as error:
        raise Unreadable("An amount cannot be read.") from error
