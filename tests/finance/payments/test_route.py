"""Which account a payment goes to: by what happened lately, and in few queries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import transaction

from apps.core import http
from apps.core.money import Money
from apps.finance.payments import errors
from apps.finance.payments.choices import AttemptStatus, Method
from apps.finance.payments.models import Attempt, MerchantAccount, Transaction
from apps.finance.payments.selectors import candidates
from apps.finance.payments.services import route
from apps.finance.routing import selectors as routing_selectors
from apps.finance.routing import services as routing
from apps.finance.routing.models import Decision
from tests import given
from tests.factories.accounts import ProfileFactory
from tests.factories.payments import MerchantAccountFactory

pytestmark = pytest.mark.django_db


def mid(cluster, gateway="ccbill", number="1", **changes):
    return MerchantAccountFactory.create(
        cluster=cluster, gateway=gateway, account_number=number, subaccount="0000", **changes
    )


def asked(cluster, now, amount="25.00", currency="USD", method=Method.CARD, **more):
    """What routing says, as it is committed."""
    with transaction.atomic():
        return route.rank(
            subject="transaction:x",
            cluster=cluster,
            facts=route.facts_of(
                cluster=cluster, kind="TIP", method=method, amount=Money.of(amount, currency),
                **more,
            ),
            now=now,
        )  # fmt: skip


def chosen(cluster, now, **more):
    ranked = asked(cluster, now, **more)
    if ranked.refusal:
        raise ranked.refusal
    return list(ranked.accounts)


def tries(account, *, now, count, status, ago=timedelta(minutes=1)):
    """So many tries at an account that ended so; their payments are any."""
    fan = ProfileFactory.create(cluster=account.cluster)
    MerchantAccount.objects.filter(pk=account.pk)
    payment = given.a_deposit(fan, now=now, key=f"t{account.pk}{status}{ago}")
    last = Attempt.objects.filter(transaction=payment).count()
    Attempt.objects.bulk_create(
        Attempt(
            transaction=payment,
            number=last + 1 + n,
            merchant_account=account,
            gateway=account.gateway,
            kind="HOSTED",
            status=status,
            started_at=now - ago,
            key=f"{account.pk}-{status}-{ago}-{n}",
        )
        for n in range(count)
    )


def candidate(cluster, account, now):
    found = candidates.read_candidates(cluster=cluster, now=now)
    return next(one for one in found if one.account_id == account.pk)


class TestChoosing:
    def test_the_cheapest_first_and_the_decision_is_kept(self, boyfanz, now):
        dear = mid(boyfanz, "segpay", cost_bps=900)
        cheap = mid(boyfanz, "epoch", number="2", cost_bps=500)
        assert chosen(boyfanz, now) == [cheap, dear]
        kept = Decision.objects.get()
        assert (kept.subject, kept.ranked) == ("transaction:x", [cheap.pk, dear.pk])
        assert kept.facts["cluster"] == "boyfanz"

    def test_no_brand_ever_uses_anothers(self, boyfanz, girlfanz, now):
        mid(girlfanz)
        with pytest.raises(errors.NoMerchantAccount):
            chosen(boyfanz, now)
        assert not Decision.objects.exists()

    def test_says_what_the_payer_can_change_and_keeps_nothing(self, boyfanz, now):
        mid(boyfanz, countries=["US"], least_minor=300, most_minor=50_00)
        with pytest.raises(errors.CurrencyNotOffered):
            chosen(boyfanz, now, currency="EUR")
        for amount in ("2.99", "50.01"):
            with pytest.raises(errors.AmountOutOfRange) as refused:
                chosen(boyfanz, now, amount=amount)
            assert (refused.value.facts["least"], refused.value.facts["most"]) == ("3.00", "50.00")
        assert not Decision.objects.exists()

    def test_a_decision_that_found_no_route_is_kept_with_its_reasons(self, boyfanz, now):
        account = mid(boyfanz, countries=["US"])
        refused = asked(boyfanz, now, country="DE")
        assert (refused.accounts, refused.refusal.code) == ((), "payments.no_route")
        [left_out] = Decision.objects.get().excluded
        assert (left_out["account"], left_out["why"]) == (account.pk, "COUNTRY")

    def test_one_turned_off_a_moment_ago_is_left_out(self, boyfanz, now, settings):
        settings.MEMORY_SECONDS = 60
        first, second = mid(boyfanz, "segpay"), mid(boyfanz, "epoch", number="2")
        assert chosen(boyfanz, now) == [first, second]
        MerchantAccount.objects.filter(pk=first.pk).update(is_active=False)
        assert chosen(boyfanz, now) == [second]
        candidates.forget_candidates()

    def test_coins_do_not_go_to_card_accounts(self, boyfanz, now):
        mid(boyfanz)
        coins = mid(boyfanz, "btcpay", number="2")
        assert chosen(boyfanz, now) != [coins]
        assert chosen(boyfanz, now, method=Method.CRYPTO) == [coins]


class TestFigures:
    def test_success_is_of_the_last_day(self, boyfanz, now):
        account = mid(boyfanz)
        tries(account, now=now, count=3, status=AttemptStatus.PAID)
        tries(account, now=now, count=1, status=AttemptStatus.DECLINED)
        tries(account, now=now, count=9, status=AttemptStatus.DECLINED, ago=timedelta(hours=25))
        found = candidate(boyfanz, account, now)
        assert (found.success_bps, found.samples, found.healthy) == (7_500, 4, True)

    def test_a_cap_counts_what_this_month_took(self, boyfanz, now):
        account = mid(boyfanz, monthly_cap_minor=100_00, number="900000")
        fan = ProfileFactory.create(cluster=boyfanz)
        MerchantAccount.objects.filter(pk=account.pk).update(subaccount="0000")
        given.a_funded_wallet(fan, "60.00", now=now)
        assert Transaction.objects.get().merchant_account_id == account.pk
        assert candidate(boyfanz, account, now).cap_left_minor == 40_00
        assert chosen(boyfanz, now, amount="40.00") == [account]
        with pytest.raises(errors.NoRoute):
            chosen(boyfanz, now, amount="40.01")
        month_later = now + timedelta(days=31)
        assert candidate(boyfanz, account, month_later).cap_left_minor == 100_00

    def test_a_ratio_told_from_above_routes_away_before_the_line(self, boyfanz, now):
        hot = mid(boyfanz, "segpay")
        cool = mid(boyfanz, "epoch", number="2", cost_bps=900)
        route.sync_routes(now=now)
        wish = {"account_id": hot.pk, "limit_bps": 150, "programme": "VAMP", "now": now}
        routing.note_ratio(ratio_bps=134, **wish)
        assert chosen(boyfanz, now) == [hot, cool]
        routing.note_ratio(ratio_bps=135, **wish)
        assert chosen(boyfanz, now) == [cool]

    def test_a_gateway_whose_tries_do_not_arrive_is_avoided(self, boyfanz, now):
        failing = mid(boyfanz, "segpay")
        other = mid(boyfanz, "epoch", number="2", cost_bps=900)
        tries(failing, now=now, count=5, status=AttemptStatus.NOT_SENT)
        assert chosen(boyfanz, now) == [other]
        # Payers' declines are no fault of the gateway.
        tries(other, now=now, count=50, status=AttemptStatus.DECLINED)
        assert chosen(boyfanz, now) == [other]

    def test_a_breaker_that_another_process_opened_is_seen(self, boyfanz, now):
        first = mid(boyfanz, "segpay")
        second = mid(boyfanz, "epoch", number="2", cost_bps=900)
        for _ in range(http.FAILURES_TO_OPEN):
            http._breaker("segpay").note(http.NotSent())
        http._breakers.clear()  # as another process has it
        assert chosen(boyfanz, now) == [second]
        cache.delete("breaker:segpay")
        assert chosen(boyfanz, now) == [first, second]

    def test_where_all_fail_each_is_tried_rather_than_none(self, boyfanz, now):
        only = mid(boyfanz, "segpay")
        for _ in range(http.FAILURES_TO_OPEN):
            http._breaker("segpay").note(http.NotSent())
        assert chosen(boyfanz, now) == [only]
        http.reset_breakers()
        assert cache.get("breaker:segpay") is None

    def test_costs_the_same_for_two_accounts_and_for_twenty(
        self, boyfanz, now, django_assert_num_queries
    ):
        for n in range(20):
            mid(boyfanz, "segpay", number=str(n), monthly_cap_minor=10**6)
        with django_assert_num_queries(4):
            assert len(candidates.read_candidates(cluster=boyfanz, now=now)) == 20

    def test_warm_it_costs_two_queries_and_their_savepoints(
        self, boyfanz, now, settings, django_assert_num_queries
    ):
        settings.MEMORY_SECONDS = 60
        account = mid(boyfanz)
        routing_selectors.forget_plan()
        with transaction.atomic():
            chosen(boyfanz, now)
            # the decision, its account; the options are kept in memory once committed
            with django_assert_num_queries(2 + 1 + 2):
                assert chosen(boyfanz, now) == [account]
        candidates.forget_candidates()
        routing_selectors.forget_plan()


def test_rules_may_name_every_account(boyfanz, girlfanz, now):
    mid(boyfanz)
    off = mid(girlfanz, number="2", is_active=False)
    assert route.sync_routes(now=now) == 2
    found = {one.account_id: one.is_active for one in routing_selectors.routes()}
    assert found[off.pk] is False
    assert len(found) == 2
