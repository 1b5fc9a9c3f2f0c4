"""People and profiles."""

from datetime import UTC, datetime

import factory
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group

from apps.accounts.choices import AgeState
from apps.accounts.models import Profile, User
from apps.clusters.models import Cluster

PASSWORD = "correct horse 9"
TOTP_SECRET = "JBSWY3DPEHPK3PXP"


class UserFactory(factory.django.DjangoModelFactory[User]):
    """An adult with a verified address, who signs in with PASSWORD.

    ``UserFactory.create(age_state="UNKNOWN")`` is somebody who has just signed up.
    """

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@mail.example")
    age_state = AgeState.ADULT
    age_checked_at = datetime(2026, 1, 1, tzinfo=UTC)

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        kwargs.setdefault("password", PASSWORD)
        user = model_class.objects.create_user(*args, **kwargs)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user


class StaffFactory(UserFactory):
    """Somebody with a staff role; ``StaffFactory.create(role="finance")``."""

    is_staff = True

    @classmethod
    def _create(cls, model_class, *args, role="payouts", **kwargs):
        user = super()._create(model_class, *args, **kwargs)
        user.groups.add(Group.objects.get(name=role))
        return user


class ProfileFactory(factory.django.DjangoModelFactory[Profile]):
    """A fan on boyfanz, unless told otherwise."""

    class Meta:
        model = Profile

    user = factory.SubFactory(UserFactory)
    cluster = factory.LazyFunction(lambda: Cluster.objects.get(slug="boyfanz"))
    handle = factory.Sequence(lambda n: f"person-{n}")
    display_name = factory.LazyAttribute(lambda profile: profile.handle.title())
    is_creator = False


class CreatorFactory(ProfileFactory):
    handle = factory.Sequence(lambda n: f"creator-{n}")
    is_creator = True
