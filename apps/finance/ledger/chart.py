"""The chart of accounts: every account of the books stands under one of these nodes."""

from __future__ import annotations

from dataclasses import dataclass

from apps.finance.ledger.choices import AccountType, OwnerKind, Side

#: Balance rows of an account that many postings share, so that they need not queue for one row.
SHARED = 16


@dataclass(frozen=True, slots=True)
class Node:
    """What every account under ``code`` has in common.

    ``stripes`` is the number of balance rows of each account. An account that may not be
    overdrawn has exactly one: its bound can only be held on a single row.
    """

    code: str
    name: str
    type: AccountType
    owner: OwnerKind = OwnerKind.NONE
    allows_overdraft: bool = True
    stripes: int = SHARED

    @property
    def normal_side(self) -> Side:
        debit = self.type in {AccountType.ASSET, AccountType.EXPENSE}
        return Side.DEBIT if debit else Side.CREDIT


_NODES = (
    Node("1000", "Cash at bank", AccountType.ASSET),
    Node("1100", "Processor clearing", AccountType.ASSET, OwnerKind.PROCESSOR),
    Node("1200", "Payout rail cash", AccountType.ASSET, OwnerKind.RAIL),
    Node(
        "2000",
        "Fan wallets",
        AccountType.LIABILITY,
        OwnerKind.PROFILE,
        allows_overdraft=False,
        stripes=1,
    ),
    Node(
        "2100",
        "Creator payable",
        AccountType.LIABILITY,
        OwnerKind.PROFILE,
        allows_overdraft=False,
        stripes=1,
    ),
    Node("2200", "Processor fees payable", AccountType.LIABILITY),
    Node(
        "2300",
        "Payouts in transit",
        AccountType.LIABILITY,
        allows_overdraft=False,
        stripes=1,
    ),
    Node("3000", "Owner's equity", AccountType.EQUITY, stripes=1),
    Node("4000", "Platform revenue", AccountType.INCOME),
    Node("5100", "Processing costs", AccountType.EXPENSE),
    Node("5200", "Payout costs", AccountType.EXPENSE),
)

CHART = {node.code: node for node in _NODES}


def chart_sql() -> str:
    """Write the chart as the SQL function by which the database opens accounts.

    A migration runs this whenever the chart changes (see README.md).
    """
    rows = ",\n    ".join(
        f"('{node.code}', '{node.type.value}', '{node.normal_side.value}',"
        f" '{node.owner.value}', {node.allows_overdraft}, {node.stripes}::smallint)"
        for node in _NODES
    )
    return (
        "CREATE OR REPLACE FUNCTION ledger_chart(\n"
        "    OUT code text, OUT type text, OUT normal_side text, OUT owner_kind text,\n"
        "    OUT allows_overdraft boolean, OUT stripes smallint\n"
        ") RETURNS SETOF record LANGUAGE sql IMMUTABLE AS $$\n"
        f"    VALUES\n    {rows}\n$$;"
    )
