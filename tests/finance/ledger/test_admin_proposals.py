"""Proposals in the console: an entry as people write it, looked at by a second person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from apps.core.money import Money
from apps.finance.ledger import selectors as books
from apps.finance.ledger.admin.forms import written_amount
from apps.finance.ledger.choices import ProposalState
from apps.finance.ledger.models import Entry, Proposal
from apps.finance.ledger.postings import AccountRef, credit, debit
from tests import given
from tests.finance.ledger.test_proposals import BANK, EQUITY, propose

pytestmark = pytest.mark.django_db
FORM = "admin:ledger_proposal_entry"


def page(proposal: Proposal) -> str:
    return reverse("admin:ledger_proposal_change", args=[proposal.pk])


def do(verb: str) -> str:
    return reverse("admin:ledger_proposal_do", args=[verb])


def asked(*lines: tuple[str, str, str, str, str], step: str = "propose", **changes: Any) -> Any:
    """A filled form; each line is account, whose, currency, debit, credit."""
    names = ("account", "owner", "currency", "debit", "credit")
    fields = {
        f"form-{n}-{name}": value
        for n, line in enumerate(lines)
        for name, value in zip(names, line, strict=True)
    }
    return {
        "form-TOTAL_FORMS": str(len(lines)),
        "form-INITIAL_FORMS": "0",
        "effective_on": "2026-01-10",
        "cluster": "",
        "reason": "Bank statement 2",
        "key": "k",
        "step": step,
        **fields,
        **changes,
    }


CAPITAL = (("1000", "bank:main", "USD", "$1,000.00", ""), ("3000", "", "USD", "", "1000"))


class TestTheForm:
    def test_proposes_what_was_written(self, console: Any) -> None:
        client = console("finance")

        answer = client.post(reverse(FORM), asked(*CAPITAL))

        proposal = Proposal.objects.get()
        assert (answer.status_code, answer.url) == (302, page(proposal))
        assert proposal.payload["lines"] == [
            {"code": "1000", "owner": "bank:main", "currency": "USD", "amount_minor": 1_000_00},
            {"code": "3000", "owner": "", "currency": "USD", "amount_minor": -1_000_00},
        ]
        assert (proposal.proposed_by, proposal.reason) == (client.user, "Bank statement 2")
        assert not Entry.objects.exists()

    def test_sent_twice_proposes_once(self, console: Any) -> None:
        client = console("finance")

        answers = [client.post(reverse(FORM), asked(*CAPITAL)).url for _ in range(2)]

        assert answers[0] == answers[1]
        assert Proposal.objects.count() == 1

    def test_checks_without_keeping_anything(self, console: Any) -> None:
        answer = console("finance").post(reverse(FORM), asked(*CAPITAL, step="check"))

        assert answer.status_code == 200
        rows = [[strip_tags(str(cell)) for cell in row] for row in answer.context["preview"].rows]
        assert rows == [
            ["1000 Cash at bank · bank:main", "$1,000.00", "", "$1,000.00"],
            ["3000 Owner's equity", "", "$1,000.00", "$1,000.00"],
        ]
        assert not Proposal.objects.exists()
        assert not Entry.objects.exists()

    def test_gives_more_lines_and_keeps_what_was_typed(self, console: Any) -> None:
        answer = console("finance").post(
            reverse(FORM), asked(("1000", "bank:main", "USD", "oops", ""), step="more")
        )

        assert answer.status_code == 200
        assert len(answer.context["lines"].forms) == 5
        assert b'value="oops"' in answer.content

    @pytest.mark.parametrize(
        ("lines", "words"),
        [
            ([CAPITAL[0]], "two lines at least"),
            (
                [CAPITAL[0], ("3000", "", "USD", "", "990.00")],
                "$10.00 more debits than credits",
            ),
            (
                [("1000", "bank:main", "USD", "1.005", ""), CAPITAL[1]],
                "more decimal places than its currency",
            ),
            ([("1000", "bank:main", "USD", "1.000,00", ""), CAPITAL[1]], "Write the amount like"),
            ([("1000", "bank:main", "USD", "-5", ""), CAPITAL[1]], "Write the amount like"),
            ([("1000", "bank:main", "USD", "0.00", ""), CAPITAL[1]], "Zero moves nothing"),
            ([("1000", "", "USD", "5", ""), CAPITAL[1]], "write it like bank:name"),
            ([("1000", "rail:x", "USD", "5", ""), CAPITAL[1]], "write it like bank:name"),
            ([CAPITAL[0], ("3000", "bank:x", "USD", "", "5")], "leave it empty"),
            ([("", "bank:x", "USD", "5", ""), CAPITAL[1]], "Choose an account"),
            ([("1000", "bank:main", "USD", "5", "5"), CAPITAL[1]], "as debit or as credit"),
            ([("1000", "bank:main", "XYZ", "5", ""), CAPITAL[1]], "not one of the available"),
            ([("1", "", "USD", "5", ""), CAPITAL[1]], "not one of the available"),
            (
                [("2000", "profile:9", "USD", "5", ""), ("3000", "", "USD", "", "5")],
                "The balance is too low. Account 2000 profile:9. It has $0.00 available.",
            ),
        ],
    )
    def test_says_what_is_wrong_and_keeps_nothing(
        self, console: Any, lines: Any, words: str
    ) -> None:
        answer = console("finance").post(reverse(FORM), asked(*lines))

        assert answer.status_code == 422
        assert words in strip_tags(answer.content.decode())
        assert not Proposal.objects.exists()
        assert not Entry.objects.exists()

    @pytest.mark.parametrize(
        "broken",
        [
            {"form-TOTAL_FORMS": "x"},
            {"form-TOTAL_FORMS": "100000"},
            {"form-TOTAL_FORMS": ""},
            {"effective_on": "yesterday"},
            {"reason": ""},
            {"reason": "x" * 501},
            {"cluster": "nobrand"},
            {"key": ""},
        ],
    )
    def test_takes_no_nonsense(self, console: Any, broken: dict[str, str]) -> None:
        answer = console("finance").post(reverse(FORM), asked(*CAPITAL) | broken)

        assert answer.status_code == 422
        assert not Proposal.objects.exists()

    @pytest.mark.parametrize("role", ["payouts", "compliance", "admin", "support"])
    def test_is_for_who_may_propose(self, console: Any, role: str) -> None:
        client = console(role)

        assert client.get(reverse(FORM)).status_code == 403
        assert client.post(reverse(FORM), asked(*CAPITAL)).status_code == 403
        assert not Proposal.objects.exists()


class TestAnAmount:
    @pytest.mark.parametrize(
        ("text", "currency", "minor"),
        [
            ("1250", "USD", 1_250_00),
            (" 1,250.5 ", "USD", 1_250_50),
            ("$1,250.00", "USD", 1_250_00),
            ("1250.00 USD", "USD", 1_250_00),
            ("¥1,000", "JPY", 1_000),
            ("0.00000001", "BTC", 1),
            ("1,000,000.00", "EUR", 1_000_000_00),
        ],
    )
    def test_is_read_as_people_write_it(self, text: str, currency: str, minor: int) -> None:
        assert written_amount(text, currency) == Money(minor, currency)

    @pytest.mark.parametrize(
        "text", ["", "1,25", "12,50.00", "1e3", "٣", "1.2.3", "€5", "1 000", "NaN", "9" * 30]
    )
    def test_is_not_guessed(self, text: str) -> None:
        with pytest.raises(ValidationError):
            written_amount(text, "USD")


class TestAProposal:
    def test_shows_what_approving_posts(self, console: Any, staff: Any) -> None:
        proposal = in_time(staff("finance"))

        answer = console("finance").get(page(proposal))

        text = strip_tags(answer.content.decode())
        assert "What approving it posts" in text
        assert "1000 Cash at bank · bank:main" in text
        assert not Entry.objects.exists()

    def test_is_approved_and_posted(self, console: Any, staff: Any) -> None:
        proposal = in_time(staff("finance"))
        client = console("admin")

        asked_first = client.get(do("approve"), {"ids": proposal.pk})
        answer = client.post(do("approve"), {"ids": proposal.pk, "reason": "Seen"}, follow=True)

        assert "Posts 2 lines: debit 1000 Cash at bank bank:main $1,000.00" in strip_tags(
            asked_first.content.decode()
        )
        proposal.refresh_from_db()
        assert proposal.state == ProposalState.APPROVED
        assert proposal.entry
        text = answer.content.decode()
        assert f"Approved and posted as {proposal.entry.number}." in text
        assert "it is approved." not in text
        assert books.balance_of(BANK, "USD") == Money(1_000_00, "USD")

    def test_offers_its_author_no_approval(self, console: Any) -> None:
        client = console("finance")
        proposal = in_time(client.user)

        assert "somebody else must decide" in client.get(page(proposal)).content.decode()
        client.post(do("approve"), {"ids": proposal.pk, "reason": "me"})

        proposal.refresh_from_db()
        assert proposal.state == ProposalState.PROPOSED
        assert not Entry.objects.exists()

    def test_that_would_be_refused_says_so(self, console: Any, staff: Any, now: datetime) -> None:
        creator = given.a_creator("50.00", now=now)
        payable = AccountRef("2100", f"profile:{creator.pk}")
        fifty = Money(50_00, "USD")
        moved = [debit(payable, fifty), credit(EQUITY, fifty)]
        proposal = in_time(staff("finance"), movements=moved)
        given.a_requested_payout("50.00", creator=creator, now=now)
        client = console("finance")

        assert "The books would refuse it now" in client.get(page(proposal)).content.decode()
        client.post(do("approve"), {"ids": proposal.pk, "reason": "ok"})

        proposal.refresh_from_db()
        assert proposal.state == ProposalState.PROPOSED

    def test_of_a_reversal_begins_at_the_entry(self, console: Any, now: datetime) -> None:
        given.a_creator("50.00", now=now)
        entry = Entry.objects.get()
        client = console("finance")
        url = reverse("admin:ledger_entry_do", args=["propose-reversal"])

        client.get(url, {"ids": entry.pk})
        client.post(url, {"ids": entry.pk, "reason": "Twice", "date": "today", "key": "once"})

        proposal = Proposal.objects.get()
        assert (proposal.subject, proposal.reason) == (f"entry:{entry.pk}", "Twice")
        about = client.get(reverse("admin:ledger_entry_change", args=[entry.pk]))
        assert "waits for a decision" in about.content.decode()
        assert not Entry.objects.filter(reverses=entry).exists()


class TestTheQueue:
    def test_has_as_many_rows_as_its_badge_says(self, console: Any, staff: Any) -> None:
        client = console("finance")
        in_time(client.user, key="mine")
        theirs = in_time(staff("finance"), key="theirs")

        url = reverse("admin:ledger_proposal_changelist") + "?queue=decide"
        answer = client.get(url)

        badges = {
            item["title"]: item["badge"]
            for group in answer.context["sidebar_navigation"]
            for item in group["items"]
            if "badge" in item
        }
        assert [row.pk for row in answer.context["cl"].result_list] == [theirs.pk]
        assert badges["To decide"] == "1"


def in_time(by: Any, **changes: Any) -> Proposal:
    """A proposal of today, as the console reads the real clock."""
    return propose(by, now=timezone.now(), **changes)
