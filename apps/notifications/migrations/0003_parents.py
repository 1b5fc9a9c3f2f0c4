"""Parents of rows that come by the thousand are looked at once for a statement (docs/adr/0027)."""

from django.conf import settings
from django.db import migrations, models

from apps.core.parents import parents_back_sql, parents_sql

MESSAGES = (
    "notifications_message",
    {"user_id": "accounts_user", "cluster_id": "clusters_cluster"},
)


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_no_prefixes")]

    operations = [
        migrations.AlterField(
            "message",
            "user",
            models.ForeignKey(
                settings.AUTH_USER_MODEL,
                on_delete=models.PROTECT,
                related_name="+",
                db_constraint=False,
            ),
        ),
        migrations.AlterField(
            "message",
            "cluster",
            models.ForeignKey(
                "clusters.Cluster",
                on_delete=models.PROTECT,
                related_name="+",
                db_index=False,
                db_constraint=False,
            ),
        ),
        migrations.RunSQL(parents_sql(*MESSAGES), parents_back_sql(*MESSAGES)),
    ]
