"""Versions of the rules: one writes, another activates, one is active; refusals change nothing."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from apps.audit.models import AuditRecord
from apps.finance.routing import errors, selectors
from apps.finance.routing import services as routing
from apps.finance.routing.choices import Action, VersionStatus
from apps.finance.routing.models import Decision, Options, Rule, RuleSet
from tests.factories.accounts import StaffFactory
from tests.finance.routing.made import account, active, draft_of, known_routes, payment, rule

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _accounts():
    known_routes(account(1), account(2), account(3, gateway="epoch"))


@pytest.fixture
def ada():
    return StaffFactory.create(role="finance")


@pytest.fixture
def ben():
    return StaffFactory.create(role="finance")


def names(rule_set):
    return list(rule_set.rules.order_by("position").values_list("position", "name"))


def everything():
    return list(RuleSet.objects.order_by("pk").values()), list(
        Rule.objects.order_by("pk").values()
    )


class TestDrafts:
    def test_are_written_and_ordered(self, ada, now):
        draft = draft_of(*(rule((1, 1), name=n) for n in "abc"), by=ada, now=now)
        third = draft.rules.get(name="c")
        routing.move_rule(rule_id=third.pk, up=True, by=ada, now=now)
        assert names(draft) == [(1, "a"), (2, "c"), (3, "b")]
        routing.move_rule(rule_id=draft.rules.get(name="a").pk, up=True, by=ada, now=now)
        assert names(draft) == [(1, "a"), (2, "c"), (3, "b")]
        routing.move_rule(rule_id=draft.rules.get(name="a").pk, up=False, by=ada, now=now)
        routing.remove_rule(rule_id=third.pk, by=ada, now=now)
        assert names(draft) == [(1, "a"), (2, "b")]

    def test_a_copy_has_the_rules_and_the_old_version_keeps_its_own(self, ada, ben, now):
        first = active(rule((1, 70), (2, 30), name="split"), by=ada, other=ben, now=now)
        copy = routing.create_draft(title="Again", based_on_id=first.pk, by=ben, now=now)
        routing.remove_rule(rule_id=copy.rules.get().pk, by=ben, now=now)
        assert names(first) == [(1, "split")]
        assert (copy.number, copy.based_on) == (2, first)

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            (rule((1, 1), name=" "), "name"),
            (rule((9, 1)), "shares"),
            (rule(("adyen", 1)), "shares"),
            (rule(), "shares"),
            (rule((1, 0)), "shares"),
            (rule((1, 1), (1, 2)), "shares"),
            (rule((1, 10_001)), "shares"),
            (rule((1, 1), countries=("Germany",)), "countries"),
            (rule((1, 1), currencies=("XXX",)), "currencies"),
            (rule((1, 1), least_minor=100), "currencies"),
            (rule((1, 1), currencies=("USD",), least_minor=200, most_minor=100), "most"),
            (rule((1, 1), bins=("12a4",)), "bins"),
            (rule((1, 1), most_risk=101), "most_risk"),
            (rule((1, 1), least_risk=50, most_risk=40), "most_risk"),
            (rule(action=Action.SORT, only_these=True), "only_these"),
        ],
    )
    def test_a_rule_that_cannot_be_followed_names_its_field_and_is_not_kept(
        self, ada, now, wrong, field
    ):
        draft = draft_of(rule((1, 1)), by=ada, now=now)
        before = everything()
        with pytest.raises(errors.RuleWrong) as refused:
            routing.add_rule(rule_set_id=draft.pk, rule=wrong, by=ada, now=now)
        assert refused.value.facts["field"] == field
        assert everything() == before

    def test_only_a_draft_changes(self, ada, ben, now):
        live = active(rule((1, 1)), by=ada, other=ben, now=now)
        before = everything()
        one = live.rules.get()
        for change in (
            lambda: routing.add_rule(rule_set_id=live.pk, rule=rule((2, 1)), by=ada, now=now),
            lambda: routing.change_rule(rule_id=one.pk, rule=rule((2, 1)), by=ada, now=now),
            lambda: routing.move_rule(rule_id=one.pk, up=True, by=ada, now=now),
            lambda: routing.remove_rule(rule_id=one.pk, by=ada, now=now),
            lambda: routing.discard_draft(rule_set_id=live.pk, by=ada, reason="x"),
        ):
            with pytest.raises(errors.NoDraft):
                change()
        assert everything() == before

    def test_a_discarded_one_leaves_its_rules_in_the_audit_log(self, ada, now):
        draft = draft_of(rule((1, 1)), by=ada, now=now)
        routing.discard_draft(rule_set_id=draft.pk, by=ada, reason="not needed")
        assert not RuleSet.objects.exists()
        kept = AuditRecord.objects.get(action="routing.draft_discarded")
        assert kept.reason == "not needed"
        assert kept.facts["rules"][0]["shares"] == [{"account": 1, "weight": 1}]


class TestActivation:
    def test_by_a_second_person_retires_the_one_before(self, ada, ben, now):
        first = active(rule((1, 1)), by=ada, other=ben, now=now)
        second = active(rule((2, 1)), by=ben, other=ada, now=now + timedelta(hours=1))
        first.refresh_from_db()
        assert (first.status, second.status) == (VersionStatus.RETIRED, VersionStatus.ACTIVE)
        assert first.retired_at == now + timedelta(hours=1)
        record = AuditRecord.objects.filter(action="routing.version_activated").latest("id")
        assert (record.reason, record.facts["instead_of"]) == ("checked", 1)

    @pytest.mark.parametrize(
        ("refusal", "changes"),
        [
            (errors.ReasonMissing, {"reason": " "}),
            (errors.ChangedMeanwhile, {"revision": 0}),
            (errors.VersionNotFound, {"rule_set_id": 10**6}),
        ],
    )
    def test_is_refused_and_changes_nothing(self, ada, ben, now, refusal, changes):
        draft = draft_of(rule((1, 1)), by=ada, now=now)
        before = everything()
        wish = {"rule_set_id": draft.pk, "revision": draft.revision, "reason": "ok"} | changes
        with pytest.raises(refusal):
            routing.activate(**wish, by=ben, now=now)
        assert everything() == before

    def test_by_anybody_who_wrote_on_it_is_refused(self, ada, ben, now):
        draft = draft_of(rule((1, 1)), by=ada, now=now)
        routing.add_rule(rule_set_id=draft.pk, rule=rule((2, 1)), by=ben, now=now)
        draft.refresh_from_db()
        before = everything()
        for writer in (ada, ben):
            with pytest.raises(errors.OwnDraft):
                routing.activate(
                    rule_set_id=draft.pk, revision=draft.revision, by=writer, reason="x", now=now
                )
        assert everything() == before

    def test_of_an_empty_draft_is_refused(self, ada, ben, now):
        draft = draft_of(by=ada, now=now)
        with pytest.raises(errors.NothingToActivate):
            routing.activate(rule_set_id=draft.pk, revision=0, by=ben, reason="x", now=now)

    def test_needs_its_permission(self, ada, now):
        draft = draft_of(rule((1, 1)), by=ada, now=now)
        nobody = StaffFactory.create(role="support")
        before = everything()
        with pytest.raises(errors.NotPermitted):
            routing.activate(
                rule_set_id=draft.pk, revision=draft.revision, by=nobody, reason="x", now=now
            )
        with pytest.raises(errors.NotPermitted):
            routing.create_draft(title="x", by=nobody, now=now)
        assert everything() == before

    def test_the_database_itself_keeps_one_active(self, ada, ben, now):
        active(rule((1, 1)), by=ada, other=ben, now=now)
        draft = draft_of(rule((1, 1)), by=ada, now=now)
        with pytest.raises(IntegrityError), transaction.atomic():
            RuleSet.objects.filter(pk=draft.pk).update(
                status=VersionStatus.ACTIVE, activated_at=now, activated_by=ben
            )


@pytest.mark.django_db(transaction=True)
def test_two_activations_at_once_leave_one_active(ada, ben, now):
    drafts = [draft_of(rule((n, 1)), by=ada, now=now) for n in (1, 2, 3)]
    ready, failures = threading.Barrier(3), []

    def run(draft):
        try:
            ready.wait()
            routing.activate(
                rule_set_id=draft.pk, revision=draft.revision, by=ben, reason="race", now=now
            )
        except Exception as error:  # noqa: BLE001
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[draft]) for draft in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    states = sorted(RuleSet.objects.values_list("status", flat=True))
    assert states == ["ACTIVE", "RETIRED", "RETIRED"]


class TestDecide:
    def decide(self, now, candidates=None, subject="transaction:x:1"):
        with transaction.atomic():
            return routing.decide(
                subject=subject,
                facts=payment(),
                candidates=candidates or [account(1, cost_bps=99), account(2)],
                now=now,
            )

    def test_without_a_version_the_cheapest_is_chosen_and_kept_with_reasons(self, now):
        found = self.decide(now, [account(1, healthy=False), account(2)])
        kept = Decision.objects.get(pk=found.pk)
        assert (kept.ranked, kept.chosen_id, kept.rule_set, kept.rule) == ([2], 2, None, None)
        assert kept.excluded == [
            {"account": 1, "why": "UNHEALTHY", "text": "ccbill fails at the moment"}
        ]
        assert kept.facts["amount_minor"] == 25_00
        assert [one["account_id"] for one in kept.options.candidates] == [1, 2]

    def test_the_active_version_decides_and_is_named(self, ada, ben, now):
        live = active(rule((1, 1), name="to one"), by=ada, other=ben, now=now)
        found = self.decide(now)
        assert found.ranked == [1, 2]
        assert (found.rule_set_id, found.rule, found.rule_name) == (live.pk, 1, "to one")

    def test_the_same_standing_is_kept_once(self, now):
        for n in range(3):
            self.decide(now, subject=f"transaction:{n}:1")
        assert (Decision.objects.count(), Options.objects.count()) == (3, 1)

    def test_costs_two_writes_and_no_read_once_warm(
        self, ada, ben, now, settings, django_assert_num_queries
    ):
        settings.MEMORY_SECONDS = 60
        active(rule((1, 1)), by=ada, other=ben, now=now)
        selectors.forget_plan()
        with transaction.atomic():
            wish = {"facts": payment(), "candidates": [account(1), account(2)], "now": now}
            routing.decide(subject="warm", **wish)
            # Rules are remembered; the options only when they are committed.
            with django_assert_num_queries(2):
                routing.decide(subject="a", **wish)
        selectors.forget_plan()

    def test_needs_a_transaction(self, now):
        with pytest.raises(RuntimeError):
            routing.decide(subject="x", facts=payment(), candidates=[], now=now)

    def test_a_version_that_decided_cannot_be_deleted(self, ada, ben, now):
        live = active(rule((1, 1)), by=ada, other=ben, now=now)
        self.decide(now)
        with pytest.raises(ProtectedError):
            live.delete()

    def test_old_ones_are_forgotten_with_their_options(self, now):
        self.decide(now)
        assert routing.forget_decisions(now=now + timedelta(days=549)) == 0
        assert routing.forget_decisions(now=now + timedelta(days=551)) == 1
        assert not Options.objects.exists()


def test_a_draft_beside_the_active_version(ada, ben, now):
    old = [
        rule((1, 1), name="a"),
        rule((2, 1), name="b", position=2),
        rule((3, 1), name="c", position=3),
    ]
    new = [
        rule((2, 1), name="b"),
        rule((1, 9), name="a", position=2),
        rule((1, 1), name="d", position=3),
    ]
    words = [(one.word, (one.new or one.old or rule()).name) for one in selectors.diff(old, new)]
    assert words == [("MOVED", "b"), ("CHANGED", "a"), ("ADDED", "d"), ("REMOVED", "c")]


class TestReplay:
    def decided(self, now, count):
        for n in range(count):
            with transaction.atomic():
                routing.decide(
                    subject=f"transaction:{n}",
                    facts=payment("10.00"),
                    candidates=[account(1, cost_bps=500), account(2, cost_bps=1_000)],
                    now=now - timedelta(hours=1),
                )

    def test_counts_what_would_change_and_what_it_would_cost(self, ada, now, monkeypatch):
        monkeypatch.setattr("apps.finance.routing.services.replay.STEP", 4)
        self.decided(now, 10)
        draft = draft_of(rule((2, 1), name="dear"), by=ada, now=now)
        replay = routing.ask_replay(rule_set_id=draft.pk, days=7, by=ada, now=now)
        assert routing.run_replays(now=now, steps=2) == 2
        replay.refresh_from_db()
        assert (replay.status, replay.counted) == ("RUNNING", 8)
        routing.run_replays(now=now)
        replay.refresh_from_db()
        assert (replay.status, replay.counted, replay.changed) == ("DONE", 10, 10)
        [flow] = replay.flows
        assert (flow["was"], flow["now"], flow["count"]) == (1, 2, 10)
        assert (flow["amount_minor"], flow["cost_was_minor"], flow["cost_now_minor"]) == (
            100_00, 5_00, 10_00,
        )  # fmt: skip
        assert replay.examples[0]["rule"] == "dear"
        assert Decision.objects.count() == 10

    def test_the_version_that_decided_changes_nothing(self, ada, ben, now):
        live = active(rule((1, 60), (2, 40)), by=ada, other=ben, now=now)
        self.decided(now, 30)
        replay = routing.ask_replay(rule_set_id=live.pk, days=1, by=ada, now=now)
        routing.run_replays(now=now)
        replay.refresh_from_db()
        assert (replay.counted, replay.changed) == (30, 0)
        assert {flow["was"] for flow in replay.flows} == {1, 2}

    def test_one_at_once_and_none_of_nothing(self, ada, now):
        draft = draft_of(rule((1, 1)), by=ada, now=now)
        routing.ask_replay(rule_set_id=draft.pk, days=7, by=ada, now=now)
        with pytest.raises(errors.ReplayRuns):
            routing.ask_replay(rule_set_id=draft.pk, days=7, by=ada, now=now)
        assert routing.run_replays(now=now) == 1
        assert routing.run_replays(now=now) == 0


def test_ratios_are_told_from_above_and_survive_a_sync(now):
    assert routing.note_ratio(account_id=1, ratio_bps=70, limit_bps=150, programme="VAMP", now=now)
    assert not routing.note_ratio(
        account_id=99, ratio_bps=70, limit_bps=150, programme="VAMP", now=now
    )
    known_routes(account(1))
    assert selectors.ratios(account_ids=[1, 2]) == {1: (70, 150)}
    active_ids = {one.account_id for one in selectors.routes() if one.is_active}
    assert active_ids == {1}
