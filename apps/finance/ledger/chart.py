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
    overdrawn has exactly one: its bound can only be held on a single row. A group only adds up
    the nodes whose ``parent`` it is: it takes no postings.
    """

    code: str
    name: str
    type: AccountType
    owner: OwnerKind = OwnerKind.NONE
    allows_overdraft: bool = True
    stripes: int = SHARED
    parent: str = ""
    is_group: bool = False

    @property
    def normal_side(self) -> Side:
        debit = self.type in {AccountType.ASSET, AccountType.EXPENSE}
        return Side.DEBIT if debit else Side.CREDIT


_TYPES = {
    "1": AccountType.ASSET,
    "2": AccountType.LIABILITY,
    "3": AccountType.EQUITY,
    "4": AccountType.INCOME,
    "5": AccountType.EXPENSE,
}


def _group(code: str, name: str, parent: str = "") -> Node:
    return Node(code, name, _TYPES[code[0]], parent=parent, is_group=True, stripes=1)


def _shared(code: str, name: str, parent: str, owner: OwnerKind = OwnerKind.NONE) -> Node:
    """Make a node whose accounts many postings share; it may stand on either side of zero."""
    return Node(code, name, _TYPES[code[0]], owner, parent=parent)


def _rare(code: str, name: str, parent: str, owner: OwnerKind = OwnerKind.NONE) -> Node:
    """Make a node that is posted to now and then: one balance row is enough."""
    return Node(code, name, _TYPES[code[0]], owner, stripes=1, parent=parent)


def _bounded(code: str, name: str, parent: str, owner: OwnerKind = OwnerKind.PROFILE) -> Node:
    """Make a node whose accounts may never fall below zero on their own side."""
    return Node(
        code, name, _TYPES[code[0]], owner, allows_overdraft=False, stripes=1, parent=parent
    )


_NODES = (
    _group("1", "Assets"),
    _group("10", "Cash", "1"),
    _shared("1000", "Cash at bank", "10", OwnerKind.BANK),
    _group("11", "Due from processors", "1"),
    _shared("1100", "Processor clearing", "11", OwnerKind.PROCESSOR),
    _rare("1150", "Reserve at processors", "11", OwnerKind.PROCESSOR),
    _shared("1200", "Payout rail cash", "10", OwnerKind.RAIL),
    _bounded("1300", "Due from creators", "1"),
    _rare("1400", "Disputed payments", "11", OwnerKind.PROCESSOR),
    _rare("1500", "Equipment", "1"),
    _group("2", "Liabilities"),
    _group("20", "Owed to fans", "2"),
    _bounded("2000", "Fan wallets", "20"),
    _bounded("2050", "Store credit", "20"),
    _group("21", "Owed to creators", "2"),
    _bounded("2100", "Creator payable", "21"),
    _bounded("2150", "Creator reserve", "21"),
    _shared("2200", "Processor fees payable", "2"),
    _bounded("2300", "Payouts in transit", "21", OwnerKind.NONE),
    _group("24", "Taxes payable", "2"),
    _shared("2400", "Sales tax payable", "24", OwnerKind.TAX),
    _rare("2450", "Tax withheld payable", "24", OwnerKind.TAX),
    _rare("2600", "Loans", "2"),
    _rare("2900", "Suspense", "2"),
    _group("3", "Equity"),
    _rare("3000", "Owner's equity", "3"),
    _rare("3100", "Retained earnings", "3"),
    _shared("3900", "Currency trading", "3"),
    _group("4", "Income"),
    _group("40", "Revenue", "4"),
    _shared("4000", "Platform revenue", "40"),
    _rare("4100", "Breakage", "40"),
    _group("42", "Other gains", "4"),
    _rare("4200", "Currency gains", "42"),
    _shared("4900", "Other income", "42"),
    _group("5", "Expenses"),
    _group("51", "Direct costs", "5"),
    _shared("5100", "Processing costs", "51"),
    _shared("5200", "Payout costs", "51"),
    _shared("5300", "Chargeback fees", "51"),
    _shared("5310", "Chargeback losses", "51"),
    _shared("5400", "Promotions", "51"),
    _group("55", "Other costs", "5"),
    _rare("5500", "Write-offs", "55"),
    _rare("5600", "Currency losses", "55"),
    _rare("5900", "Other expenses", "55"),
)

CHART = {node.code: node for node in _NODES}
#: The nodes that accounts stand under.
LEAVES = {node.code: node for node in _NODES if not node.is_group}


def children_of(code: str = "") -> tuple[Node, ...]:
    """Return the nodes right under a group, by code; without a code the five roots."""
    return tuple(node for node in _NODES if node.parent == code)


def leaves_under(code: str) -> tuple[Node, ...]:
    """Return the nodes whose accounts a group adds up; for a leaf, the leaf itself."""
    if not CHART[code].is_group:
        return (CHART[code],)
    return tuple(leaf for child in children_of(code) for leaf in leaves_under(child.code))


def chart_sql() -> str:
    """Write the chart as the SQL function by which the database opens accounts.

    A migration runs this whenever the chart changes (see README.md). Views stand on the function,
    so it is replaced, not dropped: it keeps its columns.
    """
    rows = ",\n    ".join(
        f"({_text(node.code)}, {_text(node.name)}, {_text(node.parent)}, {_text(node.type.value)},"
        f" {_text(node.normal_side.value)}, {_text(node.owner.value)},"
        f" {node.allows_overdraft}, {node.stripes}::smallint, {node.is_group})"
        for node in _NODES
    )
    return (
        "CREATE OR REPLACE FUNCTION ledger_chart(\n"
        "    OUT code text, OUT name text, OUT parent text, OUT type text, OUT normal_side text,\n"
        "    OUT owner_kind text, OUT allows_overdraft boolean, OUT stripes smallint,\n"
        "    OUT is_group boolean\n"
        ") RETURNS SETOF record LANGUAGE sql IMMUTABLE AS $$\n"
        f"    VALUES\n    {rows}\n$$;"
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
