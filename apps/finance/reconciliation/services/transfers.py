"""Money between a bank and a processor or a rail, first seen on the bank's statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Sum

from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.ledger.postings import Draft
from apps.finance.ledger.selectors.accounts import accounts_of
from apps.finance.reconciliation import errors, rules
from apps.finance.reconciliation.choices import Compares, Progress, Rule, Type
from apps.finance.reconciliation.models import (
    BookItem,
    ReconciliationException,
    Statement,
    StatementLine,
    StatementSource,
)
from apps.finance.reconciliation.services.by_hand import MOST_PARTS, put_together
from apps.finance.reconciliation.services.decide import (
    check_not_posted,
    close,
    day_of,
    is_agreed,
    open_exception,
)
from apps.finance.reconciliation.services.gather import gather_entries
from apps.finance.reconciliation.services.match import locked

BANK, PROCESSOR, RAIL = "1000", "1100", "1200"


class Settlement(NamedTuple):
    """What a processor paid out, as its own papers say, in the currency of the bank's account.

    ``gross`` leaves its clearing account, less ``fees`` and ``reserve`` it came to the bank.
    ``fees_expected`` is what our sales had counted on. ``rest_to_suspense`` books what these do
    not explain of the bank's line to suspense; without it they must explain all.
    """

    gateway: str
    gross: Money
    fees: Money
    fees_expected: Money
    reserve: Money
    rest_to_suspense: bool = False


class _OtherSide(NamedTuple):
    """The account the money came from or went to, and the lines of its statement that say so."""

    code: str
    name: str
    line_ids: frozenset[int]

    @property
    def account(self) -> postings.AccountRef:
        return postings.AccountRef(self.code, f"{rules.PROVABLE[self.code]}:{self.name}")


@transaction.atomic
def post_settlement(
    *,
    exception_id: int,
    settlement: Settlement,
    line_ids: Collection[int] = (),
    effective_on: date | None = None,
    by: Any,
    reason: str,
    now: datetime,
) -> ReconciliationException:
    """Book a line of the bank as the settlement of a processor, once, and match it.

    The entry is dated as the bank booked the line, or ``effective_on``. ``line_ids`` are the
    lines of the processor's statement that are this payout: they are matched with what leaves
    its clearing account, less the fees if the statement takes those off sale by sale. From the
    limit on, by the gross amount, two people must say the same; the first one's word is kept.

    :raises ReasonMissing, ExceptionUnknown, ExceptionDecided, PostedBefore: as they say
    :raises NotForThisType: it is not a line of a bank without partner, or money that went out
    :raises AccountUnknown: neither books nor statements know the processor in this currency
    :raises NotAddingUp: gross less fees and reserve is not what came
    :raises LineTaken, SumsDiffer: the chosen lines are not free, or are not this payout
    """
    found, statement = open_exception(exception_id, reason)
    received = _moved(found, statement, comes_in=True)
    _check_adds_up(settlement, received)
    other = _OtherSide(PROCESSOR, settlement.gateway, frozenset(line_ids))
    wish = {
        "do": "settlement",
        "of": settlement.gateway,
        "gross": settlement.gross.formatted,
        "fees": settlement.fees.formatted,
        "counted on": settlement.fees_expected.formatted,
        "reserve": settlement.reserve.formatted,
        "rest": "to suspense" if settlement.rest_to_suspense else "",
    }
    draft = postings.settlement_received(
        settlement_id=found.pk,
        gateway=settlement.gateway,
        bank=_name_of(statement.source),
        gross=settlement.gross,
        received=received,
        fees=settlement.fees,
        fees_expected=settlement.fees_expected,
        reserve=settlement.reserve,
    )
    most = max(settlement.gross, received, settlement.fees_expected)
    return _carry_out(found, statement, draft, other=other, wish=wish, most=most,
                      kept=settlement.fees, effective_on=effective_on, by=by, reason=reason,
                      now=now)  # fmt: skip


@transaction.atomic
def post_funding(
    *,
    exception_id: int,
    rail: str,
    fee: Money,
    line_ids: Collection[int] = (),
    effective_on: date | None = None,
    by: Any,
    reason: str,
    now: datetime,
) -> ReconciliationException:
    """Book a line of the bank as money sent to a payout rail, once, and match it.

    ``fee`` is what sending it cost, within the line. ``line_ids`` are the lines of the rail's
    statement on which it arrives. Dates, two people and repeating as in ``post_settlement``.

    :raises ReasonMissing, ExceptionUnknown, ExceptionDecided, PostedBefore: as they say
    :raises NotForThisType: it is not a line of a bank without partner, or money that came in
    :raises AccountUnknown: neither books nor statements know the rail in this currency
    :raises NotAddingUp: the fee is all of it
    :raises LineTaken, SumsDiffer: the chosen lines are not free, or are not this money
    """
    found, statement = open_exception(exception_id, reason)
    sent = _moved(found, statement, comes_in=False)
    if fee.currency != sent.currency or not Money.zero(fee.currency) <= fee < sent:
        raise errors.NotAddingUp(sent=str(sent), fee=str(fee))
    other = _OtherSide(RAIL, rail, frozenset(line_ids))
    draft = postings.rail_funded(
        funding_id=found.pk,
        bank=_name_of(statement.source),
        rail=rail,
        amount=sent - fee,
        fee=fee,
    )
    wish = {"do": "funding", "of": rail, "fees": fee.formatted}
    return _carry_out(found, statement, draft, other=other, wish=wish, most=sent,
                      kept=Money.zero(fee.currency), effective_on=effective_on, by=by,
                      reason=reason, now=now)  # fmt: skip


@joins_transaction
def _carry_out(
    found: ReconciliationException,
    statement: Statement,
    draft: Draft,
    *,
    other: _OtherSide,
    wish: dict[str, str],
    most: Money,
    kept: Money,
    effective_on: date | None,
    by: Any,
    reason: str,
    now: datetime,
) -> ReconciliationException:
    """Post the entry and match its lines on both accounts, if enough people want it."""
    wish |= {"lines": " ".join(map(str, sorted(other.line_ids))), "on": str(effective_on or "")}
    theirs, papers = _locked_other(other, statement.source.currency)
    moved = sum(one.amount.minor for one in draft.movements if one.account == other.account)
    _check_lines(other, theirs, papers, moved=moved, kept=kept)
    if not is_agreed(found, wish, size=most, by=by, reason=reason):
        return found
    posted = ledger.post(
        draft._replace(
            effective_on=effective_on or day_of(found, statement),
            actor_id=by.pk,
            memo=reason[:500],
        ),
        now=now,
    )
    gather_entries(statement.source, [posted.entry_id])
    close(found, Progress.RESOLVED, by=by, reason=reason, now=now, entry_source=draft.source)
    put_together(
        statement,
        line_ids=[found.line_id] if found.line_id else [],
        item_ids=_items_of(statement.source, posted.entry_id),
        rule=Rule.POSTED,
        by=by,
        reason=reason,
        now=now,
    )
    if theirs is not None:
        gather_entries(theirs, [posted.entry_id])
    if papers is not None and theirs is not None:
        put_together(
            papers,
            line_ids=other.line_ids,
            item_ids=_items_of(theirs, posted.entry_id),
            rule=Rule.POSTED,
            by=by,
            reason=reason,
            now=now,
        )
    return found


def _moved(found: ReconciliationException, statement: Statement, *, comes_in: bool) -> Money:
    """Return how much the bank's line moved.

    :raises NotForThisType: it is not a line of a bank without partner, or goes the other way
    :raises PostedBefore: an entry was posted for it and belongs to nothing
    """
    if found.type != Type.EXTRA or statement.source.code != BANK:
        raise errors.NotForThisType(type=found.type, account=statement.source.code)
    if (found.difference_minor > 0) != comes_in:
        raise errors.NotForThisType(difference=str(statement.money(found.difference_minor)))
    check_not_posted(found)
    return statement.money(abs(found.difference_minor))


def _check_adds_up(settlement: Settlement, received: Money) -> None:
    """
    :raises NotAddingUp: an amount is negative or of another currency, or they explain less
    """
    parts = (settlement.fees, settlement.fees_expected, settlement.reserve)
    said = {
        "gross": str(settlement.gross),
        "fees": str(settlement.fees),
        "reserve": str(settlement.reserve),
        "received": str(received),
    }
    if any(part.currency != received.currency for part in (*parts, settlement.gross)):
        raise errors.NotAddingUp(**said)
    if any(part.minor < 0 for part in parts) or settlement.gross.minor <= 0:
        raise errors.NotAddingUp(**said)
    rest = settlement.gross - settlement.fees - settlement.reserve - received
    if rest and not settlement.rest_to_suspense:
        raise errors.NotAddingUp(**said, unexplained=str(rest))


def _locked_other(
    other: _OtherSide, currency: str
) -> tuple[StatementSource | None, Statement | None]:
    """Return who proves the other account and the statement of the chosen lines, locked.

    Always after the bank's, and before the ledger's accounts, so that nobody waits in a circle.

    :raises AccountUnknown: neither the books nor statements know it in this currency
    :raises LineTaken: lines are chosen that are not of one statement of that account
    """
    owner = other.account.owner
    source = StatementSource.objects.filter(
        code=other.code, owner=owner, currency=currency
    ).first()
    if source is None and not accounts_of(
        codes=(other.code,), owner=owner, currency=currency, limit=1
    ):
        raise errors.AccountUnknown(account=f"{other.code} {owner} {currency}")
    if not other.line_ids:
        return source, None
    if source is None or len(other.line_ids) > MOST_PARTS:
        raise errors.LineTaken()
    papers = list(
        Statement.objects.filter(source=source, lines__in=other.line_ids)
        .order_by("-period_end")
        .values_list("pk", flat=True)
        .distinct()[:1]
    )
    if not papers:
        raise errors.LineTaken()
    return source, locked(papers[0])


def _check_lines(
    other: _OtherSide,
    theirs: StatementSource | None,
    papers: Statement | None,
    *,
    moved: int,
    kept: Money,
) -> None:
    """
    :raises LineTaken: a chosen line is matched already, or of another account
    :raises SumsDiffer: the chosen lines are not what moves on the other account
    """
    if papers is None or theirs is None:
        return
    free = StatementLine.objects.filter(
        pk__in=other.line_ids, statement__source=theirs, match=None
    )
    if free.count() != len(other.line_ids):
        raise errors.LineTaken()
    said = int(free.aggregate(sum=Sum("compared_minor"))["sum"] or 0)
    # Where sales stand there with their fees put back, the payout lacks just these fees.
    explained = {0, kept.minor} if theirs.compares == Compares.GROSS else {0}
    if said - moved not in explained:
        raise errors.SumsDiffer(lines=str(papers.money(said)), items=str(papers.money(moved)))


def _name_of(source: StatementSource) -> str:
    return source.owner.partition(":")[2]


def _items_of(source: StatementSource, entry_id: int) -> Sequence[int]:
    return list(
        BookItem.objects.filter(source=source, entry_id=entry_id).values_list("pk", flat=True)
    )
