"""Counting what payers, cards and addresses did lately, for one payment or for a thousand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from apps.finance.risk.choices import ListKind, What, Who
from apps.finance.risk.models import BlockEntry
from apps.finance.risk.rules.facts import Known
from apps.finance.risk.rules.judge import Measured, Usual
from apps.finance.risk.rules.wants import Want

_COLUMN = {Who.PAYER: "payer_id", Who.CARD: "card_hash", Who.IP: "ip_hash"}
#: What is counted of the earlier payments of a window; {0} is the window's condition.
_COUNTED = {
    What.ATTEMPTS: "count(*) FILTER (WHERE {0})",
    What.AMOUNT: "coalesce(sum(a.amount_minor)"
    " FILTER (WHERE {0} AND a.currency = q.currency), 0)::bigint",
    What.DECLINES: "count(*) FILTER (WHERE {0} AND a.result = 'DECLINED')",
    What.CARDS: "count(DISTINCT a.card_hash)"
    " FILTER (WHERE {0} AND a.card_hash <> '' AND a.card_hash <> q.card_hash)",
    What.PAYERS: "count(DISTINCT a.payer_id) FILTER (WHERE {0} AND a.payer_id <> q.payer_id)",
}
_USUAL_DAYS = 90
#: The usual is of what was paid, and of that only what stayed paid.
_USUAL = (
    "count(*) FILTER (WHERE a.result = 'PAID' AND a.currency = q.currency) AS p0",
    "coalesce(sum(a.amount_minor) FILTER (WHERE a.result = 'PAID'"
    " AND a.currency = q.currency), 0)::bigint AS p1",
)
#: Of a payment not written yet every other is earlier.
NOT_WRITTEN = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A payment to measure: at its time, among the assessments before its own."""

    known: Known
    at: datetime
    assessment_id: int = NOT_WRITTEN


def measure(asked: Sequence[Asked], wants: Sequence[Want]) -> list[Measured]:
    """Return the counts of each payment, in order, the payment itself among them.

    Two queries however many there are. Windows are read by an index of payer, card or address.
    """
    counted = _counts(asked, wants)
    listed = _listed(asked)
    return [
        Measured(
            counts={
                want: _with_itself(want, found, one.known)
                for want, found in zip(wants, row[2:], strict=True)
            },
            usual=Usual(row[0], row[1]),
            lists=lists,
        )
        for one, row, lists in zip(asked, counted, listed, strict=True)
    ]


def _with_itself(want: Want, before: int, known: Known) -> int | None:
    """Add the payment to what came before it; None where it has no card or no address."""
    if not getattr(known, _COLUMN[want.who]):
        return None
    if want.what == What.AMOUNT:
        return before + known.amount.minor
    if want.what == What.DECLINES:
        return before
    if want.what == What.CARDS:
        return before + bool(known.card_hash)
    return before + 1


def _counts(asked: Sequence[Asked], wants: Sequence[Want]) -> list[Any]:
    """One lateral read for each of payer, card and address that is wanted, all in one query."""
    windows = {Who.PAYER: _USUAL_DAYS * 24 * 60}
    columns: dict[Who, list[str]] = defaultdict(list)
    picked = ["p0", "p1"]
    columns[Who.PAYER] = list(_USUAL)
    for number, want in enumerate(wants):
        name = f"c{number}"
        inside = f"a.at > q.at - interval '{int(want.minutes)} minutes'"
        columns[want.who].append(f"{_COUNTED[want.what].format(inside)} AS {name}")
        windows[want.who] = max(windows.get(want.who, 0), int(want.minutes))
        picked.append(name)
    # Only names of ours and whole numbers are written into the statement.
    laterals = " ".join(
        f"""CROSS JOIN LATERAL (
            SELECT {", ".join(counts)} FROM risk_assessment a
             WHERE a.{_COLUMN[who]} = q.{_COLUMN[who]}
               AND a.at > q.at - interval '{windows[who]} minutes'
               AND a.at <= q.at AND a.id < q.id {_KNOWN[who]}) {who.value.lower()}"""  # noqa: S608
        for who, counts in columns.items()
    )
    sql = f"""SELECT {", ".join(picked)}
                FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
                            %s::bigint[])
                     WITH ORDINALITY
                     AS q (payer_id, card_hash, ip_hash, currency, at, id, n)
                {laterals} ORDER BY q.n"""  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            [
                [one.known.payer_id for one in asked],
                [one.known.card_hash for one in asked],
                [one.known.ip_hash for one in asked],
                [one.known.amount.currency for one in asked],
                [one.at for one in asked],
                [one.assessment_id for one in asked],
            ],
        )
        return list(cursor.fetchall())


#: Lets the partial indexes of cards and addresses be used.
_KNOWN = {Who.PAYER: "", Who.CARD: "AND a.card_hash <> ''", Who.IP: "AND a.ip_hash <> ''"}


def _listed(asked: Sequence[Asked]) -> list[dict[ListKind, str]]:
    """Return for each payment what of it was on a list at its time."""
    names = [_names(one.known) for one in asked]
    by_kind: dict[ListKind, set[str]] = defaultdict(set)
    for each in names:
        for kind, value in each:
            by_kind[kind].add(value)
    wanted = Q(pk__in=[])
    for kind, values in by_kind.items():
        wanted |= Q(kind=kind, value__in=values)
    entries: dict[tuple[str, str], list[BlockEntry]] = defaultdict(list)
    for entry in BlockEntry.objects.filter(wanted):
        entries[entry.kind, entry.value].append(entry)
    return [
        {
            kind: value
            for kind, value in each
            if any(_counts_at(entry, one.at) for entry in entries.get((kind, value), ()))
        }
        for one, each in zip(asked, names, strict=True)
    ]


def _counts_at(entry: BlockEntry, at: datetime) -> bool:
    ended = [moment for moment in (entry.expires_at, entry.removed_at) if moment]
    return entry.added_at <= at and all(at < moment for moment in ended)


def _names(known: Known) -> list[tuple[ListKind, str]]:
    found = [(ListKind.PAYER, str(known.payer_id))]
    found += [(ListKind.NETWORK, network) for network in known.networks]
    if known.card_hash:
        found.append((ListKind.CARD, known.card_hash))
    if known.email_domain:
        found.append((ListKind.EMAIL_DOMAIN, known.email_domain))
    return found + [(ListKind.BIN, known.bin[:size]) for size in range(4, len(known.bin) + 1)]
