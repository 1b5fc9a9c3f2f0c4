"""Who may open what in FanzDash: every page, every role."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from apps.accounts import rules
from apps.core.admin import ConsoleAdmin
from tests.conftest import CONSOLE_HOST
from tests.factories.accounts import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

SEES = {
    "moderator": {
        "accounts.profile",
        "clusters.cluster",
        "subscriptions.plan",
        "subscriptions.pricechange",
        "subscriptions.promotion",
    },
    "finance": {
        "payments.transaction",
        "payments.webhookevent",
        "payments.merchantaccount",
        "payments.feeschedule",
        "payments.refundpolicy",
        "payments.refund",
        "payments.dispute",
        "ledger.entry",
        "ledger.account",
        "ledger.bookscheck",
        "ledger.hold",
        "ledger.period",
        "ledger.proposal",
        "debits.bankfile",
        "debits.bankitem",
        "debits.debit",
        "debits.debitfile",
        "debits.foundfile",
        "debits.mandate",
        "debits.returnrate",
        "debits.transfer",
        "monitoring.alert",
        "monitoring.standing",
        "monitoring.threshold",
        "reconciliation.bookitem",
        "reconciliation.match",
        "reconciliation.reconciliationexception",
        "reconciliation.statement",
        "reconciliation.statementline",
        "reconciliation.statementsource",
        "payouts.payout",
        "payouts.payoutmethod",
        "clusters.cluster",
        "accounts.profile",
        "fx.currencyposition",
        "fx.exchange",
        "fx.exchangerate",
        "payments.routesimulation",
        "routing.decision",
        "routing.replay",
        "routing.ruleset",
        "risk.assessment",
        "risk.backtest",
        "risk.blockentry",
        "risk.risklimits",
        "risk.riskrule",
        "tax.brandtaxation",
        "tax.statementline",
        "tax.statementrun",
        "tax.taxline",
        "tax.taxrate",
        "entitlements.entitlement",
        "purchases.goal",
        "purchases.item",
        "purchases.purchase",
        "subscriptions.billingfailure",
        "subscriptions.billingrun",
        "subscriptions.dailyfact",
        "subscriptions.dunningpolicy",
        "subscriptions.gift",
        "subscriptions.mrrmove",
        "subscriptions.pastdue",
        "subscriptions.plan",
        "subscriptions.pricechange",
        "subscriptions.promotion",
        "subscriptions.subscription",
    },
    "payouts": {
        "payouts.payout",
        "payouts.payoutmethod",
        "ledger.entry",
        "ledger.account",
        "ledger.bookscheck",
        "ledger.hold",
        "ledger.period",
        "ledger.proposal",
        "accounts.profile",
        "clusters.cluster",
    },
    "support": {
        "notifications.message",
        "accounts.user",
        "accounts.profile",
        "payments.routesimulation",
        "risk.assessment",
        "payments.transaction",
        "payments.webhookevent",
        "payments.merchantaccount",
        "payments.feeschedule",
        "payments.refundpolicy",
        "payments.refund",
        "payments.dispute",
        "payouts.payout",
        "payouts.payoutmethod",
        "clusters.cluster",
        "webhooks.endpoint",
        "webhooks.sending",
        "entitlements.entitlement",
        "purchases.goal",
        "purchases.item",
        "purchases.purchase",
        "subscriptions.gift",
        "subscriptions.pastdue",
        "subscriptions.plan",
        "subscriptions.pricechange",
        "subscriptions.promotion",
        "subscriptions.subscription",
    },
    "security": {
        "accounts.user",
        "accounts.profile",
        "audit.auditrecord",
        "auth.group",
        "clusters.cluster",
    },
}
#: Reached from the page of what they belong to, and so not in the menu.
FOUND_FROM_OTHERS = {
    "reconciliation.bookitem",
    "reconciliation.match",
    "reconciliation.statementline",
}
SEES["compliance"] = SEES["finance"] | {
    "accounts.user",
    "audit.auditrecord",
    "notifications.message",
}
SEES["admin"] = SEES["compliance"] | {
    "auth.group",
    "core.outboxmessage",
    "webhooks.endpoint",
    "webhooks.sending",
}


def console_pages() -> dict[str, ConsoleAdmin]:
    return {
        model._meta.label_lower: page
        for model, page in admin.site._registry.items()
        if isinstance(page, ConsoleAdmin)
    }


class TestEveryPage:
    def test_the_table_names_every_staff_role(self):
        assert set(SEES) == rules.STAFF_ROLES

    @pytest.mark.parametrize("role", sorted(SEES))
    def test_opens_for_the_role_that_needs_it_and_for_no_other(self, console, role):
        client = console(role)

        opened = {
            label
            for label, page in console_pages().items()
            if client.get(page.address("changelist")).status_code == 200
        }

        assert opened == SEES[role]

    @pytest.mark.parametrize("role", sorted(SEES))
    def test_offers_nothing_to_add_change_or_delete(self, console, role):
        client = console(role)

        answers = {
            client.get(page.address(kind, *args)).status_code
            for page in console_pages().values()
            for kind, args in (("add", ()), ("delete", ("1",)))
        }

        assert answers <= {403, 302, 404}

    def test_of_django_and_allauth_are_not_there(self, console):
        client = console("admin")

        labels = {model._meta.label_lower for model in admin.site._registry}

        assert {
            label
            for label in labels - set(console_pages())
            if client.get(reverse(f"admin:{label.replace('.', '_')}_changelist")).status_code
            == 200
        } == set()


class TestEntering:
    def test_a_stranger_is_sent_to_sign_in(self):
        answer = Client(headers={"host": CONSOLE_HOST}).get("/admin/")

        assert answer.status_code == 302

    @pytest.mark.parametrize("role", sorted(SEES))
    def test_staff_without_the_second_factor_are_sent_away(self, staff, role):
        client = Client(headers={"host": CONSOLE_HOST})
        client.force_login(staff(role))

        for page in console_pages().values():
            assert client.get(page.address("changelist")).status_code == 302
        assert client.get("/admin/").status_code == 302

    def test_a_fan_does_not_get_in(self):
        client = Client(headers={"host": CONSOLE_HOST})
        client.force_login(UserFactory.create())

        assert client.get("/admin/").status_code in {302, 403}

    @pytest.mark.parametrize("role", sorted(SEES))
    def test_home_opens_for_every_role(self, console, role):
        answer = console(role).get("/admin/")

        assert answer.status_code == 200
        policy = answer["Content-Security-Policy"]
        assert "script-src 'self' 'unsafe-eval'" in policy
        assert "http:" not in policy
        assert "https:" not in policy


class TestPasswordAndSignOut:
    """On allauth's pages only, where tries are counted and sessions ended."""

    @pytest.mark.parametrize("page", ["password_change", "password_change_done"])
    def test_the_password_is_changed_on_the_account_page(self, console, page):
        client = console("finance")
        new = {
            "old_password": PASSWORD,
            "new_password1": "n3w-horse",
            "new_password2": "n3w-horse",
        }

        for answer in (
            client.get(reverse(f"admin:{page}")),
            client.post(reverse(f"admin:{page}"), new),
        ):
            assert (answer.status_code, answer.url) == (302, reverse("account_change_password"))
        client.user.refresh_from_db()
        assert client.user.check_password(PASSWORD)

    def test_the_menu_signs_out_through_the_account_page(self, console):
        client = console("finance")

        answer = client.post(reverse("admin:logout"))
        assert (answer.status_code, answer.url) == (307, reverse("account_logout"))
        assert client.get("/admin/").status_code == 200
        client.post(reverse("admin:logout"), follow=True)

        assert client.get("/admin/").status_code == 302
        assert "_auth_user_id" not in client.session


