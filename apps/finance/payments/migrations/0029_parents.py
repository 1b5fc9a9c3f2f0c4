"""Parents of rows that come by the thousand are looked at once for a statement (docs/adr/0027)."""

from django.db import migrations, models

from apps.core.parents import parents_back_sql, parents_sql

PAYMENTS = (
    "payments_transaction",
    {
        "cluster_id": "clusters_cluster",
        "payer_id": "accounts_profile",
        "payee_id": "accounts_profile",
    },
)
HISTORY = ("payments_transactionevent", {"transaction_id": "payments_transaction"})


class Migration(migrations.Migration):
    dependencies = [("payments", "0028_no_index_of_nothing")]

    operations = [
        migrations.AlterField(
            "transaction",
            "cluster",
            models.ForeignKey(
                "clusters.Cluster",
                on_delete=models.PROTECT,
                related_name="+",
                db_index=False,
                db_constraint=False,
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
                db_constraint=False,
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
                db_constraint=False,
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
                db_constraint=False,
            ),
        ),
        migrations.RunSQL(parents_sql(*PAYMENTS), parents_back_sql(*PAYMENTS)),
        migrations.RunSQL(parents_sql(*HISTORY), parents_back_sql(*HISTORY)),
    ]
