"""Four eyes on the books: one person proposes, another decides, and approving does it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.audit import services as audit
from apps.finance.ledger import errors
from apps.finance.ledger.choices import ProposalKind, ProposalState
from apps.finance.ledger.models import Proposal
from apps.finance.ledger.postings import Movement
from apps.finance.ledger.selectors.periods import closed_to
from apps.finance.ledger.selectors.proposals import PreviewLine, preview_of_entry
from apps.finance.ledger.services.carry_out import carry_out, lines_of

#: What nobody has decided by then must be looked at anew.
TIME_TO_DECIDE = timedelta(days=14)
REASON_LENGTH = 500
#: Stands for a decider within a rehearsal; the key is checked at commit, which never comes.
NOBODY = -1


# --- Propose ------------------------------------------------------------------------------


@transaction.atomic
def propose_entry(
    *,
    movements: Sequence[Movement],
    effective_on: date,
    cluster: str,
    by: User,
    reason: str,
    key: str,
    now: datetime,
) -> Proposal:
    """Keep an entry by hand for a second person's decision. Nothing is posted.

    It is rehearsed first, so what could not be posted today is refused at once. ``key`` is the
    form's own: sent twice, the first proposal is returned.

    :raises ProposalNotPermitted: ``by`` lacks ledger.propose_entry
    :raises ProposalReused: the key was used with other content
    :raises OwnAccount: it moves money of a profile of ``by``
    :raises DomainError: the books would refuse the entry, as ``post`` says it
    """
    payload = _payload_of(movements, effective_on, cluster)
    return _propose(ProposalKind.ENTRY, "", payload, by=by, reason=reason, key=key, now=now)


@transaction.atomic
def rehearse_entry(
    *,
    movements: Sequence[Movement],
    effective_on: date,
    cluster: str,
    by: User,
    now: datetime,
) -> list[PreviewLine]:
    """Return the lines that an entry by hand would post, and keep nothing of it.

    :raises DomainError: what ``propose_entry`` raises
    """
    with transaction.atomic():
        proposal = Proposal.objects.create(
            kind=ProposalKind.ENTRY,
            payload=_payload_of(movements, effective_on, cluster),
            reason="rehearsal",
            idempotency_key=str(uuid4()),
            proposed_by=by,
            proposed_at=now,
            expires_at=now + TIME_TO_DECIDE,
        )
        lines = rehearse(proposal=proposal, by=by, now=now)
        transaction.set_rollback(True)
    return lines


def _payload_of(movements: Sequence[Movement], effective_on: date, cluster: str) -> dict[str, Any]:
    return {
        "effective_on": effective_on.isoformat(),
        "cluster": cluster,
        "lines": lines_of(movements),
    }


@transaction.atomic
def propose_reversal(
    *, entry_id: int, on_original_date: bool, by: User, reason: str, key: str, now: datetime
) -> Proposal:
    """Keep the reversal of a whole entry for a second person's decision. Nothing is posted.

    Its accounting date is the entry's own, or the day of approval. Sent twice with one ``key``,
    the first proposal is returned.

    :raises AlreadyProposed: a reversal of this entry waits already
    :raises DomainError: what ``propose_entry`` and ``reverse`` raise
    """
    payload = {"entry_id": entry_id, "on_original_date": on_original_date}
    return _propose(
        ProposalKind.REVERSAL,
        f"entry:{entry_id}",
        payload,
        by=by,
        reason=reason,
        key=key,
        now=now,
    )


@transaction.atomic
def propose_correction(
    *,
    entry_id: int,
    movements: Sequence[Movement],
    on_original_date: bool,
    by: User,
    reason: str,
    key: str,
    now: datetime,
) -> Proposal:
    """Keep for a second person's decision what takes a part of an entry back. Nothing is posted.

    ``movements`` are opposite to what the entry moved, as ``correct`` takes them.

    :raises AlreadyProposed: a correction of this entry waits already
    :raises DomainError: what ``propose_entry`` and ``correct`` raise
    """
    payload = {
        "entry_id": entry_id,
        "on_original_date": on_original_date,
        "lines": lines_of(movements),
    }
    return _propose(
        ProposalKind.CORRECTION,
        f"entry:{entry_id}",
        payload,
        by=by,
        reason=reason,
        key=key,
        now=now,
    )


@transaction.atomic
def propose_reopening(*, month: date, by: User, reason: str, key: str, now: datetime) -> Proposal:
    """Keep the reopening of the last closed month for a second person's decision.

    :raises AlreadyProposed: it is proposed already
    :raises PeriodNotClosed: it is not the last closed month
    :raises DomainError: what ``propose_entry`` raises of a proposal
    """
    closed = closed_to()
    if closed is None or month != closed.replace(day=1):
        raise errors.PeriodNotClosed(month=month.isoformat())
    return _propose(
        ProposalKind.REOPEN_PERIOD,
        f"period:{month:%Y-%m}",
        {"month": month.isoformat()},
        by=by,
        reason=reason,
        key=key,
        now=now,
    )


PERMISSION_OF = {
    ProposalKind.ENTRY: "ledger.propose_entry",
    ProposalKind.REVERSAL: "ledger.propose_reversal",
    ProposalKind.CORRECTION: "ledger.propose_correction",
    ProposalKind.REOPEN_PERIOD: "ledger.propose_reopening",
}


def _propose(
    kind: ProposalKind,
    subject: str,
    payload: dict[str, Any],
    *,
    by: User,
    reason: str,
    key: str,
    now: datetime,
) -> Proposal:
    if not by.has_perm(PERMISSION_OF[kind]):
        raise errors.ProposalNotPermitted(permission=PERMISSION_OF[kind])
    proposal = Proposal(
        kind=kind,
        subject=subject,
        payload=payload,
        reason=_clean(reason),
        idempotency_key=key,
        proposed_by=by,
        proposed_at=now,
        expires_at=now + TIME_TO_DECIDE,
    )
    earlier = Proposal.objects.filter(proposed_by=by, idempotency_key=key).first()
    if earlier is None:
        earlier = _kept(proposal)
    if earlier is not None:
        return _same(earlier, proposal)
    rehearse(proposal=proposal, by=by, now=now)
    audit.record(
        by=by,
        action="ledger.proposed",
        subject=f"ledger.proposal:{proposal.pk}",
        reason=proposal.reason,
        facts={"kind": kind.value, **payload},
        cluster=payload.get("cluster"),
    )
    return proposal


def _kept(proposal: Proposal) -> Proposal | None:
    """Write it down; return the one that a rival form of the same person wrote instead."""
    try:
        with transaction.atomic():
            proposal.save(force_insert=True)
    except IntegrityError as error:
        if "ledger_proposal_open_once" in str(error):
            raise errors.AlreadyProposed(subject=proposal.subject) from error
        if "ledger_proposal_form_once" not in str(error):
            raise
        return Proposal.objects.get(
            proposed_by=proposal.proposed_by, idempotency_key=proposal.idempotency_key
        )
    return None


def _same(earlier: Proposal, wanted: Proposal) -> Proposal:
    alike = ("kind", "subject", "payload", "reason")
    if any(getattr(earlier, name) != getattr(wanted, name) for name in alike):
        raise errors.ProposalReused(proposal_id=earlier.pk)
    return earlier


def _clean(reason: str) -> str:
    cleaned = reason.strip()
    if not cleaned or len(cleaned) > REASON_LENGTH or "\0" in cleaned:
        raise errors.ProposalNeedsReason()
    return cleaned


# --- Decide -------------------------------------------------------------------------------


@transaction.atomic
def approve_proposal(*, proposal_id: int, by: User, reason: str, now: datetime) -> Proposal:
    """Approve what somebody else proposed, and do it in the same transaction.

    Approved again by the same person it is returned as it is; of two at once one decides. When
    the books refuse it nothing is decided either.

    :raises ProposalNotPermitted: ``by`` lacks ledger.approve_proposal
    :raises ProposalNotFound: there is none
    :raises OwnProposal: ``by`` proposed it
    :raises OwnAccount: it moves money of a profile of ``by``
    :raises ProposalDecided: somebody decided it before
    :raises ProposalExpired: its time is over
    :raises DomainError: the books refuse what it would do
    """
    if not by.has_perm("ledger.approve_proposal"):
        raise errors.ProposalNotPermitted(permission="ledger.approve_proposal")
    proposal = _locked(proposal_id)
    if proposal.state == ProposalState.APPROVED and proposal.decided_by_id == by.pk:
        return proposal
    _check_open(proposal, now)
    if proposal.proposed_by_id == by.pk:
        raise errors.OwnProposal(proposal_id=proposal_id)
    _decide(proposal, ProposalState.APPROVED, by_id=by.pk, reason=_clean(reason), now=now)
    proposal.entry_id = carry_out(proposal, by=by, now=now)
    proposal.save(update_fields=["entry"])
    _record(proposal, "ledger.proposal_approved", by=by)
    return proposal


@transaction.atomic
def reject_proposal(*, proposal_id: int, by: User, reason: str, now: datetime) -> Proposal:
    """Refuse what somebody proposed, or withdraw one's own; nothing else happens.

    :raises ProposalNotPermitted: it is not their own, and they lack ledger.approve_proposal
    :raises ProposalNotFound: there is none
    :raises ProposalDecided: somebody decided it before
    :raises ProposalExpired: its time is over
    """
    proposal = _locked(proposal_id)
    if proposal.proposed_by_id != by.pk and not by.has_perm("ledger.approve_proposal"):
        raise errors.ProposalNotPermitted(permission="ledger.approve_proposal")
    if proposal.state == ProposalState.REJECTED and proposal.decided_by_id == by.pk:
        return proposal
    _check_open(proposal, now)
    _decide(proposal, ProposalState.REJECTED, by_id=by.pk, reason=_clean(reason), now=now)
    _record(proposal, "ledger.proposal_rejected", by=by)
    return proposal


@transaction.atomic
def expire_proposals(*, now: datetime, limit: int = 200) -> int:
    """End the proposals that nobody decided in time, oldest first; return how many."""
    late = Proposal.objects.select_for_update(skip_locked=True).filter(
        state=ProposalState.PROPOSED, expires_at__lte=now
    )
    ended = list(late.order_by("proposed_at", "id")[:limit])
    for proposal in ended:
        _decide(proposal, ProposalState.EXPIRED, by_id=None, reason="", now=now)
        _record(proposal, "ledger.proposal_expired", by=None)
    return len(ended)


@transaction.atomic
def rehearse(*, proposal: Proposal, by: User, now: datetime) -> list[PreviewLine]:
    """Do exactly what approving would do, say which lines it posts, and take all of it back.

    :raises DomainError: what approving it now would be refused with
    """
    if proposal.kind == ProposalKind.REOPEN_PERIOD:
        return []
    with transaction.atomic():
        stored = _locked(proposal.pk)
        _check_open(stored, now)
        _decide(stored, ProposalState.APPROVED, by_id=NOBODY, reason="rehearsal", now=now)
        entry_id = carry_out(stored, by=by, now=now)
        lines = preview_of_entry(entry_id) if entry_id else []
        transaction.set_rollback(True)
    return lines


def _locked(proposal_id: int) -> Proposal:
    proposal = Proposal.objects.select_for_update(of=("self",)).filter(pk=proposal_id).first()
    if proposal is None:
        raise errors.ProposalNotFound(proposal_id=proposal_id)
    return proposal


def _check_open(proposal: Proposal, now: datetime) -> None:
    if proposal.state == ProposalState.EXPIRED:
        raise errors.ProposalExpired(proposal_id=proposal.pk)
    if proposal.state != ProposalState.PROPOSED:
        raise errors.ProposalDecided(proposal_id=proposal.pk, state=proposal.state)
    if now >= proposal.expires_at:
        raise errors.ProposalExpired(proposal_id=proposal.pk)


def _decide(
    proposal: Proposal, state: ProposalState, *, by_id: int | None, reason: str, now: datetime
) -> None:
    proposal.state = state
    proposal.decided_by_id = by_id
    proposal.decided_at = now
    proposal.decision_reason = reason
    proposal.save(update_fields=["state", "decided_by", "decided_at", "decision_reason"])


def _record(proposal: Proposal, action: str, *, by: User | None) -> None:
    audit.record(
        by=by,
        action=action,
        subject=f"ledger.proposal:{proposal.pk}",
        reason=proposal.decision_reason,
        facts={
            "kind": proposal.kind,
            "proposed_by": proposal.proposed_by_id,
            "entry_id": proposal.entry_id,
        },
        cluster=proposal.payload.get("cluster"),
    )
