from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """Periods, totals and snapshots, the bookmark of the roll-forward and the hash chain."""

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("ledger", "0004_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="CodeSnapshot",
            fields=[
                ("debits_minor", models.BigIntegerField()),
                ("credits_minor", models.BigIntegerField()),
                ("code", models.CharField(max_length=10)),
                ("owner", models.CharField(blank=True, max_length=80)),
                ("currency", models.CharField(max_length=5)),
                ("cluster", models.CharField(blank=True, max_length=50)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "month",
                        "code",
                        "owner",
                        "currency",
                        "cluster",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("month", models.DateField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="DayTotal",
            fields=[
                ("debits_minor", models.BigIntegerField()),
                ("credits_minor", models.BigIntegerField()),
                ("code", models.CharField(max_length=10)),
                ("owner", models.CharField(blank=True, max_length=80)),
                ("currency", models.CharField(max_length=5)),
                ("cluster", models.CharField(blank=True, max_length=50)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "day",
                        "code",
                        "owner",
                        "currency",
                        "cluster",
                        "kind",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("kind", models.CharField(max_length=30)),
                ("lines", models.BigIntegerField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="MonthTotal",
            fields=[
                ("debits_minor", models.BigIntegerField()),
                ("credits_minor", models.BigIntegerField()),
                ("code", models.CharField(max_length=10)),
                ("owner", models.CharField(blank=True, max_length=80)),
                ("currency", models.CharField(max_length=5)),
                ("cluster", models.CharField(blank=True, max_length=50)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "month",
                        "code",
                        "owner",
                        "currency",
                        "cluster",
                        "kind",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("month", models.DateField()),
                ("kind", models.CharField(max_length=30)),
                ("lines", models.BigIntegerField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="bookscheck",
            name="account_to_id",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="bookscheck",
            name="new_to_id",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="bookscheck",
            name="old_to_id",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="bookscheck",
            name="scope",
            field=models.CharField(
                choices=[
                    ("FULL", "Everything"),
                    ("SLICE", "What is new, and a slice of the rest"),
                ],
                default="FULL",
                max_length=5,
            ),
        ),
        migrations.CreateModel(
            name="Block",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("first_id", models.BigIntegerField()),
                ("last_id", models.BigIntegerField(unique=True)),
                ("entries", models.BigIntegerField()),
                (
                    "newest_posted_at",
                    models.DateTimeField(
                        help_text="No entry of this block or of one before it was posted later."
                    ),
                ),
                ("previous_hash", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
                ("built_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["newest_posted_at"], name="ledger_block_by_time")
                ],
            },
        ),
        migrations.CreateModel(
            name="Bookmark",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("low_id", models.BigIntegerField(default=0)),
                ("pending_id", models.BigIntegerField(default=0)),
                ("pending_xid", models.BigIntegerField(default=0)),
                ("rolled_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="ledger_bookmark_is_one"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("low_id__gte", 0), ("pending_id__gte", models.F("low_id"))
                        ),
                        name="ledger_bookmark_in_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Period",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(help_text="Its first day.", unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("OPEN", "Open"), ("CLOSING", "Closing"), ("CLOSED", "Closed")],
                        default="OPEN",
                        max_length=10,
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("month__day", 1)), name="ledger_period_is_a_month"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", False), ("state", "CLOSED")),
                            models.Q(
                                models.Q(("state", "CLOSED"), _negated=True),
                                ("closed_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="ledger_period_closed_since",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PeriodMove",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "from_state",
                    models.CharField(
                        choices=[("OPEN", "Open"), ("CLOSING", "Closing"), ("CLOSED", "Closed")],
                        max_length=10,
                    ),
                ),
                (
                    "to_state",
                    models.CharField(
                        choices=[("OPEN", "Open"), ("CLOSING", "Closing"), ("CLOSED", "Closed")],
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "period",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves",
                        to="ledger.period",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("from_state", "CLOSED"), _negated=True),
                            models.Q(
                                ("approved_by__isnull", False),
                                models.Q(("approved_by", models.F("by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="ledger_period_reopened_by_two",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AccountSnapshot",
            fields=[
                ("debits_minor", models.BigIntegerField()),
                ("credits_minor", models.BigIntegerField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id",
                        "month",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("month", models.DateField()),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="snapshots",
                        to="ledger.account",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["month"], name="ledger_snapshot_of_month")],
            },
        ),
        migrations.CreateModel(
            name="AccountTotal",
            fields=[
                ("debits_minor", models.BigIntegerField()),
                ("credits_minor", models.BigIntegerField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id",
                        "month",
                        "cluster",
                        "kind",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("month", models.DateField()),
                ("cluster", models.CharField(blank=True, max_length=50)),
                ("kind", models.CharField(max_length=30)),
                ("lines", models.BigIntegerField()),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="totals",
                        to="ledger.account",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["month"], name="ledger_accounttotal_of_month")],
            },
        ),
        # One after another: the later ones call the earlier.
        migrations.RunSQL(
            [
                (SQL / name).read_text()
                for name in ("time_periods.sql", "time_roll.sql", "chain.sql")
            ],
            reverse_sql=(SQL / "time_drop.sql").read_text(),
        ),
    ]
