from django.db import migrations, models


class Migration(migrations.Migration):
    """What a payment was routed and judged by, its sale's second name, and when a try was sent."""

    dependencies = [("payments", "0014_bank_gateways")]

    operations = [
        migrations.AddField(
            "attempt",
            "handed_over_at",
            models.DateTimeField(
                null=True,
                blank=True,
                help_text="When its charge began to be sent: it is sent once.",
            ),
        ),
        migrations.AddField(
            "refund",
            "sealed_claim",
            models.TextField(
                blank=True,
                default="",
                db_default="",
                help_text="Where its payer claims it, encrypted.",
            ),
        ),
        migrations.AddField(
            "transaction",
            "gateway_transaction",
            models.CharField(
                max_length=80,
                blank=True,
                default="",
                db_default="",
                help_text="A second name of the sale, by which some gateways change it.",
            ),
        ),
        migrations.AddField(
            "transaction",
            "payer_country",
            models.CharField(
                max_length=2,
                blank=True,
                default="",
                db_default="",
                help_text="As it was begun from.",
            ),
        ),
        migrations.AddField(
            "transaction",
            "first_purchase",
            models.BooleanField(
                default=False,
                db_default=False,
                help_text="The payer had paid nothing before.",
            ),
        ),
        migrations.AddField(
            "transaction",
            "risk_outcome",
            models.CharField(
                max_length=10,
                choices=[
                    ("ALLOW", "Allow"),
                    ("CHALLENGE", "Challenge: the payer proves it is him"),
                    ("REVIEW", "Review: a person decides"),
                    ("BLOCK", "Block"),
                ],
                blank=True,
                default="",
                db_default="",
                help_text="What risk said when it was begun.",
            ),
        ),
        migrations.AddField(
            "transaction",
            "risk_score",
            models.PositiveSmallIntegerField(default=0, db_default=0),
        ),
    ]
