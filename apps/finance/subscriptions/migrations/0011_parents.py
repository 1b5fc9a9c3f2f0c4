"""Parents of rows that come by the thousand are looked at once for a statement (docs/adr/0027)."""

from django.db import migrations, models

from apps.core.parents import parents_back_sql, parents_sql

PERIODS = ("subscriptions_period", {"subscription_id": "subscriptions_subscription"})
HISTORY = ("subscriptions_subscriptionevent", {"subscription_id": "subscriptions_subscription"})


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0010_notes")]

    operations = [
        migrations.AlterField(
            "period",
            "subscription",
            models.ForeignKey(
                "subscriptions.Subscription",
                on_delete=models.PROTECT,
                related_name="periods",
                db_index=False,
                db_constraint=False,
            ),
        ),
        migrations.AlterField(
            "subscriptionevent",
            "subscription",
            models.ForeignKey(
                "subscriptions.Subscription",
                on_delete=models.PROTECT,
                related_name="history",
                db_index=False,
                db_constraint=False,
            ),
        ),
        migrations.RunSQL(parents_sql(*PERIODS), parents_back_sql(*PERIODS)),
        migrations.RunSQL(parents_sql(*HISTORY), parents_back_sql(*HISTORY)),
    ]
