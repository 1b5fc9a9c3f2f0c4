"""Payments are judged by live rules, and beside them by those in shadow; both are kept."""

from __future__ import annotations

import ipaddress
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.finance.risk import services as risk
from apps.finance.risk.choices import ListKind, Outcome, Result
from apps.finance.risk.models import Assessment
from apps.finance.risk.rules.facts import network_of
from apps.finance.risk.rules.judge import Limits
from apps.finance.risk.selectors.rules import forget_book
from tests.factories.accounts import StaffFactory
from tests.finance.risk.made import assessed, in_shadow, live

pytestmark = pytest.mark.django_db
HOUR: dict[str, Any] = {"who": "PAYER", "what": "ATTEMPTS", "minutes": 60, "more_than": 2}


def minutes(count):
    return timedelta(minutes=count)


class TestVelocity:
    def test_counts_this_payment_and_those_of_the_window_before_it(self, now):
        live(now=now, **HOUR)
        for age in (61, 60, 59, 1):
            assessed(now=now - minutes(age))
        third = assessed(now=now)
        assert (third.outcome, third.score) == (Outcome.REVIEW, 60)
        [hit] = third.hits
        assert hit["text"] == "3 attempts of one payer in 60 min, more than 2"
        assert assessed(now=now, payer_id=18).outcome == Outcome.ALLOW

    def test_counts_cards_addresses_and_payers_each_by_itself(self, now):
        live(now=now, code="cards", who="PAYER", what="CARDS", minutes=60, more_than=2)
        live(now=now, code="payers", who="IP", what="PAYERS", minutes=60, more_than=2)
        live(now=now, code="same_card", who="CARD", what="ATTEMPTS", minutes=60, more_than=2)
        for n in range(2):
            assessed(now=now - minutes(5), fingerprint=f"c{n}", payer_id=20, ip="198.51.100.1")
            assessed(now=now - minutes(5), fingerprint=f"d{n}", payer_id=30 + n, ip="192.0.2.1")
            assessed(now=now - minutes(5), fingerprint="same", payer_id=40 + n, ip="")

        def codes(**changes):
            return [hit["code"] for hit in assessed(now=now, **changes).hits]

        assert codes(payer_id=20, fingerprint="c0", ip="") == []
        assert codes(payer_id=20, fingerprint="c2", ip="") == ["cards"]
        assert codes(payer_id=30, fingerprint="", ip="192.0.2.1") == []
        assert codes(payer_id=50, fingerprint="", ip="192.0.2.1") == ["payers"]
        assert codes(payer_id=51, fingerprint="same", ip="") == ["same_card"]

    def test_adds_amounts_of_one_currency_and_counts_declines(self, now):
        live(now=now, code="sum", who="PAYER", what="AMOUNT", minutes=1440, more_than=100_00,
             currency="USD")  # fmt: skip
        live(now=now, code="declined", who="CARD", what="DECLINES", minutes=1440, more_than=1)
        for amount, currency in (("75.00", "USD"), ("500.00", "EUR")):
            assessed(now=now - minutes(5), amount=amount, currency=currency)
        assert assessed(now=now, amount="25.00").score == 0
        row = assessed(now=now, amount="0.01")
        assert row.hits[0]["text"] == "$100.01 of one payer in 24 h, above $100.00"
        for row in Assessment.objects.all()[:2]:
            risk.note_result(subject=row.subject, result=Result.DECLINED)
        assert [hit["code"] for hit in assessed(now=now).hits] == ["declined", "sum"]

    def test_where_card_or_address_is_not_known_nothing_is_said(self, now):
        live(now=now, who="CARD", what="ATTEMPTS", minutes=60, more_than=0)
        assert assessed(now=now, fingerprint="").score == 0
        assert assessed(now=now).score == 60

    def test_costs_as_many_queries_however_many_rules(
        self, now, settings, django_assert_num_queries
    ):
        settings.MEMORY_SECONDS = 60
        for n in range(1, 6):
            for who in ("PAYER", "CARD", "IP"):
                live(now=now, code=f"r_{who.lower()}_{n}", score=1, who=who, what="ATTEMPTS",
                     minutes=60 * n, more_than=1)  # fmt: skip
        assessed(now=now - minutes(1))
        # savepoint, lock, the same payment?, counts, lists, insert, savepoint
        with django_assert_num_queries(7):
            row = assessed(now=now)
        assert row.score == 15
        forget_book()

    def test_two_bursts_at_once_are_counted_as_they_are(self, now, transactional_db):
        live(now=now, score=90, **(HOUR | {"more_than": 3}))
        ready = threading.Barrier(6)
        outcomes = []

        def run():
            try:
                ready.wait()
                outcomes.append(assessed(now=now).outcome)
            finally:
                connection.close()

        threads = [threading.Thread(target=run) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["ALLOW"] * 3 + ["BLOCK"] * 3


class TestOtherRules:
    @pytest.mark.parametrize(
        ("kind", "params", "hit", "miss"),
        [
            ("MISMATCH", {"pair": "CARD_PLACE"}, {"country_card": "US"}, {"country_card": ""}),
            ("MISMATCH", {"pair": "CARD_IP"}, {"country_ip": "US"}, {"country_place": "US"}),
            ("MISMATCH", {"pair": "PLACE_IP"}, {"country_place": "FR"}, {"country_card": "US"}),
            ("LARGE_AMOUNT", {"currency": "USD", "more_than": 99_99}, {"amount": "100.00"},
             {"amount": "99.99"}),
            ("LARGE_AMOUNT", {"currency": "EUR", "more_than": 1}, {"currency": "EUR"},
             {"amount": "100.00"}),
        ],
    )  # fmt: skip
    def test_hold_and_do_not(self, now, kind, params, hit, miss):
        live(kind, now=now, **params)
        assert assessed(now=now, **hit).score == 60
        assert assessed(now=now, **miss).score == 0

    def test_a_young_account_to_the_minute(self, now):
        live("YOUNG_ACCOUNT", now=now, hours=24)
        assert assessed(now=now, account_created_at=now - timedelta(hours=24)).score == 0
        young = now - timedelta(hours=24) + timedelta(minutes=1)
        assert assessed(now=now, account_created_at=young).score == 60
        assert assessed(now=now, account_created_at=None).score == 0

    def test_far_above_the_payers_usual(self, now):
        live("UNUSUAL_AMOUNT", now=now, times=5, least_payments=3)
        for _ in range(3):
            row = assessed(now=now - timedelta(days=3), amount="10.00")
            assert assessed(now=now, amount="90.00").score == 0
            risk.note_result(subject=row.subject, result=Result.PAID)
        assert assessed(now=now, amount="50.00").score == 0
        row = assessed(now=now, amount="50.01")
        assert row.hits[0]["text"] == "$50.01 is above 5 times the payer's usual $10.00"

    def test_scores_add_up_to_a_hundred_at_most(self, now):
        live("MISMATCH", 70, "one", now=now, pair="CARD_PLACE")
        live("MISMATCH", 70, "two", now=now, pair="CARD_IP")
        row = assessed(now=now, country_card="US")
        assert (row.score, row.outcome, len(row.hits)) == (100, Outcome.BLOCK, 2)


class TestLists:
    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            (ListKind.PAYER, "17"),
            (ListKind.NETWORK, "203.0.113.9"),
            (ListKind.NETWORK, "203.0.0.0/16"),
            (ListKind.EMAIL_DOMAIN, "@Mail.example"),
            (ListKind.BIN, "4111"),
        ],
    )
    def test_refuse_from_the_next_payment_until_they_end(self, now, kind, value):
        live("BLOCK_LIST", 100, now=now, lists=["PAYER", "NETWORK", "EMAIL_DOMAIN", "BIN"])
        by = StaffFactory.create(role="finance")
        assert assessed(now=now).outcome == Outcome.ALLOW
        risk.add_entry(
            kind=kind, value=value, expires_at=now + minutes(10), by=by, reason="fraud", now=now
        )
        row = assessed(now=now + minutes(9))
        assert row.outcome == Outcome.BLOCK
        assert row.hits[0]["text"].startswith("On the block list")
        assert assessed(now=now + minutes(10)).outcome == Outcome.ALLOW

    def test_a_card_is_blocked_by_one_of_its_payments_and_never_named(self, now):
        live("BLOCK_LIST", 100, now=now, lists=["CARD"])
        by = StaffFactory.create(role="finance")
        row = assessed(now=now, fingerprint="the-card")
        entry = risk.block_part(
            assessment_id=row.pk, kind=ListKind.CARD, expires_at=None, by=by, reason="stolen",
            now=now,
        )  # fmt: skip
        assert "the-card" not in entry.value
        assert assessed(now=now, fingerprint="the-card", payer_id=99).outcome == Outcome.BLOCK
        assert assessed(now=now, fingerprint="another").outcome == Outcome.ALLOW
        risk.remove_entry(entry_id=entry.pk, by=by, reason="found again", now=now + minutes(1))
        assert assessed(now=now + minutes(2), fingerprint="the-card").outcome == Outcome.ALLOW