class TestMenu:
    @pytest.mark.parametrize("role", sorted(SEES))
    def test_shows_what_the_role_may_open(self, console, role):
        answer = console(role).get("/admin/")

        links = {
            item["link"].partition("?")[0]
            for group in answer.context["sidebar_navigation"]
            for item in group["items"]
        }

        pages = console_pages()
        lists = {pages[label].address("changelist") for label in SEES[role]}
        beside = {
            link
            for link in links - lists
            if link.startswith((*lists, "/admin/reports/")) and link != "/admin/"
        }
        assert links - {"/admin/"} - beside == lists - {
            pages[label].address("changelist") for label in FOUND_FROM_OTHERS
        }
        assert all(console(role).get(link).status_code == 200 for link in beside)

    def test_is_folded_where_it_is_long_but_for_where_one_is(self, console):
        answer = console("finance").get("/admin/ledger/period/")

        groups = answer.context["sidebar_navigation"]
        is_open = {group["title"]: group["is_open"] for group in groups if group["collapsible"]}
        assert is_open.pop("Ledger")
        assert not any(is_open.values())
        assert answer.content.count(b"<summary class=") >= len(is_open)

    def test_that_is_short_is_not_folded(self, console):
        answer = console("security").get("/admin/")

        assert not any(group.get("collapsible") for group in answer.context["sidebar_navigation"])
