"""One row that raises stops no other, by whatever road it is billed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.accounts.models import Profile
from apps.core import http
from apps.finance.payments.models import Transaction
from apps.finance.subscriptions.choices import RenewsBy, State
from apps.finance.subscriptions.models import BillingFailure, Period, Subscription
from apps.finance.subscriptions.services import outcomes
from apps.finance.subscriptions.services.isolate import isolated
from apps.finance.subscriptions.services.renewed import Renewed, write_renewed
from apps.finance.subscriptions.services.runs import LEFT_ALONE
from apps.finance.subscriptions.services.tick import bill_due
from tests.finance.payments.charging import an_account, sales_of, stored_means
from tests.finance.subscriptions import crowd

pytestmark = pytest.mark.django_db(transaction=True)

DUE = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOW = DUE + timedelta(minutes=3)


@pytest.fixture(autouse=True)
def whole_breakers() -> Any:
    http.reset_breakers()
    yield
    http.reset_breakers()


@pytest.fixture
def three_by_card(sandbox: Any) -> list[Subscription]:
    fans = crowd.subscribers(3, due=DUE, among=crowd.prices(1), wallet="")
    for number, fan in enumerate(Profile.objects.filter(pk__in=fans).order_by("pk")):
        if not number:
            an_account(fan)
        means = stored_means(sandbox, fan, now=DUE - timedelta(days=20), key=f"keep-{number}")
        Subscription.objects.filter(fan=fan).update(renews_by=RenewsBy.MEANS, means=means)
    return list(Subscription.objects.order_by("pk"))


def charged() -> list[int]:
    paid = Transaction.objects.filter(occasion="RENEWAL", status="CAPTURED")
    return sorted(paid.values_list("payer_id", flat=True))


@pytest.mark.parametrize("renews_by", [RenewsBy.MEANS, RenewsBy.WALLET])
def test_one_that_cannot_be_claimed_stops_no_other(
    three_by_card: list[Subscription], renews_by: RenewsBy
) -> None:
    bad, *others = three_by_card
    Subscription.objects.update(renews_by=renews_by)
    Subscription.objects.filter(pk=bad.pk).update(timezone="Nowhere/At_All")

    billed = bill_due(now=NOW)

    assert (billed.renewed, billed.failed) == (2, 1)
    assert charged() == sorted(each.fan_id for each in others)
    failure = BillingFailure.objects.get()
    assert (failure.subscription_id, failure.code) == (bad.pk, "ZoneInfoNotFoundError")
    bad.refresh_from_db()
    assert (bad.state, bad.due_at, bad.period_number) == (State.ACTIVE, NOW + LEFT_ALONE, 1)
    assert not Period.objects.filter(subscription=bad, number=2).exists()
    Subscription.objects.filter(pk=bad.pk).update(timezone="UTC", renews_by=RenewsBy.MEANS)
    assert bill_due(now=NOW + LEFT_ALONE).renewed == 1


def test_one_whose_outcome_cannot_be_written_stops_no_other_and_is_charged_once(
    three_by_card: list[Subscription], sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, *others = three_by_card
    write = write_renewed

    def raises(renewed: Sequence[Renewed], *, now: datetime) -> None:
        if any(each.charge.due.pk == bad.pk for each in renewed):
            raise RuntimeError("no")
        write(renewed, now=now)

    with monkeypatch.context() as broken:
        broken.setattr(outcomes, "write_renewed", raises)
        billed = bill_due(now=NOW)

    assert (billed.renewed, billed.failed) == (2, 1)
    assert Period.objects.filter(number=2, state="PAID").count() == 2
    bad.refresh_from_db()
    assert (bad.period_number, bad.due_at) == (1, NOW + LEFT_ALONE)
    assert bill_due(now=NOW + LEFT_ALONE).renewed == 1
    for each in (bad, *others):
        paid = Transaction.objects.get(payer_id=each.fan_id, occasion="RENEWAL")
        assert len(sales_of(sandbox, paid)) == 1


def test_halves_are_tried_down_to_the_one_and_what_claims_nothing_is_raised() -> None:
    done: list[list[int]] = []

    def batch(*, claimed: list[int], among: Any) -> list[int]:
        claimed.extend(range(7) if among is None else among)
        if 3 in claimed:
            raise RuntimeError("no")
        done.append(list(claimed))
        return list(claimed)

    answers = isolated(batch, alone=lambda pk, error: [-pk])
    assert answers == [[0, 1, 2], [-3], [4], [5, 6]]
    assert done == [[0, 1, 2], [4], [5, 6]]

    def nothing(*, claimed: list[int], among: Any) -> list[int]:
        raise RuntimeError("the database is gone")

    with pytest.raises(RuntimeError, match="gone"):
        isolated(nothing, alone=lambda pk, error: [])