class TestShadow:
    def test_is_counted_beside_and_followed_by_nobody(self, now):
        live("MISMATCH", 30, "countries", now=now, pair="CARD_PLACE")
        in_shadow("MISMATCH", 85, "countries", now=now, pair="CARD_PLACE")
        in_shadow("YOUNG_ACCOUNT", 5, "young", now=now, hours=24)
        row = assessed(now=now, country_card="US", account_created_at=now)
        assert (row.outcome, row.score) == (Outcome.ALLOW, 30)
        assert (row.shadow_outcome, row.shadow_score) == (Outcome.BLOCK, 90)
        assert [(hit["code"], hit["shadow"]) for hit in row.hits] == [
            ("countries", False), ("countries", True), ("young", True),
        ]  # fmt: skip

    def test_limits_in_shadow_count_beside_too(self, now):
        live("MISMATCH", 50, now=now, pair="CARD_PLACE")
        by = StaffFactory.create(role="finance")
        risk.write_limits(challenge=10, review=20, block=50, by=by, reason="tighter", now=now)
        row = assessed(now=now, country_card="US")
        assert (row.outcome, row.shadow_outcome) == (Outcome.CHALLENGE, Outcome.BLOCK)


def test_the_same_payment_is_assessed_once(now):
    live(now=now, **(HOUR | {"more_than": 0}))
    first = assessed(now=now, subject="transaction:x")
    assert assessed(now=now, subject="transaction:x", amount="99.00") == first
    assert Assessment.objects.count() == 1


