"""Who pays a subscription by a card about to expire is told once, and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.finance.payments.models import PaymentMethod
from apps.finance.subscriptions.choices import RenewsBy
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.services.expiring import warn_of_expiring_cards
from apps.notifications.models import Message
from tests import given_subscriptions as given
from tests.factories.payments import MerchantAccountFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)


def paid_by_card(*, expires: str = "2026-02", now: datetime = NOW, **more) -> Subscription:
    it = given.a_subscription(now=now, **more)
    means = PaymentMethod.objects.create(
        profile=it.fan,
        merchant_account=MerchantAccountFactory.of(it.cluster),
        gateway="ccbill",
        sealed_token="sealed",
        token_digest=f"{it.pk:064}",
        brand="visa",
        last4="4242",
        expires=expires,
        created_at=now,
    )
    Subscription.objects.filter(pk=it.pk).update(means=means, renews_by=RenewsBy.MEANS)
    return given.fresh(it)


def mails():
    return Message.objects.filter(kind="card.expiring")


def test_by_its_name_its_end_and_where_to_choose_another():
    it = paid_by_card()
    assert warn_of_expiring_cards(now=NOW) == 1

    mail = mails().get()
    assert mail.user_id == it.fan.user_id
    assert mail.context["card"] == "Visa ending in 4242"
    assert mail.context["expires_on"] == "2026-02-28"
    assert mail.context["creator"] == it.creator.display_name
    assert mail.context["manage_url"].endswith(f"/subscriptions/{it.public_id}/")


def test_once_however_often_it_is_looked_at():
    it = paid_by_card()
    for days in (0, 1, 20):
        warn_of_expiring_cards(now=NOW + timedelta(days=days))
    assert mails().count() == 1

    # Its gateway told of a later end: another year, another word.
    PaymentMethod.objects.filter(pk=it.means_id or 0).update(expires="2027-02")
    warn_of_expiring_cards(now=NOW.replace(year=2027))
    assert mails().count() == 2


def test_once_for_a_card_that_pays_several():
    it = paid_by_card()
    other = given.a_subscription(now=NOW, fan=it.fan, price=given.a_price())
    Subscription.objects.filter(pk=other.pk).update(means=it.means, renews_by=RenewsBy.MEANS)

    assert warn_of_expiring_cards(now=NOW) == 1
    assert mails().get().context["manage_url"].endswith("/subscriptions/")
    assert mails().get().context["creator"] == ""


@pytest.mark.parametrize(
    ("expires", "told"),
    [("2025-12", 0), ("2026-01", 1), ("2026-02", 1), ("2026-03", 0), ("", 0)],
)
def test_in_its_last_month_and_the_one_before(expires, told):
    paid_by_card(expires=expires)
    assert warn_of_expiring_cards(now=NOW) == told


@pytest.mark.parametrize(
    "change",
    [
        {"renews_by": RenewsBy.WALLET},
        {"cancel_at_end": True, "cancelled_at": NOW},
        {"means": None},
        {"state": "ENDED", "ended_at": NOW, "end_reason": "UNPAID", "due_at": None,
         "remind_at": None},
    ],
)  # fmt: skip
def test_not_who_pays_nothing_by_it_any_more(change):
    it = paid_by_card()
    Subscription.objects.filter(pk=it.pk).update(**change)
    assert warn_of_expiring_cards(now=NOW) == 0


def test_not_who_removed_it():
    it = paid_by_card()
    PaymentMethod.objects.filter(pk=it.means_id or 0).update(
        removed_at=NOW, sealed_token="", is_default=False
    )
    assert warn_of_expiring_cards(now=NOW) == 0


def test_all_of_many_by_batches_without_a_question_for_each():
    def cost(limit: int) -> int:
        with CaptureQueriesContext(connection) as asked:
            warn_of_expiring_cards(now=NOW, limit=limit)
        return len(asked)

    paid_by_card()
    few = cost(100)
    for _ in range(4):
        paid_by_card()
    assert cost(100) == few
    assert mails().count() == 5

    paid_by_card(expires="2026-01")
    assert warn_of_expiring_cards(now=NOW, limit=2) == 1
