"""Lists cost the same however long they are, and every address asks for the role."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from apps.finance.ledger import services as ledger
from apps.finance.payments.selectors import dashboard as payments
from apps.payouts import services as payouts
from tests import given
from tests.dash.test_permissions import SEES, console_pages
from tests.factories.accounts import ProfileFactory, StaffFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
SIMULATOR = "payments.routesimulation"


def populate(numbers: range) -> None:
    """One more row, with all that hangs on it, in every list."""
    for n in numbers:
        given.a_funded_wallet(ProfileFactory.create(), "50.00", now=NOON)
        payout = given.a_requested_payout(
            "20.00", now=NOON, key=f"p-{n}", email=f"payee{n}@domain.example"
        )
        payouts.approve_payout(
            payout_id=payout.pk, by=StaffFactory.create(), reason="ok", now=NOON
        )
        ledger.check_books(now=NOON)


def queries_of_lists(client) -> dict[str, int]:
    found = {}
    for label, page in console_pages().items():
        if label not in SEES["admin"]:
            continue
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page.address("changelist")).status_code == 200
        found[label] = len(queries)
    return found


class TestCost:
    def test_of_every_list_is_the_same_for_five_and_for_fifty_rows(self, console):
        client = console("admin")
        populate(range(5))
        queries_of_lists(client)  # what is asked once and kept is in memory now
        few = queries_of_lists(client)

        populate(range(5, 50))
        many = queries_of_lists(client)

        assert many == few

    def test_of_home_is_the_same_for_five_and_for_fifty_rows(self, console):
        client = console("admin")
        populate(range(5))
        client.get("/admin/")
        with CaptureQueriesContext(connection) as few:
            client.get("/admin/")

        populate(range(5, 50))
        client.get("/admin/")  # some figures are kept for a minute, which may end between the two
        with CaptureQueriesContext(connection) as many:
            client.get("/admin/")

        assert len(many) == len(few)
        assert len(few) < 40


def text(answer) -> str:
    return str(answer.content.decode())


def stored_pages():
    """The pages of models that have a table; the simulator's has none."""
    return {label: page for label, page in console_pages().items() if label != SIMULATOR}


class TestEmptiness:
    def test_says_what_will_be_in_the_list(self, console):
        client = console("admin")
        for label, page in stored_pages().items():
            if label not in SEES["admin"] or page.model.objects.exists() or not page.has_list:
                continue
            answer = text(client.get(page.address("changelist")))
            assert page.empty_text, f"{label} says nothing about what will be in it"
            assert str(escape(page.empty_title)) in answer, label
            assert str(escape(page.empty_text)) in answer, label

    def test_of_a_queue_is_good_news_and_not_a_failed_search(self, console):
        answer = text(console("finance").get("/admin/payments/refund/?queue=approve"))
        assert "Nothing waits" in answer
        assert "Search takes" not in answer
        assert "Show all refunds" in answer

    def test_of_a_search_says_how_to_search(self, console):
        answer = text(console("finance").get("/admin/payments/refund/?q=nobody"))
        assert "Nothing matches" in answer
        assert "Search takes whole values: public id or number." in answer


class TestTitle:
    def test_of_the_window_is_what_the_list_holds(self, console):
        answer = text(console("finance").get("/admin/payments/transaction/"))
        assert re.search(r"<title>\s*Transactions \| FanzDash", answer)

    def test_of_a_list_is_the_word_the_menu_has_for_it(self, console):
        answer = text(console("finance").get("/admin/monitoring/standing/"))
        assert re.search(r"<title>\s*MIDs and thresholds \| FanzDash", answer)
        assert '<h1 class="c-title">MIDs and thresholds</h1>' in answer


class TestPermission:
    @pytest.mark.parametrize("role", sorted(SEES))
    def test_is_asked_by_every_detail_export_and_verb(self, console, role):
        populate(range(1))
        client = console(role)

        opened: dict[str, set[str]] = {"change": set(), "export": set()}
        for label, page in stored_pages().items():
            row = page.model._default_manager.order_by("pk").first()
            if row is None:
                continue
            if client.get(page.address("change", row.pk)).status_code == 200:
                opened["change"].add(label)
            if client.get(page.address("export")).status_code == 200:
                opened["export"].add(label)
            for verb in page.verbs:
                answer = client.get(page.address("do", verb.name), {"ids": row.pk})
                may = client.user.has_perm(verb.permission)
                assert answer.status_code == (200 if may else 403), (label, verb.name)

        has_rows = {
            label for label, page in stored_pages().items() if page.model._default_manager.exists()
        }
        has_file = {label for label, page in console_pages().items() if page.export_columns}
        assert opened["change"] == SEES[role] & has_rows
        assert opened["export"] == SEES[role] & has_rows & has_file


class TestIndexes:
    @pytest.mark.parametrize(
        ("ask", "index"),
        [
            (lambda: payments.parked_webhooks(limit=100), "webhook_trouble"),
            (lambda: payments.volume_by_day(since=NOON, until=NOON), "txn_paid"),
            (lambda: list(search("accounts.profile", "@ada")), "profile_handle"),
            (lambda: list(search("accounts.user", "ada@mail.example")), "user_email_unique"),
        ],
    )
    def test_answer_what_home_and_search_ask(self, db, ask, index):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            # Of an empty table it costs as little to read all of this one: it must not be a way.
            cursor.execute("DROP INDEX txn_taken_at_mid")
        with CaptureQueriesContext(connection) as queries:
            ask()

        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {queries[-1]['sql']}")
            plan = "\n".join(row[0] for row in cursor.fetchall())

        assert index in plan


def search(label: str, term: str):
    page = console_pages()[label]
    return page.model._default_manager.filter(page.matching(term))
