"""Who may see what until when, and what was granted and withdrawn when."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.finance.entitlements.choices import Change, Scope


class Entitlement(models.Model):
    """One right to see, from one source: the source's later news changes this row.

    A row per source and not per creator, so that a refund of one purchase withdraws what that
    purchase gave and nothing else. ``item`` is empty for all that a creator's plans include.
    Only ``services`` write it; what was changed why stands in EntitlementChange.
    """

    # The indexes below serve the look-ups; one more for each of these would only cost.
    profile = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    creator = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    cluster = models.ForeignKey(
        "clusters.Cluster", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    scope = models.CharField(max_length=7, choices=Scope.choices)
    item = models.CharField(max_length=80, blank=True, help_text='Such as "content:9".')
    tier = models.PositiveSmallIntegerField(default=0, help_text="A higher one includes more.")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True, help_text="Empty: without an end.")
    source = models.CharField(max_length=80, unique=True, help_text='Such as "subscription:7".')
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_why = models.CharField(max_length=200, blank=True)

    class Meta:
        permissions = [
            ("grant_entitlement", "Can grant access to a creator or a thing"),
            ("withdraw_entitlement", "Can withdraw access"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(scope=Scope.CREATOR, item="") | (Q(scope=Scope.ITEM) & ~Q(item="")),
                name="entitlement_item_fits",
            ),
            models.CheckConstraint(condition=~Q(source=""), name="entitlement_has_source"),
            models.CheckConstraint(
                condition=~Q(profile=F("creator")), name="entitlement_not_to_oneself"
            ),
        ]
        indexes = [
            # until_at stands in no index: a renewal changes nothing else, so no index grows by it.
            models.Index(fields=["profile", "creator", "item"], name="entitlement_of_person"),
        ]

    def __str__(self) -> str:
        return f"Entitlement {self.pk} from {self.source}"


class EntitlementChange(models.Model):
    """What became of an entitlement when, why and by whom; written once."""

    entitlement = models.ForeignKey(
        Entitlement, on_delete=models.PROTECT, related_name="changes", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    at = models.DateTimeField()
    change = models.CharField(max_length=9, choices=Change.choices)
    tier = models.PositiveSmallIntegerField()
    until_at = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(change__in=Change.values), name="entitlement_change_known"
            )
        ]
        indexes = [models.Index(fields=["entitlement", "id"], name="entitlement_changes")]

    def __str__(self) -> str:
        return f"{self.entitlement_id} {self.change}"
