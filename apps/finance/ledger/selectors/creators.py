"""What creators earned, gave back and were paid, exactly, for statements of a year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.db import connection

from apps.finance.ledger.choices import EntryKind

#: What a creator has with the platform: payable and reserve, less debts.
_HAS = ("2100", "2150", "1300")
_BACK = {EntryKind.REFUND_CARD, EntryKind.REFUND_WALLET, EntryKind.CHARGEBACK_LOST}
_PAID = {
    EntryKind.PAYOUT_RESERVED,
    EntryKind.PAYOUT_CANCELLED,
    EntryKind.PAYOUT_RETURNED,
    EntryKind.PAYOUT_SETTLED,
}
SALE, BACK, PAID, WITHHELD, OTHER = "SALE", "BACK", "PAID", "WITHHELD", "OTHER"
_CLASSES = {
    **{
        kind: SALE
        for kind in EntryKind
        if kind.value.startswith(("TIP_", "SUBSCRIPTION_", "RENEWAL_", "TRIAL_", "PPV_"))
    },
    **dict.fromkeys(_BACK, BACK),
    **dict.fromkeys(_PAID, PAID),
    EntryKind.TAX_WITHHELD: WITHHELD,
}

# mine: entries of the asked creators. share: what each creator of these entries gained (credit
# positive), also creators who were not asked for, as an entry's fees are theirs too. fees: what
# platform, processor and state took of the entry. part: each creator's part of those, by what
# they gained, the largest remainder first, so that no cent is lost or doubled.
_SQL = """
WITH mine AS (
    SELECT DISTINCT l.entry_id
      FROM ledger_account a
      JOIN ledger_line l ON l.account_id = a.id
      JOIN ledger_entry e ON e.id = l.entry_id
     WHERE a.owner = ANY(%(owners)s) AND a.code = ANY(%(has)s)
       AND l.effective_on BETWEEN %(start)s AND %(end)s
       AND e.posted_at <= %(posted_before)s
), lines AS (
    SELECT l.entry_id, l.currency, a.code, a.owner, l.amount_minor
      FROM mine
      JOIN ledger_line l ON l.entry_id = mine.entry_id
      JOIN ledger_account a ON a.id = l.account_id
), share AS (
    SELECT entry_id, currency, owner, -sum(amount_minor) AS net
      FROM lines WHERE code = ANY(%(has)s)
     GROUP BY entry_id, currency, owner
    HAVING sum(amount_minor) <> 0
), fees AS (
    SELECT entry_id, currency,
           coalesce(-sum(amount_minor) FILTER (WHERE code = '4000'), 0) AS platform,
           coalesce(-sum(amount_minor) FILTER (WHERE code IN ('2200', '5100')), 0) AS processing,
           coalesce(-sum(amount_minor) FILTER (WHERE code = '2400'), 0) AS tax
      FROM lines GROUP BY entry_id, currency
), each AS (
    SELECT share.entry_id, share.currency, share.owner, share.net, fee.what, fee.amount,
           sum(abs(share.net)) OVER w AS whole
      FROM share
      JOIN fees USING (entry_id, currency),
           LATERAL (VALUES ('platform', platform), ('processing', processing), ('tax', tax))
               AS fee (what, amount)
    WINDOW w AS (PARTITION BY share.entry_id, share.currency, fee.what)
), floors AS (
    SELECT each.*, div(abs(amount) * abs(net), whole) AS part,
           mod(abs(amount) * abs(net), whole) AS rest
      FROM each
), parts AS (
    SELECT entry_id, currency, owner, net, what,
           sign(amount) * (part + CASE WHEN
               row_number() OVER (PARTITION BY entry_id, currency, what ORDER BY rest DESC, owner)
               <= abs(amount) - sum(part) OVER (PARTITION BY entry_id, currency, what)
               THEN 1 ELSE 0 END) AS part
      FROM floors
), whole AS (
    SELECT entry_id, currency, owner, net,
           sum(part) FILTER (WHERE what = 'platform') AS platform,
           sum(part) FILTER (WHERE what = 'processing') AS processing,
           sum(part) FILTER (WHERE what = 'tax') AS tax
      FROM parts GROUP BY entry_id, currency, owner, net
)
SELECT whole.owner, extract(quarter FROM e.effective_on)::int, whole.currency,
       coalesce(first.kind, e.kind), count(*) FILTER (WHERE first.id IS NULL),
       sum(whole.net)::bigint, sum(whole.platform)::bigint, sum(whole.processing)::bigint,
       sum(whole.tax)::bigint
  FROM whole
  JOIN ledger_entry e ON e.id = whole.entry_id
  LEFT JOIN ledger_entry first ON first.id = coalesce(e.reverses_id, e.corrects_id)
 WHERE whole.owner = ANY(%(owners)s)
 GROUP BY 1, 2, 3, 4
 ORDER BY 1, 2, 3, 4
"""


class CreatorFlow(NamedTuple):
    """What events of one class brought a creator in a quarter, in one currency.

    ``entries`` counts events, not their corrections. Amounts are credit positive: a refund's are
    below zero. Of a SALE or BACK, ``platform``, ``processing`` and ``tax`` are what others got of
    the same payments, so the fan paid ``net + platform + processing + tax``; elsewhere they are 0.
    """

    owner: str
    quarter: int
    currency: str
    flow: str
    entries: int
    net: int
    platform: int
    processing: int
    tax: int


def creator_flows(
    *, owners: Sequence[str], start: date, end: date, posted_before: datetime
) -> list[CreatorFlow]:
    """Return what creators earned, gave back, were paid and had withheld, by quarter.

    Reversals and corrections count with the kind they take back, on their own day. Movements
    between a creator's own accounts (reserve, debts recovered) are nothing. An entry of several
    creators has its fees split by what each gained, to the cent. What was posted later than
    ``posted_before`` is left out, so a long run reads one state of the books.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL,
            {
                "owners": list(owners),
                "has": list(_HAS),
                "start": start,
                "end": end,
                "posted_before": posted_before,
            },
        )
        rows = cursor.fetchall()
    return [_flow(row) for row in rows]


def _flow(row: tuple[str, int, str, str, int, int, int, int, int]) -> CreatorFlow:
    owner, quarter, currency, kind, entries, net, platform, processing, tax = row
    flow = _CLASSES.get(EntryKind(kind), OTHER)
    if flow not in {SALE, BACK}:
        platform = processing = tax = 0
    return CreatorFlow(owner, quarter, currency, flow, entries, net, platform, processing, tax)
