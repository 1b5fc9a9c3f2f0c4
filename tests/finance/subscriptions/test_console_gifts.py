"""Gifts in FanzDash: found by whoever asks about one, and given back with a reason."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.audit.models import AuditRecord
from apps.finance.payments import errors as payment_errors
from apps.finance.payments.choices import Method
from apps.finance.payments.models import Refund
from apps.finance.subscriptions import errors, services
from apps.finance.subscriptions.choices import GiftState
from apps.finance.subscriptions.models import Gift
from apps.finance.subscriptions.rules.gifts import TAKE_WITHIN
from apps.finance.subscriptions.services.gift_staff import return_gift_for
from tests import given_subscriptions as given
from tests.finance.payments.refunding import a_policy

pytestmark = pytest.mark.django_db
LIST = "admin:subscriptions_gift_changelist"


@pytest.fixture
def now():
    return timezone.now().replace(microsecond=0)


def a_gift(*, now, key="a-gift", **more) -> Gift:
    price = given.a_price("20.00")
    giver = given.a_subscriber("50.00", now=now, cluster=price.plan.cluster, **more)
    return services.buy_gift(
        giver=giver, price=price, method=Method.WALLET, idempotency_key=key, now=now,
        message="Happy birthday",
    )  # fmt: skip


def do(client, gift, **answers):
    address = reverse("admin:subscriptions_gift_do", args=["return"])
    preview = client.get(address, {"ids": gift.pk}).content.decode()
    answer = client.post(
        address, {"ids": gift.pk, "reason": "The giver wrote", **answers}, follow=True
    )
    return preview, answer.content.decode()


class TestFound:
    def find(self, client, **query) -> set[str]:
        found = client.get(reverse(LIST), query).content.decode()
        return set(re.findall(r"/subscriptions/gift/(\d+)/change/", found))

    def test_by_number_public_id_code_mail_and_handle(self, console, now):
        gift = a_gift(now=now, handle="kind-one", user__email="kind@mail.example")
        a_gift(now=now)
        client = console("support")

        for term in (
            f"#{gift.pk}", str(gift.public_id), gift.code, gift.code.lower(), "kind@mail.example",
            "@kind-one",
        ):  # fmt: skip
            assert self.find(client, q=term) == {str(gift.pk)}, term
        assert self.find(client, q="nobody") == set()

    def test_that_wait_and_that_should_have_gone_back(self, console, now):
        waits, late = a_gift(now=now), a_gift(now=now - TAKE_WITHIN - timedelta(days=1))
        client = console("finance")

        assert self.find(client, queue="waits") == {str(waits.pk), str(late.pk)}
        assert self.find(client, queue="overdue") == {str(late.pk)}

    def test_at_the_same_cost_however_many(self, console, now):
        client = console("finance")

        def cost() -> int:
            with CaptureQueriesContext(connection) as asked:
                assert client.get(reverse(LIST)).status_code == 200
            return len(asked)

        a_gift(now=now)
        cost()
        few = cost()
        for _ in range(3):
            a_gift(now=now)
        assert cost() == few

    def test_with_its_page_that_keeps_the_code(self, console, now):
        gift = a_gift(now=now)
        address = reverse("admin:subscriptions_gift_change", args=[gift.pk])
        text = console("support").get(address).content.decode()

        assert "Happy birthday" in text
        assert "Waits to be taken" in text
        assert gift.code not in text
        assert gift.code[-4:] in text


class TestGivenBack:
    def test_at_once_below_the_limit(self, console, now):
        a_policy(now=now, four_eyes_from_minor=100_00)
        gift = a_gift(now=now)
        preview, result = do(console("finance"), gift)

        assert "$20.00 goes back" in preview
        assert "nobody can take it any more" in result
        gift.refresh_from_db()
        assert gift.state == GiftState.RETURNED
        assert given.wallet_of(gift.giver) == "50.00"
        line = AuditRecord.objects.get(action="subscriptions.gift_returned")
        assert line.reason == "The giver wrote"
        with pytest.raises(errors.GiftOver):
            services.take_gift(fan=given.a_subscriber(now=now), code=gift.code, now=now)

    def test_waits_for_a_second_person_above_it(self, console, now):
        gift = a_gift(now=now)  # without a policy two decide about every refund
        _, result = do(console("support"), gift)

        assert "somebody else must approve" in result
        gift.refresh_from_db()
        assert gift.state == GiftState.PAID
        assert given.wallet_of(gift.giver) == "30.00"
        assert Refund.objects.get().state == "REQUESTED"

    def test_asked_for_again_changes_nothing(self, staff, now):
        a_policy(now=now, four_eyes_from_minor=100_00)
        gift, by = a_gift(now=now), staff("finance")
        for _ in range(2):
            return_gift_for(gift_id=gift.public_id, by=by, reason="Asked", now=now)
        assert Refund.objects.count() == 1
        assert given.wallet_of(gift.giver) == "50.00"

    def test_not_one_that_is_taken(self, console, staff, now):
        gift = a_gift(now=now)
        services.take_gift(fan=given.a_subscriber(now=now), code=gift.code, now=now)
        with pytest.raises(errors.WrongState):
            return_gift_for(gift_id=gift.public_id, by=staff("finance"), reason="x", now=now)
        assert not Refund.objects.exists()

    @pytest.mark.parametrize(
        ("role", "reason", "error"),
        [
            ("compliance", "x", errors.StaffNotAllowed),
            ("finance", " ", errors.ReasonMissing),
            ("finance", "x" * 201, errors.ReasonMissing),
        ],
    )
    def test_not_by_others_or_without_a_reason(self, staff, now, role, reason, error):
        gift = a_gift(now=now)
        with pytest.raises(error):
            return_gift_for(gift_id=gift.public_id, by=staff(role), reason=reason, now=now)
        assert given.wallet_of(gift.giver) == "30.00"

    def test_keeps_nothing_where_the_refund_is_refused(self, staff, now):
        by = staff("finance")
        gift = a_gift(now=now)
        gift.giver.user = by
        gift.giver.save()
        with pytest.raises(payment_errors.OwnPayment):
            return_gift_for(gift_id=gift.public_id, by=by, reason="Mine", now=now)
        gift.refresh_from_db()
        assert gift.state == GiftState.PAID
        assert not AuditRecord.objects.filter(action="subscriptions.gift_returned").exists()
