"""Rules, lists and reviews: who may, four eyes, a reason always; refusals change nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.audit.models import AuditRecord
from apps.core.models import OutboxMessage
from apps.finance.risk import errors
from apps.finance.risk import services as risk
from apps.finance.risk.choices import ListKind, Outcome, Result, ReviewState
from apps.finance.risk.models import Assessment, BackTest, BlockEntry, RiskLimits, RiskRule
from tests.factories.accounts import ProfileFactory, StaffFactory
from tests.finance.risk.made import assessed, in_shadow, live

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return StaffFactory.create(role="finance")


@pytest.fixture
def ben():
    return StaffFactory.create(role="finance")


def everything():
    models = (RiskRule, RiskLimits, BlockEntry, Assessment, OutboxMessage)
    return [list(model.objects.order_by("pk").values()) for model in models]


class TestRules:
    def test_a_new_version_replaces_the_shadow_and_then_the_live_one(self, ada, ben, now):
        first = in_shadow("MISMATCH", by=ada, now=now, pair="CARD_IP")
        second = in_shadow("MISMATCH", 70, by=ada, now=now, pair="CARD_IP")
        risk.make_rule_live(rule_id=second.pk, by=ben, reason="tested", now=now)
        third = in_shadow("MISMATCH", 80, by=ben, now=now, pair="CARD_IP")
        states = dict(RiskRule.objects.values_list("version", "status"))
        assert states == {1: "RETIRED", 2: "LIVE", 3: "SHADOW"}
        risk.make_rule_live(rule_id=third.pk, by=ada, reason="tested", now=now)
        states = dict(RiskRule.objects.values_list("version", "status"))
        assert states == {1: "RETIRED", 2: "RETIRED", 3: "LIVE"}
        assert first.version == 1
        assert AuditRecord.objects.filter(action="risk.rule_made_live").count() == 2

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"code": "Bad Code"}, "code"),
            ({"kind": "GUESS"}, "kind"),
            ({"score": 101}, "score"),
            ({"params": {"pair": "CARD_MOON"}}, "pair"),
            ({"kind": "YOUNG_ACCOUNT", "params": {"hours": 0}}, "hours"),
            ({"kind": "LARGE_AMOUNT", "params": {"currency": "XXX", "more_than": 1}}, "currency"),
            ({"kind": "BLOCK_LIST", "params": {"lists": []}}, "lists"),
            (
                {"kind": "VELOCITY", "params": {
                    "who": "IP", "what": "ATTEMPTS", "minutes": 50_000, "more_than": 1}},
                "minutes",
            ),
            (
                {"kind": "VELOCITY", "params": {
                    "who": "CARD", "what": "CARDS", "minutes": 5, "more_than": 1}},
                "what",
            ),
        ],
    )  # fmt: skip
    def test_one_that_cannot_be_followed_names_its_field(self, ada, now, changes, field):
        wish = {"code": "ok_rule", "kind": "MISMATCH", "score": 10, "params": {"pair": "CARD_IP"}}
        before = everything()
        with pytest.raises(errors.RuleWrong) as refused:
            risk.write_rule(**(wish | changes), by=ada, reason="x", now=now)
        assert refused.value.facts["field"] == field
        assert everything() == before

    def test_the_writer_does_not_make_it_live(self, ada, now):
        rule = in_shadow("MISMATCH", by=ada, now=now, pair="CARD_IP")
        limits = risk.write_limits(challenge=10, review=20, block=30, by=ada, reason="x", now=now)
        before = everything()
        with pytest.raises(errors.OwnRule):
            risk.make_rule_live(rule_id=rule.pk, by=ada, reason="x", now=now)
        with pytest.raises(errors.OwnRule):
            risk.make_limits_live(limits_id=limits.pk, by=ada, reason="x", now=now)
        assert everything() == before

    def test_needs_permission_and_reason(self, ada, ben, now):
        rule = in_shadow("MISMATCH", by=ada, now=now, pair="CARD_IP")
        support = StaffFactory.create(role="support")
        before = everything()
        for by, reason, refusal in (
            (support, "x", errors.NotPermitted),
            (ben, " ", errors.ReasonMissing),
        ):
            with pytest.raises(refusal):
                risk.make_rule_live(rule_id=rule.pk, by=by, reason=reason, now=now)
            with pytest.raises(refusal):
                risk.retire_rule(rule_id=rule.pk, by=by, reason=reason, now=now)
            with pytest.raises(refusal):
                risk.write_limits(challenge=1, review=2, block=3, by=by, reason=reason, now=now)
            with pytest.raises(refusal):
                risk.add_entry(
                    kind=ListKind.BIN, value="4111", expires_at=None, by=by, reason=reason, now=now
                )
        assert everything() == before

    def test_a_retired_one_counts_no_more_and_stays_retired(self, ada, now):
        rule = live("MISMATCH", now=now, pair="CARD_IP")
        risk.retire_rule(rule_id=rule.pk, by=ada, reason="too many false", now=now)
        assert assessed(now=now, country_ip="US").score == 0
        with pytest.raises(errors.IsRetired):
            risk.retire_rule(rule_id=rule.pk, by=ada, reason="x", now=now)
        with pytest.raises(errors.NotInShadow):
            risk.make_rule_live(rule_id=rule.pk, by=ada, reason="x", now=now)

    @pytest.mark.parametrize("limits", [(0, 1, 2), (3, 2, 4), (1, 5, 4), (1, 2, 102)])
    def test_limits_rise(self, ada, now, limits):
        challenge, review, block = limits
        with pytest.raises(errors.RuleWrong):
            risk.write_limits(
                challenge=challenge, review=review, block=block, by=ada, reason="x", now=now
            )
        assert not RiskLimits.objects.exists()


class TestLists:
    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            (ListKind.PAYER, "Bob"),
            (ListKind.CARD, "4111111111111111"),
            (ListKind.NETWORK, "10.0.0.0/8"),
            (ListKind.NETWORK, "::/0"),
            (ListKind.EMAIL_DOMAIN, "localhost"),
            (ListKind.BIN, "411"),
        ],
    )
    def test_take_only_what_they_can_match(self, ada, now, kind, value):
        with pytest.raises(errors.EntryWrong):
            risk.add_entry(kind=kind, value=value, expires_at=None, by=ada, reason="x", now=now)
        assert not BlockEntry.objects.exists()

    def test_hold_a_thing_once_and_again_when_it_ended(self, ada, now):
        wish = {"kind": ListKind.BIN, "value": "411111", "by": ada, "reason": "x"}
        later = now + timedelta(days=2)
        risk.add_entry(**wish, expires_at=now + timedelta(days=1), now=now)
        with pytest.raises(errors.OnTheList):
            risk.add_entry(**wish, expires_at=None, now=now)
        again = risk.add_entry(**wish, expires_at=None, now=later)
        risk.remove_entry(entry_id=again.pk, by=ada, reason="over", now=later)
        with pytest.raises(errors.NotOnTheList):
            risk.remove_entry(entry_id=again.pk, by=ada, reason="over", now=later)
        assert BlockEntry.objects.count() == 2
        words = list(AuditRecord.objects.order_by("id").values_list("action", flat=True))
        assert words == ["risk.listed", "risk.listed", "risk.taken_off"]

    def test_an_end_in_the_past_is_refused(self, ada, now):
        with pytest.raises(errors.EntryWrong):
            risk.add_entry(
                kind=ListKind.BIN, value="4111", expires_at=now, by=ada, reason="x", now=now
            )


class TestReview:
    @pytest.fixture
    def waiting(self, now):
        live("MISMATCH", now=now, pair="CARD_IP")
        return assessed(now=now, country_ip="US", subject="transaction:w")

    @pytest.mark.parametrize(("act", "word"), [("approve", "APPROVED"), ("reject", "REJECTED")])
    def test_is_decided_once_and_told(self, ada, now, waiting, act, word):
        assert waiting.review == ReviewState.WAITING
        row = getattr(risk, act)(assessment_id=waiting.pk, by=ada, reason="called him", now=now)
        assert (row.review, row.reviewed_by) == (word, ada)
        told = OutboxMessage.objects.get(name="risk.reviewed").payload
        assert (told["subject"], told["approved"]) == ("transaction:w", act == "approve")
        before = everything()
        for again in (risk.approve, risk.reject):
            with pytest.raises(errors.NothingToReview):
                again(assessment_id=waiting.pk, by=ada, reason="x", now=now)
        assert everything() == before

    def test_not_of_what_does_not_wait_nor_without_role_nor_reason_nor_of_ones_own(
        self, ada, now, waiting
    ):
        allowed = assessed(now=now)
        own = assessed(now=now, country_ip="US", payer_id=ProfileFactory.create(user=ada).pk)
        before = everything()
        cases = [
            (allowed, ada, "x", errors.NothingToReview),
            (own, ada, "x", errors.OwnPayment),
            (waiting, ada, " ", errors.ReasonMissing),
            (waiting, StaffFactory.create(role="payouts"), "x", errors.NotPermitted),
        ]
        for row, by, reason, refusal in cases:
            with pytest.raises(refusal):
                risk.approve(assessment_id=row.pk, by=by, reason=reason, now=now)
        assert everything() == before


class TestBackTest:
    def test_shows_what_would_be_caught_and_who_would_be_refused(self, ada, now, monkeypatch):
        monkeypatch.setattr("apps.finance.risk.services.back_test.STEP", 3)
        for n in range(4):  # a card tested four times in an hour, then charged back
            row = assessed(
                now=now - timedelta(days=2, minutes=40 - n), fingerprint="thief", payer_id=70
            )
        risk.note_result(subject=row.subject, result=Result.CHARGEBACK)
        for n in range(6):
            good = assessed(now=now - timedelta(days=1, hours=n), fingerprint=f"c{n}", payer_id=n)
            risk.note_result(subject=good.subject, result=Result.PAID)
        rule = in_shadow(score=90, now=now, who="CARD", what="ATTEMPTS", minutes=60, more_than=3)
        test = risk.ask_back_test(rule_id=rule.pk, days=7, by=ada, now=now)
        with pytest.raises(errors.TestRuns):
            risk.ask_back_test(rule_id=rule.pk, days=7, by=ada, now=now)
        assert risk.run_back_tests(now=now, steps=2) == 2
        risk.run_back_tests(now=now)
        test.refresh_from_db()
        assert (test.status, test.counted, test.changed) == ("DONE", 10, 1)
        found = {(one["was"], one["now"], one["result"]): one["count"] for one in test.sums}
        assert found == {
            ("ALLOW", "ALLOW", ""): 3,
            ("ALLOW", "ALLOW", "PAID"): 6,
            ("ALLOW", "BLOCK", "CHARGEBACK"): 1,
        }
        assert test.examples[0]["reasons"] == ["4 attempts of one card in 60 min, more than 3"]

    def test_the_live_rules_on_their_own_payments_change_nothing(self, ada, now):
        live(now=now, who="IP", what="ATTEMPTS", minutes=60, more_than=2)
        for n in range(8):
            assessed(now=now - timedelta(hours=1) + timedelta(minutes=n), payer_id=n)
        test = risk.ask_back_test(rule_id=None, days=1, by=ada, now=now)
        risk.run_back_tests(now=now)
        test.refresh_from_db()
        assert (test.counted, test.changed) == (8, 0)
        assert Assessment.objects.filter(outcome=Outcome.REVIEW).count() == 6

    def test_costs_the_same_for_few_and_many(self, ada, now, django_assert_max_num_queries):
        rule = in_shadow(now=now, who="IP", what="ATTEMPTS", minutes=60, more_than=2)
        for n in range(40):
            assessed(now=now - timedelta(minutes=40 - n), payer_id=n)
        test = risk.ask_back_test(rule_id=rule.pk, days=1, by=ada, now=now)
        with django_assert_max_num_queries(10):
            risk.run_back_tests(now=now, steps=1)
        test.refresh_from_db()
        assert test.counted == 40

    def test_only_of_a_rule_in_shadow(self, ada, now):
        rule = live("MISMATCH", now=now, pair="CARD_IP")
        with pytest.raises(errors.NotInShadow):
            risk.ask_back_test(rule_id=rule.pk, days=7, by=ada, now=now)
        with pytest.raises(errors.RuleWrong):
            risk.ask_back_test(rule_id=None, days=91, by=ada, now=now)
        assert not BackTest.objects.exists()
