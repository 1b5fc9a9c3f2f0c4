"""Months and corrections in the console: previewed, with a reason, undone by two people only."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from apps.audit.models import AuditRecord
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.admin.periods import MEND, mend_link
from apps.finance.ledger.choices import EntryKind, PeriodState, ProposalState
from apps.finance.ledger.models import Entry, Proposal
from apps.finance.ledger.postings import PLATFORM_REVENUE, processor_clearing
from apps.finance.ledger.selectors.closed import ClosedSheet, closed_with

pytestmark = pytest.mark.django_db
JANUARY = date(2026, 1, 1)


def a_sale(day: datetime, number: int = 1) -> Entry:
    with transaction.atomic():
        posted = ledger.post(
            postings.tip_by_card(
                transaction_id=number,
                creator_id=7,
                gateway="ccbill",
                amount=Money(100_00, "USD"),
                platform_fee=Money(20_00, "USD"),
                processing_fee=Money(0, "USD"),
                cluster="boyfanz",
            ),
            now=day,
        )
    return Entry.objects.get(pk=posted.entry_id)


def proved(day: datetime = datetime(2026, 1, 10, 12, tzinfo=UTC)) -> Entry:
    """A sale of January, with everything that its closing asks for."""
    entry = a_sale(day)
    ledger.roll_forward(now=timezone.now())
    ledger.check_books(now=timezone.now())
    return entry


def step(name: str, month: date = JANUARY) -> str:
    return reverse("admin:ledger_period_step", args=[month, name])


def page(month: date = JANUARY) -> str:
    return reverse("admin:ledger_period_month", args=[month])


def close(client: Any, month: date = JANUARY) -> None:
    for name in ("start-closing", "close"):
        client.post(step(name, month), {"reason": "Month end", "key": "k"})


class TestMonths:
    def test_are_listed_with_the_next_to_close(self, console: Any) -> None:
        proved()

        answer = console("finance").get(reverse("admin:ledger_period_changelist"))

        text = strip_tags(answer.content.decode())
        assert "January 2026" in text
        assert "the next to close" in text

    def test_of_empty_books_are_a_page_too(self, console: Any) -> None:
        client = console("finance")

        assert client.get(reverse("admin:ledger_period_changelist")).status_code == 200
        assert client.get(page()).status_code == 200

    def test_show_what_stands_against_closing(self, console: Any) -> None:
        a_sale(datetime(2026, 1, 10, tzinfo=UTC))
        client = console("finance")

        text = strip_tags(client.get(page()).content.decode())

        assert "The books are proved within a day" in text
        assert "They were never proved." in text

    def test_are_closed_in_two_steps(self, console: Any) -> None:
        proved()
        client = console("finance")

        first = client.get(step("start-closing"))
        close(client)

        assert "only adjustments" in strip_tags(first.content.decode())
        assert books.state_of(JANUARY) == PeriodState.CLOSED
        shown = strip_tags(client.get(page()).content.decode())
        assert "Closing to closed" in shown
        assert client.user.email in shown

    def test_keep_the_reason_of_every_step(self, console: Any) -> None:
        proved()
        client = console("finance")

        client.post(step("start-closing"), {"reason": "All statements are in", "key": "k"})
        client.post(step("close"), {"reason": "Agreed with the auditor", "key": "k"})

        shown = strip_tags(client.get(page()).content.decode())
        assert "All statements are in" in shown
        assert "Agreed with the auditor" in shown
        kept = AuditRecord.objects.filter(subject_id="2026-01").order_by("id")
        assert [record.reason for record in kept] == [
            "All statements are in",
            "Agreed with the auditor",
        ]

    def test_say_what_they_closed_with(self, console: Any) -> None:
        """A tip of $100: 20 are income, 80 owed to the creator, 100 due from the gateway."""
        proved()
        client = console("finance")
        close(client)
        after = a_sale(timezone.now(), number=2)
        ledger.roll_forward(now=timezone.now())

        found = closed_with(JANUARY)
        text = " ".join(strip_tags(client.get(page()).content.decode()).split())

        assert found is not None
        assert found.sheets == (
            ClosedSheet(
                "USD",
                result=Money(20_00, "USD"),
                assets=Money(100_00, "USD"),
                liabilities=Money(80_00, "USD"),
                equity=Money(20_00, "USD"),
            ),
        )
        assert found.closing.by == client.user
        assert found.block is not None
        assert found.block.last_id < after.pk
        assert "What it closed with" in text
        assert "USD $20.00 $100.00 $80.00 $20.00" in text
        assert found.block.hash in text

    def test_lead_to_their_reports(self, console: Any) -> None:
        address = reverse("admin:report", args=["balance-sheet"]) + "?period=2026-01"

        assert address in console("finance").get(page()).content.decode()
        assert address not in console("payouts").get(page()).content.decode()

    def test_that_are_open_closed_with_nothing(self, console: Any) -> None:
        proved()

        assert closed_with(JANUARY) is None
        assert "What it closed with" not in console("finance").get(page()).content.decode()

    def test_need_a_reason(self, console: Any) -> None:
        proved()

        answer = console("finance").post(step("start-closing"), {"reason": " "})

        assert answer.status_code == 422
        assert books.state_of(JANUARY) == PeriodState.OPEN

    def test_are_not_closed_past_the_checklist(self, console: Any) -> None:
        a_sale(datetime(2026, 1, 10, tzinfo=UTC))
        client = console("finance")

        close(client)

        assert books.state_of(JANUARY) == PeriodState.CLOSING
        assert "not yet true" in client.get(page()).content.decode()

    @pytest.mark.parametrize("role", ["payouts", "compliance"])
    def test_are_moved_only_by_who_may(self, console: Any, role: str) -> None:
        proved()
        client = console(role)

        assert client.get(page()).status_code == 200
        for name in ("start-closing", "close", "abandon", "propose-reopening"):
            assert client.post(step(name), {"reason": "x", "key": "k"}).status_code == 403
        assert books.state_of(JANUARY) == PeriodState.OPEN

    @pytest.mark.parametrize("path", ["2026-13/", "1999-01/", "2026-1/", "2026-01/nothing/"])
    def test_that_are_none_are_not_found(self, console: Any, path: str) -> None:
        address = reverse("admin:ledger_period_changelist") + path

        assert console("finance").get(address, follow=True).status_code in {200, 404}


class TestTheWayToMend:
    @pytest.mark.parametrize("key", sorted(MEND))
    def test_is_a_page_that_opens(self, console: Any, key: str) -> None:
        app, model, query = MEND[key]
        address = reverse(f"admin:{app}_{model}_changelist")

        assert console("finance").get(f"{address}{query}").status_code == 200

    def test_is_shown_only_to_who_may_go_it(self, console: Any) -> None:
        a_sale(datetime(2026, 1, 10, tzinfo=UTC))

        assert '/admin/ledger/bookscheck/">Look' in console("finance").get(page()).content.decode()
        assert not mend_link("payments", AnonymousUser())


class TestReopening:
    def test_takes_two_people(self, console: Any) -> None:
        proved()
        author, approver = console("finance"), console("admin")
        close(author)

        author.post(step("propose-reopening"), {"reason": "An invoice came late", "key": "once"})
        proposal = Proposal.objects.get()
        assert books.state_of(JANUARY) == PeriodState.CLOSED
        do = reverse("admin:ledger_proposal_do", args=["approve"])
        author.post(do, {"ids": proposal.pk, "reason": "me"})
        assert books.state_of(JANUARY) == PeriodState.CLOSED

        approver.post(do, {"ids": proposal.pk, "reason": "Seen the invoice"})

        proposal.refresh_from_db()
        assert (proposal.state, proposal.entry_id) == (ProposalState.APPROVED, None)
        assert books.state_of(JANUARY) == PeriodState.OPEN
        move = books.moves_of(JANUARY).first()
        assert move is not None
        assert (move.by, move.approved_by) == (author.user, approver.user)

    def test_is_offered_only_for_the_last_closed_month(self, console: Any) -> None:
        proved()
        client = console("finance")

        client.post(step("propose-reopening"), {"reason": "x", "key": "k"})

        assert not Proposal.objects.exists()


class TestACorrection:
    def url(self, entry: Entry) -> str:
        return reverse("admin:ledger_entry_correct", args=[entry.pk])

    def asked(self, *amounts: str, **changes: str) -> dict[str, str]:
        lines = {f"line-{n}": text for n, text in enumerate(amounts, 1)}
        return {"date": "today", "reason": "Fee too high", "key": "c", **lines, **changes}

    def amounts(self, entry: Entry, **by_code: str) -> list[str]:
        return [by_code.get(f"c{line.account.code}", "") for line in entry.lines.order_by("n")]

    def test_takes_a_part_back_when_a_second_person_approves(self, console: Any) -> None:
        entry = proved()
        author, approver = console("finance"), console("admin")
        asked = self.asked(*self.amounts(entry, c1100="5.00", c4000="5.00"))

        assert author.get(self.url(entry)).status_code == 200
        answer = author.post(self.url(entry), asked)
        proposal = Proposal.objects.get()
        assert answer.url == reverse("admin:ledger_proposal_change", args=[proposal.pk])
        approver.post(
            reverse("admin:ledger_proposal_do", args=["approve"]),
            {"ids": proposal.pk, "reason": "Seen"},
        )

        correction = Entry.objects.get(kind=EntryKind.CORRECTION)
        assert correction.corrects_id == entry.pk
        assert books.balance_of(PLATFORM_REVENUE, "USD") == Money(15_00, "USD")
        assert books.balance_of(processor_clearing("ccbill"), "USD") == Money(95_00, "USD")
        shown = author.get(reverse("admin:ledger_entry_change", args=[entry.pk]))
        assert "Corrected by" in shown.content.decode()
        back = author.get(reverse("admin:ledger_entry_change", args=[correction.pk]))
        assert "Corrects" in back.content.decode()

    @pytest.mark.parametrize(
        ("by_code", "words"),
        [
            ({}, "two lines at least"),
            ({"c1100": "5", "c4000": "4"}, "more credits than debits"),
            ({"c1100": "x", "c4000": "4"}, "Write the amount like"),
            ({"c1100": "500", "c4000": "500"}, ""),
        ],
    )
    def test_says_what_is_wrong(self, console: Any, by_code: dict[str, str], words: str) -> None:
        entry = proved()

        answer = console("finance").post(
            self.url(entry), self.asked(*self.amounts(entry, **by_code))
        )

        assert answer.status_code == 422
        assert words in strip_tags(answer.content.decode())
        assert not Proposal.objects.exists()

    @pytest.mark.parametrize("role", ["payouts", "admin", "support"])
    def test_is_for_who_may_propose(self, console: Any, role: str) -> None:
        entry = proved()

        assert console(role).post(self.url(entry), self.asked()).status_code == 403


class TestTheProof:
    def test_of_an_entry_is_its_block(self, console: Any) -> None:
        entry = a_sale(datetime(2026, 1, 10, tzinfo=UTC))
        client = console("finance")
        url = reverse("admin:ledger_entry_change", args=[entry.pk])

        assert "not in a block yet" in client.get(url).content.decode()


class TestTheJournal:
    def test_of_the_last_days_leaves_old_entries_out_and_reads_no_older_block(
        self, console: Any
    ) -> None:
        old = a_sale(timezone.now() - timedelta(days=40), 1)
        ledger.roll_forward(now=timezone.now())
        fresh = a_sale(timezone.now(), 2)
        client = console("finance")

        with CaptureQueriesContext(connection) as queries:
            answer = client.get(reverse("admin:ledger_entry_changelist"), {"days": "30"})

        assert [row.pk for row in answer.context["cl"].result_list] == [fresh.pk]
        lists = [q["sql"] for q in queries if 'ORDER BY "ledger_entry"."id" DESC' in q["sql"]]
        assert all(f'"ledger_entry"."id" > {old.pk}' in sql for sql in lists)
        assert lists

    @pytest.mark.parametrize("query", [{"kind": "TIP_CARD"}, {"brand": "boyfanz"}])
    def test_of_a_kind_or_brand_reads_ninety_days_and_says_so(
        self, console: Any, query: dict[str, str]
    ) -> None:
        old = a_sale(timezone.now() - timedelta(days=100), 1)
        ledger.roll_forward(now=timezone.now())
        fresh = a_sale(timezone.now() - timedelta(days=80), 2)
        client, address = console("finance"), reverse("admin:ledger_entry_changelist")

        with CaptureQueriesContext(connection) as queries:
            answer = client.get(address, query)

        assert [row.pk for row in answer.context["cl"].result_list] == [fresh.pk]
        lists = [q["sql"] for q in queries if 'ORDER BY "ledger_entry"."id" DESC' in q["sql"]]
        assert lists
        assert all(f'"ledger_entry"."id" > {old.pk}' in sql for sql in lists)
        assert "When: Last 90 days" in strip_tags(answer.content.decode())
        fewer = client.get(address, {**query, "days": "30"})
        assert not fewer.context["cl"].result_list

    @pytest.mark.parametrize(
        ("query", "found"), [({"kind": "TIP_CARD"}, 1), ({"brand": "girlfanz"}, 0), ({}, 1)]
    )
    def test_is_narrowed_by_kind_and_brand(
        self, console: Any, query: dict[str, str], found: int
    ) -> None:
        a_sale(timezone.now())

        answer = console("finance").get(reverse("admin:ledger_entry_changelist"), query)

        assert len(answer.context["cl"].result_list) == found
