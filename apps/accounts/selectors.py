"""Questions about people and their profiles."""

from __future__ import annotations

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from apps.accounts import rules
from apps.accounts.models import Profile, User
from apps.clusters.models import Cluster


def profile_of(user: User, cluster: Cluster) -> Profile | None:
    """Return the person's profile on one brand, or None if they have none there yet."""
    return Profile.objects.select_related("cluster").filter(user=user, cluster=cluster).first()


def creators_of(cluster: Cluster) -> QuerySet[Profile]:
    """Return a brand's creators, the newest first."""
    return Profile.objects.filter(cluster=cluster, is_creator=True, user__is_active=True).order_by(
        "-id"
    )


def creator_by_handle(cluster: Cluster, handle: str) -> Profile | None:
    """Return a brand's creator by public name; letter case does not matter."""
    return creators_of(cluster).filter(handle__iexact=handle).select_related("cluster").first()


def by_handle(cluster: Cluster, handle: str) -> Profile | None:
    """Return anybody on a brand by public name; letter case does not matter."""
    return (
        Profile.objects.select_related("cluster")
        .filter(cluster=cluster, handle__iexact=handle, user__is_active=True)
        .first()
    )


def people_named(term: str) -> QuerySet[Profile]:
    """Return the profiles a member of staff means by ``@handle`` or an e-mail address."""
    if "@" in term.removeprefix("@"):
        people = User.objects.filter(Exact(Lower("email"), term.lower()))
        return Profile.objects.filter(user__in=people)
    return Profile.objects.filter(Exact(Lower("handle"), term.removeprefix("@").lower()))


def roles_of(user: User) -> list[str]:
    """Return the names of the staff roles a person holds."""
    return list(user.groups.order_by("name").values_list("name", flat=True))


def staff_who_may(permission: str, *, limit: int = 50) -> list[int]:
    """Return the active members of staff whose roles include a permission, at most so many."""
    app, _, codename = permission.partition(".")
    found = User.objects.filter(
        is_active=True,
        is_staff=True,
        groups__permissions__codename=codename,
        groups__permissions__content_type__app_label=app,
    )
    return list(found.distinct().order_by("pk").values_list("pk", flat=True)[:limit])


def check_may_buy(user: User) -> None:
    """Let only adults subscribe, buy and give; what ``user`` was read as counts.

    :raises AgeNotVerified: nobody has found the person to be an adult
    :raises Underage: the person is known to be a minor
    """
    rules.check_adult(user.age_state)
