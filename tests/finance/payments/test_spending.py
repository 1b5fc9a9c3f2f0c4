"""Limits that fans set for themselves: stricter at once, looser a day later, held everywhere."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import close_old_connections, connection, transaction
from hypothesis import given as for_all
from hypothesis import strategies as st

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import errors, selectors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Occasion
from apps.finance.payments.models import SpendingLimit, Transaction
from apps.finance.payments.rules.spending import Per, begins_at, window_of
from apps.finance.payments.services.spending import breaches_of
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory, UserFactory
from tests.finance.payments.selling import a_purchase
from tests.finance.payments.test_sell_many import a_sale, funded, sell, wallet

DAY = timedelta(days=1)


def usd(text):
    return None if text is None else Money.of(text, "USD")


def limit(fan, per, amount, now):
    return payments.set_spending_limit(
        profile=fan, per=per, amount=usd(amount), currency="USD", by=fan.user, now=now
    )


def standing(fan, per, now):
    return next(
        each for each in selectors.spending_of(fan, currency="USD", now=now) if each.per == per
    )


def tip(fan, creator, amount, now, key):
    return payments.tip_from_wallet(
        fan=fan, creator=creator, amount=usd(amount), message="", idempotency_key=key, now=now
    )


class TestWindows:
    @pytest.mark.parametrize(
        ("per", "at", "since", "until"),
        [
            (Per.DAY, "2026-01-15T23:59:59", "2026-01-15", "2026-01-16"),
            (Per.DAY, "2026-01-16T00:00:00", "2026-01-16", "2026-01-17"),
            (Per.WEEK, "2026-01-18T23:59:59", "2026-01-12", "2026-01-19"),  # a Sunday
            (Per.WEEK, "2026-01-01T00:00:00", "2025-12-29", "2026-01-05"),
            (Per.MONTH, "2024-02-29T12:00:00", "2024-02-01", "2024-03-01"),
            (Per.MONTH, "2026-12-31T23:59:59", "2026-12-01", "2027-01-01"),
        ],
    )
    def test_are_calendar_days_weeks_from_monday_and_months(self, per, at, since, until):
        began, ends = window_of(per, datetime.fromisoformat(at).replace(tzinfo=UTC))
        assert (f"{began:%Y-%m-%d}", f"{ends:%Y-%m-%d}") == (since, until)

    @for_all(per=st.sampled_from(Per), at=st.datetimes(timezones=st.just(UTC)).filter(
        lambda at: 1900 < at.year < 2900))  # fmt: skip
    def test_hold_their_moment_and_meet_the_next(self, per, at):
        began, ends = window_of(per, at)
        assert began <= at < ends
        assert window_of(per, ends)[0] == ends

    @pytest.mark.parametrize(
        ("current", "wanted", "waits"),
        [
            (None, "10.00", False),
            ("10.00", "9.99", False),
            ("10.00", "10.01", True),
            ("10.00", None, True),
        ],
    )
    def test_stricter_counts_at_once_and_looser_a_day_later(self, now, current, wanted, waits):
        begins = begins_at(current=usd(current), wanted=usd(wanted), now=now)
        assert begins == (now + DAY if waits else now)


@pytest.mark.django_db
class TestSetting:
    def test_the_first_counts_at_once_and_a_higher_one_tomorrow(self, now):
        fan = ProfileFactory.create()

        first = limit(fan, Per.DAY, "20.00", now)
        assert (first.limit, first.then_at) == (usd("20.00"), None)
        raised = limit(fan, Per.DAY, "50.00", now)
        assert (raised.limit, raised.then, raised.then_at) == (
            usd("20.00"), usd("50.00"), now + DAY,
        )  # fmt: skip
        assert standing(fan, Per.DAY, now + DAY).limit == usd("50.00")
        assert standing(fan, Per.WEEK, now).limit is None

    def test_lowering_takes_back_a_raise_that_waits(self, now):
        fan = ProfileFactory.create()
        limit(fan, Per.DAY, "20.00", now)
        limit(fan, Per.DAY, None, now)
        lowered = limit(fan, Per.DAY, "10.00", now)
        assert (lowered.limit, lowered.then_at) == (usd("10.00"), None)
        assert standing(fan, Per.DAY, now + 2 * DAY).limit == usd("10.00")

    def test_asking_again_does_not_wait_anew_and_changes_nothing(self, now):
        fan = ProfileFactory.create()
        limit(fan, Per.DAY, "20.00", now)
        limit(fan, Per.DAY, "30.00", now)
        again = limit(fan, Per.DAY, "30.00", now + timedelta(hours=23))
        assert again.then_at == now + DAY
        limit(fan, Per.DAY, "20.00", now + timedelta(hours=23))  # the raise is taken back
        assert standing(fan, Per.DAY, now + 2 * DAY).limit == usd("20.00")
        rows = SpendingLimit.objects.count()
        limit(fan, Per.DAY, "20.00", now + timedelta(hours=23))
        assert SpendingLimit.objects.count() == rows

    def test_removing_counts_tomorrow(self, now):
        fan = ProfileFactory.create()
        limit(fan, Per.MONTH, "20.00", now)
        removed = limit(fan, Per.MONTH, None, now)
        assert (removed.limit, removed.then, removed.then_at) == (usd("20.00"), None, now + DAY)
        assert standing(fan, Per.MONTH, now + DAY).limit is None

    def test_nothing_and_strange_money_are_refused(self, now):
        fan = ProfileFactory.create()
        with pytest.raises(errors.AmountOutOfRange):
            limit(fan, Per.DAY, "0.00", now)
        with pytest.raises(errors.CurrencyNotOffered):
            payments.set_spending_limit(
                profile=fan, per=Per.DAY, amount=Money(1, "BTC"), currency="BTC", by=fan.user,
                now=now,
            )  # fmt: skip
        assert not SpendingLimit.objects.exists()


@pytest.mark.django_db
class TestHeldEverywhere:
    def test_a_purchase_up_to_the_cent_goes_and_one_cent_more_does_not(self, now):
        [fan] = funded("100.00", now=now)
        creator = CreatorFactory.create()
        limit(fan, Per.DAY, "20.00", now)
        tip(fan, creator, "15.00", now, "a")

        with pytest.raises(errors.SpendingLimitReached) as refused:
            tip(fan, creator, "5.01", now, "b")

        assert refused.value.facts == {
            "per": "DAY", "limit": "20.00", "left": "5.00", "currency": "USD",
            "resets_at": "2026-01-16T00:00:00+00:00",
        }  # fmt: skip
        assert wallet(fan) == 85_00
        assert Transaction.objects.filter(payer=fan).count() == 1
        tip(fan, creator, "5.00", now, "c")
        assert standing(fan, Per.DAY, now).left == usd("0.00")
        assert tip(fan, creator, "15.00", now, "a").idempotency_key == "a"  # a replay is free
        tip(fan, creator, "20.00", now + DAY, "d")

    def test_the_window_that_opens_last_is_named(self, now):
        [fan] = funded("100.00", now=now)
        limit(fan, Per.DAY, "5.00", now)
        limit(fan, Per.MONTH, "6.00", now)
        with pytest.raises(errors.SpendingLimitReached) as refused:
            tip(fan, CreatorFactory.create(), "7.00", now, "a")
        assert refused.value.facts["per"] == "MONTH"

    def test_by_card_what_is_on_its_way_counts_and_what_failed_does_not(self, now):
        fan, creator = ProfileFactory.create(), CreatorFactory.create()
        limit(fan, Per.WEEK, "30.00", now)
        first = given.a_card_tip(fan, creator, "25.00", now=now, key="a")
        with pytest.raises(errors.SpendingLimitReached):
            given.a_card_tip(fan, creator, "25.00", now=now, key="b")
        assert Transaction.objects.filter(payer=fan).count() == 1

        boss = UserFactory.create(is_superuser=True)
        payments.cancel_payment(transaction_id=first.pk, by=boss, reason="test", now=now)
        given.a_card_tip(fan, creator, "25.00", now=now, key="b")

    def test_a_deposit_is_not_spent_yet(self, now):
        fan = ProfileFactory.create()
        limit(fan, Per.DAY, "1.00", now)
        given.a_deposit(fan, "50.00", now=now)
        assert standing(fan, Per.DAY, now).spent == usd("0.00")

    def test_another_currency_and_another_fan_have_their_own(self, now):
        fan, other = funded("50.00", "50.00", now=now)
        creator = CreatorFactory.create()
        limit(fan, Per.DAY, "1.00", now)
        tip(other, creator, "10.00", now, "a")
        with pytest.raises(errors.SpendingLimitReached):
            tip(fan, creator, "10.00", now, "a")

    def test_what_went_back_can_be_spent_again(self, now, staff):
        [fan] = funded("50.00", now=now)
        creator = CreatorFactory.create()
        limit(fan, Per.DAY, "10.00", now)
        sold = tip(fan, creator, "10.00", now, "a")
        Transaction.objects.filter(pk=sold.pk).update(refunded_minor=10_00, status="REFUNDED")
        assert standing(fan, Per.DAY, now).spent == usd("0.00")

    def test_many_at_once_are_judged_one_after_the_other(self, now):
        fan, free = funded("50.00", "50.00", now=now)
        creator = CreatorFactory.create()
        limit(fan, Per.DAY, "25.00", now)
        sales = [a_sale(fan, creator, idempotency_key=f"k{n}") for n in range(3)]

        answers = sell([*sales, a_sale(free, creator)], now)

        assert [getattr(answer, "code", "sold") for answer in answers] == [
            "sold", "sold", "payments.spending_limit_reached", "sold",
        ]  # fmt: skip
        assert (wallet(fan), wallet(free)) == (30_00, 40_00)
        again = sell(sales, now)
        assert [getattr(answer, "replayed", None) for answer in again] == [True, True, None]

    def test_a_renewal_alone_is_held_to_it_too(self, now):
        [fan] = funded("50.00", now=now)
        limit(fan, Per.DAY, "9.99", now)
        purchase = a_purchase(fan, CreatorFactory.create(), occasion=Occasion.RENEWAL)
        with pytest.raises(errors.SpendingLimitReached), transaction.atomic():
            payments.sell_from_wallet(purchase, now=now)
        assert wallet(fan) == 50_00

    def test_who_has_no_limit_costs_one_query_for_all(self, now, django_assert_num_queries):
        fans = funded(*["5.00"] * 3, now=now)
        wanted = [(fan.pk, usd("1.00")) for fan in fans]
        with transaction.atomic(), django_assert_num_queries(1):
            assert breaches_of(wanted, now=now) == [None] * 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same_key", [False, True])
def test_two_purchases_at_once_against_one_limit(now, same_key):
    [fan] = funded("50.00", now=now)
    creator = CreatorFactory.create()
    limit(fan, Per.DAY, "15.00", now)
    results = []
    start = threading.Barrier(2)

    def work(key):
        try:
            start.wait(timeout=20)
            results.append(tip(fan, creator, "10.00", now, key).status)
        except errors.SpendingLimitReached as refused:
            results.append(refused.code)
        finally:
            close_old_connections()
            connection.close()

    threads = [
        threading.Thread(target=work, args=("one" if same_key else f"key-{n}",)) for n in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    second = "CAPTURED" if same_key else "payments.spending_limit_reached"
    assert sorted(results) == sorted(["CAPTURED", second])
    assert wallet(fan) == 40_00
    assert ledger.balance_of(postings.creator_payable(creator.pk), "USD").minor == 8_00
    assert Transaction.objects.filter(payer=fan, kind=Kind.TIP).count() == 1