def test_neither_address_nor_mail_nor_card_is_kept(now):
    row = assessed(now=now, ip="203.0.113.9", email="somebody@mail.example", fingerprint="fp-77")
    kept = str(Assessment.objects.filter(pk=row.pk).values().get())
    for word in ("203.0.113.9", "somebody", "fp-77"):
        assert word not in kept
    assert row.network == "203.0.113.0/24"


class TestForgetting:
    def test_addresses_go_after_ninety_days_and_all_after_550(self, now):
        row = assessed(now=now)
        assert risk.forget(now=now + timedelta(days=89)) == 0
        assert risk.forget(now=now + timedelta(days=91)) == 1
        row.refresh_from_db()
        assert (row.ip_hash, row.network) == ("", "")
        assert row.card_hash
        assert risk.forget(now=now + timedelta(days=91)) == 0
        assert risk.forget(now=now + timedelta(days=551)) == 1
        assert not Assessment.objects.exists()


@pytest.mark.parametrize(
    ("told", "ends"),
    [
        (["DECLINED", "PAID"], "PAID"),
        (["PAID", "DECLINED"], "PAID"),
        (["CHARGEBACK", "PAID"], "CHARGEBACK"),
        (["DECLINED", "PAID", "CHARGEBACK", "CHARGEBACK"], "CHARGEBACK"),
    ],
)
def test_results_come_in_any_order(now, told, ends):
    row = assessed(now=now)
    for word in told:
        risk.note_result(subject=row.subject, result=Result(word))
    row.refresh_from_db()
    assert row.result == ends
    assert not risk.note_result(subject="transaction:none", result=Result.PAID)


@settings(deadline=None)
@given(st.ip_addresses())
def test_every_address_is_kept_as_a_network_it_is_in(address):
    assert address in ipaddress.ip_network(network_of(str(address)))


@given(
    st.lists(st.integers(1, 101), min_size=3, max_size=3).map(sorted),
    st.integers(0, 100), st.integers(0, 100),
)  # fmt: skip
def test_a_higher_score_is_never_treated_milder(given_limits, one, other):
    order = list(Outcome)
    limits = Limits(*given_limits)
    low, high = sorted([one, other])
    assert order.index(limits.outcome(low)) <= order.index(limits.outcome(high))
