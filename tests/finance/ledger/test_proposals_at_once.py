"""Two people at once: one proposal, one decision, one entry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest

from apps.accounts.models import User
from apps.core.money import Money
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import ProposalState
from apps.finance.ledger.models import Entry, Proposal
from apps.finance.ledger.postings import AccountRef, credit, debit
from tests.finance.ledger.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)
BANK, EQUITY = AccountRef("1000", "bank:main"), AccountRef("3000")
THOUSAND = Money(1_000_00, "USD")
Staff = Callable[..., User]


def propose(by: User, *, now: datetime, key: str = "form") -> Proposal:
    return ledger.propose_entry(
        movements=[debit(BANK, THOUSAND), credit(EQUITY, THOUSAND)],
        effective_on=date(2026, 1, 10),
        cluster="",
        by=by,
        reason="Capital",
        key=key,
        now=now,
    )


def test_of_eight_approvers_at_once_one_decides(staff: Staff, now: datetime) -> None:
    proposal = propose(staff("finance"), now=now)
    approvers = [staff("finance") for _ in range(8)]

    ended = at_once(
        8,
        lambda i: ledger.approve_proposal(
            proposal_id=proposal.pk, by=approvers[i], reason="ok", now=now
        ),
    )

    assert ended == {"done": 1, "ledger.proposal_decided": 7}
    assert Entry.objects.count() == 1
    assert books.balance_of(BANK, "USD") == THOUSAND
    assert ledger.check_books(now=now).ok


def test_approved_and_rejected_at_once_is_one_of_them(staff: Staff, now: datetime) -> None:
    proposal = propose(staff("finance"), now=now)
    people = [staff("finance") for _ in range(2)]
    decide = [ledger.approve_proposal, ledger.reject_proposal]

    ended = at_once(
        2,
        lambda i: decide[i](proposal_id=proposal.pk, by=people[i], reason="so", now=now),
    )

    assert ended == {"done": 1, "ledger.proposal_decided": 1}
    approved = Proposal.objects.get().state == ProposalState.APPROVED
    assert Entry.objects.count() == int(approved)


def test_one_form_sent_ten_times_at_once_is_one_proposal(staff: Staff, now: datetime) -> None:
    author = staff("finance")

    assert at_once(10, lambda _: propose(author, now=now)) == {"done": 10}

    assert Proposal.objects.count() == 1


def test_rehearsals_and_approvals_at_once_never_block_each_other_for_good(
    staff: Staff, now: datetime
) -> None:
    author, approver = staff("finance"), staff("finance")
    proposals = [propose(author, now=now, key=f"form-{i}") for i in range(6)]

    def work(i: int) -> None:
        if i % 2:
            ledger.rehearse(proposal=proposals[i // 2], by=approver, now=now)
        else:
            ledger.approve_proposal(
                proposal_id=proposals[i // 2].pk, by=approver, reason="ok", now=now
            )

    ended = at_once(12, work)

    # A rehearsal that comes after its approval finds nothing left to approve.
    assert ended["done"] + ended["ledger.proposal_decided"] == 12
    assert Entry.objects.count() == 6
    assert books.balance_of(BANK, "USD") == Money(6_000_00, "USD")
