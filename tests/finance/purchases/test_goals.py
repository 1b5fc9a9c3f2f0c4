"""Goals: each captured tip counts once, less what went back of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from apps.accounts.models import Profile, User
from apps.clusters.models import Cluster
from apps.core.money import Money
from apps.finance.payments import services as payments
from apps.finance.payments.adapters.base import Told
from apps.finance.payments.models import Transaction
from apps.finance.purchases import errors, rules, services
from apps.finance.purchases.choices import GoalState
from apps.finance.purchases.models import Goal, GoalTip
from apps.finance.purchases.services.goals import follow_tip
from apps.notifications.models import Message
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.factories.payments import MerchantAccountFactory
from tests.finance.payments.refunding import a_policy, ask, captured
from tests.finance.payments.test_disputes import hear as hear_dispute
from tests.finance.payments.test_refunds import done
from tests.finance.purchases.selling import earned, moved, usd, wallet
from tests.finance.purchases.test_follow import deliver_all

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def goal(creator: Profile, now: datetime) -> Goal:
    return services.open_goal(creator=creator, title="A new bed", target=usd("50.00"), now=now)


def tip(goal: Goal, fan: Profile, amount: str, *, now: datetime, key: str = "tip") -> Transaction:
    MerchantAccountFactory.of(fan.cluster)
    return services.tip_goal(
        goal=goal, fan=fan, amount=usd(amount), message="Sleep well", key=key, now=now
    )


def now_of(goal: Goal) -> tuple[str, str]:
    goal.refresh_from_db()
    return str(goal.raised.decimal), goal.state


def test_a_tip_counts_when_it_is_captured_and_once(
    fan: Profile, creator: Profile, goal: Goal, now: datetime
) -> None:
    paid = tip(goal, fan, "20.00", now=now)
    assert now_of(goal) == ("0.00", "OPEN")

    captured(paid, now=now)
    deliver_all(now)
    for _ in range(2):
        follow_tip(subject=goal.subject, transaction_id=paid.pk, payer_id=fan.pk, now=now)

    assert now_of(goal) == ("20.00", "OPEN")
    assert (paid.message, earned(creator)) == ("Sleep well", "16.00")


def test_a_tip_from_the_wallet_counts_at_once(fan: Profile, goal: Goal, now: datetime) -> None:
    given.a_funded_wallet(fan, "100.00", now=now)
    for _ in range(2):
        services.tip_goal_from_wallet(
            goal=goal, fan=fan, amount=usd("50.00"), message="", key="tip", now=now
        )

    assert now_of(goal) == ("50.00", "REACHED")
    assert goal.reached_at == now
    assert wallet(fan) == "50.00"
    deliver_all(now)
    assert now_of(goal) == ("50.00", "REACHED")
    assert Message.objects.filter(kind="goal.reached", user=fan.user).count() == 1


def test_what_goes_back_does_not_count(
    fan: Profile, goal: Goal, staff: Callable[..., User], now: datetime
) -> None:
    a_policy(now=now)
    paid = captured(tip(goal, fan, "50.00", now=now), now=now)
    deliver_all(now)
    assert now_of(goal) == ("50.00", "REACHED")

    clerk = staff("finance")
    done(ask(paid, "20.00", by=clerk, now=now), now=now)
    deliver_all(now)
    assert now_of(goal) == ("30.00", "OPEN")

    done(ask(paid, "30.00", by=clerk, now=now), now=now)
    deliver_all(now)
    assert now_of(goal) == ("0.00", "OPEN")


@pytest.mark.parametrize("backwards", [False, True])
def test_a_dispute_takes_it_away_and_a_win_brings_it_back_in_any_order(
    fan: Profile, goal: Goal, now: datetime, backwards: bool
) -> None:
    a_policy(now=now)
    paid = captured(tip(goal, fan, "20.00", now=now), now=now)
    hear_dispute(paid, Told.CHARGEBACK, at=now + DAY, amount="20.00", now=now + DAY)
    deliver_all(now, backwards=backwards)
    assert now_of(goal) == ("0.00", "OPEN")

    hear_dispute(paid, Told.CHARGEBACK_WON, at=now + 2 * DAY, now=now + 2 * DAY)
    deliver_all(now)

    assert now_of(goal) == ("20.00", "OPEN")
    assert GoalTip.objects.count() == 1


def test_a_closed_goal_takes_no_more_but_what_was_begun_still_counts(
    fan: Profile, creator: Profile, goal: Goal, now: datetime
) -> None:
    begun = tip(goal, fan, "60.00", now=now)
    services.close_goal(goal_id=goal.pk, by=creator.user, reason="", now=now)
    before = moved()

    with pytest.raises(errors.GoalClosed):
        tip(Goal.objects.get(pk=goal.pk), fan, "20.00", now=now, key="late")

    assert moved() == before
    captured(begun, now=now)
    deliver_all(now)
    assert now_of(goal) == ("60.00", "CLOSED")


def test_a_tip_for_another_creator_counts_nothing(fan: Profile, goal: Goal, now: datetime) -> None:
    """The subject is only text: the payment must be to the goal's creator."""
    MerchantAccountFactory.of(fan.cluster)
    other = CreatorFactory.create(cluster=fan.cluster)
    paid = payments.start_card_tip(
        fan=fan, creator=other, amount=usd("20.00"), message="", idempotency_key="x", now=now,
        subject=goal.subject,
    )  # fmt: skip
    captured(paid, now=now)
    deliver_all(now)

    assert now_of(goal) == ("0.00", "OPEN")


def test_refusals_move_nothing(fan: Profile, goal: Goal, now: datetime) -> None:
    stranger = ProfileFactory.create(cluster=Cluster.objects.get(slug="girlfanz"))
    before = moved()

    with pytest.raises(errors.GoalNotFound):
        tip(goal, stranger, "20.00", now=now)
    with pytest.raises(errors.CurrencyDiffers):
        services.tip_goal(
            goal=goal, fan=fan, amount=Money.of("20.00", "EUR"), message="", key="k", now=now
        )
    with pytest.raises(errors.GoalNotFound):
        services.close_goal(goal_id=goal.pk, by=fan.user, reason="", now=now)
    with pytest.raises(errors.NotACreator):
        services.open_goal(creator=fan, title="Mine", target=usd("5.00"), now=now)

    assert moved() == before
    assert now_of(goal) == ("0.00", GoalState.OPEN)


def test_five_goals_are_open_at_most(creator: Profile, goal: Goal, now: datetime) -> None:
    for number in range(rules.OPEN_GOALS - 1):
        services.open_goal(creator=creator, title=f"{number}", target=usd("5.00"), now=now)

    with pytest.raises(errors.TooManyGoals):
        services.open_goal(creator=creator, title="sixth", target=usd("5.00"), now=now)

    services.close_goal(goal_id=goal.pk, by=creator.user, reason="", now=now)
    services.open_goal(creator=creator, title="sixth", target=usd("5.00"), now=now)
    assert Goal.objects.exclude(state=GoalState.CLOSED).count() == rules.OPEN_GOALS
