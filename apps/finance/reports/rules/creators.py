"""A creator's statement: which accounts are a creator's, and what each kind of entry was."""

from __future__ import annotations

from apps.finance.ledger.choices import EntryKind
from apps.finance.reports.choices import Earned

PAYABLE, RESERVE, DEBT = "2100", "2150", "1300"
#: What a creator has with the platform: earnings, the reserve kept back, less what is owed.
CREATOR_CODES = (PAYABLE, RESERVE, DEBT)
#: What a sale's fees were booked on: the platform's, and the processor's that the creator bears
#: (one that the platform bears is a cost of the same amount, so the two cancel out).
PLATFORM_FEE_CODES = ("4000",)
PROCESSING_FEE_CODES = ("2200", "5100")

_SECTIONS = {
    Earned.SALES: (
        EntryKind.TIP_CARD,
        EntryKind.TIP_WALLET,
        EntryKind.SUBSCRIPTION_CARD,
        EntryKind.SUBSCRIPTION_WALLET,
        EntryKind.RENEWAL_CARD,
        EntryKind.RENEWAL_WALLET,
        EntryKind.TRIAL_CARD,
        EntryKind.TRIAL_WALLET,
        EntryKind.PPV_CONTENT_CARD,
        EntryKind.PPV_CONTENT_WALLET,
        EntryKind.PPV_MESSAGE_CARD,
        EntryKind.PPV_MESSAGE_WALLET,
    ),
    Earned.REFUNDS: (EntryKind.REFUND_CARD, EntryKind.REFUND_WALLET),
    Earned.CHARGEBACKS: (
        EntryKind.CHARGEBACK_OPENED,
        EntryKind.CHARGEBACK_FEE,
        EntryKind.CHARGEBACK_WON,
        EntryKind.CHARGEBACK_LOST,
    ),
    Earned.PAYOUTS: (
        EntryKind.PAYOUT_RESERVED,
        EntryKind.PAYOUT_CANCELLED,
        EntryKind.PAYOUT_RETURNED,
        EntryKind.PAYOUT_SETTLED,
    ),
}
_SECTION_OF = {kind: section for section, kinds in _SECTIONS.items() for kind in kinds}
#: Only these have fees to show.
WITH_FEES = tuple(
    kind.value
    for section in (Earned.SALES, Earned.REFUNDS, Earned.CHARGEBACKS)
    for kind in _SECTIONS[section]
)
SALES = tuple(kind.value for kind in _SECTIONS[Earned.SALES])


def section_of(kind: str) -> Earned:
    """Return the section of a creator's statement that entries of a kind stand in."""
    return _SECTION_OF.get(EntryKind(kind), Earned.OTHER)
