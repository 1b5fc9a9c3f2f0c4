"""The books proved from their rows: every rule, whoever broke it and however."""

# ruff: noqa: E501

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

from apps.finance.ledger.chart import CHART

#: At most so many findings of each rule are reported; the first ones tell what happened.
EACH = 20

#: Rule -> the rows that break it, each as one text.
RULES = {
    "every entry sums to zero in every currency": """
        SELECT format('entry %s: %s %s', entry_id, sum(amount_minor), currency)
          FROM ledger_line GROUP BY entry_id, currency HAVING sum(amount_minor) <> 0
         ORDER BY entry_id, currency LIMIT {each}""",
    "every entry has exactly the lines it counts": """
        SELECT format('entry %s: %s lines of %s', e.id, coalesce(l.n, 0), e.line_count)
          FROM ledger_entry e
          LEFT JOIN (SELECT entry_id, count(*) AS n, max(n) AS top FROM ledger_line
                      GROUP BY entry_id) l ON l.entry_id = e.id
         WHERE l.n IS DISTINCT FROM e.line_count OR l.top <> e.line_count OR e.line_count < 2
         ORDER BY e.id LIMIT {each}""",
    "every line belongs to an entry of its day": """
        SELECT format('entry %s line %s', l.entry_id, l.n)
          FROM ledger_line l LEFT JOIN ledger_entry e ON e.id = l.entry_id
         WHERE e.id IS NULL OR e.effective_on <> l.effective_on
         ORDER BY l.entry_id, l.n LIMIT {each}""",
    "every line is on an account of its currency": """
        SELECT format('entry %s line %s: account %s in %s', l.entry_id, l.n, l.account_id, l.currency)
          FROM ledger_line l LEFT JOIN ledger_account a ON a.id = l.account_id
         WHERE a.id IS NULL OR a.currency <> l.currency
         ORDER BY l.entry_id, l.n LIMIT {each}""",
    "every balance is the sum of its lines": """
        SELECT format('account %s: balance %s/%s, lines %s/%s', account_id,
                      coalesce(b.debits, 0), coalesce(b.credits, 0),
                      coalesce(l.debits, 0), coalesce(l.credits, 0))
          FROM (SELECT account_id, sum(debits_minor) AS debits, sum(credits_minor) AS credits
                  FROM ledger_balance GROUP BY account_id) b
          FULL JOIN (SELECT account_id,
                            sum(amount_minor) FILTER (WHERE amount_minor > 0) AS debits,
                            -sum(amount_minor) FILTER (WHERE amount_minor < 0) AS credits
                       FROM ledger_line GROUP BY account_id) l USING (account_id)
         WHERE (coalesce(b.debits, 0), coalesce(b.credits, 0))
            <> (coalesce(l.debits, 0), coalesce(l.credits, 0))
         ORDER BY account_id LIMIT {each}""",
    "every account has its balance rows, with its bound and state": """
        SELECT format('account %s stripe %s', coalesce(a.id, b.account_id), coalesce(a.s, b.stripe))
          FROM (SELECT id, s, closed_at IS NULL AND NOT is_frozen AS is_open,
                       CASE WHEN allows_overdraft THEN 0 WHEN normal_side = 'CREDIT' THEN 1
                            ELSE -1 END AS bound
                  FROM ledger_account, generate_series(0, stripes - 1) s) a
          FULL JOIN ledger_balance b ON b.account_id = a.id AND b.stripe = a.s
         WHERE a.id IS NULL OR b.account_id IS NULL OR (a.is_open, a.bound) <> (b.is_open, b.bound)
         ORDER BY 1 LIMIT {each}""",
    "no account is overdrawn that may not be": """
        SELECT format('account %s (%s %s): %s, held %s', a.id, a.code, a.owner,
                      sum(b.debits_minor - b.credits_minor), sum(b.held_minor))
          FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
         WHERE NOT a.allows_overdraft GROUP BY a.id
        HAVING sum(b.debits_minor - b.credits_minor)
               * CASE a.normal_side WHEN 'DEBIT' THEN 1 ELSE -1 END < sum(b.held_minor)
         ORDER BY a.id LIMIT {each}""",
    "every account is what the chart of the database says": """
        SELECT format('account %s: %s', a.id, a.code)
          FROM ledger_account a LEFT JOIN ledger_chart() c USING (code)
         WHERE c.code IS NULL
            OR (a.type, a.normal_side, a.allows_overdraft, a.stripes)
            <> (c.type, c.normal_side, c.allows_overdraft, c.stripes)
            OR (c.owner_kind = '') <> (a.owner = '')
         ORDER BY a.id LIMIT {each}""",
    "every source is in the books once": """
        SELECT format('source %s: %s entries', source, count(*)) FROM ledger_entry
         GROUP BY source HAVING count(*) > 1 ORDER BY source LIMIT {each}""",
    "every reversal is the exact opposite of one entry": """
        SELECT format('entry %s reverses %s', r.id, r.reverses_id)
          FROM ledger_entry r
         WHERE r.reverses_id IS NOT NULL
           AND EXISTS (SELECT account_id, sum(amount_minor) FROM ledger_line
                        WHERE entry_id IN (r.id, r.reverses_id)
                        GROUP BY account_id HAVING sum(amount_minor) <> 0)
            OR (SELECT count(*) FROM ledger_entry t WHERE t.reverses_id = r.reverses_id) > 1
         ORDER BY r.id LIMIT {each}""",
    "every guard of the tables is on": """
        SELECT format('trigger %s on %s', tgname, tgrelid::regclass) FROM pg_trigger
         WHERE tgrelid IN ('ledger_account'::regclass, 'ledger_entry'::regclass,
                           'ledger_line'::regclass, 'ledger_balance'::regclass)
           AND NOT tgisinternal AND tgenabled <> 'O'
         ORDER BY tgname LIMIT {each}""",
}
CHART_RULE = "the chart of the database is the chart of the program"


class Finding(NamedTuple):
    rule: str
    what: str


class Proof(NamedTuple):
    """What the check looked at, and what it found wrong."""

    entries: int
    lines: int
    findings: list[Finding]


def prove() -> Proof:
    """Check every rule against the stored rows."""
    findings = []
    with connection.cursor() as cursor:
        for rule, query in RULES.items():
            cursor.execute(query.replace("{each}", str(EACH)))
            findings += [Finding(rule, what) for (what,) in cursor.fetchall()]
        cursor.execute(
            "SELECT code, type, normal_side, owner_kind, allows_overdraft, stripes"
            " FROM ledger_chart()"
        )
        findings += _differing(cursor.fetchall())
        cursor.execute(
            "SELECT (SELECT count(*) FROM ledger_entry), (SELECT count(*) FROM ledger_line)"
        )
        entries, lines = cursor.fetchone()
    return Proof(entries, lines, findings)


def _differing(stored: list[tuple[object, ...]]) -> list[Finding]:
    ours = {
        (n.code, n.type.value, n.normal_side.value, n.owner.value, n.allows_overdraft, n.stripes)
        for n in CHART.values()
    }
    codes = sorted({str(row[0]) for row in ours ^ set(stored)})
    return [Finding(CHART_RULE, f"node {code}") for code in codes]
