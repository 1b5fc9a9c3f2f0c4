"""Accounts in the console: the chart adds up, and a statement of some days does too."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils.html import strip_tags

from apps.accounts.models import Profile
from apps.audit.models import AuditRecord
from apps.core.money import Money
from apps.finance.ledger import errors, postings
from apps.finance.ledger import services as ledger
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.models import Account
from apps.finance.ledger.selectors.tree import Branch, chart_tree
from tests import given

pytestmark = pytest.mark.django_db


def tip(number: int, creator_id: int, currency: str = "USD", fee: int = 0) -> postings.Draft:
    return postings.tip_by_card(
        transaction_id=number,
        creator_id=creator_id,
        gateway="ccbill",
        amount=Money(100_00, currency),
        platform_fee=Money(15_00, currency),
        processing_fee=Money(fee, currency),
        cluster="boyfanz",
    )


def flat(branches: Any) -> dict[str, Branch]:
    found = {}
    for branch in branches:
        found[branch.node.code] = branch
        found |= flat(branch.branches)
    return found


class TestTheChart:
    def test_adds_up_each_group_in_each_currency(self, now: datetime) -> None:
        with transaction.atomic():
            ledger.post_many([tip(1, 7, fee=5_00), tip(2, 8, fee=5_00), tip(3, 7, "EUR")], now=now)

        found = flat(chart_tree())

        assert found["2100"].balances == (Money(85_00, "EUR"), Money(160_00, "USD"))
        assert found["2100"].accounts == 3
        assert found["2"].balances == (Money(85_00, "EUR"), Money(170_00, "USD"))
        assert found["1"].balances == (Money(100_00, "EUR"), Money(200_00, "USD"))
        assert found["4"].balances == (Money(15_00, "EUR"), Money(30_00, "USD"))
        assert found["3"].balances == ()

    def test_has_every_node_once(self) -> None:
        found = flat(chart_tree())

        assert sorted(found) == sorted(CHART)
        assert {branch.balances for branch in found.values()} == {()}

    def test_is_a_page_that_opens_without_a_script(self, console: Any, now: datetime) -> None:
        given.a_creator("50.00", now=now)

        answer = console("finance").get(reverse("admin:ledger_account_chart"))

        text = strip_tags(answer.content.decode())
        assert "Creator payable" in text
        assert answer.content.count(b"<details open>") >= 5
        assert b"?q=2100" in answer.content

    @pytest.mark.parametrize(("role", "status"), [("payouts", 200), ("support", 403)])
    def test_is_for_who_may_see_accounts(self, console: Any, role: str, status: int) -> None:
        assert console(role).get(reverse("admin:ledger_account_chart")).status_code == status


class TestAStatementOfSomeDays:
    def account(self, now: datetime) -> Account:
        with transaction.atomic():
            for n in range(1, 5):
                ledger.post(tip(n, 7), now=now + timedelta(days=n))
        return Account.objects.get(code="2100")

    def rows(self, client: Any, account: Account, **query: str) -> Any:
        answer = client.get(reverse("admin:ledger_account_change", args=[account.pk]), query)
        assert answer.status_code == 200
        table = answer.context["page"].main[1]
        return [[strip_tags(str(cell)) for cell in row[2:]] for row in table.rows], table

    def test_runs_from_opening_to_closing(self, console: Any, now: datetime) -> None:
        account = self.account(now)

        rows, table = self.rows(console("finance"), account, start="2026-01-17", end="2026-01-18")

        assert rows == [
            ["", "", "$85.00"],
            ["17 Jan 2026", "$85.00", "$170.00"],
            ["18 Jan 2026", "$85.00", "$255.00"],
        ]
        assert table.totals[0][-1] == "$255.00"

    def test_that_is_the_whole_one_names_the_accounting_date_where_it_differs(
        self, console: Any, now: datetime
    ) -> None:
        late = tip(1, 7)._replace(effective_on=now.date() - timedelta(days=3))
        with transaction.atomic():
            ledger.post_many([late, tip(2, 7)], now=now)
        account = Account.objects.get(code="2100")

        answer = console("finance").get(reverse("admin:ledger_account_change", args=[account.pk]))

        newest, oldest = answer.context["page"].main[1].rows
        assert f"counts on {late.effective_on:%d %b %Y}" in str(oldest[2])
        assert "counts on" not in str(newest[2])

    def test_says_what_was_there_on_a_day(self, console: Any, now: datetime) -> None:
        account = self.account(now)

        answer = console("finance").get(
            reverse("admin:ledger_account_change", args=[account.pk]), {"end": "2026-01-16"}
        )

        fact = answer.context["page"].side[0].facts[0]
        assert (fact.label, strip_tags(str(fact.value))) == ("Balance on 16 Jan 2026", "$85.00")

    def test_goes_on_page_by_page(self, console: Any, now: datetime, monkeypatch: Any) -> None:
        monkeypatch.setattr("apps.finance.ledger.admin.statement.STATEMENT_ROWS", 2)
        account, client = self.account(now), console("finance")

        first, table = self.rows(client, account, start="2026-01-01")
        query = dict(pair.split("=") for pair in table.more[1:].split("&"))
        second, _ = self.rows(client, account, **query)

        assert [row[-1] for row in first] == ["$0.00", "$85.00", "$170.00"]
        assert [row[-1] for row in second] == ["$255.00", "$340.00"]

    @pytest.mark.parametrize(
        "query",
        [
            {"start": "2026-02-01", "end": "2026-01-01"},
            {"start": "never"},
            {"end": "2026-13-45"},
            {"start": "2026-01-01", "after": "x"},
            {"start": "2026-01-01", "after": "2026-01-01.9999999999999999999999.1"},
            {"start": "0001-01-01", "end": "9999-12-31"},
        ],
    )
    def test_survives_nonsense(self, console: Any, now: datetime, query: Any) -> None:
        account = self.account(now)

        self.rows(console("finance"), account, **query)


class TestVerbs:
    def account(self, now: datetime) -> Account:
        given.a_creator("50.00", now=now)
        return Account.objects.get(code="2100")

    def do(self, client: Any, verb: str, account: Account) -> Any:
        url = reverse("admin:ledger_account_do", args=[verb])
        client.get(url, {"ids": account.pk})
        return client.post(url, {"ids": account.pk, "reason": "Court order 7"})

    def test_freeze_and_unfreeze(self, console: Any, now: datetime) -> None:
        account, client = self.account(now), console("compliance")

        self.do(client, "freeze", account)
        assert Account.objects.filter(pk=account.pk, is_frozen=True).exists()
        with pytest.raises(errors.AccountClosed), transaction.atomic():
            ledger.post(tip(9, int(account.owner.partition(":")[2])), now=now)
        self.do(client, "unfreeze", account)

        assert Account.objects.filter(pk=account.pk, is_frozen=False).exists()
        actions = AuditRecord.objects.filter(subject_type="ledger.account").order_by("id")
        assert [(record.action, record.reason) for record in actions] == [
            ("ledger.account_frozen", "Court order 7"),
            ("ledger.account_unfrozen", "Court order 7"),
        ]

    def test_do_not_close_what_has_money(self, console: Any, now: datetime) -> None:
        account, client = self.account(now), console("finance")

        self.do(client, "close", account)

        account.refresh_from_db()
        assert account.closed_at is None

    def test_close_and_reopen_what_is_empty(self, console: Any, now: datetime) -> None:
        account, client = self.account(now), console("finance")
        profile = Profile.objects.get(pk=int(account.owner.partition(":")[2]))
        given.a_requested_payout("50.00", creator=profile, now=now)

        self.do(client, "close", account)
        assert Account.objects.filter(pk=account.pk, closed_at__isnull=False).exists()
        self.do(client, "reopen", account)

        account.refresh_from_db()
        assert account.closed_at is None

    @pytest.mark.parametrize(("role", "verb"), [("payouts", "freeze"), ("compliance", "close")])
    def test_ask_for_the_role(self, console: Any, now: datetime, role: str, verb: str) -> None:
        account = self.account(now)

        assert self.do(console(role), verb, account).status_code == 403

        account.refresh_from_db()
        assert (account.is_frozen, account.closed_at) == (False, None)
