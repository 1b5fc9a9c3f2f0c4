"""The chart as data: a tree in the program, the same tree in the database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from apps.core.money import Money
from apps.finance.ledger import errors
from apps.finance.ledger import services as ledger
from apps.finance.ledger.chart import CHART, LEAVES, Node, children_of, leaves_under
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.models import Account
from apps.finance.ledger.postings import AccountRef, Draft, credit, debit
from apps.finance.ledger.postings.kinds import KINDS

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
ONE = Money(1_00, "USD")


def test_every_node_stands_under_a_group_of_its_type() -> None:
    for node in CHART.values():
        if node.parent:
            assert CHART[node.parent].is_group
            assert CHART[node.parent].type == node.type
        else:
            assert node.code in {"1", "2", "3", "4", "5"}


def test_the_roots_add_up_every_leaf_once() -> None:
    roots = children_of()
    assert [root.name for root in roots] == [
        "Assets",
        "Liabilities",
        "Equity",
        "Income",
        "Expenses",
    ]
    leaves = [leaf.code for root in roots for leaf in leaves_under(root.code)]
    assert sorted(leaves) == sorted(LEAVES)
    assert [leaf.code for leaf in leaves_under("11")] == ["1100", "1150", "1400"]
    assert leaves_under("2000") == (CHART["2000"],)


def test_a_bounded_account_has_one_balance_row() -> None:
    bounded = [node for node in LEAVES.values() if not node.allows_overdraft]
    assert {node.code for node in bounded} == {"1300", "2000", "2050", "2100", "2150", "2300"}
    assert {node.stripes for node in bounded} == {1}


@pytest.mark.django_db
def test_the_database_has_the_chart_of_the_program() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, name, parent, type, normal_side, owner_kind, allows_overdraft, stripes,"
            " is_group FROM ledger_chart()"
        )
        stored = cursor.fetchall()
    assert [_row(node) for node in CHART.values()] == stored


@pytest.mark.django_db
def test_the_database_has_the_kinds_of_the_program() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, code, may_debit, may_credit FROM ledger_kinds()")
        stored = set(cursor.fetchall())
    assert stored == {
        (kind.value, code, code in rule.debit, code in rule.credit)
        for kind, rule in KINDS.items()
        for code in rule.debit | rule.credit
    }


def test_every_kind_says_which_accounts_it_may_touch() -> None:
    assert set(KINDS) == set(EntryKind)
    for rule in KINDS.values():
        assert rule.debit
        assert rule.debit <= set(LEAVES)
        assert rule.credit
        assert rule.credit <= set(LEAVES)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "owner"),
    [("1", ""), ("10", ""), ("20", "profile:1"), ("1000", ""), ("2400", "profile:1")],
)
def test_a_group_or_another_owner_takes_no_postings(code: str, owner: str) -> None:
    lines = (debit(AccountRef(code, owner), ONE), credit(AccountRef("3000"), ONE))
    with transaction.atomic(), pytest.raises(errors.UnknownAccount) as refused:
        ledger.post(Draft(EntryKind.CAPITAL_PAID_IN, "test:1", lines), now=NOW)
    assert refused.value.facts == {"account": code, "owner": owner}
    assert not Account.objects.exists()


def _row(node: Node) -> tuple[object, ...]:
    return (
        node.code,
        node.name,
        node.parent,
        node.type.value,
        node.normal_side.value,
        node.owner.value,
        node.allows_overdraft,
        node.stripes,
        node.is_group,
    )
