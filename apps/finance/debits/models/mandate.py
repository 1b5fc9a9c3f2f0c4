"""What a payer allowed us to take from a bank account."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.finance.debits.choices import AccountKind, MandateState, Scheme


class Mandate(models.Model):
    """The authorisation, with the proof of it. The account itself is sealed.

    ``sealed_account`` opens to JSON: ``{"iban", "bic"}`` or ``{"routing", "account", "kind"}``.
    Proof is kept two years after it ended (Nacha), 13 months and more for SEPA: rows stay.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    profile = models.ForeignKey("accounts.Profile", on_delete=models.PROTECT, related_name="+")
    cluster = models.ForeignKey("clusters.Cluster", on_delete=models.PROTECT, related_name="+")
    merchant_account = models.ForeignKey(
        "payments.MerchantAccount", on_delete=models.PROTECT, related_name="+"
    )
    scheme = models.CharField(max_length=4, choices=Scheme.choices)
    state = models.CharField(
        max_length=8, choices=MandateState.choices, default=MandateState.ACTIVE
    )
    reference = models.CharField(max_length=35, unique=True, help_text="Ours, at the bank.")
    holder = models.CharField(max_length=70)
    sealed_account = models.TextField()
    last4 = models.CharField(max_length=4)
    bank = models.CharField(max_length=11, help_text="Routing number or BIC.", blank=True)
    account_kind = models.CharField(max_length=8, choices=AccountKind.choices, blank=True)
    signed_at = models.DateTimeField()
    signed_ip = models.GenericIPAddressField()
    signed_agent = models.CharField(
        max_length=200, blank=True, db_default="", help_text="The browser it was signed with."
    )
    proof = models.TextField(help_text="The words that were agreed to.")
    words_version = models.CharField(max_length=40, blank=True, db_default="")
    validation = models.CharField(
        max_length=200, blank=True, help_text="How the account was validated (ACH, first use)."
    )
    usable_from = models.DateField(
        null=True, blank=True, help_text="Its prenote was not returned until then (ACH)."
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by_code = models.CharField(max_length=4, blank=True)
    last_used_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        permissions = [("end_mandate", "Can revoke mandates")]
        constraints = [
            models.CheckConstraint(
                condition=Q(scheme__in=Scheme.values), name="mandate_scheme_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[MandateState.ACTIVE, MandateState.CHECKING],
                    ended_at__isnull=True,
                    ended_by_code="",
                )
                | Q(state=MandateState.REVOKED, ended_at__isnull=False, ended_by_code="")
                | (Q(state=MandateState.BLOCKED, ended_at__isnull=False) & ~Q(ended_by_code="")),
                name="mandate_end_is_told",
            ),
            models.CheckConstraint(
                condition=Q(scheme=Scheme.SEPA, account_kind="")
                | (Q(scheme=Scheme.ACH, account_kind__in=AccountKind.values) & ~Q(validation="")),
                name="mandate_ach_is_validated",
            ),
        ]
        indexes = [
            models.Index(fields=["profile", "-id"], name="mandate_of_profile"),
            models.Index(
                fields=["merchant_account", "id"],
                condition=Q(state=MandateState.CHECKING),
                name="mandate_checking",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} …{self.last4}"


class MandateEvent(models.Model):
    """One line of a mandate's history. Rows are never changed."""

    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="history")
    at = models.DateTimeField()
    what = models.CharField(max_length=200)
    code = models.CharField(max_length=4, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: the bank, or the platform.",
    )

    def __str__(self) -> str:
        return self.what
