"""Which declines another processor may see differently.

ISO 8583 response codes as banks and gateways pass them on (field 39). Only troubles on the way
count: what the issuer decided about the card or its holder it decides again, and the networks
charge for asking anyway (Visa Rules 7.3.6.4, Mastercard Transaction Processing Excellence).
"""

from __future__ import annotations

#: 06 error, 19 re-enter, 68 late response, 91 issuer or switch inoperative, 92 no route, 96 system
#: malfunction.
_ON_THE_WAY = frozenset({"06", "19", "68", "91", "92", "96"})
_WORDS = frozenset(
    {"processor_unavailable", "issuer_unavailable", "processing_error", "acquirer_error"}
)


def is_on_the_way(code: str) -> bool:
    """Test if a decline says nothing about the card, so that another route may fare better."""
    return code in _ON_THE_WAY or code.strip().lower().replace(" ", "_") in _WORDS
