"""What a decline means for what may be tried next.

Three kinds of source, named beside each table: what processors publish or their merchants' code
shows; ISO 8583 field 39, which some pass on as it is; and what is known from memory and was not
verified [M]. The networks forbid trying again after some codes and charge for asking anyway (Visa
Rules 7.3.6.4, Mastercard Transaction Processing Excellence): so a code that is not listed is HARD.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum


class Decline(Enum):
    """Only ON_THE_WAY is tried elsewhere at once: nobody was asked who could charge the card."""

    ON_THE_WAY = "neither issuer nor network was reached; another route may fare better"
    SOFT = "may be tried again later"
    HARD = "never again with this card"
    NEEDS_PAYER = "only the payer can mend it: another card, or a word with the bank"


_WAY, _SOFT, _HARD, _PAYER = Decline

#: ISO 8583-1:1987, field 39. On the way are 91 (issuer or switch inoperative) and 92 (no route),
#: nothing else: after 68 (response too late), 06 (error), 19 (re-enter) and 96 (malfunction) the
#: issuer may have held the money, and a second try elsewhere could charge twice.
_ISO = {
    **dict.fromkeys(("91", "92"), _WAY),
    # Do not honour, funds, limits, a bank that is busy.
    **dict.fromkeys(("05", "06", "19", "51", "61", "65", "68", "90", "96"), _SOFT),
    # Pick up, lost, stolen, forbidden, closed, unlawful; R0, R1, R3: the payer stopped payments.
    **dict.fromkeys(("04", "07", "12", "15", "41", "43", "46", "57", "59", "62", "78", "93",
                     "R0", "R1", "R3"), _HARD),
    # Call the bank, wrong number, expired, PIN, CVV2; 1A and 70: the bank wants to ask the payer.
    **dict.fromkeys(("01", "02", "14", "33", "54", "55", "70", "75", "82", "N7", "1A"), _PAYER),
}  # fmt: skip

#: BE-140 is in CCBill's webhook guide, the others [M] as merchants list them. The numbers below
#: zero are DataLink's results, seen in public code. CCBill's own numbers of one or two digits are
#: not ISO's, so none of those counts here.
_CCBILL = {
    # BE-110 no action, 119 activity limit, 125 bank not reached, 140 by the bank, 900 system.
    **dict.fromkeys(("BE-104", "BE-110", "BE-119", "BE-125", "BE-140", "BE-900"), _SOFT),
    # BE-102 pick up, 112 no account, 118 security, 131 charged back before, 132 blocked.
    **dict.fromkeys(("BE-102", "BE-103", "BE-112", "BE-116", "BE-118", "BE-131", "BE-132"), _HARD),
    # BE-100 call the bank, 107 no valid card, 115 and 120 PIN, 122 date, 128 CVV2, 129 AVS.
    **dict.fromkeys(("BE-100", "BE-107", "BE-115", "BE-120", "BE-122", "BE-128", "BE-129"),
                    _PAYER),
    # Our call, not the card: our address, our login, limits of the account, no such sale.
    **dict.fromkeys(("-1", "-8", "-9", "-10", "-12", "-23", "-24"), _SOFT),
}  # fmt: skip

#: NMI's response_code [M].
_NMI = {
    # Declined, do not honour, funds, limit, retry later; 400 to 441: a processor's error, of
    # which nobody says how far it came.
    **dict.fromkeys(("200", "201", "202", "203", "264", "400", "440", "441"), _SOFT),
    # Not allowed, pick up, lost, stolen, fraud; 261, 262 stop for good; card or feature refused.
    **dict.fromkeys(("204", "250", "251", "252", "253", "260", "261", "262", "460", "461"), _HARD),
    # Card data, expired, CVV; 240 call the issuer, 263 the card's data changed.
    **dict.fromkeys(("220", "221", "222", "223", "224", "225", "240", "263"), _PAYER),
    # 300 refused by the gateway, 430 sent twice: not the card's fault, and not to be repeated.
    **dict.fromkeys(("300", "430"), _HARD),
}  # fmt: skip

#: Adyen's refusalReasonCode, as its documentation of refusal reasons lists them. Webhooks write
#: the reason out.
_ADYEN = {
    **dict.fromkeys(("9", "Issuer Unavailable"), _WAY),
    # Refused, acquirer error, funds, not submitted, non generic, amount or count of withdrawals.
    **dict.fromkeys(("2", "4", "12", "21", "27", "28", "29", "Refused", "Acquirer Error",
                     "Not enough balance", "NOT_ENOUGH_BALANCE", "Not Submitted",
                     "Declined Non Generic", "Withdrawal amount exceeded",
                     "Withdrawal count exceeded"), _SOFT),
    # Blocked, not supported, fraud (acquirer's, ours, the issuer's), not permitted, restricted,
    # authorisation revoked.
    **dict.fromkeys(("5", "10", "14", "20", "22", "23", "25", "26", "31", "Blocked Card",
                     "Not supported", "Acquirer Fraud", "FRAUD", "FRAUD-CANCELLED",
                     "Transaction Not Permitted", "Restricted Card", "Revocation Of Auth",
                     "Issuer Suspected Fraud"), _HARD),
    # Referral, expired, wrong number, 3-D Secure, cancelled by the payer, PIN, CVC, address,
    # authentication required.
    **dict.fromkeys(("3", "6", "8", "11", "16", "17", "18", "24", "32", "38", "42", "Referral",
                     "Expired Card", "Invalid Card Number", "3D Not Authenticated",
                     "Shopper Cancelled", "Invalid Pin", "Pin tries exceeded", "CVC Declined",
                     "AVS Declined", "Authentication required"), _PAYER),
}  # fmt: skip

_CODES: dict[str, dict[str, Decline]] = {
    "ccbill": _CCBILL,
    "nmi": _NMI,
    "adyen": _ADYEN,
    # The answer of Camcharge and FlexPost begins with Y or N; what follows N is not published.
    "epoch": {"NDECLINED": _SOFT},
    "vendo": {
        "6307": _PAYER,  # the payer must be verified first (its official SDK)
        # Our request: no JSON, credentials, a value [M].
        **dict.fromkeys(("8102", "8103", "8105"), _SOFT),
    },
    # status_code 0 failed, D sent twice, F failed in settlement; reason_code2 is ISO's [M].
    "netbilling": {"0": _SOFT, "D": _HARD, "F": _HARD, **_ISO},
    # "declined" is what the adapter writes where Segpay gives no code; its own are ISO's [M].
    "segpay": {"declined": _SOFT, **_ISO},
    # Publishes none: declines end on its page.
    "verotel": {},
    # Passes the bank's code on [M].
    "commercegate": dict(_ISO),
    # Error codes of its public documentation.
    "rapyd": {
        "ERROR_CARD_DECLINED_INSUFFICIENT_FUNDS": _SOFT,
        "ERROR_CARD_DECLINED_DO_NOT_HONOR": _SOFT,
        "ERROR_CARD_DECLINED_EXPIRED_CARD": _PAYER,
        "ERROR_CARD_DECLINED_LOST_CARD": _HARD,
        "ERROR_CARD_DECLINED_STOLEN_CARD": _HARD,
        "ERROR_CARD_DECLINED_PICKUP_CARD": _HARD,
        "ERROR_CARD_DECLINED_FRAUD": _HARD,
    },
}


def classify(gateway: str, code: str) -> Decline:
    """Return what may follow a gateway's decline. A code that is not known is HARD."""
    known = _CODES.get(gateway, {})
    return known.get(code) or known.get(code.upper()) or Decline.HARD


