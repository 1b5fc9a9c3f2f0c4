"""The chart of accounts with what stands on it, groups adding up their nodes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.core.cache import cache
from django.db import connection

from apps.core.money import Money
from apps.finance.ledger.chart import CHART, Node
from apps.finance.ledger.choices import Side

#: A sum over every account: asked once a minute, not at each look.
KEPT_SECONDS = 60
KEY = "ledger:tree"

#: (code, currency) -> (debits less credits, number of accounts)
Standing = dict[tuple[str, str], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Branch:
    """A node of the chart; ``balances`` are positive on its normal side, one per currency."""

    node: Node
    balances: tuple[Money, ...]
    accounts: int
    branches: tuple[Branch, ...]


def chart_tree() -> list[Branch]:
    """Return the chart from its roots down, with balances up to a minute old.

    A group has the sums of all below it; a node that nothing was posted to has no balance.
    """
    found: Standing = cache.get_or_set(KEY, _standing, KEPT_SECONDS) or {}
    return [_branch(node, found) for node in _below("")]


def _standing() -> Standing:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.code, a.currency, sum(b.debits_minor - b.credits_minor)::bigint,"
            " count(DISTINCT a.id)"
            " FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id"
            " GROUP BY a.code, a.currency ORDER BY a.code, a.currency"
        )
        return {(code, money): (net, count) for code, money, net, count in cursor.fetchall()}


def _below(parent: str) -> list[Node]:
    return sorted(
        (node for node in CHART.values() if node.parent == parent), key=lambda node: node.code
    )


def _branch(node: Node, found: Standing) -> Branch:
    branches = tuple(_branch(child, found) for child in _below(node.code))
    sums: defaultdict[str, int] = defaultdict(int)
    own = 0
    for (code, currency), (net, count) in found.items():
        if code == node.code:
            sums[currency] += net if node.normal_side == Side.DEBIT else -net
            own += count
    for branch in branches:
        # A group's side is that of its type, and all below it are of that type.
        for money in branch.balances:
            sums[money.currency] += money.minor
    return Branch(
        node=node,
        balances=tuple(Money(minor, currency) for currency, minor in sorted(sums.items())),
        accounts=own + sum(branch.accounts for branch in branches),
        branches=branches,
    )
