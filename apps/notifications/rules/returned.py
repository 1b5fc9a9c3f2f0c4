"""Read a report that a mail did not arrive: a delivery status notification (RFC 3464, 6522)."""

from __future__ import annotations

import email
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.message import Message

#: Bytes that are enough: whose mail it was stands before the mail itself, or at its beginning.
ENOUGH = 500_000
_MAIL = frozenset({"message/rfc822", "message/global"})
_HEADERS = frozenset({"text/rfc822-headers", "message/global-headers"})
_STATUS = frozenset({"message/delivery-status", "message/global-delivery-status"})


@dataclass(frozen=True, slots=True)
class Returned:
    """A mail that a server gave up: its Message-ID, whom it was for (in small letters; empty: not
    said), and why, in the server's words."""

    message_id: str
    address: str
    reason: str


def returned_in(raw: bytes) -> Returned | None:
    """Return the mail that a report says failed for good; None: it is no such report, or one of
    a delay, of a delivery, or without the name of the mail.

    ``Action: failed`` is the last word, whatever the status (RFC 3464 2.3.3): a server says it
    too of a 4.x.x that it has tried for days.
    """
    try:
        report = email.message_from_bytes(raw)
        parts = list(report.walk())
    except (MessageError, RecursionError):  # parts in parts without end
        return None
    if report.get_content_type() != "multipart/report":
        return None
    failed = next((each for each in _recipients(parts) if _said(each, "Action") == "failed"), None)
    message_id = next(_names(parts), "")
    if failed is None or not message_id:
        return None
    status, why = _said(failed, "Status"), _plain(failed, "Diagnostic-Code")
    reason = " ".join(" ".join((status, why.partition(";")[2] or why)).split())
    return Returned(message_id, _address(failed), reason[:200] or "It came back")


def _recipients(parts: list[Message]) -> Iterator[Message]:
    """The blocks of fields about each recipient, after the one about the report itself."""
    for part in parts:
        if part.get_content_type() in _STATUS and isinstance(part.get_payload(), list):
            for block in part.get_payload():
                if isinstance(block, Message) and "Action" in block:
                    yield block


def _names(parts: list[Message]) -> Iterator[str]:
    """The Message-ID of the mail that came back, from what of it comes with the report."""
    for part in parts:
        payload = part.get_payload()
        found = ""
        if part.get_content_type() in _MAIL and isinstance(payload, list) and payload:
            found = _plain(payload[0], "Message-ID")
        elif part.get_content_type() in _HEADERS:
            told = part.get_payload(decode=True)
            if isinstance(told, bytes):
                found = _plain(email.message_from_bytes(told), "Message-ID")
        if found:
            yield found


def _address(block: Message) -> str:
    told = _plain(block, "Original-Recipient") or _plain(block, "Final-Recipient")
    return told.partition(";")[2].strip().strip("<>").lower()


def _said(block: Message, name: str) -> str:
    return _plain(block, name).partition("(")[0].strip().lower()


def _plain(block: object, name: str) -> str:
    return str(block.get(name, "")).strip() if isinstance(block, Message) else ""
