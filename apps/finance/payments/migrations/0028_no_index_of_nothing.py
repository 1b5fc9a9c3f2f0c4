"""Payments by wallet have no merchant account, and the platform's own acts nobody who did them:
indexes of these hold only those that do. All others were written at one place, by all workers.
"""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0028_attempt_kept")]

    operations = [
        AddIndexConcurrently(
            "transaction",
            models.Index(
                condition=models.Q(("merchant_account__isnull", False)),
                fields=["merchant_account", "id"],
                name="txn_of_mid",
            ),
        ),
        AddIndexConcurrently(
            "transaction",
            models.Index(
                condition=models.Q(
                    ("captured_at__isnull", False), ("merchant_account__isnull", False)
                ),
                fields=["merchant_account", "captured_at"],
                include=("amount_minor",),
                name="txn_taken_at_mid",
            ),
        ),
        AddIndexConcurrently(
            "transactionevent",
            models.Index(
                condition=models.Q(("by__isnull", False)), fields=["by"], name="txn_history_by"
            ),
        ),
        RemoveIndexConcurrently("transaction", "txn_taken_by_mid"),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "transaction",
                    "merchant_account",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payments.merchantaccount",
                    ),
                ),
                migrations.AlterField(
                    "transactionevent",
                    "by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Empty: the platform itself, or the gateway.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            database_operations=[
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS"
                    " payments_transaction_merchant_account_id_bc7e0f7f",
                    "CREATE INDEX CONCURRENTLY IF NOT EXISTS"
                    " payments_transaction_merchant_account_id_bc7e0f7f"
                    " ON payments_transaction (merchant_account_id)",
                ),
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS payments_transactionevent_by_id_9d22bf30",
                    "CREATE INDEX CONCURRENTLY IF NOT EXISTS"
                    " payments_transactionevent_by_id_9d22bf30"
                    " ON payments_transactionevent (by_id)",
                ),
            ],
        ),
    ]
