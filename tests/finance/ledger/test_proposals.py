"""Four eyes: one proposes, another decides, and the database lets nobody go round them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from apps.accounts.models import User
from apps.audit.models import AuditRecord
from apps.core.money import Money
from apps.finance.ledger import errors, postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import EntryKind, ProposalKind, ProposalState
from apps.finance.ledger.models import Entry, Proposal
from apps.finance.ledger.postings import AccountRef, credit, debit
from tests import given

pytestmark = pytest.mark.django_db

BANK, EQUITY = AccountRef("1000", "bank:main"), AccountRef("3000")
THOUSAND = Money(1_000_00, "USD")
Staff = Callable[..., User]


def propose(by: User, *, now: datetime, **changes: Any) -> Proposal:
    asked: dict[str, Any] = {
        "movements": [debit(BANK, THOUSAND), credit(EQUITY, THOUSAND)],
        "effective_on": date(2026, 1, 10),
        "cluster": "",
        "reason": "Capital paid in, bank statement 2 of 2026",
        "key": "form-1",
    }
    return ledger.propose_entry(**(asked | changes), by=by, now=now)


def an_entry(now: datetime) -> Entry:
    creator = given.a_creator("50.00", now=now)
    return Entry.objects.get(lines__account__owner=f"profile:{creator.pk}")


class TestAnEntryByHand:
    def test_waits_without_moving_anything(self, staff: Staff, now: datetime) -> None:
        proposal = propose(staff("finance"), now=now)

        assert (proposal.state, proposal.entry_id) == (ProposalState.PROPOSED, None)
        assert not Entry.objects.exists()
        assert books.balance_of(BANK, "USD") == Money(0, "USD")

    def test_is_posted_when_another_approves(self, staff: Staff, now: datetime) -> None:
        author, approver = staff("finance"), staff("admin")
        proposal = propose(author, now=now, cluster="boyfanz")

        done = ledger.approve_proposal(
            proposal_id=proposal.pk, by=approver, reason="Seen on the statement", now=now
        )

        entry = Entry.objects.get()
        assert (done.state, done.entry_id, done.decided_by) == (
            ProposalState.APPROVED,
            entry.pk,
            approver,
        )
        assert (entry.kind, entry.source) == (
            EntryKind.MANUAL_ADJUSTMENT,
            f"proposal:{proposal.pk}",
        )
        assert (entry.effective_on, entry.cluster) == (date(2026, 1, 10), "boyfanz")
        assert books.balance_of(BANK, "USD") == THOUSAND
        assert books.balance_of(EQUITY, "USD") == THOUSAND
        assert ledger.check_books(now=now).findings == []

    def test_is_on_record_with_both_people(self, staff: Staff, now: datetime) -> None:
        author, approver = staff("finance"), staff("finance")
        proposal = propose(author, now=now)
        ledger.approve_proposal(proposal_id=proposal.pk, by=approver, reason="Seen", now=now)

        records = AuditRecord.objects.filter(
            subject_type="ledger.proposal", subject_id=str(proposal.pk)
        ).order_by("id")

        assert [(record.action, record.actor_id, record.reason) for record in records] == [
            ("ledger.proposed", author.pk, "Capital paid in, bank statement 2 of 2026"),
            ("ledger.proposal_approved", approver.pk, "Seen"),
        ]

    def test_is_not_approved_by_its_author(self, staff: Staff, now: datetime) -> None:
        author = staff("finance", "admin")
        proposal = propose(author, now=now)

        with pytest.raises(errors.OwnProposal):
            ledger.approve_proposal(proposal_id=proposal.pk, by=author, reason="me", now=now)

        proposal.refresh_from_db()
        assert proposal.state == ProposalState.PROPOSED
        assert not Entry.objects.exists()

    @pytest.mark.parametrize("role", ["payouts", "compliance", "support", "security"])
    def test_needs_the_role(self, staff: Staff, now: datetime, role: str) -> None:
        outsider, proposal = staff(role), propose(staff("finance"), now=now)

        with pytest.raises(errors.ProposalNotPermitted):
            propose(outsider, now=now)
        with pytest.raises(errors.ProposalNotPermitted):
            ledger.approve_proposal(proposal_id=proposal.pk, by=outsider, reason="x", now=now)
        with pytest.raises(errors.ProposalNotPermitted):
            ledger.reject_proposal(proposal_id=proposal.pk, by=outsider, reason="x", now=now)

        assert list(Proposal.objects.values_list("state", flat=True)) == ["PROPOSED"]
        assert not Entry.objects.exists()

    def test_of_money_of_ones_own_profile_is_somebody_elses(
        self, staff: Staff, now: datetime
    ) -> None:
        author, approver = staff("finance"), staff("finance")
        mine = given.a_creator("0.00", now=now, user=approver)
        bonus = [
            debit(EQUITY, Money(50_00, "USD")),
            credit(postings.creator_payable(mine.pk), Money(50_00, "USD")),
        ]
        proposal = propose(author, now=now, movements=bonus)

        with pytest.raises(errors.OwnAccount):
            ledger.approve_proposal(proposal_id=proposal.pk, by=approver, reason="ok", now=now)
        with pytest.raises(errors.OwnAccount):
            propose(approver, now=now, movements=bonus, key="mine")

        assert not Entry.objects.exists()
        assert Proposal.objects.get().state == ProposalState.PROPOSED


class TestWhatTheBooksRefuse:
    @pytest.mark.parametrize(
        ("movements", "error"),
        [
            ([debit(BANK, THOUSAND)], errors.Unbalanced),
            ([debit(BANK, THOUSAND), credit(EQUITY, Money(999_99, "USD"))], errors.Unbalanced),
            (
                [debit(AccountRef("9999"), THOUSAND), credit(EQUITY, THOUSAND)],
                errors.UnknownAccount,
            ),
            ([debit(BANK, Money(0, "USD")), credit(EQUITY, THOUSAND)], errors.AmountOutOfRange),
            (
                [debit(AccountRef("2100", "profile:7"), THOUSAND), credit(EQUITY, THOUSAND)],
                errors.InsufficientFunds,
            ),
        ],
    )
    def test_is_refused_when_it_is_proposed(
        self, staff: Staff, now: datetime, movements: Any, error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            propose(staff("finance"), now=now, movements=movements)

        assert not Proposal.objects.exists()
        assert not Entry.objects.exists()

    def test_at_approval_leaves_the_proposal_open(self, staff: Staff, now: datetime) -> None:
        creator = given.a_creator("50.00", now=now)
        payable = postings.creator_payable(creator.pk)
        taken = [debit(payable, Money(50_00, "USD")), credit(EQUITY, Money(50_00, "USD"))]
        proposal = propose(staff("finance"), now=now, movements=taken)
        given.a_requested_payout("50.00", creator=creator, now=now)

        with pytest.raises(errors.InsufficientFunds):
            ledger.approve_proposal(
                proposal_id=proposal.pk, by=staff("finance"), reason="ok", now=now
            )

        assert Proposal.objects.get().state == ProposalState.PROPOSED
        assert books.balance_of(EQUITY, "USD") == Money(0, "USD")


class TestARehearsal:
    def test_shows_what_would_be_posted_and_posts_nothing(
        self, staff: Staff, now: datetime
    ) -> None:
        proposal = propose(staff("finance"), now=now)

        lines = ledger.rehearse(proposal=proposal, by=staff("finance"), now=now)

        assert [
            (line.code, line.owner, line.amount_minor, line.balance_minor) for line in lines
        ] == [
            ("1000", "bank:main", 1_000_00, 1_000_00),
            ("3000", "", -1_000_00, 1_000_00),
        ]
        assert not Entry.objects.exists()
        assert Proposal.objects.get().state == ProposalState.PROPOSED
        assert books.balance_of(BANK, "USD") == Money(0, "USD")
        assert not AuditRecord.objects.filter(action="ledger.proposal_approved").exists()

    def test_equals_the_live_run(self, staff: Staff, now: datetime) -> None:
        approver = staff("finance")
        proposal = propose(staff("finance"), now=now)
        rehearsed = ledger.rehearse(proposal=proposal, by=approver, now=now)

        done = ledger.approve_proposal(proposal_id=proposal.pk, by=approver, reason="ok", now=now)

        assert done.entry_id is not None
        assert books.preview_of_entry(done.entry_id) == rehearsed


class TestAForm:
    def test_sent_twice_is_one_proposal(self, staff: Staff, now: datetime) -> None:
        author = staff("finance")

        assert propose(author, now=now) == propose(author, now=now)
        assert Proposal.objects.count() == 1
        assert AuditRecord.objects.filter(action="ledger.proposed").count() == 1

    def test_sent_again_with_other_content_is_refused(self, staff: Staff, now: datetime) -> None:
        author = staff("finance")
        propose(author, now=now)

        with pytest.raises(errors.ProposalReused):
            propose(author, now=now, reason="Something else")

        assert Proposal.objects.count() == 1

    @pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "nul\0"])
    def test_needs_a_reason(self, staff: Staff, now: datetime, reason: str) -> None:
        with pytest.raises(errors.ProposalNeedsReason):
            propose(staff("finance"), now=now, reason=reason)

        assert not Proposal.objects.exists()


class TestADecision:
    def test_given_twice_by_one_person_is_one(self, staff: Staff, now: datetime) -> None:
        approver, proposal = staff("finance"), propose(staff("finance"), now=now)

        for _ in range(2):
            ledger.approve_proposal(proposal_id=proposal.pk, by=approver, reason="ok", now=now)

        assert Entry.objects.count() == 1
        assert AuditRecord.objects.filter(action="ledger.proposal_approved").count() == 1

    def test_is_the_last_word(self, staff: Staff, now: datetime) -> None:
        proposal = propose(staff("finance"), now=now)
        ledger.reject_proposal(proposal_id=proposal.pk, by=staff("admin"), reason="no", now=now)

        with pytest.raises(errors.ProposalDecided):
            ledger.approve_proposal(
                proposal_id=proposal.pk, by=staff("finance"), reason="ok", now=now
            )

        assert Proposal.objects.get().state == ProposalState.REJECTED
        assert not Entry.objects.exists()

    def test_of_ones_own_may_be_to_withdraw(self, staff: Staff, now: datetime) -> None:
        author = staff("finance")
        proposal = propose(author, now=now)

        done = ledger.reject_proposal(proposal_id=proposal.pk, by=author, reason="typo", now=now)

        assert (done.state, done.decided_by) == (ProposalState.REJECTED, author)

    def test_comes_in_time_or_not_at_all(self, staff: Staff, now: datetime) -> None:
        proposal, later = propose(staff("finance"), now=now), now + timedelta(days=14)

        with pytest.raises(errors.ProposalExpired):
            ledger.approve_proposal(
                proposal_id=proposal.pk, by=staff("finance"), reason="ok", now=later
            )
        assert ledger.expire_proposals(now=later - timedelta(seconds=1)) == 0
        assert ledger.expire_proposals(now=later) == 1
        assert ledger.expire_proposals(now=later) == 0

        proposal.refresh_from_db()
        assert (proposal.state, proposal.decided_by_id) == (ProposalState.EXPIRED, None)
        with pytest.raises(errors.ProposalExpired):
            ledger.reject_proposal(
                proposal_id=proposal.pk, by=staff("finance"), reason="no", now=later
            )
        assert not Entry.objects.exists()

    def test_on_what_is_not_there_is_refused(self, staff: Staff, now: datetime) -> None:
        with pytest.raises(errors.ProposalNotFound):
            ledger.approve_proposal(proposal_id=1, by=staff("finance"), reason="ok", now=now)


class TestAReversal:
    def test_is_posted_when_another_approves(self, staff: Staff, now: datetime) -> None:
        entry, approver = an_entry(now), staff("admin")
        proposal = ledger.propose_reversal(
            entry_id=entry.pk,
            on_original_date=False,
            by=staff("finance"),
            reason="Booked twice",
            key="r",
            now=now,
        )
        assert not Entry.objects.filter(reverses=entry).exists()

        done = ledger.approve_proposal(
            proposal_id=proposal.pk, by=approver, reason="Seen", now=now
        )

        reversal = Entry.objects.get(reverses=entry)
        assert done.entry_id == reversal.pk
        assert (reversal.memo, reversal.actor) == ("Booked twice", approver)
        assert ledger.check_books(now=now).findings == []

    def test_waits_once_for_each_entry(self, staff: Staff, now: datetime) -> None:
        entry, author = an_entry(now), staff("finance")
        asked: dict[str, Any] = {
            "entry_id": entry.pk,
            "on_original_date": False,
            "reason": "Twice",
            "now": now,
        }
        first = ledger.propose_reversal(**asked, by=author, key="r")

        with pytest.raises(errors.AlreadyProposed):
            ledger.propose_reversal(**asked, by=staff("finance"), key="s")
        assert ledger.propose_reversal(**asked, by=author, key="r") == first

        ledger.reject_proposal(proposal_id=first.pk, by=author, reason="typo", now=now)
        ledger.propose_reversal(**asked, by=author, key="again")
        assert Proposal.objects.filter(state=ProposalState.PROPOSED).count() == 1

    def test_of_what_is_not_there_is_refused(self, staff: Staff, now: datetime) -> None:
        with pytest.raises(errors.EntryNotFound):
            ledger.propose_reversal(
                entry_id=404,
                on_original_date=False,
                by=staff("finance"),
                reason="x",
                key="r",
                now=now,
            )
        assert not Proposal.objects.exists()


class TestTheQueue:
    def test_shows_what_one_can_decide(self, staff: Staff, now: datetime) -> None:
        author, other = staff("finance"), staff("finance")
        mine = propose(author, now=now)
        theirs = propose(other, now=now, key="form-2")

        assert list(books.proposals_to_decide(by=author)) == [theirs]
        assert list(books.proposals_to_decide(by=other)) == [mine]
        assert list(books.proposals_to_decide(by=staff("compliance"))) == [mine, theirs]

        ledger.reject_proposal(proposal_id=mine.pk, by=other, reason="no", now=now)
        assert list(books.proposals_to_decide(by=other)) == []
        assert books.proposals_of("") == [theirs, mine]
        assert ProposalKind(mine.kind) == ProposalKind.ENTRY
