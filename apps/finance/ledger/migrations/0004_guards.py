from pathlib import Path

import django.db.models.deletion
from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models
from django.db.models import F, Q

SQL = Path(__file__).parent / "sql"

BALANCE = models.CheckConstraint(
    condition=Q(held_minor__gte=0)
    & Q(held_minor__lte=F("bound") * (F("credits_minor") - F("debits_minor"))),
    name="ledger_balance_within_bound",
)
HOLD = models.CheckConstraint(
    condition=~Q(source="")
    & Q(amount_minor__gt=0, captured_minor__gte=0, released_minor__gte=0)
    & (
        Q(
            state="OPEN",
            ended_at__isnull=True,
            amount_minor__gt=F("captured_minor") + F("released_minor"),
        )
        | (
            ~Q(state="OPEN")
            & Q(ended_at__isnull=False, amount_minor=F("captured_minor") + F("released_minor"))
        )
    ),
    name="ledger_hold_well_formed",
)


class Migration(migrations.Migration):
    """All guarantees in the database; holds; corrections; what the kinds may touch.

    New checks come before the old ones go, and old rows are read without keeping writers out.
    """

    atomic = False
    dependencies = [("ledger", "0003_chart")]

    operations = [
        migrations.AddField(
            "entry",
            "corrects",
            models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                help_text="The entry of which this takes back a part.",
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="corrected_by",
                to="ledger.entry",
            ),
        ),
        AddIndexConcurrently(
            "entry",
            models.Index(
                fields=["corrects"],
                condition=Q(corrects__isnull=False),
                name="ledger_entry_corrections",
            ),
        ),
        AddConstraintNotValid("balance", BALANCE),
        ValidateConstraint("balance", BALANCE.name),
        migrations.RemoveConstraint("balance", "ledger_balance_sides_positive"),
        migrations.RemoveConstraint("balance", "ledger_balance_not_overdrawn"),
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("captured_minor", models.BigIntegerField(default=0)),
                ("released_minor", models.BigIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPEN", "Open"),
                            ("CAPTURED", "Captured"),
                            ("RELEASED", "Released"),
                            ("EXPIRED", "Expired"),
                        ],
                        default="OPEN",
                        max_length=10,
                    ),
                ),
                (
                    "source",
                    models.CharField(help_text="The event, once for ever.", max_length=120),
                ),
                (
                    "cluster",
                    models.CharField(blank=True, help_text="Slug of the brand.", max_length=50),
                ),
                ("memo", models.CharField(blank=True, max_length=500)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("placed_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="holds",
                        to="ledger.account",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["source"], name="ledger_hold_source_once"),
                    HOLD,
                ],
                "indexes": [
                    models.Index(fields=["account", "-id"], name="ledger_hold_of_account"),
                    models.Index(
                        fields=["expires_at", "id"],
                        condition=Q(state="OPEN"),
                        name="ledger_hold_expiring",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            [
                (SQL / name).read_text()
                for name in ("guards_triggers.sql", "guards_holds.sql", "guards_post.sql")
            ],
            reverse_sql=[
                (SQL / name).read_text() for name in ("guards_undo.sql", "guards.sql", "post.sql")
            ],
        ),
        # Judged by the triggers from here on.
        migrations.RemoveConstraint("entry", "ledger_entry_reversal_names_entry"),
        migrations.RemoveConstraint("line", "ledger_line_not_zero"),
        migrations.RemoveConstraint("line", "ledger_line_counted_from_one"),
    ]
