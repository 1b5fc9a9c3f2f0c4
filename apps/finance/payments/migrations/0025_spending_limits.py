import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("payments", "0024_fewer_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="SpendingLimit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "per",
                    models.CharField(
                        choices=[("DAY", "Day"), ("WEEK", "Week"), ("MONTH", "Month")],
                        max_length=5,
                    ),
                ),
                (
                    "amount_minor",
                    models.BigIntegerField(
                        blank=True, help_text="Empty: no limit from then on.", null=True
                    ),
                ),
                ("currency", models.CharField(max_length=5)),
                ("effective_from", models.DateTimeField()),
                ("set_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "profile",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.profile",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=Q(withdrawn_at__isnull=True),
                        fields=["profile", "currency", "per", "-effective_from", "-id"],
                        name="spending_limit_of_profile",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(amount_minor__isnull=True) | Q(amount_minor__gt=0),
                        name="spending_limit_positive",
                    ),
                    models.CheckConstraint(
                        condition=Q(per__in=["DAY", "WEEK", "MONTH"]), name="spending_limit_per"
                    ),
                    models.CheckConstraint(
                        condition=Q(effective_from__gte=F("set_at")),
                        name="spending_limit_not_in_the_past",
                    ),
                ],
            },
        ),
    ]
