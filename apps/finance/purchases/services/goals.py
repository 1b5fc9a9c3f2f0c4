"""Creators collect for a goal; each captured tip counts once, less what went back of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.transaction import atomic

from apps.accounts.models import Profile, User
from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Method
from apps.finance.payments.selectors.transactions import transactions_of
from apps.finance.purchases import errors, rules
from apps.finance.purchases.choices import GoalState
from apps.finance.purchases.models import Goal, GoalTip
from apps.finance.purchases.selectors.goals import givers_of
from apps.finance.purchases.services.tell import tell_reached
from apps.finance.tax.selectors import Buyer

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction

#: Of those who gave, so many newest are told that it is reached.
TOLD = 1_000


@atomic
def open_goal(*, creator: Profile, title: str, target: Money, now: datetime) -> Goal:
    """
    Begin to collect for something; at most five goals of a creator are open at once.

    :raises NotACreator: the profile is a fan's
    :raises TitleMissing: the title is empty or too long
    :raises PriceOutOfRange: the target is too low or too high
    :raises TooManyGoals: five are open
    """
    if not creator.is_creator:
        raise errors.NotACreator
    title = rules.clean_title(title)
    rules.check_target(target)
    Profile.objects.select_for_update(no_key=True).get(pk=creator.pk)
    running = Goal.objects.filter(creator=creator).exclude(state=GoalState.CLOSED)
    if running.count() >= rules.OPEN_GOALS:
        raise errors.TooManyGoals(most=rules.OPEN_GOALS)
    goal = Goal.objects.create(
        creator=creator,
        cluster_id=creator.cluster_id,
        title=title,
        target_minor=target.minor,
        currency=target.currency,
    )
    _audit(goal, "purchases.goal_opened", creator.user, now)
    return goal


@atomic
def close_goal(*, goal_id: int, by: User, reason: str, now: datetime) -> Goal:
    """
    Stop collecting; what was given stays given, and what still comes in still counts. Again: no
    change.

    :raises GoalNotFound: there is none by this id, or ``by`` is neither its creator nor staff who
        may close goals
    """
    goal = Goal.objects.select_for_update(of=("self",)).filter(pk=goal_id).first()
    is_own = goal is not None and goal.creator.user_id == by.pk
    if goal is None or not (is_own or by.has_perm("purchases.close_goal")):
        raise errors.GoalNotFound
    if goal.state != GoalState.CLOSED:
        goal.state, goal.closed_at = GoalState.CLOSED, now
        goal.save(update_fields=["state", "closed_at", "updated_at"])
        _audit(goal, "purchases.goal_closed", by, now, reason)
    return goal


def tip_goal(
    *,
    goal: Goal,
    fan: Profile,
    amount: Money,
    message: str,
    key: str,
    now: datetime,
    place: Buyer | None = None,
    method: Method = Method.CARD,
    pay_by: payments.PayBy | None = None,
) -> Transaction:
    """
    Begin a tip towards a goal outside the wallet; it counts when it is captured.

    :raises GoalNotFound: it is on another brand
    :raises GoalClosed: nothing is collected for it any more
    :raises CurrencyDiffers: it is collected in another currency
    :raises: what ``payments.start_card_tip`` raises
    """
    _check(goal, fan, amount)
    return payments.start_card_tip(
        fan=fan,
        creator=goal.creator,
        amount=amount,
        message=message,
        idempotency_key=key,
        now=now,
        buyer=place,
        method=method,
        pay_by=pay_by,
        subject=goal.subject,
    )


@atomic
def tip_goal_from_wallet(
    *,
    goal: Goal,
    fan: Profile,
    amount: Money,
    message: str,
    key: str,
    now: datetime,
    place: Buyer | None = None,
) -> Transaction:
    """
    Tip towards a goal from the fan's wallet: captured, booked and counted at once.

    :raises GoalNotFound, GoalClosed, CurrencyDiffers: see ``tip_goal``
    :raises: what ``payments.tip_from_wallet`` raises
    """
    _check(goal, fan, amount)
    tip = payments.tip_from_wallet(
        fan=fan,
        creator=goal.creator,
        amount=amount,
        message=message,
        idempotency_key=key,
        now=now,
        buyer=place,
        subject=goal.subject,
    )
    _count(goal.pk, tip, now=now)
    return tip


def _check(goal: Goal, fan: Profile, amount: Money) -> None:
    if goal.cluster_id != fan.cluster_id:
        raise errors.GoalNotFound
    if goal.state == GoalState.CLOSED:
        raise errors.GoalClosed
    if amount.currency != goal.currency:
        raise errors.CurrencyDiffers(currency=amount.currency, sold_in=goal.currency)


@atomic
def follow_tip(*, subject: str, transaction_id: int, payer_id: int | None, now: datetime) -> None:
    """
    Count a tip towards its goal as its payment is now; what does not fit a goal counts nothing.

    ``payer_id`` is None where the news does not say it: then only a tip is found that was counted
    before, and one that was not is when its capture is told. Repeating, and any order of the
    news, ends the same.
    """
    about = rules.read_subject(subject)
    if about is None or about[0] != "goal":
        return
    row = GoalTip.objects.filter(transaction=transaction_id).first()
    payer_id = payer_id or (row.transaction.payer_id if row else None)
    payer = Profile.objects.filter(pk=payer_id).first() if payer_id else None
    if payer is None:
        return
    tip = transactions_of(payer).filter(pk=transaction_id, kind=Kind.TIP).first()
    if tip is not None and tip.subject == subject:
        _count(about[1], tip, now=now)


@joins_transaction
def _count(goal_id: int, tip: Transaction, *, now: datetime) -> None:
    goal = (
        Goal.objects.select_for_update(of=("self",))
        .select_related("creator", "cluster")
        .filter(pk=goal_id, creator=tip.payee_id, currency=tip.currency)
        .first()
    )
    if goal is None:
        return
    tip.refresh_from_db()  # what it is now that the goal is ours
    counts = rules.counted(
        status=tip.status,
        price_minor=tip.price.minor,
        amount_minor=tip.amount_minor,
        refunded_minor=tip.refunded_minor,
    )
    row = GoalTip.objects.filter(transaction=tip).first()
    before = row.counted_minor if row else 0
    if row is not None and counts == before:
        return
    GoalTip.objects.update_or_create(
        transaction=tip, defaults={"goal": goal, "counted_minor": counts, "at": now}
    )
    if counts != before:
        _raise(goal, counts - before, now=now)


def _raise(goal: Goal, by_minor: int, *, now: datetime) -> None:
    was = goal.state
    goal.raised_minor += by_minor
    goal.state = rules.goal_state(
        state=goal.state, raised_minor=goal.raised_minor, target_minor=goal.target_minor
    )
    if goal.state == GoalState.REACHED and was == GoalState.OPEN:
        goal.reached_at = goal.reached_at or now
        tell_reached(goal, givers_of(goal, limit=TOLD), now=now)
    goal.save(update_fields=["raised_minor", "state", "reached_at", "updated_at"])


def _audit(goal: Goal, action: str, by: User, now: datetime, reason: str = "") -> None:
    audit.record(
        by=by,
        action=action,
        subject=goal,
        reason=reason,
        facts={"target": str(goal.target), "raised": str(goal.raised), "at": now.isoformat()},
        cluster=goal.cluster,
    )
