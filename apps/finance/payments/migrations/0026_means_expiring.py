"""Find the kept cards whose last month it is."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0025_spending_limits")]

    operations = [
        AddIndexConcurrently(
            "paymentmethod",
            models.Index(
                fields=["expires", "id"],
                condition=models.Q(removed_at__isnull=True) & ~models.Q(expires=""),
                name="means_by_end",
            ),
        ),
    ]
