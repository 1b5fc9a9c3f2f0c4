"""What the database itself refuses about proposals, whoever writes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.accounts.models import User
from apps.finance.ledger import errors
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import EntryKind, ProposalState
from apps.finance.ledger.models import Entry, Proposal
from apps.finance.ledger.postings import Draft, credit, debit
from tests.finance.ledger.test_proposals import BANK, EQUITY, THOUSAND, an_entry, propose

pytestmark = pytest.mark.django_db
Staff = Callable[..., User]


def refused_by_database(sql: str, *arguments: int) -> str:
    """Return the SQLSTATE of a statement that must fail."""
    with (
        pytest.raises(DatabaseError) as refusal,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, arguments)
    return str(refusal.value.__cause__.sqlstate)  # type: ignore[union-attr]


class TestTheDatabase:
    def by_hand(self, source: str) -> Draft:
        return Draft(
            EntryKind.MANUAL_ADJUSTMENT,
            source,
            (debit(BANK, THOUSAND), credit(EQUITY, THOUSAND)),
            effective_on=date(2026, 1, 10),
        )

    @pytest.mark.parametrize("source", ["adjustment:1", "proposal:", "proposal:x", "proposal:999"])
    def test_refuses_an_entry_by_hand_without_a_proposal(self, now: datetime, source: str) -> None:
        with pytest.raises(errors.NotApproved), transaction.atomic():
            ledger.post(self.by_hand(source), now=now)

        assert not Entry.objects.exists()

    def test_refuses_it_until_the_proposal_is_approved(self, staff: Staff, now: datetime) -> None:
        proposal = propose(staff("finance"), now=now)
        draft = self.by_hand(f"proposal:{proposal.pk}")

        with pytest.raises(errors.NotApproved), transaction.atomic():
            ledger.post(draft, now=now)
        ledger.reject_proposal(proposal_id=proposal.pk, by=staff("admin"), reason="no", now=now)
        with pytest.raises(errors.NotApproved), transaction.atomic():
            ledger.post(draft, now=now)

        assert not Entry.objects.exists()

    def test_refuses_the_proposal_of_another_kind(self, staff: Staff, now: datetime) -> None:
        entry = an_entry(now)
        proposal = ledger.propose_reversal(
            entry_id=entry.pk,
            on_original_date=False,
            by=staff("finance"),
            reason="Twice",
            key="r",
            now=now,
        )
        ledger.approve_proposal(proposal_id=proposal.pk, by=staff("admin"), reason="ok", now=now)

        with pytest.raises(errors.NotApproved), transaction.atomic():
            ledger.post(self.by_hand(f"proposal:{proposal.pk}"), now=now)

    def test_refuses_one_pair_of_eyes(self, staff: Staff, now: datetime) -> None:
        proposal = propose(staff("finance"), now=now)

        with (
            pytest.raises(IntegrityError, match="ledger_proposal_four_eyes"),
            transaction.atomic(),
        ):
            Proposal.objects.filter(pk=proposal.pk).update(
                state=ProposalState.APPROVED, decided_by=proposal.proposed_by, decided_at=now
            )

        proposal.refresh_from_db()
        assert proposal.state == ProposalState.PROPOSED

    def test_refuses_a_proposal_that_is_born_approved(self, staff: Staff, now: datetime) -> None:
        proposal = propose(staff("finance"), now=now)
        sql = (
            "INSERT INTO ledger_proposal (kind, state, subject, payload, reason, idempotency_key,"
            " proposed_by_id, proposed_at, expires_at, decided_by_id, decided_at, decision_reason)"
            " SELECT kind, 'APPROVED', '', payload, reason, 'raw', proposed_by_id, proposed_at,"
            " expires_at, %s, proposed_at, '' FROM ledger_proposal"
        )

        assert refused_by_database(sql, staff("admin").pk) == "FL012"
        assert list(Proposal.objects.values_list("pk", flat=True)) == [proposal.pk]

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE ledger_proposal SET payload = '{}'",
            "UPDATE ledger_proposal SET reason = 'another'",
            "UPDATE ledger_proposal SET kind = 'REVERSAL'",
            "UPDATE ledger_proposal SET proposed_by_id = proposed_by_id + 1",
            "UPDATE ledger_proposal SET state = 'PROPOSED', decided_by_id = NULL",
            "UPDATE ledger_proposal SET decision_reason = 'better'",
            "UPDATE ledger_proposal SET entry_id = 1",
        ],
    )
    def test_keeps_a_decided_proposal_as_it_is(
        self, staff: Staff, now: datetime, change: str
    ) -> None:
        proposal = propose(staff("finance"), now=now)
        ledger.approve_proposal(proposal_id=proposal.pk, by=staff("admin"), reason="ok", now=now)
        before = Proposal.objects.values().get()

        assert refused_by_database(change) == "FL100"

        assert Proposal.objects.values().get() == before

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE ledger_proposal SET payload = '{}'",
            "UPDATE ledger_proposal SET proposed_by_id = proposed_by_id + 1",
        ],
    )
    def test_keeps_an_open_proposals_content(
        self, staff: Staff, now: datetime, change: str
    ) -> None:
        propose(staff("finance"), now=now)

        assert refused_by_database(change) == "FL100"

    @pytest.mark.parametrize("sql", ["DELETE FROM ledger_proposal", "TRUNCATE ledger_proposal"])
    def test_removes_no_proposal(self, staff: Staff, now: datetime, sql: str) -> None:
        propose(staff("finance"), now=now)
        with connection.cursor() as cursor:  # TRUNCATE waits for keys not yet checked
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

        assert refused_by_database(sql) == "FL100"
        assert Proposal.objects.count() == 1
