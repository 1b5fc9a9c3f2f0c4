"""What may be kept of a conversation with a gateway: no card data, no secrets (PCI DSS 3.3, 3.5).

Adapters already leave both out. This is the second lock on the door: whatever an answer holds by
mistake, what looks like it is not kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

#: Names of fields whose values are secrets or card data, in whatever spelling.
_SECRET = re.compile(
    r"pass(word|wd|phrase)|secret|salt|token|signature|sign$|hmac|digest|authoriz|(api|security|access|private|secret|signing|tokenization)_?key"
    r"|private|cvv|cvc|cv2|csc|security_?code|card_?num|ccnum|account_?num(ber)?$|\bpan\b"
    r"|^pan$|iban|track_?[12]|pin_?block",
    re.IGNORECASE,
)
#: 13 to 19 digits, perhaps with spaces or hyphens between them, that begin as the cards of the
#: networks do (ISO/IEC 7812): 2 and 5 Mastercard, 3 Amex, Diners and JCB, 4 Visa, 6 others.
_NUMBER = re.compile(r"(?<![0-9A-Za-z])[2-6](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z])")
HIDDEN = "[hidden]"
MOST_CHARACTERS = 300
MOST_FIELDS = 60


def clean(kept: Mapping[str, str]) -> dict[str, str]:
    """Return what may be stored of an exchange: few fields, short texts, nothing secret."""
    return {
        str(name)[:60]: HIDDEN if _SECRET.search(str(name)) else clean_text(str(text))
        for name, text in list(kept.items())[:MOST_FIELDS]
    }


def clean_text(text: str) -> str:
    """Return a text without what may be a card number: digits that pass ISO/IEC 7812's check."""
    return _NUMBER.sub(_hidden_if_card, text.replace("\0", ""))[:MOST_CHARACTERS]


def has_card_number(text: str) -> bool:
    """Test if a text holds digits that may be a card number."""
    return any(_hidden_if_card(found) == HIDDEN for found in _NUMBER.finditer(text))


def _hidden_if_card(found: re.Match[str]) -> str:
    digits = [int(each) for each in found.group() if each.isdigit()]
    return HIDDEN if looks_like_card(digits) else found.group()


def looks_like_card(digits: list[int]) -> bool:
    """Test the check digit of ISO/IEC 7812-1 annex B (Luhn)."""
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def digits_only(text: str, *, most: int, exact: bool = False) -> str:
    """Return the digits of a text if there are no more (``exact``: no fewer) than ``most``, else
    nothing: what is longer may be a card number."""
    digits = "".join(each for each in text if each in "0123456789")
    fits = len(digits) == most if exact else len(digits) <= most
    return digits if fits else ""
