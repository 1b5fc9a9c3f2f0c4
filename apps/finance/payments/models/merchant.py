"""Our accounts at processors."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value

from apps.core.models import TimeStamped
from apps.finance.payments.choices import Gateway, Method, method_of

_NONE = Value([], models.JSONField())
_NOTHING = Value({}, models.JSONField())


class MerchantAccount(TimeStamped):
    """A MID: one brand's account at a gateway. No brand may use another's."""

    cluster = models.ForeignKey("clusters.Cluster", on_delete=models.PROTECT, related_name="+")
    gateway = models.CharField(max_length=20, choices=Gateway.choices)
    label = models.CharField(
        max_length=60, blank=True, default="", db_default="", help_text="What staff call it."
    )
    credentials = models.CharField(
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text="Which set of secrets; empty: the one of the gateway's name.",
    )
    account_number = models.CharField(max_length=80)
    subaccount = models.CharField(max_length=40, blank=True)
    flex_id = models.CharField(max_length=60, blank=True, help_text="The hosted form's id.")
    descriptor = models.CharField(max_length=60, help_text="What the card statement shows.")
    mcc = models.CharField(
        max_length=4, blank=True, default="", db_default="", help_text="Category code, ISO 18245."
    )
    currency = models.CharField(max_length=5, default="USD")
    countries = models.JSONField(
        default=list,
        db_default=_NONE,
        blank=True,
        help_text="Buyers' countries it takes (ISO 3166); empty: all.",
    )
    card_brands = models.JSONField(
        default=list, db_default=_NONE, blank=True, help_text="Empty: all."
    )
    least_minor = models.BigIntegerField(default=295, help_text="Smallest charge allowed.")
    most_minor = models.BigIntegerField(default=100_00, help_text="Largest charge allowed.")
    monthly_cap_minor = models.BigIntegerField(
        null=True, blank=True, help_text="Most it may take in a month; empty: no cap."
    )
    cost_bps = models.PositiveIntegerField(
        default=0, db_default=0, help_text="What it costs us: basis points of a charge."
    )
    cost_fixed_minor = models.PositiveIntegerField(default=0, db_default=0)
    processes_from = models.DateField(null=True, blank=True)
    processes_until = models.DateField(null=True, blank=True, help_text="The last day.")
    rank = models.PositiveSmallIntegerField(
        default=100, db_default=100, help_text="Among equals the lowest goes first."
    )
    is_active = models.BooleanField(default=True)
    proposal = models.JSONField(
        default=dict,
        db_default=_NOTHING,
        blank=True,
        help_text="A change of where money goes, until a second person agrees.",
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    proposed_at = models.DateTimeField(null=True, blank=True)
    tested_at = models.DateTimeField(null=True, blank=True)
    test_passed = models.BooleanField(null=True, blank=True)
    test_text = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta:
        permissions = [
            ("manage_merchantaccount", "Can open and change merchant accounts"),
            ("approve_merchantaccount", "Can agree to where merchant accounts send money"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(proposal={}, proposed_at__isnull=True)
                | (~Q(proposal={}) & Q(proposed_at__isnull=False)),
                name="mid_proposal_dated",
            ),
            models.UniqueConstraint(
                fields=["gateway", "account_number", "subaccount"], name="mid_unique"
            ),
            models.CheckConstraint(
                condition=Q(gateway__in=Gateway.values), name="mid_gateway_known"
            ),
            models.CheckConstraint(
                condition=Q(least_minor__gt=0, most_minor__gte=F("least_minor")),
                name="mid_limits_in_order",
            ),
            models.CheckConstraint(
                condition=Q(monthly_cap_minor__isnull=True) | Q(monthly_cap_minor__gt=0),
                name="mid_cap_positive",
            ),
            models.CheckConstraint(
                condition=Q(processes_from__isnull=True)
                | Q(processes_until__isnull=True)
                | Q(processes_until__gte=F("processes_from")),
                name="mid_days_in_order",
            ),
        ]
        indexes = [
            models.Index(
                fields=["cluster", "rank", "id"], condition=Q(is_active=True), name="mid_active"
            )
        ]

    def __str__(self) -> str:
        return self.label or f"{self.gateway} {self.account_number}-{self.subaccount}"

    @property
    def method(self) -> Method:
        return method_of(self.gateway)

    def processes_on(self, day: date) -> bool:
        """Test if the account is open at its bank on a day."""
        begun = self.processes_from is None or self.processes_from <= day
        return begun and (self.processes_until is None or day <= self.processes_until)
