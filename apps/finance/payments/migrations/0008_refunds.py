"""Refunds, disputes and the proofs for them."""

import uuid
from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORWARD = Path(__file__).with_name("sql") / "refunds.sql"
BACK = Path(__file__).with_name("sql") / "refunds_back.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("clusters", "0002_brands"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("payments", "0007_inbox"),
    ]

    operations = [
        migrations.CreateModel(
            name="Dispute",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "gateway",
                    models.CharField(
                        choices=[
                            ("ccbill", "CCBill"),
                            ("segpay", "Segpay"),
                            ("epoch", "Epoch"),
                            ("vendo", "Vendo"),
                            ("verotel", "Verotel"),
                            ("netbilling", "NetBilling"),
                            ("commercegate", "CommerceGate"),
                            ("adyen", "Adyen"),
                            ("rapyd", "Rapyd"),
                            ("nmi", "HMS (NMI)"),
                            ("btcpay", "BTCPay"),
                            ("nowpayments", "NOWPayments"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "reference",
                    models.CharField(help_text="The gateway's name for the case.", max_length=120),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("INQUIRY", "The bank asks"),
                            ("ALERT", "Announced"),
                            ("CHARGEBACK", "Chargeback"),
                            ("SECOND_ROUND", "Chargeback, second round"),
                            ("REPRESENTED", "Evidence sent"),
                            ("WON", "Won"),
                            ("LOST", "Lost"),
                            ("ACCEPTED", "Accepted"),
                            ("CLOSED", "Closed without a chargeback"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "amount_minor",
                    models.BigIntegerField(help_text="What the bank wants, or took."),
                ),
                ("currency", models.CharField(max_length=5)),
                ("reason_code", models.CharField(blank=True, max_length=40)),
                ("reason", models.CharField(blank=True, max_length=200)),
                (
                    "due_at",
                    models.DateTimeField(
                        blank=True, help_text="Until when we must have answered.", null=True
                    ),
                ),
                (
                    "reminded",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Reminders given of this deadline; the third: it was missed.",
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("needs_attention", models.BooleanField(default=False)),
                ("attention", models.CharField(blank=True, max_length=200)),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="payments.transaction",
                    ),
                ),
            ],
            options={
                "permissions": [("manage_dispute", "Can answer, accept and close disputes")],
            },
        ),
        migrations.CreateModel(
            name="DisputeEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "word",
                    models.CharField(
                        choices=[
                            ("INQUIRY", "The bank asks"),
                            ("ALERT", "A dispute is announced"),
                            ("CHARGEBACK", "The bank took the money"),
                            ("SENT", "Evidence was sent"),
                            ("GAVE_UP", "Accepted by staff"),
                            ("ENDED", "Closed"),
                            ("LOST", "The bank keeps the money"),
                            ("WON", "The bank gave the money back"),
                            ("NOTE", "Note"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "happened_at",
                    models.DateTimeField(blank=True, help_text="As the gateway says.", null=True),
                ),
                ("recorded_at", models.DateTimeField()),
                ("again", models.BooleanField(default=False)),
                ("amount_minor", models.BigIntegerField(blank=True, null=True)),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("INQUIRY", "The bank asks"),
                            ("ALERT", "Announced"),
                            ("CHARGEBACK", "Chargeback"),
                            ("SECOND_ROUND", "Chargeback, second round"),
                            ("REPRESENTED", "Evidence sent"),
                            ("WON", "Won"),
                            ("LOST", "Lost"),
                            ("ACCEPTED", "Accepted"),
                            ("CLOSED", "Closed without a chargeback"),
                        ],
                        help_text="After it.",
                        max_length=12,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("facts", models.JSONField(blank=True, default=dict)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "dispute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="history",
                        to="payments.dispute",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DisputeRound",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("amount_minor", models.BigIntegerField()),
                ("covered_minor", models.BigIntegerField(default=0)),
                (
                    "decision",
                    models.CharField(
                        blank=True, help_text="WON or LOST, as booked.", max_length=4
                    ),
                ),
                (
                    "part",
                    models.JSONField(
                        blank=True, default=dict, help_text="Who bore which part of a loss."
                    ),
                ),
                ("fee_minor", models.BigIntegerField(default=0)),
                ("opened_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "dispute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rounds",
                        to="payments.dispute",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="EvidencePack",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("content", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "contents",
                    models.JSONField(default=list, help_text="The titles of its sections."),
                ),
                ("statement", models.TextField(blank=True, help_text="What staff wrote in it.")),
                ("made_at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "dispute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="packs",
                        to="payments.dispute",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="FraudReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.CharField(max_length=120)),
                ("code", models.CharField(blank=True, max_length=40)),
                ("amount_minor", models.BigIntegerField(blank=True, null=True)),
                ("reported_at", models.DateTimeField()),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fraud_reports",
                        to="payments.transaction",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Recovery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=5)),
                ("at", models.DateTimeField()),
                (
                    "creator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.profile",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "recoveries",
            },
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=5)),
                (
                    "destination",
                    models.CharField(
                        choices=[("GATEWAY", "Back the way it came"), ("WALLET", "To the wallet")],
                        max_length=10,
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("STAFF", "Staff"),
                            ("RULE", "The rule for announced disputes"),
                            ("GATEWAY", "The gateway"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "reason_code",
                    models.CharField(
                        choices=[
                            ("ASKED", "The fan asked"),
                            ("DUPLICATE", "Charged twice"),
                            ("FRAUD", "Fraud"),
                            ("NOT_DELIVERED", "Not delivered or not as described"),
                            ("GOODWILL", "Goodwill"),
                            ("AVOID_DISPUTE", "To avoid a chargeback"),
                            ("GATEWAY", "Refunded at the gateway"),
                        ],
                        max_length=20,
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("REQUESTED", "Waits for a second person"),
                            ("APPROVED", "Approved, to be sent"),
                            ("SENDING", "Being sent"),
                            ("PENDING", "Taken on by the gateway"),
                            ("UNKNOWN", "Outcome unknown"),
                            ("DONE", "Refunded"),
                            ("FAILED", "Failed"),
                            ("REJECTED", "Rejected"),
                        ],
                        max_length=10,
                    ),
                ),
                ("key", models.CharField(max_length=200)),
                ("platform_fee_returned", models.BooleanField()),
                ("processing_fee_returned", models.BooleanField()),
                (
                    "kept_fees_borne_by",
                    models.CharField(
                        choices=[("CREATOR", "Creator"), ("PLATFORM", "Platform")], max_length=10
                    ),
                ),
                (
                    "part",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Who gave which part, once it is booked.",
                    ),
                ),
                (
                    "entry_source",
                    models.CharField(
                        blank=True, help_text="The journal entry that booked it.", max_length=120
                    ),
                ),
                (
                    "bookings",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="More than one when it bounced and went back after all.",
                    ),
                ),
                (
                    "hold_id",
                    models.BigIntegerField(
                        blank=True,
                        help_text="The hold on the wallet of a deposit that goes back.",
                        null=True,
                    ),
                ),
                (
                    "gateway_reference",
                    models.CharField(
                        blank=True, help_text="The gateway's name for the refund.", max_length=120
                    ),
                ),
                (
                    "confirmed_at",
                    models.DateTimeField(
                        blank=True, help_text="When the gateway's own notice said so.", null=True
                    ),
                ),
                ("sent", models.JSONField(blank=True, default=dict)),
                ("received", models.JSONField(blank=True, default=dict)),
                ("failure_code", models.CharField(blank=True, max_length=40)),
                ("failure_reason", models.CharField(blank=True, max_length=200)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("looks", models.PositiveSmallIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField(blank=True, null=True)),
                ("claimed_until", models.DateTimeField(blank=True, null=True)),
                (
                    "handed_over_at",
                    models.DateTimeField(
                        blank=True, help_text="When the call to the gateway began.", null=True
                    ),
                ),
                ("needs_attention", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who asked for it; empty: the gateway, or a rule.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="payments.transaction",
                    ),
                ),
            ],
            options={
                "permissions": [
                    ("refund_transaction", "Can ask for refunds"),
                    (
                        "approve_refund",
                        "Can decide about refunds of others, and settle unknown ones",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RefundEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("from_state", models.CharField(blank=True, max_length=10)),
                (
                    "to_state",
                    models.CharField(
                        choices=[
                            ("REQUESTED", "Waits for a second person"),
                            ("APPROVED", "Approved, to be sent"),
                            ("SENDING", "Being sent"),
                            ("PENDING", "Taken on by the gateway"),
                            ("UNKNOWN", "Outcome unknown"),
                            ("DONE", "Refunded"),
                            ("FAILED", "Failed"),
                            ("REJECTED", "Rejected"),
                        ],
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("reason", models.CharField(max_length=500)),
                ("facts", models.JSONField(blank=True, default=dict)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "refund",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="history",
                        to="payments.refund",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RefundPolicy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("currency", models.CharField(max_length=5)),
                ("platform_fee_returned", models.BooleanField(default=True)),
                ("processing_fee_returned", models.BooleanField(default=False)),
                (
                    "kept_fees_borne_by",
                    models.CharField(
                        choices=[("CREATOR", "Creator"), ("PLATFORM", "Platform")],
                        default="CREATOR",
                        max_length=10,
                    ),
                ),
                (
                    "loss_borne_by",
                    models.CharField(
                        choices=[("CREATOR", "Creator"), ("PLATFORM", "Platform")],
                        default="CREATOR",
                        max_length=10,
                    ),
                ),
                ("chargeback_fee_minor", models.PositiveIntegerField(default=0)),
                (
                    "chargeback_fee_borne_by",
                    models.CharField(
                        choices=[("CREATOR", "Creator"), ("PLATFORM", "Platform")],
                        default="PLATFORM",
                        max_length=10,
                    ),
                ),
                ("hold_share", models.BooleanField(default=True)),
                ("four_eyes_from_minor", models.PositiveBigIntegerField(default=0)),
                ("refund_alerts_to_minor", models.PositiveBigIntegerField(default=0)),
                ("effective_from", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "cluster",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: every brand without a row of its own.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="clusters.cluster",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "refund policies",
                "permissions": [
                    ("set_refund_policy", "Can set who pays for refunds and chargebacks")
                ],
            },
        ),
        migrations.CreateModel(
            name="Reserve",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=5)),
                ("held_at", models.DateTimeField()),
                ("released_at", models.DateTimeField(blank=True, null=True)),
                (
                    "creator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.profile",
                    ),
                ),
                (
                    "round",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reserve",
                        to="payments.disputeround",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(fields=["transaction", "id"], name="dispute_of_txn"),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(
                condition=models.Q(
                    ("stage__in", ["ALERT", "CHARGEBACK", "INQUIRY", "SECOND_ROUND"])
                ),
                fields=["due_at", "id"],
                name="dispute_by_deadline",
            ),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(
                condition=models.Q(("needs_attention", True)),
                fields=["id"],
                name="dispute_for_a_person",
            ),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(fields=["-opened_at", "-id"], name="dispute_newest"),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.UniqueConstraint(
                fields=("gateway", "reference"), name="dispute_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "stage__in",
                        [
                            "INQUIRY",
                            "ALERT",
                            "CHARGEBACK",
                            "SECOND_ROUND",
                            "REPRESENTED",
                            "WON",
                            "LOST",
                            "ACCEPTED",
                            "CLOSED",
                        ],
                    )
                ),
                name="dispute_stage_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gt", 0)), name="dispute_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(("reference", ""), _negated=True), name="dispute_named"
            ),
        ),
        migrations.AddIndex(
            model_name="disputeevent",
            index=models.Index(fields=["dispute", "id"], name="dispute_history"),
        ),
        migrations.AddConstraint(
            model_name="disputeround",
            constraint=models.UniqueConstraint(
                fields=("dispute", "number"), name="dispute_round_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="disputeround",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_minor__gt", 0),
                    ("covered_minor__gte", 0),
                    ("fee_minor__gte", 0),
                    ("covered_minor__lte", models.F("amount_minor")),
                ),
                name="dispute_round_amounts_fit",
            ),
        ),
        migrations.AddConstraint(
            model_name="disputeround",
            constraint=models.CheckConstraint(
                condition=models.Q(("decision__in", ["", "WON", "LOST"])),
                name="dispute_round_decision_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="disputeround",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decision", "WON"), _negated=True),
                    ("covered_minor", 0),
                    _connector="OR",
                ),
                name="dispute_round_won_gives_back",
            ),
        ),
        migrations.AddIndex(
            model_name="evidencepack",
            index=models.Index(fields=["dispute", "-id"], name="evidence_of_dispute"),
        ),
        migrations.AddIndex(
            model_name="fraudreport",
            index=models.Index(fields=["reported_at", "id"], name="fraud_report_by_day"),
        ),
        migrations.AddConstraint(
            model_name="fraudreport",
            constraint=models.UniqueConstraint(
                fields=("transaction", "reference"), name="fraud_report_once"
            ),
        ),
        migrations.AddIndex(
            model_name="recovery",
            index=models.Index(fields=["creator", "-id"], name="recovery_of_creator"),
        ),
        migrations.AddConstraint(
            model_name="recovery",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gt", 0)), name="recovery_positive"
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(fields=["transaction", "id"], name="refund_of_txn"),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                condition=models.Q(("state__in", ["APPROVED", "PENDING", "UNKNOWN"])),
                fields=["next_attempt_at", "id"],
                name="refund_due",
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                condition=models.Q(("state", "SENDING")),
                fields=["claimed_until", "id"],
                name="refund_claimed",
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                condition=models.Q(("state", "REQUESTED")), fields=["id"], name="refund_to_approve"
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                condition=models.Q(("needs_attention", True)),
                fields=["id"],
                name="refund_for_a_person",
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(fields=["-created_at", "-id"], name="refund_newest"),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gt", 0)), name="refund_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "REQUESTED",
                            "APPROVED",
                            "SENDING",
                            "PENDING",
                            "UNKNOWN",
                            "DONE",
                            "FAILED",
                            "REJECTED",
                        ],
                    )
                ),
                name="refund_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("destination__in", ["GATEWAY", "WALLET"]),
                    ("origin__in", ["STAFF", "RULE", "GATEWAY"]),
                ),
                name="refund_words_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "DONE"), ("entry_source__gt", "")),
                    models.Q(models.Q(("state", "DONE"), _negated=True), ("entry_source", "")),
                    _connector="OR",
                ),
                name="refund_done_is_booked",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(
                fields=("transaction", "key"), name="refund_key_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(
                condition=models.Q(("gateway_reference", ""), _negated=True),
                fields=("transaction", "gateway_reference"),
                name="refund_once_per_reference",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("state__in", ["PENDING", "SENDING", "UNKNOWN"]),
                    models.Q(("origin", "GATEWAY"), _negated=True),
                ),
                fields=("transaction",),
                name="refund_one_in_flight",
            ),
        ),
        migrations.AddIndex(
            model_name="refundevent",
            index=models.Index(fields=["refund", "id"], name="refund_history"),
        ),
        migrations.AddConstraint(
            model_name="refundpolicy",
            constraint=models.UniqueConstraint(
                fields=("cluster", "currency", "effective_from"),
                name="refund_policy_one_per_moment",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="refundpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("chargeback_fee_borne_by__in", ["CREATOR", "PLATFORM"]),
                    ("kept_fees_borne_by__in", ["CREATOR", "PLATFORM"]),
                    ("loss_borne_by__in", ["CREATOR", "PLATFORM"]),
                ),
                name="refund_policy_bearers_known",
            ),
        ),
        migrations.AddIndex(
            model_name="reserve",
            index=models.Index(
                condition=models.Q(("released_at__isnull", True)),
                fields=["creator"],
                name="reserve_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="reserve",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gt", 0)), name="reserve_positive"
            ),
        ),
        migrations.RunSQL(FORWARD.read_text(), BACK.read_text()),
    ]
