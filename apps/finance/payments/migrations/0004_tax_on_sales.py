"""Tax in a payment. The columns have defaults in the database: the release before writes none."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Q, Value


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_console_indexes")]

    operations = [
        migrations.AddField(
            "transaction",
            "tax_minor",
            models.BigIntegerField(default=0, db_default=0, help_text="Tax in the amount."),
        ),
        migrations.AddField(
            "transaction",
            "tax_added_minor",
            models.BigIntegerField(
                default=0,
                db_default=0,
                help_text="The part of the tax that came on top of the price.",
            ),
        ),
        migrations.AddField(
            "transaction",
            "tax_place",
            models.CharField(
                max_length=6,
                blank=True,
                default="",
                db_default="",
                help_text="ISO 3166; empty: untaxed.",
            ),
        ),
        migrations.AddField(
            "transaction",
            "tax_lines",
            models.JSONField(
                default=list,
                db_default=Value([], models.JSONField()),
                blank=True,
                help_text="Each tax as it was quoted, by rate.",
            ),
        ),
        migrations.AddField(
            "transaction",
            "place_proofs",
            models.JSONField(
                default=list,
                db_default=Value([], models.JSONField()),
                blank=True,
                help_text="What the payer's place is known from.",
            ),
        ),
        # Not valid yet: judging the rows there are would hold up payments (0005 does it without).
        migrations.RemoveConstraint("transaction", "txn_split_is_exact"),
        AddConstraintNotValid(
            "transaction",
            models.CheckConstraint(
                condition=Q(
                    kind="WALLET_DEPOSIT", platform_fee_minor=0, net_minor=F("amount_minor")
                )
                | Q(
                    kind="TIP",
                    net_minor=F("amount_minor")
                    - F("tax_minor")
                    - F("platform_fee_minor")
                    - F("processing_fee_minor"),
                ),
                name="txn_split_is_exact",
            ),
        ),
        AddConstraintNotValid(
            "transaction",
            models.CheckConstraint(
                condition=Q(tax_minor=0, tax_added_minor=0, tax_place="")
                | Q(
                    kind="TIP",
                    tax_minor__gte=0,
                    tax_added_minor__gte=0,
                    tax_added_minor__lte=F("tax_minor"),
                    tax_place__gt="",
                ),
                name="txn_tax_fits",
            ),
        ),
    ]