class Retry(Enum):
    """What a charge without its payer may do after a decline."""

    NEVER = "never again with this card"
    LATER = "try again another day"
    PAYER = "wait for the payer: another card, or a word with the bank"


_RETRY = {
    Decline.ON_THE_WAY: Retry.LATER,
    Decline.SOFT: Retry.LATER,
    Decline.HARD: Retry.NEVER,
    Decline.NEEDS_PAYER: Retry.PAYER,
}
#: Ends of our own: risk did not let it through, the payer removed the card; nothing was sent.
_OURS = {"refused": Retry.PAYER, "removed": Retry.PAYER, "not_reached": Retry.LATER}
#: Mastercard's merchant advice codes: 01 and 03 wrong or closed account (new data, do not try
#: again), 02, 24 to 30 try later (after 72 hours, or 1 hour to 10 days), 04 and 05 token or
#: account data, 21 the payer ended the recurring payment, 40, 41 prepaid or single use [M].
_ADVICE = {
    **dict.fromkeys(("03", "21", "41"), Retry.NEVER),
    **dict.fromkeys(("02", "24", "25", "26", "27", "28", "29", "30"), Retry.LATER),
    **dict.fromkeys(("01", "04", "05", "40"), Retry.PAYER),
}
#: Visa lets a declined charge be tried 15 times more within 30 days, and none after a code of its
#: category 1 (ISO's 04, 07, 12, 15, 41, 43, 46, 57, R0, R1, R3: all HARD above) [M]. Mastercard
#: counts 35 within 30 days; the stricter one holds for every card.
MOST_TRIES_OF_NETWORKS = 15
WINDOW_OF_NETWORKS = timedelta(days=30)


def retry_class(gateway: str, code: str, *, advice: str = "") -> Retry:
    """
    Return what a charge without its payer may do after a gateway's decline.

    ``advice`` is the card network's own, where the gateway passes it on: it goes before the code
    unless the code is stricter. What is not known is never tried again.
    """
    by_code = _OURS.get(code) or _RETRY[classify(gateway, code)]
    by_advice = _ADVICE.get(advice)
    if Retry.NEVER in {by_code, by_advice}:
        return Retry.NEVER
    return by_advice or by_code
