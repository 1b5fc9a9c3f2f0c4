"""New prices for those who are subscribed: who is told what and when, and what silence means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Profile, User
from apps.audit.models import AuditRecord
from apps.core.errors import DomainError
from apps.finance.subscriptions import errors
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import Consent, EndReason, RenewsBy, State
from apps.finance.subscriptions.models import Price, PriceChange, Subscription, SubscriptionEvent
from apps.finance.subscriptions.rules.notice import TOLD_AFTER, mailed_at, pays_from
from apps.finance.subscriptions.rules.periods import Anchor
from apps.finance.subscriptions.selectors import price_changes as queries
from apps.notifications.models import Message
from tests.factories.accounts import ProfileFactory
from tests.factories.subscriptions import PriceFactory, SubscriptionFactory
from tests.finance.subscriptions.priced import live, planned, prices_of_two, usd

pytestmark = pytest.mark.django_db


def _mails() -> list[Message]:
    return list(Message.objects.filter(kind="subscription.price_change").order_by("id"))


class TestPlanning:
    def test_a_rise_is_planned_30_days_ahead_and_written_down(self, now: datetime) -> None:
        old, new = prices_of_two(now)
        change = planned(old, new, now, days=30, reason="Costs more to make")
        assert (change.old, change.new, change.needs_consent) == (old, new, False)
        [record] = AuditRecord.objects.filter(action="subscriptions.price_change_planned")
        assert record.reason == "Costs more to make"
        assert (record.facts["old"], record.facts["new"]) == ("10.00 USD", "12.00 USD")

    @pytest.mark.parametrize(
        ("new", "days", "error"),
        [
            ("12.00", 29, errors.ChangeTooSoon),
            ("9.00", -1, errors.ChangeTooSoon),
            ("12.00", 400, errors.PriceInvalid),
        ],
    )
    def test_a_day_that_does_not_do_is_refused(
        self, now: datetime, new: str, days: int, error: type[DomainError]
    ) -> None:
        with pytest.raises(error):
            planned(*prices_of_two(now, new), now, days=days)
        assert not PriceChange.objects.exists()

    def test_a_lower_price_may_hold_at_once(self, now: datetime) -> None:
        assert not planned(*prices_of_two(now, "9.00"), now, days=0).needs_consent

    def test_only_from_a_replaced_price_to_the_open_one_of_its_plan_and_length(
        self, now: datetime
    ) -> None:
        old, new = prices_of_two(now)
        year_old, year_new = prices_of_two(now, "90.00", plan=old.plan, months=12, amount="80.00")
        other_old, _ = prices_of_two(now)
        life_old, life_new = prices_of_two(now, "90.00", plan=old.plan, months=0, amount="80.00")
        for one, another, error in [
            (new, old, errors.PriceInvalid),
            (new, new, errors.PriceInvalid),
            (old, year_new, errors.PriceInvalid),
            (year_old, new, errors.PriceInvalid),
            (life_old, life_new, errors.PriceInvalid),
            (old, other_old, errors.PriceNotFound),
        ]:
            with pytest.raises(error):
                planned(one, another, now)
        with pytest.raises(errors.StaffNotAllowed):
            planned(old, new, now, by=ProfileFactory.create().user)
        assert not PriceChange.objects.exists()

    def test_a_price_changes_once_until_the_change_is_taken_back(self, now: datetime) -> None:
        old, new = prices_of_two(now)
        change, by = planned(old, new, now), old.plan.creator.user
        with pytest.raises(errors.ChangeWaiting):
            planned(old, new, now)
        for _ in range(2):
            subscriptions.withdraw_price_change(change=change, by=by, now=now)
        planned(old, new, now)
        assert PriceChange.objects.filter(withdrawn_at__isnull=False).count() == 1

    def test_nobody_moves_the_subscribers_of_an_archived_plan(self, now: datetime) -> None:
        old, new = prices_of_two(now)
        subscriptions.archive_plan(plan=old.plan, by=old.plan.creator.user, now=now)
        with pytest.raises(errors.PlanArchived):
            planned(old, new, now)

    def test_what_holds_cannot_be_taken_back(self, now: datetime) -> None:
        old, new = prices_of_two(now)
        change, by = planned(old, new, now), old.plan.creator.user
        with pytest.raises(errors.WrongState):
            subscriptions.withdraw_price_change(change=change, by=by, now=change.effective_at)
        change.refresh_from_db()
        assert change.withdrawn_at is None


class TestTelling:
    def test_subscribers_are_told_a_day_later_and_once(self, now: datetime) -> None:
        old, new = prices_of_two(now)
        row = live(old, now)
        change = planned(old, new, now)
        early = now + TOLD_AFTER - timedelta(seconds=1)
        assert subscriptions.tell_price_changes(now=early) == 0
        at = now + TOLD_AFTER
        assert subscriptions.tell_price_changes(now=at) == 1
        assert subscriptions.tell_price_changes(now=at + timedelta(days=1)) == 0
        row.refresh_from_db()
        change.refresh_from_db()
        assert (row.price_change, row.consent) == (change, Consent.NOT_NEEDED)
        assert (row.price, row.amount) == (old, usd("10.00"))
        assert (change.told_at, change.told_up_to) == (at, row.pk)
        [line] = SubscriptionEvent.objects.filter(subscription=row)
        assert line.reason == "Told of a new price"
        [mail] = _mails()
        # It renews on 5 February, before the change, and next on 5 March.
        assert row.current_until == datetime(2026, 2, 5, 12, tzinfo=UTC)
        assert mail.context["effective_on"] == "2026-03-05"
        assert (mail.context["old_price"], mail.context["new_price"]) == ("$10.00", "$12.00")
        assert (mail.context["consent_needed"], mail.subject_ref) == (False, row.source)
        assert mail.send_at == datetime(2026, 2, 3, 12, tzinfo=UTC)

    def test_a_yearly_one_is_told_30_days_before_its_own_charge(self, now: datetime) -> None:
        old, new = prices_of_two(now, "90.00", months=12, amount="80.00")
        live(old, now, current_until=now + timedelta(days=200))
        planned(old, new, now)
        subscriptions.tell_price_changes(now=now + TOLD_AFTER)
        [mail] = _mails()
        assert mail.send_at == now + timedelta(days=170)
        assert mail.context["effective_on"] == (now + timedelta(days=200)).date().isoformat()

    def test_who_pays_nothing_more_by_us_is_not_told(self, now: datetime) -> None:
        old, new = prices_of_two(now)
        live(old, now, cancel_at_end=True, cancelled_at=now)
        live(old, now, renews_by=RenewsBy.GATEWAY)
        live(old, now, renews_by=RenewsBy.NOBODY)
        live(old, now, state=State.ENDED, ended_at=now, end_reason=EndReason.CANCELLED)
        live(new, now)
        SubscriptionFactory.create(price=old)
        planned(old, new, now)
        assert subscriptions.tell_price_changes(now=now + TOLD_AFTER) == 0
        assert not _mails()
        assert not Subscription.objects.filter(price_change__isnull=False).exists()

    def test_trials_paused_and_past_due_ones_are_told(self, now: datetime) -> None:
        old, new = prices_of_two(now)
        live(old, now, state=State.TRIALING)
        live(old, now, state=State.PAST_DUE)
        resumes_at = now + timedelta(days=80)
        paused = live(old, now, state=State.PAUSED, paused_at=now, resumes_at=resumes_at)
        planned(old, new, now)
        assert subscriptions.tell_price_changes(now=now + TOLD_AFTER) == 3
        days = {mail.subject_ref: mail.context["effective_on"] for mail in _mails()}
        assert days.pop(paused.source) == resumes_at.date().isoformat()
        assert set(days.values()) == {"2026-03-05"}

    @pytest.mark.parametrize(
        ("new", "country", "consent"),
        [
            ("15.00", "US-CA", Consent.NOT_NEEDED),
            ("15.01", "US-CA", Consent.WAITING),
            ("10.01", "DE", Consent.WAITING),
            ("10.01", "FR", Consent.NOT_NEEDED),
            ("9.00", "DE", Consent.NOT_NEEDED),
        ],
    )
    def test_who_must_agree_is_asked(
        self, now: datetime, new: str, country: str, consent: Consent
    ) -> None:
        old, price = prices_of_two(now, new)
        row = live(old, now, buyer_country=country)
        planned(old, price, now)
        subscriptions.tell_price_changes(now=now + TOLD_AFTER)
        row.refresh_from_db()
        assert row.consent == consent
        [mail] = _mails()
        asked = consent == Consent.WAITING
        assert mail.context["consent_needed"] is asked
        assert ("consent_url" in mail.context) is asked

    def test_three_thousand_are_told_in_pages_of_as_many_queries_as_a_page_of_ten(
        self, now: datetime, boyfanz: Any
    ) -> None:
        few, many = prices_of_two(now), prices_of_two(now)
        _subscribers(few[0], 10, now)
        _subscribers(many[0], 3_000, now)
        planned(*few, now)
        planned(*many, now)
        at = now + TOLD_AFTER
        with CaptureQueriesContext(connection) as small:
            assert subscriptions.tell_price_changes(now=at, pages=1) == 10
        with CaptureQueriesContext(connection) as large:
            assert subscriptions.tell_price_changes(now=at, pages=1) == 1_000
        assert len(large) == len(small) <= 15
        assert subscriptions.tell_price_changes(now=at, pages=1) == 1_000
        assert subscriptions.tell_price_changes(now=at) == 1_000
        assert Message.objects.count() == 3_010
        assert Subscription.objects.filter(price_change__old=many[0]).count() == 3_000
        assert PriceChange.objects.filter(told_at=at).count() == 2


class TestAnswers:
    def _asked(self, now: datetime) -> Subscription:
        old, new = prices_of_two(now, "20.00")
        row = live(old, now)
        planned(old, new, now)
        subscriptions.tell_price_changes(now=now + TOLD_AFTER)
        row.refresh_from_db()
        return row

    def test_a_fan_agrees_refuses_and_agrees_after_all(self, now: datetime) -> None:
        row = self._asked(now)
        wish: dict[str, Any] = {"subscription_id": row.public_id, "fan": row.fan, "now": now}
        for answer, consent in [
            (subscriptions.agree_to_price, Consent.GIVEN),
            (subscriptions.agree_to_price, Consent.GIVEN),
            (subscriptions.refuse_price, Consent.REFUSED),
            (subscriptions.agree_to_price, Consent.GIVEN),
        ]:
            answer(**wish)
            row.refresh_from_db()
            assert row.consent == consent
        lines = SubscriptionEvent.objects.filter(subscription=row, by=row.fan.user)
        assert lines.count() == 3

    def test_only_the_fan_answers_and_only_what_was_asked(self, now: datetime) -> None:
        row = self._asked(now)
        with pytest.raises(errors.SubscriptionNotFound):
            subscriptions.agree_to_price(
                subscription_id=row.public_id, fan=ProfileFactory.create(), now=now
            )
        plain = live(PriceFactory.create(), now)
        with pytest.raises(errors.NoConsentNeeded):
            subscriptions.refuse_price(subscription_id=plain.public_id, fan=plain.fan, now=now)
        row.refresh_from_db()
        assert row.consent == Consent.WAITING

    def test_a_change_that_is_taken_back_asks_nothing_and_mails_nothing(
        self, now: datetime
    ) -> None:
        row = self._asked(now)
        change = row.price_change
        assert change is not None
        subscriptions.withdraw_price_change(
            change=change, by=row.creator.user, now=now + timedelta(days=2)
        )
        with pytest.raises(errors.NoConsentNeeded):
            subscriptions.agree_to_price(subscription_id=row.public_id, fan=row.fan, now=now)
        assert subscriptions.tell_price_changes(now=now + timedelta(days=2)) == 1
        assert subscriptions.tell_price_changes(now=now + timedelta(days=2)) == 0
        row.refresh_from_db()
        assert (row.price_change, row.consent) == (None, Consent.NOT_NEEDED)
        [mail] = _mails()
        assert mail.state == "WITHDRAWN"


class TestPreview:
    def test_it_says_who_is_told_what_and_when_and_keeps_nothing(
        self, now: datetime, django_assert_num_queries: Callable[..., Any]
    ) -> None:
        old, new = prices_of_two(now)
        rows = [live(old, now) for _ in range(7)]
        live(old, now, buyer_country="DE")
        live(old, now, cancel_at_end=True, cancelled_at=now)
        live(old, now, renews_by=RenewsBy.GATEWAY)
        with django_assert_num_queries(6):
            shown = queries.preview(
                old=old, new=new, effective_at=now + timedelta(days=40), now=now
            )
        assert (shown.told, shown.must_agree, shown.leaving, shown.by_gateway) == (8, 1, 1, 1)
        assert shown.told_from == now + TOLD_AFTER
        assert [each.subscription for each in shown.first] == rows[:5]
        assert shown.first[0].mailed_at == datetime(2026, 2, 3, 12, tzinfo=UTC)
        assert shown.first[0].pays_from == datetime(2026, 3, 5, 12, tzinfo=UTC)
        assert not PriceChange.objects.exists()
        with pytest.raises(errors.ChangeTooSoon):
            queries.preview(old=old, new=new, effective_at=now + timedelta(days=3), now=now)

    def test_the_answers_to_changes_are_one_query(
        self, now: datetime, django_assert_num_queries: Callable[..., Any]
    ) -> None:
        old, new = prices_of_two(now, "20.00")
        rows = [live(old, now) for _ in range(3)]
        change = planned(old, new, now)
        subscriptions.tell_price_changes(now=now + TOLD_AFTER)
        for row, answer in ((rows[0], subscriptions.agree_to_price),
                            (rows[1], subscriptions.refuse_price)):  # fmt: skip
            answer(subscription_id=row.public_id, fan=row.fan, now=now)
        with django_assert_num_queries(1):
            answers = queries.answers_to([change])
        assert answers == {change.pk: queries.Answers(3, waiting=1, given=1, refused=1)}


def test_the_first_period_at_a_new_price_is_counted_from_the_anchor() -> None:
    began = datetime(2026, 1, 31, 9, tzinfo=UTC)
    found = pays_from(
        anchor=Anchor(began, 1, 1),
        last_number=1,
        current_until=datetime(2026, 2, 28, 9, tzinfo=UTC),
        effective_at=datetime(2026, 3, 15, tzinfo=UTC),
    )
    assert found == datetime(2026, 3, 31, 9, tzinfo=UTC)
    assert mailed_at(pays_from=found, told_at=began) == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert mailed_at(pays_from=found, told_at=found) == found


def _subscribers(price: Price, count: int, now: datetime) -> None:
    cluster = price.plan.cluster
    users = User.objects.bulk_create(
        User(email=f"s{price.pk}-{n}@mail.example") for n in range(count)
    )
    fans = Profile.objects.bulk_create(
        Profile(user=user, cluster=cluster, handle=f"s{price.pk}-{n}", display_name=f"S {n}")
        for n, user in enumerate(users)
    )
    one = live(price, now)
    own = {"id", "public_id", "fan_id", "idempotency_key"}
    names = {field.attname for field in Subscription._meta.concrete_fields} - own
    values = {name: getattr(one, name) for name in names}
    Subscription.objects.bulk_create(
        Subscription(**values, fan=fan, idempotency_key=f"many-{fan.pk}") for fan in fans[1:]
    )
