from django.conf import settings
from django.db import migrations, models
from django.db.models import Q, Value
from django.db.models.deletion import PROTECT


class Migration(migrations.Migration):
    """Changes of merchant accounts that wait for a second person, and tests of their secrets."""

    dependencies = [
        ("payments", "0016_handed_over"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="feeschedule",
            options={"permissions": [("set_fee", "Can set what payments cost from a day on")]},
        ),
        migrations.AlterModelOptions(
            name="merchantaccount",
            options={
                "permissions": [
                    ("manage_merchantaccount", "Can open and change merchant accounts"),
                    (
                        "approve_merchantaccount",
                        "Can agree to where merchant accounts send money",
                    ),
                ]
            },
        ),
        migrations.AddField(
            "merchantaccount",
            "proposal",
            models.JSONField(
                blank=True,
                default=dict,
                db_default=Value({}, models.JSONField()),
                help_text="A change of where money goes, until a second person agrees.",
            ),
        ),
        migrations.AddField(
            "merchantaccount", "proposed_at", models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            "merchantaccount",
            "proposed_by",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            "merchantaccount", "test_passed", models.BooleanField(blank=True, null=True)
        ),
        migrations.AddField(
            "merchantaccount",
            "test_text",
            models.CharField(blank=True, default="", db_default="", max_length=200),
        ),
        migrations.AddField(
            "merchantaccount", "tested_at", models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddConstraint(
            "merchantaccount",
            models.CheckConstraint(
                condition=Q(proposal={}, proposed_at__isnull=True)
                | (~Q(proposal={}) & Q(proposed_at__isnull=False)),
                name="mid_proposal_dated",
            ),
        ),
    ]
