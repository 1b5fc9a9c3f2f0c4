from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """Four eyes: proposals, and no entry by hand without an approved one."""

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("ledger", "0005_time"),
    ]

    operations = [
        migrations.CreateModel(
            name="Proposal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("ENTRY", "Entry by hand"),
                            ("REVERSAL", "Reversal of an entry"),
                            ("CORRECTION", "Correction of an entry"),
                            ("REOPEN_PERIOD", "Reopening of a period"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("PROPOSED", "Proposed"),
                            ("APPROVED", "Approved"),
                            ("REJECTED", "Rejected"),
                            ("EXPIRED", "Expired"),
                        ],
                        default="PROPOSED",
                        max_length=10,
                    ),
                ),
                ("subject", models.CharField(blank=True, max_length=80)),
                ("payload", models.JSONField()),
                ("reason", models.CharField(max_length=500)),
                (
                    "idempotency_key",
                    models.CharField(help_text="Of the form that made it.", max_length=80),
                ),
                ("proposed_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decision_reason", models.CharField(blank=True, max_length=500)),
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
                    "entry",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="What approving it posted.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="ledger.entry",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "permissions": [
                    ("propose_entry", "Can propose an entry by hand"),
                    ("propose_reversal", "Can propose to reverse an entry"),
                    ("propose_correction", "Can propose to correct an entry"),
                    ("propose_reopening", "Can propose to reopen a period"),
                    ("approve_proposal", "Can approve and reject proposals"),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "PROPOSED")),
                        fields=["proposed_at", "id"],
                        name="ledger_proposal_waiting",
                    ),
                    models.Index(fields=["subject"], name="ledger_proposal_subject"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("proposed_by", "idempotency_key"), name="ledger_proposal_form_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("state", "PROPOSED"), models.Q(("subject", ""), _negated=True)
                        ),
                        fields=("kind", "subject"),
                        name="ledger_proposal_open_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "APPROVED"), _negated=True),
                            models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="ledger_proposal_four_eyes",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_at", None), ("decided_by", None), ("state", "PROPOSED")
                            ),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by", None),
                                ("state", "EXPIRED"),
                            ),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                ("state__in", ["APPROVED", "REJECTED"]),
                            ),
                            _connector="OR",
                        ),
                        name="ledger_proposal_decision_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("entry", None), ("state", "APPROVED"), _connector="OR"
                        ),
                        name="ledger_proposal_posts_approved",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["ENTRY", "REVERSAL", "CORRECTION", "REOPEN_PERIOD"])
                        ),
                        name="ledger_proposal_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="ledger_proposal_has_reason",
                    ),
                ],
            },
        ),
        migrations.AlterModelOptions(
            name="account",
            options={
                "permissions": [
                    ("close_account", "Can close and reopen accounts"),
                    ("freeze_account", "Can freeze and unfreeze accounts"),
                ]
            },
        ),
        migrations.AlterModelOptions(
            name="period",
            options={"permissions": [("close_period", "Can close months")]},
        ),
        migrations.RunSQL(
            (SQL / "proposals.sql").read_text(),
            reverse_sql=(SQL / "proposals_drop.sql").read_text(),
        ),
    ]
