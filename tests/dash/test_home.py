"""The home page's queues and figures, exact, and what staff do from there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from apps.audit.models import AuditRecord
from apps.core.money import Money
from apps.dash import selectors
from apps.finance.ledger.models import BooksCheck, Entry, Period
from apps.finance.payments.choices import WebhookStatus
from apps.finance.payments.models import WebhookEvent
from tests import given

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


class TestFigures:
    def test_are_exact_beside_yesterdays(self, staff, fan, creator):
        given.a_funded_wallet(fan, "40.00", now=NOON - timedelta(days=1))
        given.a_funded_wallet(fan, "50.00", now=NOON)
        given.a_funded_wallet(fan, "25.50", now=NOON)
        payee = given.a_creator("80.00", now=NOON)
        given.a_requested_payout("50.00", now=NOON, creator=payee)

        shown = {
            figure.title: (figure.value, figure.before)
            for figure in selectors.figures(by=staff("finance"), now=NOON)
        }

        assert shown == {
            "Volume, 2 payments": ("$75.50", "Yesterday $40.00"),
            "Platform revenue": ("$0.00", "Yesterday $0.00"),
            "Books closed to": ("no month yet", "The first month is closed on its page"),
            "Open payouts": ("$50.00", "1 payout on the way"),
            "Webhook failures": ("0", "Yesterday 0"),
        }

    @pytest.mark.parametrize(
        ("now", "then"),
        [
            (datetime(2026, 2, 28, 23, tzinfo=UTC), "February 2026 is not over"),
            (datetime(2026, 3, 1, tzinfo=UTC), "February 2026 can be closed"),
        ],
    )
    def test_say_to_which_day_the_books_are_closed(self, staff, now, then):
        january = Period.objects.create(month=date(2026, 1, 1))
        for state, closed_at in (("CLOSING", None), ("CLOSED", now)):
            Period.objects.filter(pk=january.pk).update(state=state, closed_at=closed_at)

        shown = {
            figure.title: figure for figure in selectors.figures(by=staff("finance"), now=now)
        }

        figure = shown["Books closed to"]
        assert (figure.value, figure.before) == ("31 Jan 2026", then)

    def test_say_where_the_money_is(self, staff, fan):
        given.a_funded_wallet(fan, "40.00", now=NOON)
        payee = given.a_creator("80.00", now=NOON)
        given.a_requested_payout("50.00", now=NOON, creator=payee)

        shown = {figure.title: figure.value for figure in selectors.positions(by=staff("finance"))}

        assert shown == {
            "At the gateways": "$120.00",
            "Fans' wallets": "$40.00",
            "Creators' earnings": "$30.00",
            "Payouts in transit": "$50.00",
        }
        assert selectors.positions(by=staff("support")) == []

    def test_have_a_line_for_each_currency(self):
        assert selectors.lines([Money(99_98, "EUR"), Money(5, "USD")]) == "€99.98\n$0.05"
        assert selectors.lines([]) == "$0.00"

    def test_draw_every_day_of_two_weeks(self, fan):
        given.a_funded_wallet(fan, "40.00", now=NOON - timedelta(days=13))
        given.a_funded_wallet(fan, "10.00", now=NOON - timedelta(days=14))

        days = selectors.volume_chart(now=NOON)

        assert len(days) == 14
        assert [day.volume.minor for day in days if day.count] == [40_00]


class TestQueues:
    def test_leave_out_what_one_may_not_decide(self, staff):
        payee, other = staff("payouts"), staff("payouts")
        creator = given.a_creator("50.00", now=NOON, user=payee)
        given.a_requested_payout("50.00", now=NOON, creator=creator)

        counts = {
            who: {queue.key: queue.count for queue in selectors.queues(by=who, now=NOON)}
            for who in (payee, other)
        }

        assert counts[payee]["payouts_to_approve"] == 0
        assert counts[other]["payouts_to_approve"] == 1


class TestCheckNow:
    def test_proves_the_books_and_shows_when(self, console):
        client = console("finance")

        answer = client.post(reverse("admin:check_books"), follow=True)

        assert BooksCheck.objects.get().ok
        assert "Books balance: yes" in answer.content.decode()

    def test_is_closed_to_who_may_not_see_the_books(self, console):
        assert console("moderator").post(reverse("admin:check_books")).status_code == 403
        assert not BooksCheck.objects.exists()

    def test_does_nothing_on_a_look(self, console):
        assert console("finance").get(reverse("admin:check_books")).status_code == 405


class TestReplay:
    def test_puts_a_refused_delivery_back_with_a_reason(self, console, fan):
        transaction = given.a_deposit(fan, "50.00", now=NOON)
        webhook = given.a_delivery(transaction, now=NOON)
        WebhookEvent.objects.filter(pk=webhook).update(status=WebhookStatus.REFUSED)
        url = reverse("admin:payments_webhookevent_do", args=["replay"])
        client = console("support")

        assert "not booked twice" in client.get(url, {"ids": webhook}).content.decode()
        client.post(url, {"ids": webhook, "reason": "salt was wrong"})

        assert WebhookEvent.objects.get(pk=webhook).status == WebhookStatus.RECEIVED
        assert AuditRecord.objects.filter(reason="salt was wrong").exists()
        assert console("payouts").post(url, {"ids": webhook, "reason": "x"}).status_code == 403


class TestPages:
    def test_of_a_transaction_shows_its_story_and_its_entry(self, console, fan):
        given.a_funded_wallet(fan, "50.00", now=NOON)
        entry = Entry.objects.get()
        pk = entry.source.split(":")[1]

        text = (
            console("finance")
            .get(reverse("admin:payments_transaction_change", args=[pk]))
            .content.decode()
        )

        assert "Captured" in text
        assert entry.number in text
        assert "$50.00" in text

    def test_of_an_account_runs_the_balance(self, console, now):
        creator = given.a_creator("50.00", now=now)
        given.a_requested_payout("20.00", now=now, creator=creator)
        account = Entry.objects.order_by("id")[0].lines.get(account__code="2100").account

        page = (
            console("finance")
            .get(reverse("admin:ledger_account_change", args=[account.pk]))
            .context["page"]
        )

        rows = page.main[1].rows
        assert ["$30.00" in row[4] for row in rows] == [True, False]
        assert ["$50.00" in row[4] for row in rows] == [False, True]


class TestLists:
    @pytest.mark.parametrize(
        "name",
        ["payments_transaction", "payments_webhookevent", "ledger_entry", "ledger_account"],
    )
    def test_ask_as_much_for_many_rows_as_for_few(
        self, console, fan, django_assert_max_num_queries, name
    ):
        for n in range(12):
            given.a_funded_wallet(fan, f"{10 + n}.00", now=NOON)
        client = console("finance")

        with django_assert_max_num_queries(28):
            answer = client.get(reverse(f"admin:{name}_changelist"))

        assert answer.status_code == 200

    def test_leave_as_a_file_on_record(self, console, fan):
        given.a_funded_wallet(fan, "50.00", now=NOON)

        with time_machine.travel(NOON, tick=False):
            answer = console("finance").get(reverse("admin:payments_transaction_export"))

        lines = b"".join(answer.streaming_content).decode().splitlines()
        assert lines[0].startswith("public_id,cluster.slug,kind")
        assert len(lines) == 2
        assert ",5000," in lines[1]
        assert AuditRecord.objects.get(action="console.exported").facts["rows"] == 1
