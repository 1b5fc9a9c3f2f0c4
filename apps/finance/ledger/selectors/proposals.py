"""What waits for a second pair of eyes, and what approving it moves."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models import F, QuerySet, Sum

from apps.finance.ledger.chart import CHART
from apps.finance.ledger.choices import ProposalState, Side
from apps.finance.ledger.models import Balance, Line, Proposal


class PreviewLine(NamedTuple):
    """A line as it would be posted: debit positive, and what its account then has.

    ``balance_minor`` is positive on the account's normal side, and counts the whole entry.
    """

    code: str
    name: str
    owner: str
    currency: str
    amount_minor: int
    balance_minor: int


def proposals_to_decide(*, by: Any) -> QuerySet[Proposal]:
    """Return what waits, oldest first; whoever may decide sees only what they can decide."""
    waiting = Proposal.objects.filter(state=ProposalState.PROPOSED).order_by("proposed_at", "id")
    if by.has_perm("ledger.approve_proposal"):
        return waiting.exclude(proposed_by=by)
    return waiting


def open_proposal_of(subject: str) -> Proposal | None:
    """Return what is proposed about ``entry:42`` or ``period:2026-01`` and not yet decided."""
    return Proposal.objects.filter(subject=subject, state=ProposalState.PROPOSED).first()


def proposals_of(subject: str, *, limit: int = 50) -> list[Proposal]:
    """Return what was ever proposed about a subject, newest first."""
    found = Proposal.objects.filter(subject=subject).select_related("proposed_by", "decided_by")
    return list(found.order_by("-id")[:limit])


def proposal_of_entry(entry_id: int) -> Proposal | None:
    """Return the proposal that posted an entry, if one did."""
    return Proposal.objects.filter(entry_id=entry_id).first()


def preview_of_entry(entry_id: int) -> list[PreviewLine]:
    """Return an entry's lines with the balances of their accounts as they are now."""
    lines = list(Line.objects.filter(entry_id=entry_id).select_related("account").order_by("n"))
    sums = Balance.objects.filter(account__in=[line.account_id for line in lines])
    nets = {
        row["account_id"]: int(row["net"])
        for row in sums.values("account_id")
        .annotate(net=Sum(F("debits_minor") - F("credits_minor")))
        .order_by("account_id")
    }
    return [
        PreviewLine(
            code=line.account.code,
            name=CHART[line.account.code].name,
            owner=line.account.owner,
            currency=line.currency,
            amount_minor=line.amount_minor,
            balance_minor=nets[line.account_id]
            * (1 if line.account.normal_side == Side.DEBIT else -1),
        )
        for line in lines
    ]
