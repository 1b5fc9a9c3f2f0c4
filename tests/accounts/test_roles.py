"""Who may do what in FanzDash (SSO-5)."""

import pytest
from django.contrib.auth.models import Group, Permission

from apps.accounts import errors, rules, services
from apps.accounts.models import User
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def test_the_groups_are_as_the_table_says_and_a_stray_permission_is_taken_away():
    stray = Permission.objects.get(codename="delete_user")
    Group.objects.get(name="support").permissions.add(stray)

    services.sync_roles()
    services.sync_roles()

    assert set(Group.objects.values_list("name", flat=True)) == set(rules.ROLES)
    assert not Group.objects.get(name="support").permissions.filter(pk=stray.pk).exists()


def test_an_entry_that_no_app_defines_stops_the_sync(monkeypatch):
    monkeypatch.setitem(rules.ROLES, "support", ("accounts.view_user", "nowhere.view_thing"))
    before = set(Group.objects.get(name="support").permissions.values_list("pk", flat=True))

    with pytest.raises(errors.PermissionUnknown):
        services.sync_roles()

    after = set(Group.objects.get(name="support").permissions.values_list("pk", flat=True))
    assert after == before


def test_only_payouts_and_admin_approve_payouts_and_nobody_may_add_change_or_delete():
    for role, entries in rules.ROLES.items():
        assert ("payouts.approve_payout" in entries) == (role in {"payouts", "admin"})
        assert not any(
            verb in entry for entry in entries for verb in (".add_", ".change_", ".delete_")
        )
    assert rules.ROLES["fan"] == rules.ROLES["creator"] == ()


class TestGrant:
    def test_the_staff_flag_follows_the_roles(self, staff, now):
        boss, user = staff("admin"), UserFactory.create()

        services.grant_role(user=user, role="finance", by=boss, reason="joined", now=now)
        services.grant_role(user=user, role="support", by=boss, reason="joined", now=now)
        services.revoke_role(user=user, role="finance", by=boss, reason="moved", now=now)
        assert User.objects.get(pk=user.pk).is_staff

        services.revoke_role(user=user, role="support", by=boss, reason="left", now=now)
        assert not User.objects.get(pk=user.pk).is_staff

    def test_creator_and_fan_are_no_staff(self, now):
        user = UserFactory.create()

        services.grant_role(user=user, role="creator", by=None, reason="applied", now=now)

        assert not User.objects.get(pk=user.pk).is_staff

    def test_nobody_grants_to_themselves(self, staff, now):
        boss = staff("admin")

        with pytest.raises(errors.OwnRole):
            services.grant_role(user=boss, role="payouts", by=boss, reason="me", now=now)

        assert list(boss.groups.values_list("name", flat=True)) == ["admin"]

    @pytest.mark.parametrize("role", sorted(rules.STAFF_ROLES - {"admin"}))
    def test_other_roles_grant_nothing(self, staff, now, role):
        user = UserFactory.create()

        with pytest.raises(errors.MayNotGrant):
            services.grant_role(user=user, role="admin", by=staff(role), reason="", now=now)

        assert not user.groups.exists()

    def test_an_unknown_role_is_refused(self, now):
        with pytest.raises(errors.RoleUnknown):
            services.grant_role(
                user=UserFactory.create(), role="root", by=None, reason="", now=now
            )
