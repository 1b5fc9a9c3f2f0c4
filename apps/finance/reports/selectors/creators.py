"""What a creator earned, paid for, got paid out, and has left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from apps.accounts.models import Profile
from apps.core.db import reads_one_state
from apps.core.money import Money
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.selectors import journal
from apps.finance.ledger.selectors.journal import FeeRow
from apps.finance.reports.choices import Earned
from apps.finance.reports.rules.creators import (
    CREATOR_CODES,
    DEBT,
    PAYABLE,
    PLATFORM_FEE_CODES,
    PROCESSING_FEE_CODES,
    RESERVE,
    WITH_FEES,
    section_of,
)
from apps.finance.reports.rules.earnings import (
    CreatorStatement,
    EarningsLine,
    EarningsSheet,
    Holdings,
)
from apps.finance.reports.rules.periods import Period
from apps.finance.reports.rules.statements import Drill
from apps.finance.reports.selectors.amounts import before

#: Before any entry of the books (the ledger takes no date before 2000).
BEGINNING = date(2000, 1, 1)
_Row = ledger_selectors.MovementRow


@reads_one_state
def creator_statement(*, profile: Profile, period: Period) -> CreatorStatement:
    """Return a creator's statement; four queries, however much was sold.

    Opening and closing stand from the accounts, the lines from the entries between them; each
    sheet proves that the two agree.
    """
    owner = f"profile:{profile.pk}"
    standing = _creators(ledger_selectors.owner_movements(owner, BEGINNING, before(period.start)))
    moved = _creators(ledger_selectors.owner_movements(owner, period.start, period.end))
    at_end = _creators(ledger_selectors.owner_movements(owner, BEGINNING, period.end))
    fees = journal.fees_of(
        owner,
        start=period.start,
        end=period.end,
        kinds=WITH_FEES,
        own=CREATOR_CODES,
        platform=PLATFORM_FEE_CODES,
        processing=PROCESSING_FEE_CODES,
    )
    currencies = sorted({row.currency for row in at_end})
    sheets = tuple(
        EarningsSheet(
            currency=currency,
            opening=_holdings(standing, currency),
            closing=_holdings(at_end, currency),
            lines=tuple(_lines(owner, period, moved, fees, currency)),
        )
        for currency in currencies
    )
    return CreatorStatement(
        profile_id=profile.pk,
        handle=profile.handle,
        display_name=profile.display_name,
        cluster=profile.cluster.slug,
        period=period,
        sheets=sheets,
    )


def creator_by_id(profile_id: int) -> Profile | None:
    """Return a creator of any brand."""
    return Profile.objects.filter(pk=profile_id, is_creator=True).select_related("cluster").first()


def creator_of(*, user_id: int, cluster_id: int) -> Profile | None:
    """Return a person's profile on a brand, if the person is a creator there."""
    return (
        Profile.objects.filter(user_id=user_id, cluster_id=cluster_id, is_creator=True)
        .select_related("cluster")
        .first()
    )


def _creators(rows: Iterable[_Row]) -> list[_Row]:
    return [row for row in rows if row.code in CREATOR_CODES]


def _holdings(rows: Iterable[_Row], currency: str) -> Holdings:
    credit: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.currency == currency:
            credit[row.code] += row.credits_minor - row.debits_minor
    return Holdings(
        available=Money(credit[PAYABLE], currency),
        reserve=Money(credit[RESERVE], currency),
        owed=Money(-credit[DEBT], currency),
    )


def _lines(
    owner: str, period: Period, rows: Iterable[_Row], fees: Iterable[FeeRow], currency: str
) -> Iterable[EarningsLine]:
    """Yield what moved by kind, in the order of the sections and of the kinds."""
    nets: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.currency == currency:
            nets[row.kind] += row.credits_minor - row.debits_minor
    kept = {fee.kind: fee for fee in fees if fee.currency == currency}
    places = {section: place for place, section in enumerate(Earned)}
    for kind in sorted(nets, key=lambda k: (places[section_of(k)], EntryKind.values.index(k))):
        fee = kept.get(kind, FeeRow(kind, currency, 0, 0, 0))
        net = nets[kind]
        if not (net or fee.platform_minor or fee.processing_minor):
            continue
        yield EarningsLine(
            kind=kind,
            label=str(EntryKind(kind).label),
            section=section_of(kind),
            gross=Money(net + fee.platform_minor + fee.processing_minor, currency),
            platform_fee=Money(fee.platform_minor, currency),
            processing_fee=Money(fee.processing_minor, currency),
            net=Money(net, currency),
            shared=Money(fee.shared_minor, currency),
            drill=Drill(
                codes=CREATOR_CODES,
                start=period.start,
                end=period.end,
                kinds=(kind,),
                currency=currency,
                owner=owner,
            ),
        )
