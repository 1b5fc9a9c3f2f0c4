"""Subscriptions, content and messages are sold: what was bought, and which charge of it.

The columns have defaults in the database: the release before writes none. The constraints are not
valid yet: judging the rows there are would hold up payments (0023 does it without).
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Q, Value

KINDS = [
    ("WALLET_DEPOSIT", "Wallet deposit"),
    ("TIP", "Tip"),
    ("SUBSCRIPTION", "Subscription"),
    ("CONTENT", "Content"),
    ("MESSAGE", "Message"),
]
SALES = ["CONTENT", "MESSAGE", "SUBSCRIPTION", "TIP"]
OCCASIONS = [
    ("", "None"),
    ("FIRST", "First period"),
    ("RENEWAL", "Renewal"),
    ("TRIAL", "Paid trial"),
    ("CHANGE", "Change of plan"),
]


def judged_anew(model, constraint):
    return [
        migrations.RemoveConstraint(model, constraint.name),
        AddConstraintNotValid(model, constraint),
    ]


class Migration(migrations.Migration):
    dependencies = [("payments", "0021_notice_repeats")]

    operations = [
        migrations.AlterField(
            "transaction", "kind", models.CharField(choices=KINDS, max_length=20)
        ),
        migrations.AlterField(
            "feeschedule", "kind", models.CharField(choices=KINDS, max_length=20)
        ),
        migrations.AddField(
            "transaction",
            "subject",
            models.CharField(
                max_length=80,
                blank=True,
                default="",
                db_default="",
                help_text="What was bought, by its owner's name for it: subscription:7:period:3,"
                " item:9.",
            ),
        ),
        migrations.AddField(
            "transaction",
            "occasion",
            models.CharField(
                max_length=10,
                choices=OCCASIONS,
                blank=True,
                default="",
                db_default="",
                help_text="Which charge of a subscription it is.",
            ),
        ),
        migrations.AddField(
            "transaction",
            "renewal",
            models.JSONField(
                default=dict,
                db_default=Value({}, models.JSONField()),
                blank=True,
                help_text="What the gateway was asked to charge by itself from then on.",
            ),
        ),
        migrations.AddField(
            "transaction",
            "renewal_of",
            models.ForeignKey(
                "payments.Transaction",
                on_delete=models.PROTECT,
                null=True,
                blank=True,
                related_name="+",
                db_index=False,
                help_text="The first payment, where the gateway charged this one by itself.",
            ),
        ),
        *judged_anew(
            "transaction",
            models.CheckConstraint(
                condition=Q(
                    kind="WALLET_DEPOSIT", platform_fee_minor=0, net_minor=F("amount_minor")
                )
                | Q(
                    kind__in=SALES,
                    net_minor=F("amount_minor")
                    - F("tax_minor")
                    - F("platform_fee_minor")
                    - F("processing_fee_minor"),
                ),
                name="txn_split_is_exact",
            ),
        ),
        *judged_anew(
            "transaction",
            models.CheckConstraint(
                condition=Q(tax_minor=0, tax_added_minor=0, tax_place="")
                | Q(
                    kind__in=SALES,
                    tax_minor__gte=0,
                    tax_added_minor__gte=0,
                    tax_added_minor__lte=F("tax_minor"),
                    tax_place__gt="",
                ),
                name="txn_tax_fits",
            ),
        ),
        *judged_anew(
            "transaction",
            models.CheckConstraint(
                condition=(
                    Q(kind="WALLET_DEPOSIT", payee__isnull=True) & ~Q(method="WALLET")
                )
                | Q(kind__in=SALES, payee__isnull=False),
                name="txn_parties_fit",
            ),
        ),
        AddConstraintNotValid(
            "transaction",
            models.CheckConstraint(
                condition=Q(
                    kind="SUBSCRIPTION", occasion__in=["FIRST", "RENEWAL", "TRIAL", "CHANGE"]
                )
                | (~Q(kind="SUBSCRIPTION") & Q(occasion="")),
                name="txn_occasion_fits",
            ),
        ),
        *judged_anew(
            "feeschedule",
            models.CheckConstraint(
                condition=Q(kind__in=[kind for kind, _ in KINDS]), name="fee_kind_known"
            ),
        ),
    ]
