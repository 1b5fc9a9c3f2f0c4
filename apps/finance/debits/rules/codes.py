"""What the banks' codes mean for a mandate.

Sources: Nacha Operating Rules, return reason codes (R) and notifications of change (C); EPC
SEPA CORE rulebook, reason codes of R-transactions.
"""

from __future__ import annotations

RETURNS: dict[str, str] = {
    "R01": "Not enough money", "R02": "Account closed", "R03": "No such account",
    "R04": "Invalid account number", "R05": "Unauthorised debit of a consumer's account",
    "R06": "Returned at our bank's request", "R07": "Authorisation revoked",
    "R08": "Payment stopped", "R09": "Uncollected funds", "R10": "Not authorised",
    "R11": "Not as authorised", "R16": "Account frozen", "R20": "No account for debits",
    "R23": "Credit refused", "R29": "Not authorised by the company",
    "R31": "Permissible return", "R61": "Misrouted return", "AC01": "Wrong IBAN",
    "AC04": "Account closed", "AC06": "Account blocked", "AC13": "Not a consumer's account",
    "AG01": "Direct debit forbidden on this account", "AG02": "Wrong operation code",
    "AM04": "Not enough money", "AM05": "Duplicate", "BE05": "Creditor not recognised",
    "FF01": "Wrong file format", "MD01": "No valid mandate", "MD02": "Mandate data missing",
    "MD06": "Refund asked for by the payer", "MD07": "The payer died",
    "MS02": "Refused by the payer", "MS03": "Reason not given", "RC01": "Wrong BIC",
    "SL01": "Refused by the payer's own rule",
}  # fmt: skip

#: After these the account may not, or cannot, be debited again under this mandate.
BLOCKS = frozenset({
    "R02", "R03", "R04", "R05", "R07", "R08", "R10", "R11", "R16", "R20", "R29",
    "AC01", "AC04", "AC06", "AC13", "AG01", "MD01", "MD06", "MD07", "MS02", "SL01",
})  # fmt: skip

#: Lack of money: an ACH debit may be presented again, twice, within 180 days of the first time
#: (Nacha Operating Rules 2.13.4). SEPA CORE knows no such thing: a new debit is a new collection.
RETRIED = frozenset({"R01", "R09"})
RETRIED_WITHIN_DAYS = 180
#: What counts against Nacha's lines (2.17.2): 0.5 %, 3 % and, of all, 15 %. MD01 and MD06 are what
#: SEPA has of the first kind; the EPC draws no line, ours is the same.
UNAUTHORISED = frozenset({"R05", "R07", "R10", "R11", "R29", "MD01", "MD06"})
ADMINISTRATIVE = frozenset({"R02", "R03", "R04", "AC01", "AC04"})

#: Columns (from 0) of the corrected data, and what it corrects. C04 (name) and C13 change nothing.
_CORRECTED: dict[str, tuple[tuple[str, int, int], ...]] = {
    "C01": (("account", 0, 17),),
    "C02": (("routing", 0, 9),),
    "C03": (("routing", 0, 9), ("account", 12, 29)),
    "C05": (("code", 0, 2),),
    "C06": (("account", 0, 17), ("code", 20, 22)),
    "C07": (("routing", 0, 9), ("account", 9, 26), ("code", 26, 28)),
}


def meaning_of(code: str) -> str:
    return RETURNS.get(code, "Returned by the bank")


def corrections_of(code: str, data: str) -> dict[str, str]:
    """Return what a notification of change corrects; empty where it is none we may act on."""
    found = {name: data[start:end].strip() for name, start, end in _CORRECTED.get(code, ())}
    return found if all(found.values()) else {}
