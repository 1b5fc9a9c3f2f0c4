"""What creators collect for, and who gave."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet

from apps.accounts.models import Profile
from apps.finance.purchases import errors, rules
from apps.finance.purchases.choices import GoalState
from apps.finance.purchases.models import Goal, GoalTip


def goals_of(creator: Profile) -> QuerySet[Goal]:
    """Return a creator's goals, the newest first."""
    return (
        Goal.objects.filter(creator=creator).select_related("creator", "cluster").order_by("-id")
    )


def giving_to(creator: Profile) -> list[Goal]:
    """Return the goals that a creator collects for now, the newest first."""
    return list(goals_of(creator).exclude(state=GoalState.CLOSED))


def goal_for(profile: Profile, public_id: uuid.UUID) -> Goal:
    """
    Return a goal on a profile's brand.

    :raises GoalNotFound: there is none by this id
    """
    goal = _goals_on(profile).filter(public_id=public_id).first()
    if goal is None:
        raise errors.GoalNotFound
    return goal


def goal_of_subject(profile: Profile, subject: str) -> Goal | None:
    """Return the goal that a payment of the profile went towards; None: it was for none."""
    about = rules.read_subject(subject)
    if about is None or about[0] != "goal":
        return None
    return _goals_on(profile).filter(pk=about[1]).first()


def _goals_on(profile: Profile) -> QuerySet[Goal]:
    return Goal.objects.filter(cluster=profile.cluster_id).select_related(
        "creator", "creator__user", "cluster"
    )


def givers_of(goal: Goal, *, limit: int) -> list[int]:
    """Return the people (user ids) whose tips count towards a goal, at most so many."""
    newest = (
        GoalTip.objects.filter(goal=goal, counted_minor__gt=0)
        .order_by("-id")
        .values_list("transaction__payer__user_id", flat=True)[:limit]
    )
    return list(dict.fromkeys(newest))
