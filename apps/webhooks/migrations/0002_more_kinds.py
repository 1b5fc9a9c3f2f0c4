import django.contrib.postgres.fields
from django.db import migrations, models

KINDS = [
    ("payment.captured", "A payment was captured"),
    ("payment.failed", "A payment was declined"),
    ("payment.cancelled", "A payment was given up before anything was taken"),
    ("payment.refunded", "Money of a payment went back to the payer"),
    ("payment.refund_bounced", "A refund did not reach the payer"),
    ("payment.disputed", "A bank asks, or has taken the money back"),
    ("payment.dispute_closed", "A dispute came to an end"),
    ("payout.requested", "A payout was requested"),
    ("payout.paid", "A payout was paid"),
    ("payout.failed", "A payout failed"),
    ("endpoint.test", "A trial, sent by staff"),
]


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="endpoint",
            name="kinds",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(choices=KINDS, max_length=40),
                help_text="What it is told.",
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=40),
        ),
    ]
