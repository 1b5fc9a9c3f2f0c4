"""What a decline means for what may be tried next.

ISO 8583 response codes as banks and gateways pass them on (field 39), NMI's response codes,
CCBill's BE codes as its merchants publish them. The networks forbid trying again after some codes
and charge for asking anyway (Visa Rules 7.3.6.4, Mastercard Transaction Processing Excellence):
so a code that is not listed is HARD, and only troubles on the way are tried elsewhere at once.
"""

from __future__ import annotations

from enum import Enum

#: 06 error, 19 re-enter, 68 late response, 91 issuer or switch inoperative, 92 no route, 96 system
#: malfunction.
_ON_THE_WAY = frozenset({"06", "19", "68", "91", "92", "96"})
_WORDS = frozenset(
    {"processor_unavailable", "issuer_unavailable", "processing_error", "acquirer_error"}
)


class Decline(Enum):
    """SOFT: with the same card it may go through later. HARD: never with this card."""

    SOFT = "may be tried again later"
    HARD = "never again with this card"
    NEEDS_PAYER = "only the payer can mend it: another card, or a word with the bank"


_SOFT, _HARD, _PAYER = Decline.SOFT, Decline.HARD, Decline.NEEDS_PAYER

#: Funds, limits, a bank or processor that is busy; then stolen, forbidden, unlawful; then typed
#: wrongly, expired, to be confirmed. The two-digit codes are ISO 8583's.
_ISO = {
    **dict.fromkeys(("05", "06", "19", "51", "61", "65", "68", "90", "91", "92", "96"), _SOFT),
    **dict.fromkeys(("04", "07", "12", "15", "41", "43", "46", "57", "59", "62", "78", "93",
                     "R0", "R1", "R3"), _HARD),
    **dict.fromkeys(("01", "02", "14", "33", "54", "55", "70", "75", "82", "N7", "1A"), _PAYER),
}  # fmt: skip

_CODES: dict[str, dict[str, Decline]] = {
    "ccbill": {
        # BE-100 call, 110 no action, 119 activity limit, 125 bank not reached, 140 by the bank.
        **dict.fromkeys(("BE-104", "BE-110", "BE-119", "BE-125", "BE-140", "BE-900"), _SOFT),
        # BE-102 pick up, 112 no account, 118 security, 131 charged back before, 132 blocked.
        **dict.fromkeys(("BE-102", "BE-103", "BE-112", "BE-116", "BE-118", "BE-131", "BE-132"),
                        _HARD),
        # BE-100 call the bank, 107 no valid card, 115 and 120 PIN, 122 date, 128 CVV2, 129 AVS.
        **dict.fromkeys(("BE-100", "BE-107", "BE-115", "BE-120", "BE-122", "BE-128", "BE-129"),
                        _PAYER),
        # Our call, not the card: our address, login, limits of the account.
        **dict.fromkeys(("-1", "-8", "-9", "-10", "-12", "-23", "-24"), _SOFT),
        **{code.lstrip("0"): kind for code, kind in _ISO.items() if code.isdigit()},
    },
    "nmi": {
        # 200 declined, 201 do not honour, 202 funds, 203 limit, 264 retry later, 400 processor.
        **dict.fromkeys(("200", "201", "202", "203", "264", "400", "440", "441"),
                        _SOFT),
        # 250-253 pick up, lost, stolen, fraud; 261, 262 stop for good; 204, 460, 461 not allowed.
        **dict.fromkeys(("204", "250", "251", "252", "253", "260", "261", "262", "460", "461"),
                        _HARD),
        **dict.fromkeys(("220", "221", "222", "223", "224", "225", "240", "263"), _PAYER),
        # 300 refused by the gateway, 430 sent twice: not the card's fault, and not to be repeated.
        **dict.fromkeys(("300", "430"), _HARD),
    },
    "adyen": {
        **dict.fromkeys(("NOT_ENOUGH_BALANCE", "Not enough balance", "Refused", "Acquirer Error",
                         "Issuer Unavailable", "Withdrawal amount exceeded",
                         "Declined Non Generic"), _SOFT),
        **dict.fromkeys(("Blocked Card", "FRAUD", "Fraud", "FRAUD-CANCELLED", "Restricted Card",
                         "Issuer Suspected Fraud", "Revocation Of Auth", "Not supported",
                         "Transaction Not Permitted"), _HARD),
        **dict.fromkeys(("Expired Card", "CVC Declined", "Invalid Card Number", "Invalid Pin",
                         "3D Not Authenticated", "Authentication required", "Referral"), _PAYER),
    },
    "epoch": {"NDECLINED": _SOFT},
    "vendo": {
        "6307": _PAYER,  # the payer must be verified first
        # Our request: no JSON, credentials, a value.
        **dict.fromkeys(("8102", "8103", "8105"), _SOFT),
    },
    "netbilling": {"0": _SOFT, "D": _HARD, "F": _HARD, **_ISO},
    "segpay": {"declined": _SOFT, **_ISO},
    "verotel": {},
    "commercegate": dict(_ISO),
    "rapyd": {
        "ERROR_CARD_DECLINED_INSUFFICIENT_FUNDS": _SOFT,
        "ERROR_CARD_DECLINED_DO_NOT_HONOR": _SOFT,
        "ERROR_CARD_DECLINED_EXPIRED_CARD": _PAYER,
        "ERROR_CARD_DECLINED_LOST_CARD": _HARD,
        "ERROR_CARD_DECLINED_STOLEN_CARD": _HARD,
        "ERROR_CARD_DECLINED_PICKUP_CARD": _HARD,
        "ERROR_CARD_DECLINED_FRAUD": _HARD,
    },
}  # fmt: skip


def classify(gateway: str, code: str) -> Decline:
    """
    Return what may follow a decline. A code that is not known is HARD.

    It judges a later try; whether another gateway may fare better at once says
    ``is_on_the_way``.
    """
    known = _CODES.get(gateway, {})
    return known.get(code) or known.get(code.upper()) or Decline.HARD


def is_on_the_way(code: str) -> bool:
    """Test if a decline says nothing about the card, so that another route may fare better."""
    return code in _ON_THE_WAY or code.strip().lower().replace(" ", "_") in _WORDS
