"""News of the inbox in a table of its own; addresses by credentials; deliveries can be emptied.

New columns have defaults in the database: the release before writes none. Checks are not valid
yet: judging the deliveries there are would hold up new ones (0010 does it without).
"""

from pathlib import Path

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

SQL = Path(__file__).with_name("sql")
GATEWAYS = [
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
]
STATUSES = [
    ("RECEIVED", "Waits to be processed"),
    ("PROCESSED", "Processed"),
    ("REFUSED", "Refused: not authentic or not fitting its order"),
    ("PARKED", "Parked: a person must look"),
    ("IGNORED", "Ignored: nothing to do"),
    ("QUARANTINED", "Quarantined: of an order or account we do not know"),
]
OUTCOMES = [
    ("DONE", "Acted on"),
    ("NOTHING", "Nothing to do"),
    ("PARKED", "A person must look"),
    ("REPEAT", "Told before"),
    ("REFUSED", "Does not fit its order"),
    ("QUARANTINED", "Of an unknown order or account"),
]


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_attempts")]

    operations = [
        migrations.CreateModel(
            name="WebhookNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField(help_text="Its place in the delivery, from 1.")),
                ("gateway", models.CharField(choices=GATEWAYS, max_length=20)),
                ("dedupe_key", models.CharField(max_length=120)),
                ("event_type", models.CharField(max_length=40)),
                ("told", models.CharField(blank=True, max_length=20)),
                ("reference", models.CharField(blank=True, max_length=80)),
                ("amount_minor", models.BigIntegerField(blank=True, null=True)),
                ("currency", models.CharField(blank=True, max_length=5)),
                ("occurred_at", models.DateTimeField(blank=True, null=True)),
                ("outcome", models.CharField(choices=OUTCOMES, max_length=12)),
                ("text", models.CharField(blank=True, max_length=300)),
                ("at", models.DateTimeField()),
                (
                    "repeats",
                    models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.webhooknotice"),
                ),
                (
                    "transaction",
                    models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="notices", to="payments.transaction"),
                ),
                (
                    "webhook",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="notices", to="payments.webhookevent"),
                ),
            ],
            options={
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(fields=("webhook", "number"), name="notice_number"),
                    models.UniqueConstraint(
                        condition=Q(outcome__in=["DONE", "NOTHING", "PARKED"]),
                        fields=("gateway", "dedupe_key"),
                        name="notice_heard_once",
                    ),
                    models.CheckConstraint(
                        condition=Q(outcome__in=[name for name, _ in OUTCOMES]),
                        name="notice_outcome_known",
                    ),
                ],
            },
        ),
        migrations.AlterModelOptions(
            name="webhookevent",
            options={"permissions": [("replay_webhook", "Can replay, park and ignore stored webhooks")]},
        ),
        migrations.AddField("webhookevent", "body_sha256", models.BinaryField(blank=True, help_text="Of an emptied body.", null=True)),
        migrations.AddField("webhookevent", "credentials", models.CharField(blank=True, db_default="", default="", help_text="Which set of secrets its address is of; empty: the one of the gateway's name.", max_length=40)),
        migrations.AddField("webhookevent", "raw_query", models.TextField(blank=True, db_default="", default="", help_text="As it came: some sign its order.")),
        migrations.AddField("webhookevent", "emptied_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("webhookevent", "method", models.CharField(db_default="POST", default="POST", max_length=6)),
        migrations.AlterField("webhookevent", "dedupe_key", models.CharField(blank=True, help_text="Of its first news, once that is proved.", max_length=120)),
        migrations.AlterField("webhookevent", "headers", models.JSONField(default=dict, help_text="Passwords in them are sealed.")),
        migrations.AlterField("webhookevent", "status", models.CharField(choices=STATUSES, default="RECEIVED", max_length=12)),
        migrations.RemoveConstraint("webhookevent", "webhook_status_known"),
        AddConstraintNotValid("webhookevent", models.CheckConstraint(condition=Q(status__in=[name for name, _ in STATUSES]), name="webhook_status_known")),
        AddConstraintNotValid(
            "webhookevent",
            models.CheckConstraint(
                condition=Q(emptied_at__isnull=True) | Q(body_sha256__isnull=False),
                name="webhook_emptied_has_hash",
            ),
        ),
        migrations.RunSQL(
            (SQL / "inbox.sql").read_text(), (SQL / "inbox_back.sql").read_text()
        ),
    ]  # fmt: skip
