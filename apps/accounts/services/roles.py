"""Who may do what in FanzDash."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from apps.accounts import errors, rules
from apps.accounts.models import User
from apps.audit import services as audit


@transaction.atomic
def sync_roles() -> None:
    """Make the groups' permissions equal to the table in rules.

    Safe to run again. What the table does not name is taken away.

    :raises PermissionUnknown: an entry of the table matches nothing; no group is changed
    """
    permissions = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    missing: set[str] = set()
    for role in rules.ROLES:
        granted, unknown = rules.expand_permissions(role, permissions)
        missing.update(unknown)
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.set([permissions[name] for name in sorted(granted)])
    if missing:
        raise errors.PermissionUnknown(missing=sorted(missing))


@transaction.atomic
def grant_role(*, user: User, role: str, by: User | None, reason: str, now: datetime) -> None:
    """Give somebody a role (SSO-5); a staff role lets them into FanzDash. Repeating is harmless.

    ``by`` is None only from the command line, where the first member of staff comes from.

    :raises RoleUnknown: the table has no such role
    :raises OwnRole: somebody grants to themselves
    :raises MayNotGrant: ``by`` lacks accounts.manage_roles
    """
    locked = _check(user, role, by)
    if locked.groups.filter(name=role).exists():
        return
    locked.groups.add(Group.objects.get_or_create(name=role)[0])
    _follow(locked)
    user.is_staff = locked.is_staff
    audit.record(
        by=by,
        action="accounts.role_granted",
        subject=locked,
        reason=reason,
        facts={"role": role, "at": now.isoformat()},
    )


@transaction.atomic
def revoke_role(*, user: User, role: str, by: User | None, reason: str, now: datetime) -> None:
    """Take a role away; without any staff role FanzDash is closed to them at once.

    :raises RoleUnknown: the table has no such role
    :raises OwnRole: somebody changes their own roles
    :raises MayNotGrant: ``by`` lacks accounts.manage_roles
    """
    locked = _check(user, role, by)
    if not locked.groups.filter(name=role).exists():
        return
    locked.groups.remove(Group.objects.get(name=role))
    _follow(locked)
    user.is_staff = locked.is_staff
    audit.record(
        by=by,
        action="accounts.role_revoked",
        subject=locked,
        reason=reason,
        facts={"role": role, "at": now.isoformat()},
    )


def _check(user: User, role: str, by: User | None) -> User:
    rules.check_role(role)
    if by is not None and by.pk == user.pk:
        raise errors.OwnRole(role=role)
    if by is not None and not by.has_perm("accounts.manage_roles"):
        raise errors.MayNotGrant(role=role)
    return User.objects.select_for_update().get(pk=user.pk)


def _follow(user: User) -> None:
    """Keep the staff flag equal to holding a staff role."""
    user.is_staff = user.groups.filter(name__in=rules.STAFF_ROLES).exists()
    user.save(update_fields=["is_staff"])
