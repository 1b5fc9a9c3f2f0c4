"""A payment, and everything that happened to it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value

from apps.core.money import Money
from apps.finance.payments.choices import (
    PAID,
    SALES,
    Gateway,
    Kind,
    Method,
    Occasion,
    Status,
)
from apps.finance.risk.choices import Outcome

#: Gateways' names for sales: 19 digits at CCBill, a UUID with a prefix at others.
REFERENCE_LENGTH = 80
#: Of a name of what was bought.
SUBJECT_LENGTH = 80
_PAID = sorted(status.value for status in PAID)
_SALES = sorted(kind.value for kind in SALES)
_NONE = Value([], models.JSONField())
_EMPTY = Value({}, models.JSONField())
#: A deposit's processing fee is the platform's cost, so the wallet gets the whole amount.
_SPLIT_IS_EXACT = Q(
    kind=Kind.WALLET_DEPOSIT, platform_fee_minor=0, net_minor=F("amount_minor")
) | Q(
    kind__in=_SALES,
    net_minor=F("amount_minor")
    - F("tax_minor")
    - F("platform_fee_minor")
    - F("processing_fee_minor"),
)
#: A deposit buys nothing yet: tax is due when it is spent (directive (EU) 2016/1065).
_TAX_FITS = Q(tax_minor=0, tax_added_minor=0, tax_place="") | Q(
    kind__in=_SALES,
    tax_minor__gte=0,
    tax_added_minor__gte=0,
    tax_added_minor__lte=F("tax_minor"),
    tax_place__gt="",
)
_PARTIES_FIT = (Q(kind=Kind.WALLET_DEPOSIT, payee__isnull=True) & ~Q(method=Method.WALLET)) | Q(
    kind__in=_SALES, payee__isnull=False
)
#: Each charge of a subscription says which it is; nothing else has an occasion.
_OCCASION_FITS = Q(
    kind=Kind.SUBSCRIPTION, occasion__in=[each.value for each in Occasion if each]
) | (~Q(kind=Kind.SUBSCRIPTION) & Q(occasion=Occasion.NONE))
_OUTSIDE_HAS_MID = (
    ~Q(method=Method.WALLET) & Q(merchant_account__isnull=False, gateway__gt="")
) | Q(method=Method.WALLET, merchant_account__isnull=True, gateway="")
_REFUNDED_FITS = (
    Q(status=Status.PARTLY_REFUNDED, refunded_minor__gt=0, refunded_minor__lt=F("amount_minor"))
    | Q(status=Status.REFUNDED, refunded_minor=F("amount_minor"))
    | Q(status=Status.DISPUTED, refunded_minor__gte=0, refunded_minor__lte=F("amount_minor"))
    | (
        ~Q(status__in=[Status.DISPUTED, Status.PARTLY_REFUNDED, Status.REFUNDED])
        & Q(refunded_minor=0)
    )
)


class Transaction(models.Model):
    """Money from a fan: into the wallet, or to a creator. Fees are fixed when it is made.

    ``status`` is changed only by ``services.move``; every change leaves a TransactionEvent.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Its parties and brand are found by the indexes below: each of their own would be written, and
    # never read. That they are there is looked at once for a statement (docs/adr/0027).
    cluster = models.ForeignKey(
        "clusters.Cluster", on_delete=models.PROTECT, related_name="+", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    kind = models.CharField(max_length=20, choices=Kind.choices)
    method = models.CharField(max_length=10, choices=Method.choices)
    payer = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, related_name="+", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    payee = models.ForeignKey(
        "accounts.Profile",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    amount_minor = models.BigIntegerField(help_text="Gross, in the currency's smallest unit.")
    currency = models.CharField(max_length=5)
    platform_fee_minor = models.BigIntegerField()
    processing_fee_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField(help_text="What the payee, or the wallet, gets.")
    tax_minor = models.BigIntegerField(default=0, db_default=0, help_text="Tax in the amount.")
    tax_added_minor = models.BigIntegerField(
        default=0, db_default=0, help_text="The part of the tax that came on top of the price."
    )
    tax_place = models.CharField(
        max_length=6, blank=True, default="", db_default="", help_text="ISO 3166; empty: untaxed."
    )
    tax_lines = models.JSONField(
        default=list, db_default=_NONE, blank=True, help_text="Each tax as it was quoted, by rate."
    )
    place_proofs = models.JSONField(
        default=list,
        db_default=_NONE,
        blank=True,
        help_text="What the payer's place is known from.",
    )
    refunded_minor = models.BigIntegerField(
        default=0, db_default=0, help_text="What went back to the payer, by refunds."
    )
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.CREATED)
    gateway = models.CharField(max_length=20, choices=Gateway.choices, blank=True)
    merchant_account = models.ForeignKey(
        "payments.MerchantAccount",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    gateway_reference = models.CharField(
        max_length=REFERENCE_LENGTH, blank=True, help_text="The gateway's name for the sale."
    )
    gateway_transaction = models.CharField(
        max_length=REFERENCE_LENGTH,
        blank=True,
        default="",
        db_default="",
        help_text="A second name of the sale, by which some gateways change it.",
    )
    card_network = models.CharField(
        max_length=10, blank=True, default="", db_default="", help_text="VISA, MASTERCARD …"
    )
    card_country = models.CharField(
        max_length=2, blank=True, default="", db_default="", help_text="As the gateway says."
    )
    payer_country = models.CharField(
        max_length=2, blank=True, default="", db_default="", help_text="As it was begun from."
    )
    first_purchase = models.BooleanField(
        default=False, db_default=False, help_text="The payer had paid nothing before."
    )
    risk_outcome = models.CharField(
        max_length=10,
        choices=Outcome.choices,
        blank=True,
        default="",
        db_default="",
        help_text="What risk said when it was begun.",
    )
    risk_score = models.PositiveSmallIntegerField(default=0, db_default=0)
    failure_code = models.CharField(max_length=40, blank=True)
    failure_reason = models.CharField(max_length=200, blank=True)
    message = models.CharField(max_length=280, blank=True)
    subject = models.CharField(
        max_length=SUBJECT_LENGTH,
        blank=True,
        default="",
        db_default="",
        help_text="What was bought, by its owner's name for it: subscription:7:period:3, item:9.",
    )
    occasion = models.CharField(
        max_length=10,
        choices=Occasion.choices,
        blank=True,
        default="",
        db_default="",
        help_text="Which charge of a subscription it is.",
    )
    renewal = models.JSONField(
        default=dict,
        db_default=_EMPTY,
        blank=True,
        help_text="What the gateway was asked to charge by itself from then on.",
    )
    renewal_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="The first payment, where the gateway charged this one by itself.",
    )
    idempotency_key = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    last_word_at = models.DateTimeField(help_text="When payer or gateway last said something.")
    captured_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text="When staff settled it; the machine leaves it alone then."
    )
    review_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when it waits for a person to let it go on."
    )
    # Of the last release; emptied by hand_over_receipts, and dropped with the next one.
    receipt_due_at = models.DateTimeField(
        null=True, blank=True, help_text="When its receipt is to be mailed, while it is not."
    )
    look_ups = models.PositiveSmallIntegerField(default=0)
    next_look_up_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("settle_unknown", "Can settle payments of unknown outcome")]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="txn_amount_positive"),
            models.CheckConstraint(
                condition=Q(
                    platform_fee_minor__gte=0, processing_fee_minor__gte=0, net_minor__gte=0
                ),
                name="txn_fees_not_negative",
            ),
            models.CheckConstraint(condition=_SPLIT_IS_EXACT, name="txn_split_is_exact"),
            models.CheckConstraint(condition=_TAX_FITS, name="txn_tax_fits"),
            models.CheckConstraint(condition=_PARTIES_FIT, name="txn_parties_fit"),
            models.CheckConstraint(condition=_OCCASION_FITS, name="txn_occasion_fits"),
            models.CheckConstraint(condition=_OUTSIDE_HAS_MID, name="txn_outside_has_mid"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="txn_status_known"),
            models.CheckConstraint(condition=_REFUNDED_FITS, name="txn_refunded_fits"),
            models.CheckConstraint(
                condition=Q(payee__isnull=True) | ~Q(payee=F("payer")), name="txn_not_to_oneself"
            ),
            models.CheckConstraint(
                condition=Q(status__in=_PAID, captured_at__isnull=False)
                | (~Q(status__in=_PAID) & Q(captured_at__isnull=True)),
                name="txn_captured_at_with_paid",
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True)
                | Q(status__in=[*_PAID, Status.FAILED, Status.CANCELLED]),
                name="txn_settled_is_final",
            ),
            models.UniqueConstraint(
                fields=["payer", "idempotency_key"], name="txn_idempotency_key_unique"
            ),
            models.UniqueConstraint(
                fields=["gateway", "gateway_reference"],
                condition=Q(captured_at__isnull=False) & ~Q(gateway_reference=""),
                name="txn_one_payment_per_sale",
            ),
        ]
        indexes = [
            models.Index(fields=["payer", "-created_at", "-id"], name="txn_of_payer"),
            models.Index(fields=["payee", "-created_at", "-id"], name="txn_of_payee"),
            models.Index(fields=["cluster", "-created_at", "-id"], name="txn_of_brand"),
            models.Index(
                fields=["last_word_at", "id"],
                condition=Q(status__in=[Status.CREATED, Status.REQUIRES_ACTION]),
                name="txn_silent",
            ),
            models.Index(
                fields=["next_look_up_at", "id"],
                condition=Q(next_look_up_at__isnull=False),
                name="txn_to_ask_about",
            ),
            models.Index(fields=["id"], condition=Q(status=Status.UNKNOWN), name="txn_unknown"),
            models.Index(
                fields=["receipt_due_at", "id"],
                condition=Q(receipt_due_at__isnull=False),
                name="txn_receipt_due",
            ),
            models.Index(
                fields=["captured_at", "id"],
                condition=Q(captured_at__isnull=False),
                name="txn_paid",
            ),
            models.Index(
                fields=["subject", "id"], condition=~Q(subject=""), name="txn_of_subject"
            ),
            models.Index(
                fields=["renewal_of", "id"],
                condition=Q(renewal_of__isnull=False),
                name="txn_renewals",
            ),
            # Wallets take most payments, and have no merchant account.
            models.Index(
                fields=["merchant_account", "id"],
                condition=Q(merchant_account__isnull=False),
                name="txn_of_mid",
            ),
            models.Index(
                fields=["merchant_account", "captured_at"],
                include=["amount_minor"],
                condition=Q(captured_at__isnull=False, merchant_account__isnull=False),
                name="txn_taken_at_mid",
            ),
        ]

    def __str__(self) -> str:
        kind, word = self.get_kind_display(), self.get_status_display().lower()
        return f"{kind} #{self.pk} of {self.amount.formatted}, {word}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def platform_fee(self) -> Money:
        return Money(self.platform_fee_minor, self.currency)

    @property
    def processing_fee(self) -> Money:
        return Money(self.processing_fee_minor, self.currency)

    @property
    def net(self) -> Money:
        return Money(self.net_minor, self.currency)

    @property
    def tax(self) -> Money:
        return Money(self.tax_minor, self.currency)

    @property
    def refunded(self) -> Money:
        return Money(self.refunded_minor, self.currency)

    @property
    def price(self) -> Money:
        """What the payer was asked for, before tax that comes on top."""
        return Money(self.amount_minor - self.tax_added_minor, self.currency)

    @property
    def is_blocked(self) -> bool:
        """Risk refused it: no try may ever be made."""
        return self.risk_outcome == Outcome.BLOCK

    @property
    def source(self) -> str:
        """The journal entry that booked it, once captured."""
        return f"transaction:{self.pk}:captured"


class TransactionEvent(models.Model):
    """One line of a payment's history; ``from_status`` equals ``to_status`` for a mere note."""

    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, related_name="history", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    from_status = models.CharField(max_length=20, blank=True)
    to_status = models.CharField(max_length=20, choices=Status.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Empty: the platform itself, or the gateway.",
    )
    reason = models.CharField(max_length=200)
    facts = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["transaction", "id"], name="txn_history"),
            models.Index(fields=["by"], condition=Q(by__isnull=False), name="txn_history_by"),
        ]

    def __str__(self) -> str:
        return f"{self.from_status} > {self.to_status}: {self.reason}"
