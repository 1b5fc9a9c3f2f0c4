"""Four indexes that others begin with: written for each payment, read for none."""

from django.db import migrations, models

#: Index, table, column.
NEEDLESS = [
    ("payments_transaction_cluster_id_17bd7809", "payments_transaction", "cluster_id"),
    ("payments_transaction_payer_id_30f6dac1", "payments_transaction", "payer_id"),
    ("payments_transaction_payee_id_3ee1c507", "payments_transaction", "payee_id"),
    (
        "payments_transactionevent_transaction_id_bde3bb7a",
        "payments_transactionevent",
        "transaction_id",
    ),
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0023_sales_checked")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "transaction",
                    "cluster",
                    models.ForeignKey(
                        "clusters.Cluster",
                        on_delete=models.PROTECT,
                        related_name="+",
                        db_index=False,
                    ),
                ),
                migrations.AlterField(
                    "transaction",
                    "payer",
                    models.ForeignKey(
                        "accounts.Profile",
                        on_delete=models.PROTECT,
                        related_name="+",
                        db_index=False,
                    ),
                ),
                migrations.AlterField(
                    "transaction",
                    "payee",
                    models.ForeignKey(
                        "accounts.Profile",
                        on_delete=models.PROTECT,
                        null=True,
                        blank=True,
                        related_name="+",
                        db_index=False,
                    ),
                ),
                migrations.AlterField(
                    "transactionevent",
                    "transaction",
                    models.ForeignKey(
                        "payments.Transaction",
                        on_delete=models.PROTECT,
                        related_name="history",
                        db_index=False,
                    ),
                ),
            ],
            database_operations=[
                migrations.RunSQL(
                    f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
                    f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table} ({column})",
                )
                for name, table, column in NEEDLESS
            ],
        ),
    ]
