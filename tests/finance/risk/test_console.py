"""Risk in FanzDash: reviews, rules by forms, limits, block lists, tests; by role and by cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.finance.risk import services as risk
from apps.finance.risk.choices import ListKind, Result
from apps.finance.risk.models import Assessment, BackTest, BlockEntry, RiskLimits, RiskRule
from tests.factories.accounts import StaffFactory
from tests.finance.risk.made import assessed, in_shadow, live

pytestmark = pytest.mark.django_db


def text(answer):
    return answer.content.decode()


def to(model, kind, *args):
    return reverse(f"admin:risk_{model}_{kind}", args=args)


@pytest.fixture
def waiting(now):
    live("MISMATCH", 65, "countries", now=now, pair="CARD_IP")
    return [assessed(now=now, country_ip="US", payer_id=n) for n in (1, 2)]


class TestReview:
    def test_the_queue_says_why_and_each_row_is_decided(self, console, waiting, now):
        allowed = assessed(now=now)
        client = console("support")
        queue = text(client.get(to("assessment", "changelist"), {"queue": "review"}))
        assert "countries" in queue
        assert f"#{allowed.pk}" not in queue
        page = text(client.get(to("assessment", "change", waiting[0].pk)))
        assert "Country of card and address: DE and US" in page
        ids = ",".join(str(row.pk) for row in [*waiting, allowed])
        answer = client.post(
            to("assessment", "do", "approve"), {"ids": ids, "reason": "known fans"}
        )
        assert text(answer).count("Approved: the payer can go on.") == 2
        assert "It waits for nobody" in text(answer)
        words = list(Assessment.objects.order_by("pk").values_list("review", flat=True))
        assert words == ["APPROVED", "APPROVED", ""]

    def test_a_part_of_a_payment_is_blocked_for_some_days(self, console, waiting):
        client = console("finance")
        wish = {"ids": waiting[0].pk, "reason": "stolen", "kind": "CARD", "days": "30"}
        client.post(to("assessment", "do", "block"), wish)
        entry = BlockEntry.objects.get()
        assert (entry.kind, entry.value) == (ListKind.CARD, waiting[0].card_hash)
        assert entry.expires_at == entry.added_at + timedelta(days=30)

    def test_is_not_for_others(self, console, waiting):
        client = console("payouts")
        for name in ("approve", "reject", "block"):
            wish = {"ids": waiting[0].pk, "reason": "x", "kind": "PAYER"}
            assert client.post(to("assessment", "do", name), wish).status_code == 403
        waiting[0].refresh_from_db()
        assert waiting[0].review == "WAITING"


class TestRules:
    def test_one_is_written_tested_and_made_live_by_another(self, console):
        ada, ben = console("finance"), console("finance")
        assert "Too often" in text(ada.get(to("riskrule", "kinds")))
        wish = {
            "code": "fast_cards", "score": "70", "who": "CARD", "what": "AMOUNT",
            "minutes": "60", "more_than": "100.00", "currency": "USD", "reason": "wave",
        }  # fmt: skip
        answer = ada.post(to("riskrule", "new", "VELOCITY"), wish)
        assert answer.status_code == 302, text(answer)
        rule = RiskRule.objects.get()
        assert rule.params["more_than"] == 100_00
        page = text(ada.get(to("riskrule", "change", rule.pk)))
        assert "More than $100.00 amount of one card in 60 min: adds 70." in page
        again = text(ada.get(to("riskrule", "new", "VELOCITY"), {"from": rule.pk}))
        assert 'value="100.00"' in again
        for client, status in ((ada, "SHADOW"), (ben, "LIVE")):
            client.post(to("riskrule", "do", "live"), {"ids": rule.pk, "reason": "tested"})
            rule.refresh_from_db()
            assert rule.status == status

    @pytest.mark.parametrize(
        ("kind", "given", "field"),
        [
            ("VELOCITY", {"more_than": "x"}, "more_than"),
            ("VELOCITY", {"what": "AMOUNT", "more_than": "1.00"}, "more_than"),
            ("VELOCITY", {"minutes": "99999"}, "minutes"),
            ("VELOCITY", {"code": "No Spaces"}, "code"),
            ("BLOCK_LIST", {}, "lists"),
            ("YOUNG_ACCOUNT", {"hours": "9999"}, "hours"),
        ],
    )
    def test_a_wrong_one_comes_back_with_the_word_at_its_field(self, console, kind, given, field):
        wish = {"code": "a_rule", "score": "10", "who": "PAYER", "what": "ATTEMPTS",
                "minutes": "60", "more_than": "3", "reason": "x"}  # fmt: skip
        answer = console("finance").post(to("riskrule", "new", kind), wish | given)
        assert answer.status_code == 422
        assert field in answer.context["form"].errors
        assert not RiskRule.objects.exists()

    @pytest.mark.parametrize("role", ["support", "compliance", "payouts"])
    def test_are_not_written_by_other_roles(self, console, role, now):
        rule = in_shadow("MISMATCH", now=now, pair="CARD_IP")
        client = console(role)
        for model, kind, args in (
            ("riskrule", "kinds", []), ("riskrule", "new", ["MISMATCH"]),
            ("riskrule", "do", ["live"]), ("riskrule", "do", ["retire"]),
            ("risklimits", "new", []),
        ):  # fmt: skip
            address = to(model, kind, *args)
            assert client.post(address, {"ids": rule.pk, "reason": "x"}).status_code == 403
        rule.refresh_from_db()
        assert rule.status == "SHADOW"


def test_limits_rise_and_are_made_live_by_another(console):
    ada, ben = console("finance"), console("finance")
    wish = {"challenge": "30", "review": "20", "block": "90", "reason": "x"}
    answer = ada.post(to("risklimits", "new"), wish)
    assert list(answer.context["form"].errors) == ["review"]
    ada.post(to("risklimits", "new"), wish | {"review": "50"})
    row = RiskLimits.objects.get()
    ben.post(to("risklimits", "do", "live"), {"ids": row.pk, "reason": "agreed"})
    row.refresh_from_db()
    assert (row.status, str(row)) == ("LIVE", "30 / 50 / 90")


def test_the_block_list_takes_and_gives_back(console):
    client = console("compliance")
    wish = {"kind": "NETWORK", "value": "10.0.0.0/8", "reason": "abuse"}
    answer = client.post(to("blockentry", "new"), wish)
    assert list(answer.context["form"].errors) == ["value"]
    assert client.post(to("blockentry", "new"), wish | {"value": "10.1.0.0/16"}).status_code == 302
    entry = BlockEntry.objects.get()
    client.post(to("blockentry", "do", "remove"), {"ids": entry.pk, "reason": "over"})
    entry.refresh_from_db()
    assert entry.removed_by == client.user


def test_a_back_test_shows_whom_it_would_refuse(console, now):
    moment = timezone.now()
    for n in range(4):
        row = assessed(now=moment - timedelta(minutes=10 - n), fingerprint="one")
        risk.note_result(subject=row.subject, result=Result.PAID if n else Result.CHARGEBACK)
    rule = in_shadow(score=90, now=moment, who="CARD", what="ATTEMPTS", minutes=60, more_than=2)
    client = console("finance")
    client.post(to("riskrule", "do", "test"), {"ids": rule.pk, "reason": "before", "days": "7"})
    test = BackTest.objects.get()
    address = to("backtest", "change", test.pk)
    assert client.get(address)["Refresh"] == "3"
    risk.run_back_tests(now=timezone.now())
    page = client.get(address)
    assert "Refresh" not in page
    for words in ("2 of 4 payments would be treated otherwise", "good: refused", "$50.00"):
        assert words in text(page)


def test_pages_cost_the_same_for_few_and_many(console, now):
    client, by = console("admin"), StaffFactory.create(role="finance")
    live("MISMATCH", 65, "countries", now=now, pair="CARD_IP")
    row = assessed(now=now, country_ip="US")

    def more(numbers):
        for n in numbers:
            assessed(now=now, country_ip="US", payer_id=17)
            rule = in_shadow("MISMATCH", code=f"rule_{n}", now=now, pair="CARD_IP", by=by)
            risk.ask_back_test(rule_id=rule.pk, days=1, by=by, now=now)
            risk.add_entry(
                kind=ListKind.BIN, value=str(4000 + n), expires_at=None, by=by, reason="x", now=now
            )
            risk.write_limits(challenge=1, review=2, block=3 + n, by=by, reason="x", now=now)

    def costs():
        found = []
        for address in [
            *(to(model, "changelist") for model in
              ("assessment", "riskrule", "risklimits", "blockentry", "backtest")),
            to("assessment", "change", row.pk),
            to("riskrule", "change", row.hits[0]["rule"]),
        ]:  # fmt: skip
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            found.append(len(queries))
        return found

    more(range(2))
    costs()
    few = costs()
    more(range(2, 20))
    assert costs() == few
