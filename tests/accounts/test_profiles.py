"""A person's face on each brand (SSO-6, SSO-8)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.accounts import errors, selectors, services
from apps.accounts.models import Profile
from tests.factories.accounts import CreatorFactory, ProfileFactory, UserFactory


@pytest.mark.django_db
class TestEnsureProfile:
    def test_makes_one_per_brand_and_returns_it_again(self, boyfanz, girlfanz, now):
        user = UserFactory.create()

        first = services.ensure_profile(user=user, cluster=boyfanz, now=now)
        again = services.ensure_profile(user=user, cluster=boyfanz, now=now)
        other = services.ensure_profile(user=user, cluster=girlfanz, now=now)

        assert first == again
        assert first != other
        assert first.handle != other.handle

    def test_tells_nothing_of_the_address(self, boyfanz, now):
        user = UserFactory.create(email="secret.name@mail.example")

        profile = services.ensure_profile(user=user, cluster=boyfanz, now=now)

        shown = profile.handle + profile.display_name + profile.bio
        assert not any(part in shown for part in ("secret", "name", "mail", "example"))
        assert profile.handle.startswith("fan-")
        assert not profile.is_creator


@pytest.mark.django_db(transaction=True)
def test_many_first_visits_at_once_make_one_profile(boyfanz, now):
    user = UserFactory.create()

    def visit(_):
        try:
            return services.ensure_profile(user=user, cluster=boyfanz, now=now).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(visit, range(16)))

    assert len(keys) == 1
    assert Profile.objects.filter(user=user).count() == 1


@pytest.mark.django_db
class TestEditProfile:
    def test_changes_what_is_given_and_nothing_else(self, fan, now):
        services.edit_profile(profile=fan, by=fan.user, now=now, bio="  Hello  ")

        fan.refresh_from_db()
        assert (fan.handle, fan.display_name, fan.bio) == ("a-fan", "A Fan", "Hello")

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({"handle": "ab"}, errors.HandleMalformed),
            ({"handle": "1abc"}, errors.HandleMalformed),
            ({"handle": "has space"}, errors.HandleMalformed),
            ({"handle": "a" * 41}, errors.HandleMalformed),
            ({"handle": "Admin"}, errors.HandleReserved),
            ({"display_name": "   "}, errors.DisplayNameMissing),
            ({"display_name": "x" * 81}, errors.DisplayNameMissing),
            ({"display_name": "a\u202eb"}, errors.DisplayNameMissing),
            ({"bio": "x" * 1001}, errors.BioTooLong),
        ],
    )
    def test_refuses_and_leaves_the_profile(self, fan, now, change, error):
        with pytest.raises(error):
            services.edit_profile(profile=fan, by=fan.user, now=now, **change)

        fan.refresh_from_db()
        assert (fan.handle, fan.display_name, fan.bio) == ("a-fan", "A Fan", "")

    def test_a_handle_is_one_persons_on_a_brand_whatever_the_letters(self, fan, creator, now):
        with pytest.raises(errors.HandleTaken):
            services.edit_profile(profile=fan, by=fan.user, now=now, handle="A-Creator", bio="x")

        fan.refresh_from_db()
        assert (fan.handle, fan.bio) == ("a-fan", "")

    def test_the_same_handle_is_free_on_another_brand(self, fan, girlfanz, now):
        other = ProfileFactory.create(cluster=girlfanz)

        services.edit_profile(profile=other, by=other.user, now=now, handle="a-fan")

        assert Profile.objects.filter(handle="a-fan").count() == 2


@pytest.mark.django_db
class TestCreators:
    def test_opening_twice_is_one_creator(self, boyfanz, now):
        user = UserFactory.create()
        given = {"user": user, "cluster": boyfanz, "handle": "Rex", "now": now, "by": user}

        first = services.open_creator_profile(display_name="Rex", **given)
        again = services.open_creator_profile(display_name="Rex  the King", **given)

        assert first.pk == again.pk
        assert (again.handle, again.display_name, again.is_creator) == (
            "rex",
            "Rex the King",
            True,
        )

    def test_one_brand_does_not_see_the_creators_of_another(self, creator, boyfanz, girlfanz):
        CreatorFactory.create(cluster=girlfanz, handle="girl")
        ProfileFactory.create(cluster=boyfanz)

        assert list(selectors.creators_of(boyfanz)) == [creator]
        assert selectors.creator_by_handle(boyfanz, "A-CREATOR") == creator
        assert selectors.creator_by_handle(girlfanz, "a-creator") is None
        assert selectors.creator_by_handle(boyfanz, "a-fan") is None

    def test_a_closed_account_is_nobodys_creator(self, creator, boyfanz):
        creator.user.is_active = False
        creator.user.save()

        assert selectors.creator_by_handle(boyfanz, "a-creator") is None
