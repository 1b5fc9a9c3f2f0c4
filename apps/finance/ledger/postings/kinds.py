"""Which accounts each kind of entry may debit and credit: a balanced entry can still be wrong.

The database holds it, whoever writes: ``ledger_kinds()`` is this table in SQL.
"""

from __future__ import annotations

from typing import NamedTuple

from apps.finance.ledger.chart import LEAVES
from apps.finance.ledger.choices import AccountType, EntryKind

_ANY = frozenset(LEAVES)
_RESULT = frozenset(
    code for code, n in LEAVES.items() if n.type in {AccountType.INCOME, AccountType.EXPENSE}
)


class Rule(NamedTuple):
    """The chart codes that an entry of one kind may debit, and those it may credit."""

    debit: frozenset[str]
    credit: frozenset[str]


def _rule(debit: str, credit: str) -> Rule:
    return Rule(frozenset(debit.split()), frozenset(credit.split()))


# A creator pays back from earnings, then from the reserve, then by a debt: 2100 2150 1300.
_CARD_SALE = _rule("1100 5100", "2100 2200 2400 4000")
_WALLET_SALE = _rule("2000 2050", "2100 2400 4000")

KINDS: dict[EntryKind, Rule] = {
    EntryKind.WALLET_DEPOSIT: _rule("1100 5100", "2000 2200"),
    EntryKind.TIP_CARD: _CARD_SALE,
    EntryKind.TIP_WALLET: _WALLET_SALE,
    EntryKind.SUBSCRIPTION_CARD: _CARD_SALE,
    EntryKind.SUBSCRIPTION_WALLET: _WALLET_SALE,
    EntryKind.RENEWAL_CARD: _CARD_SALE,
    EntryKind.RENEWAL_WALLET: _WALLET_SALE,
    EntryKind.TRIAL_CARD: _CARD_SALE,
    EntryKind.TRIAL_WALLET: _WALLET_SALE,
    EntryKind.PPV_CONTENT_CARD: _CARD_SALE,
    EntryKind.PPV_CONTENT_WALLET: _WALLET_SALE,
    EntryKind.PPV_MESSAGE_CARD: _CARD_SALE,
    EntryKind.PPV_MESSAGE_WALLET: _WALLET_SALE,
    EntryKind.REFUND_CARD: _rule("2100 2150 1300 4000 2400 2200 5100", "1100 5100"),
    EntryKind.REFUND_WALLET: _rule("2100 2150 1300 4000 2400 2200 5100", "2000 2050 5100"),
    EntryKind.DEPOSIT_REFUND: _rule("2000 2200", "1100 5100"),
    EntryKind.PLATFORM_FEE: _rule("2100 2150 1300", "4000"),
    EntryKind.PROCESSING_FEE: _rule("5100", "2200"),
    EntryKind.CHARGEBACK_OPENED: _rule("1400", "1100"),
    EntryKind.CHARGEBACK_FEE: _rule("5300 2100 2150 1300", "2200"),
    EntryKind.CHARGEBACK_WON: _rule("1100", "1400"),
    EntryKind.CHARGEBACK_LOST: _rule("2000 2100 2150 1300 4000 2400 5310", "1400"),
    EntryKind.RESERVE_HELD: _rule("2100", "2150"),
    EntryKind.RESERVE_RELEASED: _rule("2150", "2100"),
    EntryKind.DEBT_RECOVERED: _rule("2100 2150", "1300"),
    EntryKind.TAX_WITHHELD: _rule("2100", "2450"),
    EntryKind.PAYOUT_RESERVED: _rule("2100", "2300"),
    EntryKind.PAYOUT_SETTLED: _rule("2300 5200", "1200 4900"),
    EntryKind.PAYOUT_CANCELLED: _rule("2300", "2100"),
    EntryKind.PAYOUT_RETURNED: _rule("1200 5200", "2100"),
    EntryKind.CREDIT_GRANTED: _rule("5400", "2050"),
    EntryKind.CREDIT_EXPIRED: _rule("2050", "5400"),
    EntryKind.BREAKAGE: _rule("2000", "4100"),
    EntryKind.SETTLEMENT_RECEIVED: _rule("1000 1150 2200 2900 5100", "1100 2900 5100"),
    EntryKind.PROCESSOR_RESERVE_HELD: _rule("1150", "1100"),
    EntryKind.PROCESSOR_RESERVE_RELEASED: _rule("1000", "1150"),
    EntryKind.FEES_PAID: _rule("2200 5100", "1000 5100"),
    EntryKind.RAIL_FUNDED: _rule("1200 5200", "1000"),
    EntryKind.TAX_PAID: _rule("2400 2450", "1000"),
    EntryKind.WRITE_OFF: _rule("5500", "1100 1150 1300 1400"),
    EntryKind.CAPITAL_PAID_IN: _rule("1000", "3000"),
    EntryKind.CAPITAL_PAID_OUT: _rule("3000 3100", "1000"),
    EntryKind.LOAN_RECEIVED: _rule("1000", "2600"),
    EntryKind.LOAN_REPAID: _rule("2600 5900", "1000"),
    EntryKind.EQUIPMENT_BOUGHT: _rule("1500", "1000"),
    EntryKind.DEPRECIATION: _rule("5900", "1500"),
    EntryKind.EXPENSE_PAID: _rule("5900", "1000"),
    EntryKind.CURRENCY_EXCHANGED: _rule(
        "1000 1100 1200 3900 5600 5900", "1000 1100 1200 3900 4200"
    ),
    EntryKind.CURRENCY_REVALUED: _rule("3900 5600", "3900 4200"),
    EntryKind.RECONCILED: _rule(
        "1000 1100 1200 2900 5100 5200 5500 5900", "1000 1100 1200 2900 4900 5100 5200"
    ),
    EntryKind.MANUAL_ADJUSTMENT: Rule(_ANY, _ANY),
    EntryKind.PERIOD_CLOSE: Rule(_RESULT | {"3100"}, _RESULT | {"3100"}),
    EntryKind.CORRECTION: Rule(_ANY, _ANY),
    EntryKind.REVERSAL: Rule(_ANY, _ANY),
}


def kinds_sql() -> str:
    """Write the table as the SQL function ``ledger_kinds()``: one row per kind and code.

    A migration runs this whenever the table or the chart changes (see README.md).
    """
    rows = ",\n    ".join(
        f"('{kind.value}', '{code}', {code in rule.debit}, {code in rule.credit})"
        for kind, rule in KINDS.items()
        for code in sorted(rule.debit | rule.credit)
    )
    return (
        "CREATE OR REPLACE FUNCTION ledger_kinds(\n"
        "    OUT kind text, OUT code text, OUT may_debit boolean, OUT may_credit boolean\n"
        ") RETURNS SETOF record LANGUAGE sql IMMUTABLE AS $$\n"
        f"    VALUES\n    {rows}\n$$;"
    )
