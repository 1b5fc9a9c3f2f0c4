"""Card data that somebody put into a message to us, where no gateway would (PCI DSS 3.3.1, 3.5.1).

A signature is over every byte, and one number in ten as long as a card's passes the check
digit by chance: so what looks like a card number is recognised here, and not yet taken out. A
security code is: no gateway has one to send, and it may not be kept at all, not even sealed.
Base64 and ciphers are not looked into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from apps.finance.payments.rules.redact import HIDDEN, looks_like_card

_HIDDEN = HIDDEN.encode()
#: Digits in a row, or in groups.
_DIGITS = re.compile(rb"[0-9][0-9 +-]{11,}[0-9]")
_BETWEEN = re.compile(rb"[ +-]+")
#: ISO/IEC 7812-1: a number has so many digits; the networks' begin with 2 to 6.
_SHORTEST, _LONGEST, _FIRST = 13, 19, b"23456"
#: Nobody writes a number in more parts; who does sends digits by the thousand.
_MOST_GROUPS = 200
#: What is written after a backslash in JSON, and hides a digit or sticks to it.
_ESCAPE = re.compile(rb"\\(?:u00([0-9A-Fa-f]{2})|[nrtbf])")
_NAMES = (b"cv", b"csc", b"security", b"verification")
#: A name that is a code's, not one of its result (``cvv_response``), and its value: in JSON, a
#: form, XML or a header.
_CODE = re.compile(
    rb"(?<![a-z0-9])((?:card|cc)?[_.-]?(?:cvv2?|cvc2?|cv2|csc|security[_-]?code"
    rb"|card[_-]?verification[_-]?(?:value|code|number)))"
    rb"(\"\s*:\s*|\s*[=>:]\s*|%3d)(\"[^\"]{3,64}\"|[^\s\"&<,;{}\[\]]{3,64})",
    re.IGNORECASE,
)


def may_hold_number(sent: bytes) -> bool:
    """Test if a message holds what may be a card number, as it is or in an escaped form."""
    return any(_holds_number(meaning) for meaning in _meanings(sent))


def without_numbers(sent: bytes) -> bytes:
    """Return a message without what may be card numbers; nothing of it where one is escaped."""
    hidden = _DIGITS.sub(_hide, sent)
    return _HIDDEN if may_hold_number(hidden) else hidden


def without_codes(sent: bytes) -> bytes:
    """Return a message without security codes. What has none comes back as it is."""
    lower = sent.lower()
    if not any(name in lower for name in _NAMES):
        return sent
    return _CODE.sub(_hide_code, sent)


def _hide_code(found: re.Match[bytes]) -> bytes:
    quote = b'"' if found[3].startswith(b'"') else b""
    return found[1] + found[2] + quote + _HIDDEN + quote


def _meanings(sent: bytes) -> Iterator[bytes]:
    yield sent
    if b"%" in sent:
        yield unquote_to_bytes(sent)
    if b"\\" in sent:
        yield _ESCAPE.sub(_unescape, sent)


def _unescape(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode()) if found[1] else b" "


def _holds_number(text: bytes) -> bool:
    return any(_is_suspect(found) for found in _DIGITS.finditer(text))


def _hide(found: re.Match[bytes]) -> bytes:
    return _HIDDEN if _is_suspect(found) else found[0]


def _is_suspect(found: re.Match[bytes]) -> bool:
    """Test if some groups that stand together, and stick to no letter, may be a card number."""
    groups = _BETWEEN.split(found[0])
    if len(groups) > _MOST_GROUPS:
        return True
    first = 1 if _sticks_before(found) else 0
    last = len(groups) - (1 if _sticks_after(found) else 0)
    return any(_begins_card(groups[start:last]) for start in range(first, last))


def _begins_card(groups: list[bytes]) -> bool:
    if groups[0][0] not in _FIRST:
        return False
    digits = b""
    for group in groups:
        digits += group
        if len(digits) > _LONGEST:
            return False
        if len(digits) >= _SHORTEST and looks_like_card([each - 48 for each in digits]):
            return True
    return False


def _sticks_before(found: re.Match[bytes]) -> bool:
    before = found.string[max(0, found.start() - 2) : found.start()]
    return before[-1:].isalnum() and before != b"%B"  # a magnetic stripe begins so


def _sticks_after(found: re.Match[bytes]) -> bool:
    return found.string[found.end() : found.end() + 1].isalnum()
