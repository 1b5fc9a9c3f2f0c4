"""What a gateway refuses is asked for again later, and stops nobody else meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("subscriptions", "0006_gifts_found")]

    operations = [
        migrations.AddField(
            model_name="subscription",
            name="stop_due_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When a gateway is asked next to charge no more; empty: nothing is to stop.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="gift",
            name="return_due_at",
            field=models.DateTimeField(
                blank=True,
                help_text="It could not go back; then that is tried again.",
                null=True,
            ),
        ),
        AddIndexConcurrently(
            "subscription",
            models.Index(
                fields=["stop_due_at", "id"],
                condition=models.Q(stop_due_at__isnull=False),
                name="sub_stop_due",
            ),
        ),
    ]
