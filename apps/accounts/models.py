"""People, their public face on each brand, and their second factors."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django_otp.models import Device, DeviceManager

from apps.accounts.choices import AgeState
from apps.clusters.models import Cluster
from apps.core.models import TimeStamped


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        user = self.model(email=self.normalize_email(email), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]
    """A person, the same on every brand: fan, creator or staff. Signs in by e-mail."""

    email = models.EmailField(max_length=254)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May enter FanzDash.")
    date_joined = models.DateTimeField(default=timezone.now)
    age_state = models.CharField(
        max_length=7,
        choices=AgeState.choices,
        default=AgeState.UNKNOWN,
        db_default=AgeState.UNKNOWN,
        help_text="Only adults may subscribe and buy.",
    )
    age_checked_at = models.DateTimeField(
        null=True, blank=True, help_text="When this was last found out."
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        permissions = [
            ("manage_roles", "Can grant and revoke staff roles"),
            ("check_age", "Can record age checks"),
        ]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique"),
            models.CheckConstraint(
                condition=Q(age_state=AgeState.UNKNOWN)
                | Q(age_state__in=[AgeState.ADULT, AgeState.MINOR], age_checked_at__isnull=False),
                name="user_age_known_since",
            ),
        ]

    def __str__(self) -> str:
        return self.email


class Profile(TimeStamped):
    """A person on one brand: the fan's wallet and the creator's earnings belong to it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="profiles"
    )
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="+")
    handle = models.SlugField(max_length=40, help_text="Public name in addresses, per brand.")
    display_name = models.CharField(max_length=80)
    bio = models.TextField(max_length=1000, blank=True)
    is_creator = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "cluster"], name="profile_one_per_brand"),
            models.UniqueConstraint("cluster", Lower("handle"), name="profile_handle_unique"),
        ]
        indexes = [
            models.Index(
                fields=["cluster", "id"],
                condition=models.Q(is_creator=True),
                name="profile_creators",
            ),
            models.Index(Lower("handle"), name="profile_handle"),
        ]

    def __str__(self) -> str:
        return f"{self.display_name} (@{self.handle})"


class FactorManager(DeviceManager):
    def devices_for_user(self, user: Any, confirmed: bool | None = None) -> Any:  # noqa: FBT001
        return self.filter(user=user, type__in=Authenticator.Type.values)


class Factor(Device):
    """allauth's factor seen as a django-otp device: the same row, so nothing to keep in step."""

    name = None
    confirmed = True
    type = models.CharField(max_length=20)

    objects = FactorManager()

    class Meta:
        managed = False
        db_table = "mfa_authenticator"

    def __str__(self) -> str:
        return str(Authenticator.Type(self.type).label)

    def verify_token(self, token: str) -> bool:
        """Check a code against the factor; a passkey answers only in a browser's ceremony."""
        if self.type == Authenticator.Type.WEBAUTHN:
            return False
        authenticator = Authenticator.objects.get(pk=self.pk)
        if not authenticator.wrap().validate_code(str(token)):
            return False
        authenticator.record_usage()
        return True
