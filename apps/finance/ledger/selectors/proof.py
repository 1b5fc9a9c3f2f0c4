"""The books proved from their rows: every rule, whoever broke it and however.

Three kinds of rules: those of an entry are judged for a range of entry ids, those of an account
for a range of account ids, the others at once. Each question is one statement, so it sees one
state of the books, and no statement reads more entries than a window: memory stays flat and no
lock is held.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.db import connection

from apps.finance.ledger.chart import CHART
from apps.finance.ledger.postings.kinds import KINDS
from apps.finance.ledger.selectors.proof_rules import (
    ACCOUNT_RULES,
    ENTRY_RULES,
    LINES_RULES,
    ORPHANS,
    ROLLED_RULES,
    TABLE_RULES,
)

#: At most so many findings of each rule are reported; the first ones tell what happened.
EACH = 20
#: Entries judged by one statement.
WINDOW = 50_000

CHART_RULE = "the chart of the database is the chart of the program"
KINDS_RULE = "the kinds of the database are the kinds of the program"
ORPHAN_RULE = "every source names a row"


class Finding(NamedTuple):
    rule: str
    what: str


class Proof(NamedTuple):
    """What the check looked at, and what it found wrong."""

    entries: int
    lines: int
    findings: list[Finding]


class Slice(NamedTuple):
    """Entries after ``low`` to ``high``, or accounts: what one run judges."""

    low: int
    high: int


def prove() -> Proof:
    """Check every rule against all stored rows."""
    first, last = edges()
    findings: list[Finding] = []
    entries = lines = 0
    for window in windows(first - 1, last):
        found = prove_entries(window)
        entries, lines = entries + found.entries, lines + found.lines
        findings += found.findings
    findings += prove_tables() + _ask(LINES_RULES)
    findings += prove_accounts(Slice(0, last_account())) + _ask(ROLLED_RULES)
    return Proof(entries, lines, _first_of_each(findings))


def prove_entries(window: Slice) -> Proof:
    """Check the rules of entries for ids after ``window.low`` to ``window.high``."""
    values = {"low": window.low, "high": window.high}
    findings = _ask(ENTRY_RULES, **values)
    for prefix, table in {**settings.LEDGER_SOURCES, **_OURS}.items():
        # The name is written in the settings; it is no input.
        question = ORPHANS.replace("{table}", connection.ops.quote_name(table))
        findings += _ask({ORPHAN_RULE: question}, **values, prefix=prefix)
    ((entries, lines),) = _rows(
        "SELECT (SELECT count(*) FROM ledger_entry WHERE id > %(low)s AND id <= %(high)s),"
        " (SELECT count(*) FROM ledger_line WHERE entry_id > %(low)s AND entry_id <= %(high)s)",
        values,
    )
    return Proof(entries, lines, findings)


#: Sources that name rows of the ledger itself.
_OURS = {"entry": "ledger_entry", "proposal": "ledger_proposal"}


def prove_accounts(accounts: Slice) -> list[Finding]:
    """Check the rules of accounts, from balances, totals and what is not rolled yet."""
    return _ask(ACCOUNT_RULES, low=accounts.low, high=accounts.high)


def prove_tables() -> list[Finding]:
    """Check what is few: chart, kinds, guards, periods, the ends of chain and totals."""
    chart = _rows(
        "SELECT code, type, normal_side, owner_kind, allows_overdraft, stripes"
        " FROM ledger_chart() WHERE NOT is_group",
        {},
    )
    kinds = _rows("SELECT kind, code, may_debit, may_credit FROM ledger_kind_rule", {})
    return [
        *_ask(TABLE_RULES),
        *_differing(CHART_RULE, _chart_of_the_program() ^ set(chart)),
        *_differing(KINDS_RULE, _kinds_of_the_program() ^ set(kinds)),
    ]


def edges() -> tuple[int, int]:
    """Return the lowest and the highest id of an entry or a line; a line may have no entry."""
    ((last,),) = _rows(
        "SELECT greatest((SELECT max(id) FROM ledger_entry),"
        "                (SELECT max(entry_id) FROM ledger_line))",
        {},
    )
    return next_entry(0) or 1, last or 0


def next_entry(low: int) -> int | None:
    """Return the first id after ``low`` of an entry or a line; None when there is none."""
    ((first,),) = _rows(
        "SELECT least((SELECT min(id) FROM ledger_entry WHERE id > %(low)s),"
        "             (SELECT min(entry_id) FROM ledger_line WHERE entry_id > %(low)s))",
        {"low": low},
    )
    return cast("int | None", first)


def last_account() -> int:
    """Return the highest id of an account or of one that a balance names."""
    ((last,),) = _rows(
        "SELECT greatest((SELECT max(id) FROM ledger_account),"
        " (SELECT max(account_id) FROM ledger_balance))",
        {},
    )
    return last or 0


def next_account(low: int) -> int | None:
    """Return the first id after ``low`` of an account or one a balance names, or None."""
    ((first,),) = _rows(
        "SELECT least((SELECT min(id) FROM ledger_account WHERE id > %(low)s),"
        " (SELECT min(account_id) FROM ledger_balance WHERE account_id > %(low)s))",
        {"low": low},
    )
    return cast("int | None", first)


def windows(low: int, high: int) -> Iterator[Slice]:
    """Cut the ids after ``low`` to ``high`` into windows."""
    for start in range(low, high, WINDOW):
        yield Slice(start, min(start + WINDOW, high))


def _ask(rules: dict[str, str], **values: Any) -> list[Finding]:
    return [
        Finding(rule, what)
        for rule, question in rules.items()
        for (what,) in _rows(question, values | {"each": EACH})
    ]


def _rows(question: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(question, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _first_of_each(findings: list[Finding]) -> list[Finding]:
    kept: dict[str, list[Finding]] = {}
    for finding in findings:
        of_rule = kept.setdefault(finding.rule, [])
        if len(of_rule) < EACH:
            of_rule.append(finding)
    return [finding for of_rule in kept.values() for finding in of_rule]


def _chart_of_the_program() -> set[tuple[Any, ...]]:
    return {
        (n.code, n.type.value, n.normal_side.value, n.owner.value, n.allows_overdraft, n.stripes)
        for n in CHART.values()
        if not n.is_group
    }


def _kinds_of_the_program() -> set[tuple[Any, ...]]:
    return {
        (kind.value, code, code in rule.debit, code in rule.credit)
        for kind, rule in KINDS.items()
        for code in rule.debit | rule.credit
    }


def _differing(rule: str, rows: set[tuple[Any, ...]]) -> list[Finding]:
    return [Finding(rule, f"node {name}") for name in sorted({str(row[0]) for row in rows})]
