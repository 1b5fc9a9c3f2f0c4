"""Which creators owe the platform and have earned something to pay with."""

from __future__ import annotations

from django.db import connection

#: Accounts of the books by their codes: 1300 is what creators owe, 2100 what they have earned.
_DEBTORS = """
SELECT p.id, d.currency, c.slug
  FROM ledger_account d
  JOIN ledger_balance db ON db.account_id = d.id
  JOIN ledger_account e ON e.code = '2100' AND e.owner = d.owner AND e.currency = d.currency
  JOIN ledger_balance eb ON eb.account_id = e.id
  JOIN accounts_profile p ON p.id = substr(d.owner, 9)::bigint
  JOIN clusters_cluster c ON c.id = p.cluster_id
 WHERE d.code = '1300' AND d.owner LIKE 'profile:%%'
   AND db.debits_minor > db.credits_minor
   AND eb.credits_minor - eb.debits_minor - eb.held_minor > 0
   AND NOT d.is_frozen AND NOT e.is_frozen
 ORDER BY p.id, d.currency LIMIT %s
"""


def debtors(*, limit: int) -> list[tuple[int, str, str]]:
    """Return creator, currency and brand of debts that can be recovered now, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_DEBTORS, [limit])
        return [(row[0], row[1], row[2]) for row in cursor.fetchall()]
