"""The statement of an account: exact balances on every page, also inside an entry."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from apps.core.money import Money
from apps.core.show import money_text
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.ledger.admin import statement
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.models import Account

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
EARNINGS = postings.creator_payable(17)


def dollars(cents: int) -> Money:
    return Money(cents, "USD")


def post_pairs(count: int) -> Account:
    """Entries with two lines each on the earnings: +10.00 and +0.01 x the entry's place."""
    with transaction.atomic():
        for n in range(1, count + 1):
            net = dollars(10_00 + n)
            ledger.post(
                postings.Draft(
                    kind=EntryKind.TIP_CARD,
                    source=f"transaction:{n}:captured",
                    movements=(
                        postings.Movement(postings.processor_clearing("ccbill"), net),
                        postings.Movement(EARNINGS, dollars(-10_00)),
                        postings.Movement(EARNINGS, dollars(-n)),
                    ),
                    cluster="boyfanz",
                    memo="",
                    effective_on=NOON.date(),
                ),
                now=NOON,
            )
    return Account.objects.get(code=EARNINGS.code, owner=EARNINGS.owner)


def pages_of(client, account: Account) -> list[list[tuple[str, str]]]:
    """Turn every page; return (amount, balance) of each line."""
    url, query, pages = reverse("admin:ledger_account_change", args=[account.pk]), "", []
    while True:
        table = client.get(url + query).context["page"].main[1]
        pages.append([(strip_tags(row[3]), strip_tags(row[4])) for row in table.rows])
        if not table.more:
            return pages
        query = table.more


class TestStatement:
    @pytest.mark.parametrize("per_page", [3, 4])
    def test_runs_on_over_page_breaks_inside_an_entry(self, console, monkeypatch, per_page):
        account = post_pairs(5)
        monkeypatch.setattr(statement, "STATEMENT_ROWS", per_page)

        pages = pages_of(console("finance"), account)

        expected, balance = [], 0
        for n in range(1, 6):
            for moved in (10_00, n):
                balance += moved
                expected.append((money_text(dollars(moved)), money_text(dollars(balance))))
        assert [line for page in pages for line in page] == expected[::-1]
        assert {len(page) for page in pages[:-1]} == {per_page}

    def test_sums_only_the_pages_turned(self, console, monkeypatch):
        account = post_pairs(6)
        monkeypatch.setattr(statement, "STATEMENT_ROWS", 3)
        client = console("finance")
        url = reverse("admin:ledger_account_change", args=[account.pk])

        with CaptureQueriesContext(connection) as first:
            table = client.get(url).context["page"].main[1]
        with CaptureQueriesContext(connection) as second:
            client.get(url + table.more)

        assert not [q for q in first if 'SUM("ledger_line"' in q["sql"]]
        assert len(second) == len(first)

    @pytest.mark.parametrize("before", ["x", "1", "1.x", "9" * 30 + ".1", "-1.-1", "1.1.1"])
    def test_starts_anew_at_a_cursor_that_is_none(self, console, before):
        account = post_pairs(1)

        answer = console("finance").get(
            reverse("admin:ledger_account_change", args=[account.pk]), {"before": before}
        )

        assert len(answer.context["page"].main[1].rows) == 2
