"""Do what an approved proposal says. Only approving and rehearsing come here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from apps.accounts.models import Profile, User
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.ledger import errors
from apps.finance.ledger.choices import EntryKind, ProposalKind
from apps.finance.ledger.models import Line, Proposal
from apps.finance.ledger.postings import AccountRef, Draft, Movement
from apps.finance.ledger.services.correct import correct
from apps.finance.ledger.services.periods import reopen_period
from apps.finance.ledger.services.post import post
from apps.finance.ledger.services.reverse import reverse


@joins_transaction
def carry_out(proposal: Proposal, *, by: User, now: datetime) -> int | None:
    """Post or do what the proposal says, for its approver; return the id of its entry.

    :raises OwnAccount: a line stands on an account of a profile of ``by``
    :raises DomainError: the books refuse it
    """
    if proposal.kind == ProposalKind.REOPEN_PERIOD:
        reopen_period(
            month=date.fromisoformat(proposal.payload["month"]),
            by=proposal.proposed_by,
            approved_by=by,
            reason=proposal.reason,
            now=now,
        )
        return None
    entry_id = _POSTS[ProposalKind(proposal.kind)](proposal, by, now)
    _check_not_own(entry_id, by)
    return entry_id


def lines_of(movements: Sequence[Movement]) -> list[dict[str, Any]]:
    """Return movements as a proposal keeps them."""
    return [
        {
            "code": account.code,
            "owner": account.owner,
            "currency": amount.currency,
            "amount_minor": amount.minor,
        }
        for account, amount in movements
    ]


def _movements(proposal: Proposal) -> tuple[Movement, ...]:
    return tuple(
        Movement(
            AccountRef(line["code"], line["owner"]), Money(line["amount_minor"], line["currency"])
        )
        for line in proposal.payload["lines"]
    )


def _post(proposal: Proposal, by: User, now: datetime) -> int:
    draft = Draft(
        kind=EntryKind.MANUAL_ADJUSTMENT,
        source=f"proposal:{proposal.pk}",
        movements=_movements(proposal),
        cluster=proposal.payload["cluster"],
        memo=proposal.reason,
        effective_on=date.fromisoformat(proposal.payload["effective_on"]),
        actor_id=by.pk,
    )
    return post(draft, now=now).entry_id


def _reverse(proposal: Proposal, by: User, now: datetime) -> int:
    posted = reverse(
        entry_id=proposal.payload["entry_id"],
        by=by,
        reason=proposal.reason,
        now=now,
        on_original_date=proposal.payload["on_original_date"],
    )
    return posted.entry_id


def _correct(proposal: Proposal, by: User, now: datetime) -> int:
    posted = correct(
        entry_id=proposal.payload["entry_id"],
        key=f"proposal:{proposal.pk}",
        movements=_movements(proposal),
        by=by,
        reason=proposal.reason,
        now=now,
        on_original_date=proposal.payload["on_original_date"],
    )
    return posted.entry_id


_POSTS = {
    ProposalKind.ENTRY: _post,
    ProposalKind.REVERSAL: _reverse,
    ProposalKind.CORRECTION: _correct,
}


def _check_not_own(entry_id: int, by: User) -> None:
    """:raises OwnAccount: a line stands on an account of a profile of ``by``"""
    mine = Profile.objects.filter(user=by).values_list("pk", flat=True)
    owners = [f"profile:{pk}" for pk in mine]
    if owners and Line.objects.filter(entry_id=entry_id, account__owner__in=owners).exists():
        raise errors.OwnAccount(entry_id=entry_id)
