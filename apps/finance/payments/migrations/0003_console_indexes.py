"""What the console's home and queues filter on."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0002_default_fees")]

    operations = [
        AddIndexConcurrently(
            "transaction",
            models.Index(
                fields=["captured_at", "id"],
                condition=models.Q(status="CAPTURED"),
                name="txn_captured",
            ),
        ),
        AddIndexConcurrently(
            "webhookevent",
            models.Index(
                fields=["received_at", "id"],
                condition=models.Q(status="PARKED"),
                name="webhook_parked",
            ),
        ),
    ]
