"""Routing in FanzDash: one writes rules, another activates; decisions and replays are read."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.finance.payments.services import route
from apps.finance.routing import services as routing
from apps.finance.routing.choices import VersionStatus
from apps.finance.routing.models import Decision, Replay, Rule, RuleSet
from tests.factories.accounts import StaffFactory
from tests.factories.payments import MerchantAccountFactory
from tests.finance.routing.made import account, draft_of, known_routes, payment, rule

pytestmark = pytest.mark.django_db
VERSIONS = "admin:routing_ruleset_"
SIMULATOR = "admin:payments_routesimulation_changelist"


@pytest.fixture
def accounts():
    known_routes(account(1, label="Alpha"), account(2, label="Beta", gateway="epoch"))


@pytest.fixture
def draft(accounts, now):
    return draft_of(
        *(rule((1, 70), (2, 30), name=name) for name in ("first", "second")),
        by=StaffFactory.create(role="finance"), now=now,
    )  # fmt: skip


def filled(**changes):
    wish = {"name": "Germans", "action": "ACCOUNTS", "sort_by": "COST", "countries": "de, FR",
            "currencies": ["EUR"], "least": "10.00", "to_0": "account:1", "share_0": "70",
            "to_1": "gateway:epoch", "share_1": "30"}  # fmt: skip
    return wish | changes


def text(answer):
    return answer.content.decode()


class TestWriting:
    def test_a_version_from_nothing_to_active_by_two_people(self, console, accounts):
        ada, ben = console("finance"), console("finance")
        assert ada.post(reverse(f"{VERSIONS}new"), {"title": "EU"}).status_code == 302
        version = RuleSet.objects.get()
        answer = ada.post(reverse(f"{VERSIONS}add_rule", args=[version.pk]), filled())
        assert answer.status_code == 302, text(answer)
        kept = Rule.objects.get()
        assert kept.conditions == {
            "countries": ["DE", "FR"], "currencies": ["EUR"], "least_minor": 10_00,
        }  # fmt: skip
        assert kept.shares == [{"account": 1, "weight": 70}, {"gateway": "epoch", "weight": 30}]
        page = text(ada.get(reverse(f"{VERSIONS}change", args=[version.pk])))
        for words in ("Germans", "country is DE or FR", "Alpha (70.00 %)", "you wrote on it"):
            assert words in page
        do = reverse(f"{VERSIONS}do", args=["activate"])
        wish = {"ids": version.pk, "reason": "tested", "revision": "1"}
        ada.post(do, wish)
        assert RuleSet.objects.get().status == VersionStatus.DRAFT
        ben.post(do, wish | {"revision": "0"})
        assert RuleSet.objects.get().status == VersionStatus.DRAFT
        ben.post(do, wish)
        version = RuleSet.objects.get()
        assert (version.status, version.activated_by) == (VersionStatus.ACTIVE, ben.user)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"countries": "Germany"}, "countries"),
            ({"least": "10.001"}, ""),
            ({"currencies": []}, "currencies"),
            ({"bins": "12"}, "bins"),
            ({"share_0": "0", "share_1": "0"}, "to_0"),
            ({"to_0": "account:99"}, "to_0"),
            ({"name": ""}, "name"),
            ({"most_risk": "101"}, "most_risk"),
        ],
    )
    def test_a_wrong_rule_comes_back_with_the_word_at_its_field(
        self, console, draft, changes, field
    ):
        client = console("finance")
        answer = client.post(reverse(f"{VERSIONS}add_rule", args=[draft.pk]), filled(**changes))
        assert answer.status_code == 422
        form = answer.context["form"]
        assert answer.context["wrong"] if not field else list(form.errors) == [field]
        assert Rule.objects.count() == 2

    def test_the_form_shows_what_a_rule_is_and_changes_it(self, console, draft):
        client, second = console("finance"), draft.rules.get(position=2)
        address = reverse(f"{VERSIONS}rule", args=[draft.pk, second.pk])
        assert 'value="second"' in text(client.get(address))
        assert client.post(address, filled(name="other")).status_code == 302
        second.refresh_from_db()
        assert (second.position, second.name) == (2, "other")

    def test_buttons_move_and_remove(self, console, draft):
        client, second = console("finance"), draft.rules.get(position=2)

        def press(act):
            address = reverse(f"{VERSIONS}rule_act", args=[draft.pk, second.pk, act])
            assert client.get(address).status_code == 404
            assert client.post(address).status_code == 302

        press("up")
        assert list(draft.rules.order_by("position").values_list("name", flat=True)) == [
            "second", "first",
        ]  # fmt: skip
        press("remove")
        assert list(draft.rules.values_list("position", "name")) == [(1, "first")]

    @pytest.mark.parametrize("role", ["support", "compliance", "payouts"])
    def test_is_not_for_other_roles(self, console, draft, role):
        client, first = console(role), draft.rules.get(position=1)
        before = list(Rule.objects.values())
        for name, args in (
            ("new", []), ("add_rule", [draft.pk]), ("rule", [draft.pk, first.pk]),
            ("rule_act", [draft.pk, first.pk, "remove"]), ("do", ["activate"]),
        ):  # fmt: skip
            address = reverse(f"{VERSIONS}{name}", args=args)
            assert client.post(address, filled(ids=draft.pk, reason="x")).status_code == 403
        assert list(Rule.objects.values()) == before

    def test_what_is_not_there_is_not_found(self, console, draft):
        client, first = console("finance"), draft.rules.get(position=1)
        other = RuleSet.objects.create(
            number=9, title="x", created_by=client.user, created_at=timezone.now(),
            edited_at=timezone.now(),
        )  # fmt: skip
        for name, args in (
            ("change", [10**9]), ("change", ["x"]), ("add_rule", [10**9]),
            ("rule", [other.pk, first.pk]),
        ):  # fmt: skip
            assert client.get(reverse(f"{VERSIONS}{name}", args=args)).status_code == 404


class TestReading:
    def decisions(self, count, now):
        for n in range(count):
            with transaction.atomic():
                routing.decide(
                    subject=f"transaction:{n}", facts=payment(),
                    candidates=[account(1, cost_bps=500), account(2, healthy=False)], now=now,
                )  # fmt: skip

    def test_a_decision_says_who_and_why_not_another(self, console, accounts, now):
        self.decisions(1, now)
        client, row = console("finance"), Decision.objects.get()
        page = text(client.get(reverse("admin:routing_decision_change", args=[row.pk])))
        for words in ("Alpha", "$1.25", "Its gateway is failing", "transaction:0"):
            assert words in page
        listed = reverse("admin:routing_decision_changelist")
        found = text(client.get(listed, {"q": "transaction:0"}))
        assert "Alpha" in found

    def test_a_replay_shows_how_far_it_is_and_what_changes(self, console, draft, now):
        self.decisions(10, timezone.now())
        client = console("finance")
        client.post(
            reverse(f"{VERSIONS}do", args=["replay"]),
            {"ids": draft.pk, "reason": "before it counts", "days": "7"},
        )
        replay = Replay.objects.get()
        address = reverse("admin:routing_replay_change", args=[replay.pk])
        waiting = client.get(address)
        assert waiting["Refresh"] == "3"
        assert "0 % done" in text(waiting)
        routing.run_replays(now=timezone.now())
        page = client.get(address)
        assert "Refresh" not in page
        assert "0 of 10 payments would go another way" in text(page)
        assert "Alpha" in text(page)

    def test_pages_cost_the_same_for_few_and_many(self, console, draft, now):
        client = console("finance")
        pages = [
            reverse("admin:routing_decision_changelist"),
            reverse(f"{VERSIONS}changelist"),
            reverse(f"{VERSIONS}change", args=[draft.pk]),
            reverse("admin:routing_replay_changelist"),
        ]

        def cost(address):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            return len(queries)

        self.decisions(2, now)
        [client.get(address) for address in pages]
        few = [cost(address) for address in pages]
        self.decisions(30, now)
        by = StaffFactory.create(role="finance")
        for n in range(20):
            routing.add_rule(rule_set_id=draft.pk, rule=rule((1, 1), name=f"r{n}"), by=by, now=now)
            other = draft_of(rule((1, 1)), by=by, now=now, title=f"d{n}")
            routing.ask_replay(rule_set_id=other.pk, days=1, by=by, now=now)
        assert [cost(address) for address in pages] == few


class TestSimulator:
    def test_says_what_would_happen_and_keeps_nothing(self, console, boyfanz, now):
        one = MerchantAccountFactory.create(cluster=boyfanz, cost_bps=900, label="Dear")
        MerchantAccountFactory.create(
            cluster=boyfanz, gateway="epoch", account_number="2", label="Small", most_minor=10_00
        )
        route.sync_routes(now=now)
        ada = StaffFactory.create(role="finance")
        version = draft_of(rule((one.pk, 1), name="to dear"), by=ada, now=now)
        client = console("support")
        question = {"cluster": "boyfanz", "kind": "TIP", "method": "CARD", "amount": "25.00",
                    "currency": "USD", "version": version.pk}  # fmt: skip
        page = text(client.get(reverse(SIMULATOR), question))
        for words in ("Dear", "$2.25", "100.00 %", "above its largest charge, $10.00", "Decides"):
            assert words in page
        assert not Decision.objects.exists()

    @pytest.mark.parametrize(
        "wrong", [{"amount": "x"}, {"amount": "-1"}, {"country": "Germany"}, {"version": "999"}]
    )
    def test_a_wrong_question_says_where(self, console, boyfanz, wrong):
        question = {"cluster": "boyfanz", "kind": "TIP", "method": "CARD", "amount": "25.00",
                    "currency": "USD"}  # fmt: skip
        answer = console("finance").get(reverse(SIMULATOR), question | wrong)
        assert answer.status_code == 422

    def test_is_not_for_payouts_and_has_no_rows(self, console):
        assert console("payouts").get(reverse(SIMULATOR)).status_code == 403
        client = console("finance")
        page = reverse("admin:payments_routesimulation_change", args=[1])
        assert client.get(page).status_code == 404
