"""Cash flows by the direct method (IAS 7.18a): which class each kind of entry's cash is of."""

from __future__ import annotations

from apps.finance.ledger.chart import LEAVES
from apps.finance.ledger.choices import EntryKind
from apps.finance.reports.choices import Cash

#: Money we can use at once (IAS 7.6): at banks and at payout rails. What processors still hold
#: is a receivable.
CASH_CODES = ("1000", "1200")

#: IAS 7.14 to 7.17. A kind that is not named is of the business itself: operating.
_CLASS_OF_KIND = {
    EntryKind.EQUIPMENT_BOUGHT: Cash.INVESTING,
    EntryKind.CAPITAL_PAID_IN: Cash.FINANCING,
    EntryKind.CAPITAL_PAID_OUT: Cash.FINANCING,
    EntryKind.LOAN_RECEIVED: Cash.FINANCING,
    EntryKind.LOAN_REPAID: Cash.FINANCING,
    EntryKind.CURRENCY_EXCHANGED: Cash.EXCHANGE,
}
#: They can be about anything: what stands against the cash decides.
BY_COUNTERPART = (EntryKind.REVERSAL, EntryKind.CORRECTION, EntryKind.MANUAL_ADJUSTMENT)
_CLASS_OF_CODE = {
    "1500": Cash.INVESTING,
    "2600": Cash.FINANCING,
    "3000": Cash.FINANCING,
    "3100": Cash.FINANCING,
    "3900": Cash.EXCHANGE,
}


def class_of_kind(kind: str) -> Cash:
    """Return the class of a kind that is always about the same thing."""
    return _CLASS_OF_KIND.get(EntryKind(kind), Cash.OPERATING)


def class_of_code(code: str) -> Cash:
    """Return the class of cash that stands against this account."""
    return _CLASS_OF_CODE.get(code, Cash.OPERATING)


def codes_against(group: Cash) -> tuple[str, ...]:
    """Return the codes that stand against the cash of a class."""
    return tuple(
        code for code in LEAVES if code not in CASH_CODES and class_of_code(code) == group
    )
