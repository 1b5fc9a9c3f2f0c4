"""Find the renewals that a gateway must still be told to stop."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("subscriptions", "0002_billing")]

    operations = [
        AddIndexConcurrently(
            "subscription",
            models.Index(
                fields=["id"],
                condition=models.Q(renews_by="GATEWAY", renewal_stopped_at__isnull=True)
                & (models.Q(cancel_at_end=True) | models.Q(state="ENDED")),
                name="sub_renewal_to_stop",
            ),
        ),
    ]
