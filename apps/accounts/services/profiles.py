"""A person's public face on each brand."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import IntegrityError, transaction

from apps.accounts import errors, rules, selectors
from apps.accounts.models import Profile, User
from apps.audit import services as audit
from apps.clusters.models import Cluster

#: No vowels, no look-alikes: a random handle spells no word and is read out without doubt.
_LETTERS = "23456789bcdfghjkmnpqrstvwxyz"
_RANDOM_LENGTH = 8


def ensure_profile(*, user: User, cluster: Cluster, now: datetime) -> Profile:
    """Return the person's profile on a brand, made on first use (SSO-6).

    Its handle and name are random ("fan-7k3qx9mh"): neither the e-mail address nor the
    profile on another brand can be guessed from it. Safe to call from many requests
    at once: one profile is made.
    """
    return selectors.profile_of(user, cluster) or _make(user, cluster, now)


@transaction.atomic
def _make(user: User, cluster: Cluster, now: datetime) -> Profile:
    handle = "fan-" + "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM_LENGTH))
    profile, is_new = Profile.objects.get_or_create(
        user=user, cluster=cluster, defaults={"handle": handle, "display_name": handle}
    )
    if is_new:
        audit.record(
            by=user,
            action="accounts.profile_made",
            subject=profile,
            facts={"at": now.isoformat()},
            cluster=cluster,
        )
    return profile


@transaction.atomic
def edit_profile(
    *,
    profile: Profile,
    by: User,
    now: datetime,
    handle: str | None = None,
    display_name: str | None = None,
    bio: str | None = None,
) -> Profile:
    """Change what others see of a profile; None leaves a field as it is.

    :raises HandleMalformed: the handle has other characters or another length
    :raises HandleReserved: the handle names the site, its staff or one of its pages
    :raises HandleTaken: somebody else on this brand has it, in any letter case
    :raises DisplayNameMissing: the display name is empty or too long
    :raises BioTooLong: the bio is too long
    """
    wanted: dict[str, object] = {}
    if handle is not None:
        wanted["handle"] = rules.clean_handle(handle)
    if display_name is not None:
        wanted["display_name"] = rules.clean_display_name(display_name)
    if bio is not None:
        wanted["bio"] = rules.clean_bio(bio)
    locked = Profile.objects.select_for_update(of=["self"]).get(pk=profile.pk)
    changed = {name: value for name, value in wanted.items() if getattr(locked, name) != value}
    if changed:
        _write(locked, changed)
        audit.record(
            by=by,
            action="accounts.profile_edited",
            subject=locked,
            facts={"fields": sorted(changed), "at": now.isoformat()},
            cluster=locked.cluster,
        )
    return locked


@transaction.atomic
def open_creator_profile(
    *,
    user: User,
    cluster: Cluster,
    handle: str,
    display_name: str,
    now: datetime,
    by: User,
    bio: str | None = None,
) -> Profile:
    """Make somebody a creator on one brand (SSO-8), under a public name.

    Called again for a creator it only changes names and bio; None leaves the bio.
    ``by`` is who decided.

    :raises HandleMalformed: the handle has other characters or another length
    :raises HandleReserved: the handle names the site, its staff or one of its pages
    :raises HandleTaken: somebody else on this brand has it, in any letter case
    :raises DisplayNameMissing: the display name is empty or too long
    :raises BioTooLong: the bio is too long
    """
    profile = ensure_profile(user=user, cluster=cluster, now=now)
    locked = Profile.objects.select_for_update(of=["self"]).get(pk=profile.pk)
    was_creator = locked.is_creator
    _write(
        locked,
        {
            "handle": rules.clean_handle(handle),
            "display_name": rules.clean_display_name(display_name),
            "is_creator": True,
            "bio": locked.bio if bio is None else rules.clean_bio(bio),
        },
    )
    if not was_creator:
        audit.record(
            by=by,
            action="accounts.creator_opened",
            subject=locked,
            facts={"handle": locked.handle, "at": now.isoformat()},
            cluster=cluster,
        )
    return locked


def _write(profile: Profile, values: dict[str, object]) -> None:
    """Save the values, or leave profile and row as they were.

    :raises HandleTaken: the database holds this handle for somebody else on the brand
    """
    for name, value in values.items():
        setattr(profile, name, value)
    try:
        with transaction.atomic():
            profile.save(update_fields=[*values, "updated_at"])
    except IntegrityError as error:
        if "profile_handle_unique" not in str(error):
            raise
        raise errors.HandleTaken(handle=profile.handle) from error
